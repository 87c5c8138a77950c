"""Bad input to a training program: one line that names the culprit, exit status 2, and no run left behind."""

import subprocess
import time

import support
from support import idx, write_digits

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"

# Flags, and what the line must hold: the culprit and the remedy.
FLAGS = [
    ("--learning-rate 1", "--learning-rate: there is no such flag; .*--help"),
    ("--epoch 1", r"--epoch: there is no such flag; did you mean --epochs\?"),
    ("--lr abc", "--lr abc: must be a finite number"),
    ("--lr -1", "--lr -1: must be above 0"),
    ("--lr nan", "--lr nan: must be a finite number"),
    ("--lr inf", "--lr inf: must be a finite number"),
    ("--lr", "--lr: needs a value"),
    ("--lr 0.1 --lr 0.2", "--lr: was given twice"),
    ("--epochs 0", "--epochs 0: must be above 0"),
    ("--epochs 2.5", "--epochs 2.5: must be an integer"),
    ("--epochs 99999999999", "--epochs 99999999999: must be an integer"),
    ("--batch 0", "--batch 0: must be above 0"),
    ("--dropout 1.5", "--dropout 1.5: must be at least 0 and below 1"),
    ("--seed 1e99", "--seed 1e99: must be an integer"),
    ("--seed -1", "--seed -1: must be an integer from 0"),
    ("--threads -2", "--threads -2: must be at least 0"),
    ("--workers 65", "--workers 65: must be at least 0 and at most 64"),
    ("--model banana", "--model banana: must be one of mlp, cnn"),
    ("--device tpu", "--device tpu: must be cpu, cuda or cuda:N"),
    ("--device cuda:x", "--device cuda:x: must be cpu, cuda or cuda:N"),
    ("--allow-nan maybe", "--allow-nan maybe: must be true or false"),
    ("banana", "banana: is no flag; flags are written --name value"),
    ("--config nowhere.json", "--config nowhere.json: can't be read"),
]


class BadInput(support.ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = write_digits(self.folder / "digits")

    def assert_refused(self, ended, pattern):
        """One line with the culprit on stderr, nothing on stdout, status 2."""
        self.assert_ended(ended, 2)
        self.assertRegex(ended.err, r"\A[^\n]+\n\Z")
        self.assertRegex(ended.err, pattern)
        self.assertEqual(ended.out, "")

    def refuses(self, pattern, *arguments, program="mnist", **environment):
        """As assert_refused, and what was on disk stays as it was."""
        before = self.contents()
        self.assert_refused(self.run_program(program, *arguments, **environment), pattern)
        self.assertEqual(self.contents(), before)
        if not before:
            self.assertEqual(self.run_folders(), [])

    def train(self, *arguments, **environment):
        return self.mnist("--data", self.data, "--batch", 8, "--epochs", 1, *arguments, **environment)

    def test_flags(self):
        for flags, pattern in FLAGS:
            with self.subTest(flags):
                self.refuses(pattern, "--data", self.data, *flags.split())

    def test_configuration(self):
        config = self.folder / "c.json"
        for text, pattern in [('{"lr": "abc"}', "c.json: lr abc: must be a finite number"),
                              ('{"rate": 1}', "c.json: rate: there is no such parameter"),
                              ('{"lr": ', "c.json:1: is no JSON object"),
                              ("lr 3", "c.json:1: expected name = value")]:
            with self.subTest(text):
                config.write_text(text)
                self.refuses(pattern, "--data", self.data, "--config", config)

    def test_data(self):
        images, labels = self.data / IMAGES, self.data / LABELS
        good = {file: file.read_bytes() for file in (images, labels)}
        for file in good:
            for name, content, pattern in [
                ("missing", None, "no such file"),
                ("empty", b"", "truncated"),
                ("cut in its magic number", good[file][:3], "truncated"),
                ("cut in its header", good[file][:6], "truncated"),
                ("cut in its elements", good[file][:-1], "truncated"),
                ("longer than it says", good[file] + b"x", "damaged"),
                ("of another format", b"PK\3\4" + good[file], "not an IDX file"),
                ("of another type", b"\0\0\x0d" + good[file][3:], "truncated|float32"),
                ("of another rank", idx(60, 1, elements=[0] * 60), "uint8"),
                ("half a .gz", b"\x1f\x8b\x08\0\0", "truncated|damaged|gzip"),
            ]:
                with self.subTest(f"{file.name} {name}"):
                    if content is None:
                        file.unlink()
                    else:
                        file.write_bytes(content)
                    self.refuses(f"{file}: .*({pattern})", "--data", self.data)
                    file.write_bytes(good[file])

    def test_counts_that_differ(self):
        data = write_digits(self.folder / "uneven", labels=59)
        self.refuses(f"{data / IMAGES} has 60 images, {data / LABELS} has 59 labels", "--data", data)

    def test_no_data_folder(self):
        self.refuses(f"{self.folder}/nowhere: no such folder", "--data", self.folder / "nowhere")
        (self.folder / "empty").mkdir()
        self.refuses(f"{self.folder}/empty: holds neither {IMAGES} nor", "--data", self.folder / "empty")

    def test_runs_folder_that_cannot_be_written(self):
        (self.folder / "file").write_text("")
        self.refuses("runs folder .*/file/runs: can't be written: Not a directory; name another with --runs",
                     "--data", self.data, "--runs", "file/runs")
        self.refuses("runs folder /proc/runs: can't be written: .*; name another with --runs",
                     "--data", self.data, "--runs", "/proc/runs")

    def test_runs_folder_that_is_read_only(self):
        self.runs.mkdir()
        mount = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o ro tmpfs runs && exec "$@"', "sh"]
        if subprocess.run([*mount, "true"], cwd=self.folder, capture_output=True).returncode != 0:
            self.skipTest("no name space to mount a file system in")
        done = subprocess.run([*mount, support.BIN / "mnist", "--data", self.data], cwd=self.folder, env=self.environment, text=True, capture_output=True)
        self.assert_refused(support.Ended(done), "runs folder .*/runs: can't be written: Read-only file system; name another with --runs")

    def test_resume_of_no_run(self):
        self.refuses("latest|holds no run", "--resume", "latest")
        self.refuses("no run 'banana'", "--resume", "banana")
        self.assert_ended(self.train("--max-steps", 2), 0)
        self.refuses("no run 'banana'", "--resume", "banana")
        self.refuses("no such folder", "--resume", "../banana")

    def test_resume_of_a_run_that_runs(self):
        process = self.start("mnist", "--data", self.data, "--quiet", "--epochs", 1000000, "--checkpoint-every", 1)
        try:
            self.wait_for(lambda: self.run_folders() and self.checkpoints())
            ended = self.mnist("--resume", "latest")
            self.assert_refused(ended, f"run {self.only_run().name} is running, as process {process.pid}")
        finally:
            process.kill()
            process.communicate()

    def test_resume_of_another_program(self):
        self.assert_ended(self.train("--max-steps", 2), 0)
        self.refuses("was made by the program 'mnist', not by 'scenario'", "--resume", "latest", program="tracking_scenario")

    def test_resume_with_other_parameters(self):
        self.assert_ended(self.train("--max-steps", 2), 0)
        run = self.only_run().name
        self.refuses(f"--lr 0.5: run {run} was begun with 0.001", "--resume", "latest", "--lr", 0.5)
        self.refuses(f"--seed 2: run {run} was begun with 1", "--resume", "latest", "--seed", 2)
        self.refuses(f"--model cnn: run {run} was begun with mlp", "--resume", "latest", "--model", "cnn")

    def test_resume_with_other_data(self):
        self.assert_ended(self.train("--max-steps", 2), 0)
        images = self.data / IMAGES
        content = bytearray(images.read_bytes())
        content[500] ^= 1
        images.write_bytes(content)
        self.refuses(str(images), "--resume", "latest")

    def test_resume_of_another_shape(self):
        self.assert_ended(self.run_program("reshaped", "--max-steps", 2), 0)
        before = self.contents()
        ended = self.run_program("reshaped", "--resume", "latest", RESHAPED="1")
        self.assert_refused(ended, "not in the checkpoint: net/fresh/weight, net/fresh/bias, opt/.*; "
                                   "only in the checkpoint: net/old/bias, net/old/weight, opt/.*; other shape or type: "
                                   r"net/in/weight is float32 \[5, 3\] here and float32 \[4, 3\] there, "
                                   r"net/in/bias is float32 \[5\] here and float32 \[4\] there")
        self.assertEqual(self.contents(), before)

    def wait_for(self, condition):
        for _ in range(2400):
            if condition():
                return
            time.sleep(0.05)
        self.fail("it did not come")


if __name__ == "__main__":
    support.main()
