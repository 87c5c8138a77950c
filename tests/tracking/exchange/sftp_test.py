"""`stet push` and `stet pull` by SFTP, with OpenSSH's server; also where the connection ends at each packet, and with
servers that answer anything.

    sftp_test.py STET FAULTY_STET SCENARIO
"""

import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import unittest

import exchange_test as folders
from exchange_test import trees

if not os.access("/usr/lib/openssh/sftp-server", os.X_OK):
    print("there is no SFTP server here: nothing was tested")
    sys.exit(77)

CUT = pathlib.Path(__file__).with_name("cut.py")
LIES = pathlib.Path(__file__).with_name("lies.py")


def setUpModule():
    folders.setUpModule()


class Case(folders.Case):
    def setUp(self):
        super().setUp()
        self.ssh = self.script("ssh", f'exec "{sys.executable}" "{CUT}" "$@"')

    def script(self, name, text):
        path = self.cwd / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def far(self, *words, status=0, **more):
        return self.stet(*words, status=status, STET_SSH=str(self.ssh), **more)

    def far_json(self, *words, **more):
        return json.loads(self.far(*words, "--json", **more).stdout)


class Sftp(Case):
    def test_there_and_back(self):
        done = self.far_json("push", "anna@far:dest", STET_TEST_HOST="anna@far")
        self.assertEqual(done["copied"], self.ids)
        for run in self.ids:
            self.same(self.runs / run, self.dest / run)
        self.same(self.runs / "programs", self.dest / "programs")
        self.stet("ls", "--check", "--runs", "dest")
        again = self.far_json("push", f"far:{self.dest}/")
        self.assertEqual((again["copied"], again["same"], again["bytes"]), ([], 2, 0))
        self.assertEqual(self.far_json("pull", "far:dest", self.ids[0][:-1], "--runs", "new")["copied"], self.ids[:1])
        self.assertEqual(self.far_json("pull", "far:dest", "--runs", "new")["copied"], self.ids[1:])
        for run in self.ids:
            self.same(self.runs / run, self.cwd / "new" / run)
        self.assertIn("no run 'a' there", self.far("pull", "far:dest", "a", status=2).stderr)
        self.assertIn("fits 2 runs", self.far("pull", "far:dest", self.ids[0][:4], status=2).stderr)
        self.far("pull", "far:nowhere", status=2)

    def test_large_files_and_notes(self):
        run = self.runs / self.ids[0]
        said = json.loads((run / "run.json").read_text())
        del said["launches"][0]["end"]
        (run / "run.json").write_text(json.dumps(said))
        (run / "artifacts").mkdir(exist_ok=True)
        (run / "artifacts" / "large").write_bytes(os.urandom(5_000_001))
        for size in (0, 1, 32767, 32768, 32769):
            (run / "artifacts" / str(size)).write_bytes(os.urandom(size))
        self.far("push", "far:dest")
        self.same(run, self.dest / self.ids[0])
        self.far("pull", "far:dest", "--runs", "new")
        self.same(run, self.cwd / "new" / self.ids[0])
        self.stet("note", "b", "here")
        self.assertEqual(self.far_json("push", "far:dest")["notes"], 1)

    def test_a_run_that_went_on(self):
        self.far("push", "far:dest")
        trees.train(folders.SCENARIO, self.cwd, "b", "--resume", self.ids[1])
        shared = folders.sealed_in_both(self.dest / self.ids[1], self.runs / self.ids[1])
        new = folders.size_without(self.runs / self.ids[1], shared)
        done, sent = self.sent(self.dest, lambda: self.far_json("push", "far:dest"))
        self.assertEqual((done["updated"], sent), ([self.ids[1]], new))
        self.same(self.runs / self.ids[1], self.dest / self.ids[1])
        self.assertEqual([p.name for p in self.dest.glob(".trash/2*/*")], [self.ids[1]])
        # The other way round, what is here is not asked for again.
        old = self.cwd / "old"
        shutil.copytree(folders.RUNS, old)
        done, sent = self.sent(old, lambda: self.far_json("pull", "far:dest", self.ids[1], "--runs", "old"))
        self.assertEqual((done["updated"], sent), ([self.ids[1]], new))
        self.same(self.runs / self.ids[1], old / self.ids[1])

    def test_a_run_without_a_record_keeps_no_other_from_it(self):
        self.far("push", "far:dest")
        lost = self.dest / self.ids[0]
        (lost / "run.json").unlink()
        done = self.far_json("pull", "far:dest", "--runs", "new", status=2)
        self.assertEqual(done["copied"], self.ids[1:])
        self.assertIn(f"{lost.name}: holds a log and no run.json", "".join(done["problems"]))
        self.assertIn("holds a log and no run.json", self.far("pull", "far:dest", lost.name, status=2).stderr)
        self.far("pull", "far:dest", self.ids[1], "--runs", "new")

    def test_links_there_are_not_followed(self):
        outside = self.cwd / "outside"
        outside.mkdir()
        self.dest.mkdir()
        for name in ("programs", ".incoming", self.ids[0]):
            shutil.rmtree(self.dest)
            self.dest.mkdir()
            (self.dest / name).symlink_to(outside)
            self.far("push", "far:dest", status=2)
            self.assertEqual(trees.contents(outside), {}, name)
        (self.dest / name).unlink()
        self.far("push", "far:dest")
        secret = self.cwd / "secret"
        secret.write_text("x")
        (self.dest / self.ids[0] / "notes" / "act-link.json").symlink_to(secret)
        (self.dest / "linked").symlink_to(self.dest / self.ids[0])
        done = self.far("pull", "far:dest", "--runs", "new")
        self.assertIn("linked: is a link", done.stdout)
        self.assertFalse((self.cwd / "new" / self.ids[0] / "notes" / "act-link.json").exists())

    def test_what_was_changed_there_is_not_pulled(self):
        self.far("push", "far:dest")
        for path in (self.dest / self.ids[0] / "source").glob("*"):
            path.write_text("another")
        log = next((self.dest / self.ids[0]).glob("events.*"))
        log.write_bytes(log.read_bytes()[:-1] + b"x")
        self.assertIn("is not what it was", self.far("pull", "far:dest", "--runs", "new", status=2).stderr)
        self.assertEqual(trees.ids(self.cwd / "new"), self.ids[1:])

    def test_two_at_once(self):
        pushes = [subprocess.Popen([folders.STET, "push", "far:dest"], cwd=self.cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=trees.environment(STET_SSH=str(self.ssh))) for _ in range(3)]
        for push in pushes:
            push.communicate(timeout=100)
        for run in trees.ids(self.dest):
            self.same(self.runs / run, self.dest / run)
        self.far("push", "far:dest")
        for run in self.ids:
            self.same(self.runs / run, self.dest / run)


class Cuts(Case):
    def every_packet(self, words, whole):
        with trees.copy_of(folders.BASE.name) as self.cwd:
            self.far(*words, STET_TEST_PACKETS=str(self.cwd / "packets"))
            count = trees.operations(self.cwd / "packets")
        self.assertGreater(count, 50)
        for at in range(1, count + 1, 1 if os.environ.get("STET_EVERY_CASE") else 23):
            with trees.copy_of(folders.BASE.name) as self.cwd:
                done = self.far(*words, status=2, STET_TEST_CUT=str(at))
                self.assertIn("the connection ended", done.stderr, at)
                whole(at, False)
                self.far(*words)
                whole(at, True)

    def test_push(self):
        def whole(at, again):
            dest = self.cwd / "dest"
            found = trees.ids(dest) if dest.exists() else []
            self.assertTrue(found == self.ids or not again, at)
            for run in found:
                self.same(self.cwd / "runs" / run, dest / run, at)
            if again:
                self.assertEqual(list((dest / ".incoming").iterdir()), [], at)

        self.every_packet(["push", "far:dest"], whole)

    def test_pull(self):
        def whole(at, again):
            new = self.cwd / "new"
            found = trees.ids(new) if new.exists() else []
            self.assertTrue(found == self.ids or not again, at)
            for run in found:
                self.same(self.cwd / "runs" / run, new / run, at)

        self.every_packet(["pull", "far:runs", "--runs", "new"], whole)


class Faults(folders.FaultCase):
    """Of this machine's disk while a run comes from another's."""

    def setUp(self):
        super().setUp()
        self.ssh = self.cwd / "ssh"
        self.ssh.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{CUT}" "$@"\n')
        self.ssh.chmod(0o755)

    def stet(self, *words, **more):
        return super().stet(*words, STET_SSH=str(self.ssh), **more)

    def test_pull(self):
        self.every_operation(["pull", "far:runs", "--runs", "dest"], lambda: None, [], every=12)


class HostileServers(Case):
    def test_lies(self):
        """Of a run that is not sealed, so that no digest tells."""
        run = self.runs / self.ids[0]
        said = json.loads((run / "run.json").read_text())
        del said["launches"][0]["end"]
        (run / "run.json").write_text(json.dumps(said))
        log = next(run.glob("events.*")).name
        self.ssh = self.script("ssh", f'exec "{sys.executable}" "{LIES}" "$@"')
        for lie, why in (("short:" + log, "ended after"), ("long:" + log, "grew while it was copied")):
            error = self.far("pull", "far:runs", self.ids[0], "--runs", "new", status=2, STET_TEST_LIE=lie).stderr
            self.assertIn(why, error)
            self.assertEqual(trees.ids(self.cwd / "new"), [], lie)
        self.assertIn("can't read the folder", self.far("pull", "far:runs", "--runs", "new", status=2, STET_TEST_LIE="endless").stderr)
        self.far("pull", "far:runs", self.ids[0], "--runs", "new", STET_TEST_LIE="")
        self.same(run, self.cwd / "new" / self.ids[0])

    def test_no_ssh(self):
        self.ssh = self.cwd / "no-such-ssh"
        self.assertIn("no-such-ssh: can't start: No such file", self.far("push", "far:dest", status=2).stderr)

    def answer(self, *packets, status=2):
        data = self.cwd / "answer"
        data.write_bytes(b"".join(struct.pack(">I", len(p)) + p for p in packets))
        self.ssh = self.script("ssh", f'cat "{data}"; exec sleep 0.3')
        done = self.far("pull", "far:runs", "--runs", "new", status=status)
        self.assertNotIn("\x1b", done.stderr)
        self.assertEqual(trees.ids(self.cwd / "new") if (self.cwd / "new").exists() else [], [])
        return done.stderr

    def test_answers(self):
        version = b"\x02" + struct.pack(">I", 3)

        def text(value):
            return struct.pack(">I", len(value)) + value

        def reply(kind, number, content):
            return bytes([kind]) + struct.pack(">I", number) + content

        self.answer(b"Welcome to this machine, \x1b[31m")
        self.answer(b"\x02\0\0\0\x02")
        self.answer(b"\x02")
        self.answer(version)
        self.answer(version, b"\x65")
        self.answer(version, reply(101, 7, struct.pack(">I", 0)))
        self.answer(version, reply(102, 0, text(b"h")), reply(104, 1, struct.pack(">I", 0xFFFFFFFF)))
        self.answer(version, reply(102, 0, struct.pack(">I", 0xFFFFFFFF)))
        self.answer(version, reply(101, 0, struct.pack(">I", 3) + text(b"no \x1b[31m\n way") + text(b"")))
        for name in (b"..", b"../x", b"a/b", b"/etc", b"", b"a\0b"):
            entry = text(name) + text(b"as ls") + struct.pack(">II", 4, 0o040755)
            error = self.answer(version, reply(102, 0, text(b"h")), reply(104, 1, struct.pack(">I", 1) + entry),
                                reply(101, 2, struct.pack(">I", 1) + text(b"") + text(b"")), reply(101, 3, struct.pack(">I", 0)), status=0 if name == b".." else 2)
            self.assertEqual("is no name" in error, name != b"..", (name, error))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
