"""Reads the includes of every source and fails on an arrow that the layers don't have.

    layering.py ROOT

docs/architecture.md draws the layers. Prints each offending line and exits 1, or exits 0.
"""

import pathlib
import re
import sys

# What a folder may include: folders with all that lies in them. The longest name that fits a source is its layer, so a
# room of its own has arrows of its own.
LAYERS = {
    "tensor": {"tensor"},
    "nn": {"tensor", "nn"},
    "data": {"tensor", "data"},
    "optim": {"tensor", "optim"},
    "tracking": {"tensor", "tracking"},
    "tracking/record": {"tensor", "tracking/record"},
    "tracking/capture": {"tensor", "tracking/record", "tracking/capture"},
    "tracking/run": {"tensor", "tracking/record", "tracking/capture", "tracking/run"},
    "tracking/query": {"tensor", "tracking/record", "tracking/query"},
    "tracking/reading": {"tensor", "tracking/record", "tracking/capture", "tracking/query", "tracking/reading"},
    "tracking/json": {"tensor", "tracking/record", "tracking/query", "tracking/reading", "tracking/json"},
    "tracking/keeping": {"tensor", "tracking/record", "tracking/capture", "tracking/reading", "tracking/keeping"},
    "tracking/sweep": {"tensor", "tracking/reading", "tracking/run", "tracking/sweep"},
    "tracking/exchange": {"tensor", "tracking/record", "tracking/capture", "tracking/reading", "tracking/keeping", "tracking/exchange"},
    "tracking/cli": {"tensor", "nn", "data", "optim", "tracking"},
    "tracking/ui": {"tensor", "nn", "data", "optim", "tracking"},
    "cuda": {"tensor", "cuda"},
    "examples": {"tensor", "nn", "data", "optim", "tracking", "examples"},
}

# tensor/ is to stand on the standard library, the system and what its kernels need. A header with neither a dot nor a
# folder is the standard library's.
TENSOR_DEPENDENCIES = re.compile(
    r"(hwy|fmt|openssl|Eigen)/|mpfr\.h$"
    r"|sys/|(unistd|fcntl|dlfcn|pthread|sched|immintrin|arm_neon|cpuid|cxxabi|string|math|fenv|stdlib)\.h$"
)

# A room's headers for others, where not all of them are: a training program's side of a run.
PUBLIC_HEADERS = {
    "tracking/run": {"run.h", "loops.h", "kept.h", "parameters.h", "checkpoint_policy.h"},
}

# Headers of a library reach every user's program: these libraries' stay in its sources.
NOT_IN_HEADERS = re.compile(r"(nlohmann|google|CLI|re2|yaml-cpp|librsvg)/|sqlite3\.h$")

# Headers from outside that one place alone may include: the emulator stands on fibers, the rest of cuda/ on CUDA's runtime. Products and
# convolutions are Stet's own, since a library's have other bits.
CONFINED = [
    (re.compile(r"boost/context/"), "cuda/emulation"),
    (re.compile(r"(cuda|device_launch)_\w+\.h$|cuda\.h$|cooperative_groups"), "cuda"),
    (re.compile(r"cublas|cudnn|cutlass|cub/|thrust/"), None),
]
# The CPU's kernels are the CPU's own: what devices share lies in tensor/, and ops reach kernels through a backend.
NO_CPU_KERNELS = ["cuda", "tensor/ops"]
CPU_KERNELS = re.compile(r"stet/tensor/cpu/")
# What nvcc can't compile; kernels' sources raise by cuda/errors.h.
NOT_IN_KERNELS = re.compile(r"fmt/|stet/tensor/error\.h$")

INCLUDE = re.compile(r'^\s*#\s*(?:include|define\s+HWY_TARGET_INCLUDE)\s*(?:"([^"]+)"|<([^>]+)>)')
SUFFIXES = {".h", ".cpp", ".cc", ".cu", ".cuh", ".inc"}


def layer_of(path):
    """The longest entry of LAYERS that `path`, relative to the root, lies in."""
    return max((layer for layer in LAYERS if path.is_relative_to(layer)), key=len)


def target_of(root, source, name, quoted):
    """The file of the tree that an include leads to, relative to the root, or None for a header from outside."""
    if name.startswith("stet/"):
        return pathlib.PurePath(name[len("stet/"):])
    if quoted:
        for base in (source.parent, root):
            found = (base / name).resolve()
            if found.is_file() and found.is_relative_to(root):
                return found.relative_to(root)
    return None


def allowed(layer, target, name):
    if target is None:
        standard = "." not in name and "/" not in name
        return layer != "tensor" or standard or TENSOR_DEPENDENCIES.match(name)
    if target.name == str(target):  # stet.h
        return layer == "examples"
    for room, headers in PUBLIC_HEADERS.items():
        if target.is_relative_to(room) and layer != room and target.name not in headers:
            return False
    return any(target.is_relative_to(place) for place in LAYERS[layer])


def confined(path, name):
    """Whether a header may be included in the place that it is confined to, if there is one."""
    for pattern, place in CONFINED:
        if pattern.match(name):
            in_emulation = path.is_relative_to("cuda/emulation")
            return place is not None and path.is_relative_to(place) and in_emulation == (place == "cuda/emulation")
    if name == "hwy/foreach_target.h":
        return path.name.endswith("_simd.cpp")  # the name of what is compiled once an instruction set
    if CPU_KERNELS.match(name) and any(path.is_relative_to(folder) for folder in NO_CPU_KERNELS):
        return False
    if path.suffix == ".h" and NOT_IN_HEADERS.match(name):
        return any(path.is_relative_to(f"tracking/{room}") for room in ("cli", "json", "ui"))
    return not (path.suffix == ".cu" and NOT_IN_KERNELS.match(name))


def offences(root):
    for folder in sorted({layer.split("/")[0] for layer in LAYERS}):
        for source in sorted((root / folder).rglob("*")):
            if source.suffix not in SUFFIXES:
                continue
            path = source.relative_to(root)
            layer = layer_of(path)
            for number, line in enumerate(source.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                name = match[1] or match[2]
                if not confined(path, name) or not allowed(layer, target_of(root, source, name, match[1] is not None), name):
                    yield f"{path}:{number}: {layer}/ may not include {name}"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    if not (root / "tensor").is_dir():
        sys.exit(f"layering: {root} holds no tensor/")
    found = list(offences(root))
    print("\n".join(found) if found else "every include follows the layers")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
