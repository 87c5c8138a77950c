"""The layering check itself: each forbidden arrow, planted in a tree of its own, is found and named."""

import pathlib
import tempfile
import unittest

import layering


def check(files):
    """The check's status and what it says of a tree of these files."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {"tensor/shape.h": "#pragma once\n", **files}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        found = list(layering.offences(root.resolve()))
        return (1 if found else 0), "\n".join(found)


class Layering(unittest.TestCase):
    def assert_refused(self, source, include):
        status, output = check({source: f"// A source.\n#include {include}\n"})
        self.assertEqual(status, 1, f"{source} including {include} passed")
        self.assertIn(f"{source}:2: ", output)

    def assert_passes(self, source, include):
        status, output = check({source: f"#include {include}\n"})
        self.assertEqual(status, 0, output)

    def test_forbidden_arrows(self):
        for source, target in [
            ("tensor/a.cpp", "nn"), ("tensor/cpu/a.cpp", "tracking"), ("tensor/a.h", "cuda"), ("nn/a.h", "optim"),
            ("nn/a.h", "data"), ("data/a.cpp", "tracking"), ("optim/a.h", "nn"), ("tracking/a.cpp", "data"),
            ("tracking/cli/a.cpp", "examples"), ("tracking/cli/a.cpp", "tests"), ("cuda/a.cu", "nn"),
            ("examples/a.cpp", "cuda"), ("nn/a.cpp", "cuda"), ("data/a.cpp", "bench"),
        ]:
            self.assert_refused(source, f'"stet/{target}/b.h"')
            self.assert_refused(source, f"<stet/{target}/b.h>")

    def test_rooms_of_tracking(self):
        rooms = {
            "record": set(), "capture": {"record"}, "run": {"record", "capture"}, "query": {"record"}, "reading": {"record", "capture", "query"},
            "json": {"record", "query", "reading"}, "keeping": {"record", "capture", "reading"}, "sweep": {"reading", "run"}, "exchange": {"record", "capture", "reading", "keeping"},
        }
        every = [*rooms, "cli", "ui"]
        arrows = {(room, other) for room, others in rooms.items() for other in {room, *others}}
        arrows |= {(room, other) for room in ["cli", "ui"] for other in every}
        status, output = check({
            f"tracking/{room}/{other}.cpp": f'#include "stet/tracking/{other}/run.h"\n' for room in every for other in every
        })
        self.assertEqual(status, 1)
        refused = {(room, other) for room in every for other in every if f"tracking/{room}/{other}.cpp:1: " in output}
        self.assertEqual(refused, {(room, other) for room in every for other in every} - arrows)
        status, output = check({"tracking/record/a.cpp": '#include "../run/b.h"\n', "tracking/run/b.h": ""})
        self.assertEqual(status, 1, output)

    def test_insides_of_a_run(self):
        for room in ["cli", "ui", "sweep"]:
            self.assert_refused(f"tracking/{room}/a.cpp", '"stet/tracking/run/live_run.h"')
            self.assert_passes(f"tracking/{room}/a.cpp", '"stet/tracking/run/parameters.h"')
        self.assert_passes("tracking/run/a.cpp", '"stet/tracking/run/live_run.h"')

    def test_headers_leave_out_what_only_sources_need(self):
        for include in ["<nlohmann/json.hpp>", "<google/protobuf/message.h>", "<CLI/CLI.hpp>", "<re2/re2.h>", "<sqlite3.h>", "<yaml-cpp/parser.h>"]:
            self.assert_refused("tracking/reading/a.h", include)
            self.assert_passes("tracking/reading/a.cpp", include)
            self.assert_passes("tracking/cli/a.h", include)

    def test_ways_round(self):
        self.assert_refused("nn/a.h", "<stet/stet.h>")
        status, output = check({"nn/a.h": '#include "../data/b.h"\n', "data/b.h": ""})
        self.assertEqual(status, 1, output)
        status, output = check({"nn/a.h": '#  include "data/b.h"\n', "data/b.h": ""})
        self.assertEqual(status, 1, output)
        status, output = check({"tensor/a.cpp": '#define HWY_TARGET_INCLUDE "nn/b.cpp"\n', "nn/b.cpp": ""})
        self.assertEqual(status, 1, output)

    def test_tensor_stands_on_little(self):
        self.assert_refused("tensor/a.h", "<hdf5.h>")
        self.assert_refused("tensor/a.h", "<google/protobuf/message.h>")
        for include in ["<vector>", "<sys/mman.h>", "<hwy/highway.h>", "<fmt/format.h>", '"stet/tensor/shape.h"']:
            self.assert_passes("tensor/a.h", include)

    def test_confined_headers(self):
        self.assert_passes("cuda/emulation/a.cpp", "<boost/context/fiber.hpp>")
        self.assert_refused("cuda/a.cpp", "<boost/context/fiber.hpp>")
        self.assert_refused("nn/a.cpp", "<boost/context/fiber.hpp>")
        self.assert_passes("cuda/a.cpp", "<cuda_runtime.h>")
        self.assert_passes("cuda/a.h", "<cuda_runtime.h>")
        for source in ["cuda/emulation/a.cpp", "tensor/a.cpp", "nn/a.h", "tracking/cli/a.cpp", "examples/a.cpp"]:
            self.assert_refused(source, "<cuda_runtime.h>")
        for library in ["<cublas_v2.h>", "<cudnn.h>", "<cub/cub.cuh>", "<thrust/sort.h>"]:
            self.assert_refused("cuda/a.cu", library)

    def test_only_the_cpu_includes_its_kernels(self):
        for source in ["cuda/a.cu", "cuda/a.h", "cuda/emulation/a.cpp", "tensor/ops/a.cpp"]:
            self.assert_refused(source, '"stet/tensor/cpu/strided.h"')
            self.assert_passes(source, '"stet/tensor/strided.h"')
        for source in ["tensor/cpu/a.cpp", "tensor/backend.cpp", "tests/tensor/a.cpp"]:
            self.assert_passes(source, '"stet/tensor/cpu/strided.h"')

    def test_kernels_leave_out_what_nvcc_cannot_compile(self):
        for include in ['"stet/tensor/error.h"', "<fmt/format.h>"]:
            self.assert_refused("cuda/a.cu", include)
            self.assert_passes("cuda/a.cpp", include)

    def test_sources_compiled_once_an_instruction_set_have_a_suffix(self):
        self.assert_passes("tensor/cpu/a_simd.cpp", '"hwy/foreach_target.h"')
        self.assert_refused("tensor/cpu/a.cpp", '"hwy/foreach_target.h"')

    def test_allowed_arrows(self):
        self.assert_passes("nn/a.h", '"stet/tensor/shape.h"')
        self.assert_passes("tracking/a.cpp", "<hdf5.h>")
        self.assert_passes("tracking/cli/a.cpp", '"stet/data/b.h"')
        self.assert_passes("cuda/a.cu", '"stet/tensor/shape.h"')
        self.assert_passes("examples/a.cpp", "<stet/stet.h>")


if __name__ == "__main__":
    unittest.main()
