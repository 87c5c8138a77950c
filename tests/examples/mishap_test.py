"""What goes wrong in the middle of a training: a checkpoint that was cut, a loss that is no number, a full disk, Ctrl-C."""

import os
import shutil
import signal
import subprocess

import support
from support import write_digits


class Mishap(support.ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = write_digits(self.folder / "digits")

    def train(self, *arguments, **environment):
        """Two epochs of seven batches."""
        return self.mnist("--data", self.data, "--batch", 8, "--epochs", 2, *arguments, **environment)

    def undisturbed_digest(self):
        self.assert_ended(self.train(), 0)
        digest = self.record()["final_digest"]
        self.assertRegex(digest, "^[0-9a-f]{32}$")
        self.remove_runs()
        return digest

    def last_end(self):
        return self.record()["launches"][-1]["end"]

    def steps_of_checkpoints(self):
        return [int(f.stem.split("-")[1]) for f in self.checkpoints()]

    def assert_resumes_to(self, digest):
        ended = self.mnist("--resume", "latest")
        self.assert_ended(ended, 0)
        self.assertEqual(self.record()["final_digest"], digest)
        return ended

    def test_checkpoint_cut_at_any_byte(self):
        digest = self.undisturbed_digest()
        self.assert_ended(self.train("--checkpoint-every", 2, "--max-steps", 6), 0)
        self.assertEqual(self.steps_of_checkpoints(), [2, 4, 6])
        stopped = self.folder / "stopped"
        shutil.copytree(self.only_run(), stopped)
        size = self.checkpoints()[-1].stat().st_size
        for cut in (0, 1, 100, 511, 512, 513, size // 2, size - 1):
            with self.subTest(f"at byte {cut} of {size}"):
                run = self.only_run()
                shutil.rmtree(run)
                shutil.copytree(stopped, run)
                newest = self.checkpoints()[-1]
                os.truncate(newest, cut)
                ended = self.assert_resumes_to(digest)
                self.assertRegex(ended.err, f"passed over: .*{newest.name}: (cut at byte {cut}|empty)")
                self.assertEqual(int(self.record()["launches"][-1]["first_step"]), 4)

    def test_every_checkpoint_damaged(self):
        digest = self.undisturbed_digest()
        self.assert_ended(self.train("--checkpoint-every", 2, "--max-steps", 4), 0)
        for file in self.checkpoints():
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 1
            file.write_bytes(content)
        ended = self.assert_resumes_to(digest)
        self.assertEqual(ended.err.count("damaged: its SHA-256 does not hold"), 2, ended.err)
        self.assertEqual(int(self.record()["launches"][-1]["first_step"]), 0)

    def test_loss_that_is_not_a_number(self):
        ended = self.train("--lr", "1e30", "--checkpoint-every", 1)
        self.assert_ended(ended, 1)
        self.assertRegex(ended.err, r"\Amnist: step (\d+): train/loss is (nan|-?inf); .*--allow-nan\n\Z")
        step = int(ended.err.split("step ")[1].split(":")[0])
        self.assertEqual(self.steps_of_checkpoints()[-1], step - 1)
        end = self.last_end()
        self.assertEqual((self.show("latest")["status"], end["exit_code"]), ("failed", 1))
        self.assertIn("train/loss is", end["message"])

    def test_loss_that_is_not_a_number_and_allowed(self):
        self.assert_ended(self.train("--lr", "1e30", "--allow-nan"), 0)
        self.assertEqual(self.last_end()["status"], "FINISHED")
        self.assertEqual(self.steps_of_checkpoints()[-1], 14)

    def test_full_disk(self):
        digest = self.undisturbed_digest()
        report = self.folder / "operations"
        self.assert_ended(self.train("--checkpoint-every", 2, STET_FAULT=f"count:{report}"), 0)
        operations = int(report.read_text())
        for share in (0.5, 0.6, 0.7, 0.8, 0.9):
            with self.subTest(f"after {share} of the operations"):
                self.remove_runs()
                ended = self.train("--checkpoint-every", 2, STET_FAULT=f"enospc@{int(share * operations)}")
                self.assert_ended(ended, 1)
                self.assertIn("No space left on device", ended.err)
                last_good = self.steps_of_checkpoints()[-1]
                self.assert_resumes_to(digest)
                self.assertEqual(int(self.record()["launches"][-1]["first_step"]), last_good)

    def test_faults_are_for_tests_alone(self):
        report = self.folder / "operations"
        ended = self.run_program("mnist", "--quiet", "--data", self.data, "--batch", 8, "--max-steps", 1,
                                 STET_FAULT=f"count:{report}")
        self.assert_ended(ended, 0)
        self.assertFalse(report.exists())

    def test_full_disk_of_its_own(self):
        """A file system that is full indeed, where a user name space may mount one."""
        digest = self.undisturbed_digest()
        programs = sum(f.stat().st_size for f in (self.runs / "programs").iterdir())
        space = programs + 30_000_000  # three checkpoints of 8 MB, not four
        shell = f'mount -t tmpfs -o size={space} tmpfs runs && "$@"; status=$?; cp -r runs kept && exit $status'
        self.runs.rename(self.folder / "before")
        self.runs.mkdir()
        can = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", self.runs], capture_output=True)
        if can.returncode != 0:
            self.skipTest("no name space to mount a small file system in: " + can.stderr.decode().strip())
        words = ["unshare", "-rm", "sh", "-c", shell, "sh", support.BIN / "mnist", "--quiet", "--data", self.data,
                 "--batch", "8", "--epochs", "2", "--checkpoint-every", "1"]
        done = subprocess.run(words, cwd=self.folder, env=self.environment, text=True, capture_output=True)
        self.assert_ended(support.Ended(done), 1)
        self.assertIn("No space left on device", done.stderr)
        self.runs.rmdir()
        (self.folder / "kept").rename(self.runs)
        self.assertEqual(self.steps_of_checkpoints(), [1, 2, 3])
        self.assert_resumes_to(digest)

    def test_interrupt(self):
        flags = ["--data", self.data, "--batch", 8, "--epochs", 20]
        self.assert_ended(self.mnist(*flags), 0)
        digest = self.show("latest")["digest"]
        for number, message in ((signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")):
            with self.subTest(message):
                self.remove_runs()
                process = self.start("mnist", *flags)
                for line in process.stderr:
                    if "step 1/" in line:
                        break
                process.send_signal(number)
                out, err = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 130, err)
                run, end = self.show("latest"), self.last_end()
                self.assertIn(f"{message} at step {run['steps']}; go on with --resume {run['id']}", err)
                self.assertEqual((run["status"], end["exit_code"], end["message"]), ("interrupted", 130, message))
                self.assertLess(run["steps"], 140)
                # None was due: this one is the interruption's.
                self.assertEqual(self.steps_of_checkpoints(), [run["steps"]])
                self.assert_resumes_to(digest)


if __name__ == "__main__":
    support.main()
