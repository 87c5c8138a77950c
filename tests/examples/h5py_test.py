"""A reader that knows nothing of Stet finds a checkpoint's tensors under their modules' paths."""

import json
import subprocess

import support
from support import write_digits

PYTHON = "/usr/bin/python3"  # the distribution's, whose package h5py is

READ = """
import h5py, json, numpy, sys
found = {}
def visit(path, entry):
    if isinstance(entry, h5py.Dataset) and entry.shape:
        found[path] = [list(entry.shape), str(entry.dtype), bool(numpy.isfinite(entry[()]).all()), int(numpy.count_nonzero(entry[()]))]
h5py.File(sys.argv[1], 'r').visititems(visit)
print(json.dumps(found))
"""

SHAPES = {
    "mlp": {
        "net/first/weight": [512, 784], "net/first/bias": [512],
        "net/second/weight": [512, 512], "net/second/bias": [512],
        "net/out/weight": [10, 512], "net/out/bias": [10],
    },
    "cnn": {
        "net/conv1/weight": [32, 1, 3, 3], "net/conv1/bias": [32],
        "net/conv2/weight": [64, 32, 3, 3], "net/conv2/bias": [64],
        "net/hidden/weight": [128, 9216], "net/hidden/bias": [128],
        "net/out/weight": [10, 128], "net/out/bias": [10],
    },
}


class H5py(support.ProgramTest):
    def setUp(self):
        super().setUp()
        if subprocess.run([PYTHON, "-c", "import h5py"], capture_output=True).returncode != 0:
            self.skipTest("h5py (the package python3-h5py) is not installed: nothing else reads a checkpoint here")

    def test_tensors_under_their_paths(self):
        data = write_digits(self.folder / "digits")
        for model, shapes in SHAPES.items():
            with self.subTest(model):
                self.assert_ended(self.mnist("--model", model, "--data", data, "--batch", 8, "--max-steps", 2, "--runs", model), 0)
                self.runs = self.folder / model
                out = subprocess.run([PYTHON, "-c", READ, self.checkpoints()[-1]], text=True, capture_output=True, check=True).stdout
                found = json.loads(out)
                trained = {path: entry for path, entry in found.items() if path.startswith("net/")}
                self.assertEqual({path: entry[0] for path, entry in trained.items()}, shapes)
                for path, (shape, dtype, finite, nonzero) in trained.items():
                    self.assertEqual((dtype, finite), ("float32", True), path)
                    self.assertGreater(nonzero, shape[0] // 2, path)
                moments = {path for path, entry in found.items() if path.startswith("opt/") and entry[0] in shapes.values()}
                self.assertEqual(len(moments), 2 * len(shapes), moments)


if __name__ == "__main__":
    support.main()
