"""TensorBoard's own reader loads the events of a run that was killed and resumed."""

import fcntl
import json
import subprocess

import support
from support import write_digits

READ = """
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
log = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0})
log.Reload()
print(json.dumps({tag: [[e.step, e.value] for e in log.Scalars(tag)] for tag in log.Tags()['scalars']}))
"""


def python_with_tensorboard():
    """A Python that has it, in the build tree; the first test that wants one installs it. None where it can't."""
    folder = support.BIN.parent / "tensorboard-venv"
    python = folder / "bin" / "python"

    def works():
        return python.exists() and subprocess.run([python, "-c", "import tensorboard"], capture_output=True).returncode == 0

    with open(f"{folder}.lock", "a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not works():
            subprocess.run(["python3", "-m", "venv", folder], capture_output=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "--retries", "1", "--timeout", "10",
                            "--disable-pip-version-check", "tensorboard"], capture_output=True)
        return python if works() else None


class TensorBoard(support.ProgramTest):
    def scalars(self, python):
        out = subprocess.run([python, "-c", READ, self.only_run()], text=True, capture_output=True, check=True).stdout
        return json.loads(out)

    def test_a_killed_and_resumed_run(self):
        python = python_with_tensorboard()
        if python is None:
            self.skipTest("tensorboard can't be installed here: its reader judges nothing")
        data = write_digits(self.folder / "digits")
        flags = ["--data", data, "--batch", 8, "--epochs", 3, "--checkpoint-every", 4]
        self.runs = self.folder / "undisturbed"
        self.assert_ended(self.mnist(*flags, "--runs", self.runs), 0)
        undisturbed = self.scalars(python)
        self.assertEqual([step for step, _ in undisturbed["train/loss"]], list(range(1, 22)))
        self.assertEqual([step for step, _ in undisturbed["test/accuracy"]], [7, 14, 21])

        self.runs = self.folder / "runs"
        report = self.folder / "operations"
        # Where programs are kept already, operations are those of the training alone.
        self.runs.mkdir()
        (self.folder / "undisturbed" / "programs").rename(self.runs / "programs")
        self.assert_ended(self.mnist(*flags, "--name", "counted", STET_FAULT=f"count:{report}"), 0)
        self.remove_runs()
        operations = int(report.read_text())
        for share in (0.5, 0.8):
            self.assertEqual(self.mnist(*flags, STET_FAULT=f"kill@{int(share * operations)}").status, 137)
            self.assert_ended(self.mnist("--resume", "latest"), 0)
            self.assertEqual(len(list(self.only_run().glob("events.out.tfevents.*"))), 2)
            self.assertEqual(self.scalars(python), undisturbed)
            self.remove_runs()


if __name__ == "__main__":
    support.main()
