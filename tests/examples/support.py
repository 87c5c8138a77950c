"""What the tests of the example programs share: small data sets, running a program, and what is left on disk."""

import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BIN = Path()  # the folder of the programs, from the command line


def idx(*extents, elements, magic=None):
    """An IDX file of uint8."""
    head = struct.pack(">I", 0x800 + len(extents)) if magic is None else magic
    return head + b"".join(struct.pack(">I", e) for e in extents) + bytes(elements)


def write_digits(folder, count=60, labels=None):
    """A folder of MNIST's two files: noise, with a bright square whose place is the label."""
    state = 1
    names = [i % 10 for i in range(count)]
    pixels = bytearray(count * 784)
    for i in range(len(pixels)):
        state = (state * 1103515245 + 12345) % 2**31
        pixels[i] = state >> 25
    for i, label in enumerate(names):
        for row in range(6):
            begin = i * 784 + (label // 5 * 14 + 4 + row) * 28 + label % 5 * 5 + 1
            pixels[begin:begin + 4] = b"\xff" * 4
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train-images-idx3-ubyte").write_bytes(idx(count, 28, 28, elements=pixels))
    names = names if labels is None else [0] * labels
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(len(names), elements=names))
    return folder


class Ended:
    """How a program ended."""

    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __str__(self):
        return f"status {self.status}\nstdout: {self.out}\nstderr: {self.err}"


def seal_anew(run):
    """Makes a run's seal anew, as who changed its files would: nothing looks altered then."""
    record = json.loads((run / "run.json").read_text())
    names = [*run.glob("events.out.tfevents.*"), *(p for f in ("artifacts", "checkpoints", "source") for p in (run / f).rglob("*") if p.is_file())]
    files = [{"path": str(p.relative_to(run)), "size": str(p.stat().st_size), "sha256": hashlib.sha256(p.read_bytes()).hexdigest()}
             for p in sorted(names)]
    zeros = "0" * 64
    record["launches"][-1]["end"]["seal"] = {"files": files, "record_sha256": zeros}
    text = json.dumps(record)
    (run / "run.json").write_text(hashlib.sha256(text.encode()).hexdigest().join(text.rsplit(zeros, 1)))


class ProgramTest(unittest.TestCase):
    """Each test has an empty folder of its own, where programs find no cache and no list of runs of the
    user's, and leave their runs."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="stet-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.runs = self.folder / "runs"
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("STET_")}
        self.environment["XDG_CACHE_HOME"] = str(self.folder / "cache")
        self.environment["XDG_STATE_HOME"] = str(self.folder / "state")

    def start(self, program, *arguments, **environment):
        """A program that runs, with its output in pipes."""
        words = [str(BIN / program), *map(str, arguments)]
        return subprocess.Popen(words, cwd=self.folder, env={**self.environment, **environment}, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run_program(self, program, *arguments, **environment):
        process = self.start(program, *arguments, **environment)
        out, err = process.communicate(timeout=240)
        return Ended(subprocess.CompletedProcess(process.args, process.returncode, out, err))

    def mnist(self, *arguments, **environment):
        """The example; with STET_FAULT its twin, whose file system fails."""
        program = "faulty/mnist" if "STET_FAULT" in environment else "mnist"
        return self.run_program(program, "--quiet", *arguments, **environment)

    def run_folders(self):
        """Every run and half-made run, hidden ones too."""
        if not self.runs.is_dir():
            return []
        return sorted(f for f in self.runs.iterdir() if f.name != "programs")

    def remove_runs(self):
        for folder in self.run_folders():
            shutil.rmtree(folder)

    def only_run(self):
        folders = self.run_folders()
        self.assertEqual(len(folders), 1, folders)
        return folders[0]

    def record(self):
        return json.loads((self.only_run() / "run.json").read_text())

    def stet(self, verb, *arguments):
        return self.run_program("stet", verb, *arguments)

    def show(self, run):
        ended = self.stet("show", run, "--json")
        self.assert_ended(ended, 0)
        return json.loads(ended.out)

    def checkpoints(self):
        return sorted((self.only_run() / "checkpoints").glob("*.h5"))

    def contents(self):
        """SHA-256 by path of all that is below the runs folder, but for the locks, which name their last holder."""
        files = [f for f in self.runs.rglob("*") if f.is_file() and f.name != ".lock"]
        return {str(f.relative_to(self.runs)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}

    def assert_ended(self, ended, status):
        self.assertEqual(ended.status, status, str(ended))


def main():
    """The first argument is the folder of the programs; the rest is unittest's. Status 77: all that there is was skipped."""
    global BIN
    BIN = Path(sys.argv.pop(1)).resolve()
    result = unittest.main(verbosity=2, exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    for _, reason in result.skipped:
        print(f"SKIPPED: {reason}")
    sys.exit(77 if len(result.skipped) == result.testsRun else 0)
