"""`stet verify`: what it proves, and that no change of a run's record, data, checkpoints or program passes it."""

import json
import os
import re
import shutil
import unittest

import support
from support import write_digits


def flip(file, at):
    """Changes one byte and keeps the file's times, so that nothing that goes by them sees it."""
    before = file.stat()
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.chmod(0o644)
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


class Verify(support.ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = write_digits(self.folder / "digits")

    def train(self, *arguments, program=None):
        """Two epochs of seven batches."""
        ended = self.run_program(program or "mnist", "--quiet", "--data", self.data, "--batch", 8, "--epochs", 2, *arguments)
        self.assert_ended(ended, 0)

    def verify(self, *arguments):
        return self.stet("verify", "latest", *arguments)

    def assert_verified(self, ended, pattern=r"verified: 14 of 14 steps run, (\d+) of \1 digests equal"):
        self.assert_ended(ended, 0)
        self.assertRegex(ended.out, rf"\A{pattern}; sealed\nnot vouched for: [^\n]+\n\Z")
        self.assertEqual(ended.err, "")

    def assert_not_verified(self, ended, status, pattern):
        self.assert_ended(ended, status)
        self.assertEqual(ended.out, "")
        self.assertRegex(ended.err, r"\A[^\n]+\n\Z")
        self.assertRegex(ended.err, pattern)

    def edit_record(self, change):
        path = self.only_run() / "run.json"
        record = json.loads(path.read_text())
        change(record)
        path.write_text(json.dumps(record))
        support.seal_anew(self.only_run())

    def test_verified(self):
        self.train()
        self.assert_verified(self.verify())
        self.assert_verified(self.verify("--threads", 3))
        self.assert_verified(self.verify("--isa", "scalar"))
        self.assert_verified(self.verify("--resumes"), r"verified: 14 of 14 .* digests equal, and from \d+ checkpoints too")
        ended = self.verify("--json")
        self.assert_ended(ended, 0)
        self.assertTrue(json.loads(ended.out)["verified"])

    def test_a_run_that_was_stopped_and_resumed(self):
        self.train("--max-steps", 3)
        self.assert_verified(self.verify(), "verified: 3 of 3 steps .*")
        self.assert_ended(self.mnist("--resume", "latest"), 0)
        self.assert_verified(self.verify())

    def own_program(self):
        """A copy of mnist that tests may replace."""
        return shutil.copy(support.BIN / "mnist", self.folder / "mnist")

    def test_after_the_program_was_rebuilt(self):
        program = self.own_program()
        self.train(program=program)
        (self.folder / "mnist").unlink()
        self.assert_verified(self.verify())
        shutil.copy(support.BIN / "reshaped", program)
        self.assert_verified(self.verify())

    def test_a_run_of_two_builds(self):
        program = self.own_program()
        self.train("--max-steps", 5, program=program)
        first = self.folder / "first"
        os.rename(program, first)
        program.write_bytes(first.read_bytes() + b"another build")
        program.chmod(0o755)
        self.assert_ended(self.run_program(program, "--quiet", "--resume", "latest"), 0)
        launches = self.record()["launches"]
        self.assertEqual(len({launch["program"]["sha256"] for launch in launches}), 2)
        program.unlink()
        first.unlink()
        self.assert_verified(self.verify())

    def test_kept_program_gone_or_changed(self):
        self.train()
        kept = self.runs / "programs" / self.record()["launches"][0]["program"]["sha256"]
        flip(kept, 5000)
        self.assert_not_verified(self.verify(), 2, f"{kept}: damaged")
        kept.unlink()
        self.assert_not_verified(self.verify(), 2, f"{kept}: is gone")

    def test_one_byte_of_the_data(self):
        self.train()
        for name, at in (("train-images-idx3-ubyte", 20000), ("train-images-idx3-ubyte", 3), ("train-labels-idx1-ubyte", 30)):
            with self.subTest(f"{name} at {at}"):
                flip(self.data / name, at)
                self.assert_not_verified(self.verify(), 2, f"data changed: {self.data / name}")
                flip(self.data / name, at)
        self.assert_verified(self.verify())
        shutil.rmtree(self.data)
        self.assert_not_verified(self.verify(), 2, f"{self.data}/.* is gone")

    def test_the_recorded_seed(self):
        self.train()

        def another(record):
            record["seed"] = "2"

        self.edit_record(another)
        self.assert_not_verified(self.verify(), 1, "not verified: step 0: net/first/weight differs, and [0-9]+ more")

    def test_the_recorded_parameters(self):
        self.train()
        for name, value in (("lr", "0.0010000001"), ("dropout", "0.25"), ("epochs", "1"), ("epochs", "3"), ("batch", "9")):
            with self.subTest(f"{name} {value}"):
                before = self.record()
                self.edit_record(lambda r: next(p for p in r["params"] if p["name"] == name).update(value=value))
                self.assert_not_verified(self.verify(), 1, r"not verified: (step \d+: |all digests are equal, but the record differs)")
                self.edit_record(lambda r: r.update(before))

    def test_the_recorded_digest(self):
        self.train()
        self.edit_record(lambda r: r.update(final_digest="0" + r["final_digest"][1:] if r["final_digest"][0] != "0" else "1" * 32))
        self.assert_not_verified(self.verify(), 1, "run.json")

    def test_one_byte_of_a_checkpoint(self):
        self.train("--checkpoint-every", 5)
        files = self.checkpoints()
        self.assertGreater(len(files), 1)
        for file in files:
            for at in (0, 30, 60, 512, 5_000_000):
                with self.subTest(f"{file.name} at {at}"):
                    flip(file, at)
                    self.assert_not_verified(self.verify(), 1, f"altered since it ended: checkpoints/{file.name} has other bytes")
                    support.seal_anew(self.only_run())
                    self.assert_not_verified(self.verify(), 1, f"{file}: ")
                    flip(file, at)
                    support.seal_anew(self.only_run())
        self.assert_verified(self.verify())

    def test_one_byte_of_the_log(self):
        self.train()
        log = next(self.only_run().glob("events.out.tfevents.*"))
        for share in (0.1, 0.5, 0.9):
            with self.subTest(f"after {share} of it"):
                flip(log, int(share * log.stat().st_size))
                self.assert_not_verified(self.verify(), 1, re.escape(f"altered since it ended: {log.name} has other bytes"))
                support.seal_anew(self.only_run())
                ended = self.verify()
                self.assertIn(ended.status, (1, 2), str(ended))
                self.assertRegex(ended.err, re.escape(log.name))
                flip(log, int(share * log.stat().st_size))
                support.seal_anew(self.only_run())

    def test_state_outside_of_what_is_tracked(self):
        self.assert_ended(self.run_program("tracking_scenario", "--quiet", "--form", "outside", "--checkpoint-every", 7), 0)
        self.assert_verified(self.verify(), "verified: 39 of 39 steps .*")
        self.assert_not_verified(self.verify("--resumes"), 1, "state outside run.track; step 8: the loss is")

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a folder away")
    def test_another_users_run(self):
        self.train()
        os.chown(self.only_run(), 12345, 12345)
        self.assert_not_verified(self.verify(), 2, "another user .* --trust")
        self.assert_verified(self.verify("--trust"))

    def test_a_run_that_came_from_elsewhere(self):
        self.train()
        self.environment["XDG_STATE_HOME"] = str(self.folder / "anothers")
        self.assert_not_verified(self.verify(), 2, "not in your own list of runs.* --trust")
        self.assert_verified(self.verify("--trust"))
        self.environment["STET_TRUST"] = "1"
        self.assert_verified(self.verify())


if __name__ == "__main__":
    support.main()
