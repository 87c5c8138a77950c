"""What the index must bear: whatever becomes of its file, and of the runs, `stet ls` gives the right answers.

    index_test.py STET MAKE_RUNS NO_LOCKS CLOCK_AHEAD NO_THREADS

NO_LOCKS, CLOCK_AHEAD and NO_THREADS are libraries that, loaded before the others, make every lock fail, the clock an
hour fast, and no thread start.
"""

import fcntl
import json
import os
import pathlib
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

STET, MAKE_RUNS, NO_LOCKS, CLOCK_AHEAD, NO_THREADS = map(os.path.abspath, sys.argv[1:6])
QUERY = 'params.lr < 0.03 and metrics["test/accuracy"].max > 0.8 and not archived'


class Index(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.folder = pathlib.Path(self.scratch.name)
        self.runs = self.folder / "runs"
        subprocess.run([MAKE_RUNS, self.runs, "--sample"], check=True)
        self.expected = self.ask(cache="another")

    def environment(self, cache="cache", **more):
        return {**os.environ, "XDG_CACHE_HOME": str(self.folder / cache), **more}

    def stet(self, *words, **environment):
        return subprocess.run([STET, *words, "--runs", self.runs], capture_output=True, text=True,
                              cwd=self.folder, env=self.environment(**environment))

    def ask(self, query=QUERY, status=0, **environment):
        done = self.stet("ls", query, "--json", **environment)
        self.assertEqual(done.returncode, status, done.stderr)
        return [run["id"] for run in json.loads(done.stdout)]

    def file(self):
        self.ask()
        return pathlib.Path(self.stet("index", "--path").stdout.strip())

    def assert_right(self, **environment):
        self.assertEqual(self.ask(**environment), self.expected)
        self.assertEqual(self.ask(**environment), self.expected)

    def test_it_is_the_users_own(self):
        file = self.file()
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        self.assertEqual(file.parent.stat().st_mode & 0o777, 0o700)
        self.assertTrue(self.expected)

    def test_deleted_cut_and_overwritten(self):
        file = self.file()
        whole = file.read_bytes()
        file.unlink()
        self.assert_right()
        for size in (0, 1, 99, 4096, 8192, len(whole) // 2, len(whole) - 8192, len(whole) - 1):
            file.write_bytes(whole[:size])
            self.assert_right()
        file.write_bytes(b"no database" * 1000)
        self.assert_right()
        file.unlink()
        file.mkdir()
        (file / "something").write_text("")
        self.assert_right()
        shutil.rmtree(file)
        file.symlink_to(self.folder / "elsewhere")
        self.assert_right()
        self.assertFalse((self.folder / "elsewhere").exists())

    def test_flipped_bits(self):
        file = self.file()
        whole = file.read_bytes()
        drawn = random.Random(7)
        for _ in range(24):
            damaged = bytearray(whole)
            for page in range(drawn.randrange(2), len(whole) // 8192):
                damaged[8192 * page + drawn.randrange(8192)] ^= 1 << drawn.randrange(8)
            file.write_bytes(damaged)
            self.assertEqual(self.ask(), self.expected)

    def test_flipped_bits_beside_long_series(self):
        subprocess.run([MAKE_RUNS, self.runs, "--long", "20000", "1"], check=True)
        long = max(self.runs.iterdir(), key=lambda run: sum(f.stat().st_size for f in run.glob("events*"))).name
        words = (("show", long, "--json"), ("plot", long, "-m", "train/loss"), ("series", long, "test/accuracy", "--csv"))
        ask = lambda: [self.stet(*w).stdout for w in words]
        expected = ask()
        self.assertIn("20000", expected[0])
        file = self.file()
        whole = file.read_bytes()
        drawn = random.Random(8)
        for _ in range(12):
            damaged = bytearray(whole)
            for page in range(drawn.randrange(3), len(whole) // 8192, 1 + drawn.randrange(3)):
                damaged[8192 * page + drawn.randrange(8192)] ^= 1 << drawn.randrange(8)
            file.write_bytes(damaged)
            self.assertEqual(ask(), expected)

    def test_a_value_that_was_changed_in_the_file(self):
        file = self.file()
        whole = file.read_bytes()
        self.assertIn(b"Baseline wide", whole)
        file.write_bytes(whole.replace(b"Baseline wide", b"baseline wide"))
        known = self.stet("ls", "--stale", "--json", 'name == "Baseline wide"').stdout  # runs so young are read again else
        self.assertEqual(len(json.loads(known)), 1)

    def test_another_version(self):
        file = self.file()
        database = sqlite3.connect(file)
        for statement in ("PRAGMA user_version = 99", "DELETE FROM run"):
            database.execute(statement)
        database.commit()
        database.close()
        self.assert_right()

    def test_readable_by_everybody(self):
        file = self.file()
        file.chmod(0o666)
        self.assert_right()
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)

    def test_another_users(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give a file away")
        file = self.file()
        os.chown(file, 12345, 12345)
        self.assert_right()
        self.assertEqual(file.stat().st_uid, 0)

    def test_no_folder_for_it(self):
        self.assert_right(cache="runs/cache")  # below the folder of runs, which may be anybody's
        self.assertEqual(self.stet("index", "--path", cache="runs/cache").returncode, 1)
        (self.folder / "a file").write_text("")
        self.assert_right(cache="a file")
        self.assert_right(HOME="", cache="../../../proc")
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["a file", "another", "runs"])

    def test_no_locks(self):
        self.assert_right(LD_PRELOAD=NO_LOCKS)
        self.assert_right()
        self.assert_right(LD_PRELOAD=NO_LOCKS)

    def test_no_threads(self):
        self.assert_right(LD_PRELOAD=NO_THREADS)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        done = self.stet("ui", "--port", str(port), LD_PRELOAD=NO_THREADS)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"\Astet: ui: the system gives no thread: .*\n\Z")

    def test_sqlite_reads_it(self):
        database = sqlite3.connect(f"file:{self.file()}?mode=ro", uri=True)
        self.assertEqual(database.execute("SELECT count(*) FROM runs").fetchone(), (16,))
        self.assertEqual(database.execute("SELECT value FROM params WHERE name = 'salt' AND value > 'a' OR value = '9223372036854775813'").fetchone(), ("9223372036854775813",))
        self.assertEqual(database.execute("SELECT count(*) FROM metrics WHERE name = 'val/loss' AND context = '{}'").fetchone(), (3,))

    def test_runs_that_come_change_move_and_go(self):
        def names():
            return sorted(json.loads(self.stet("ls", "--json").stdout), key=lambda run: run["folder"])

        self.ask()
        first = sorted(p for p in self.runs.iterdir())[0]
        shutil.copytree(first, self.runs / "a copy")
        self.assertEqual([r["id"] for r in names()].count(first.name), 2)
        (self.runs / "a copy").rename(self.runs / "moved")
        self.assertEqual(pathlib.Path(names()[-1]["folder"]).name, "moved")
        shutil.rmtree(self.runs / "moved")
        self.assertEqual(len(names()), 16)
        record = first / "run.json"
        record.write_text(record.read_text().replace('"baseline"', '"changed"'))
        self.assertEqual(self.ask('name == "changed"'), [first.name])
        self.stet("tag", first.name, "fresh")
        self.assertEqual(self.ask('tags has "fresh"'), [first.name])
        self.stet("archive", first.name)
        self.assertEqual(self.ask('tags has "fresh"'), [])
        self.assertEqual(self.ask('archived'), [first.name])
        log = sorted(self.runs.glob("*/events*"))[3]
        log.write_bytes(log.read_bytes()[:-40])  # its last frame is cut: as after a crash
        self.assertEqual(len(names()), 15)  # but for the archived one
        self.runs.rename(self.folder / "away")
        self.assertEqual(self.stet("ls").stderr, f"stet: --runs {self.runs}: no such folder\n")
        (self.folder / "away").rename(self.runs)
        self.assertEqual(len(names()), 15)

    def test_a_record_that_cannot_be_read_is_named(self):
        self.ask()
        record = sorted(self.runs.iterdir())[2] / "run.json"
        whole = record.read_bytes()
        record.write_bytes(whole[:100])
        done = self.stet("ls", "--json")
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{record}: no run record", done.stderr)
        self.assertEqual(len(json.loads(done.stdout)), 15)
        record.write_bytes(whole)
        self.assertEqual(len(self.ask("")), 16)

    def test_what_could_not_be_read_for_a_moment_is_read_again(self):
        time.sleep(2.1)  # what is younger is read again in any case
        for most in (6, 8, 10, 12):  # descriptors
            with self.subTest(most=most):
                shutil.rmtree(self.folder / "cache", ignore_errors=True)
                few = subprocess.run(["bash", "-c", f'ulimit -n {most}; exec "$@"', "bash", STET, "index", "--runs", self.runs],
                                     capture_output=True, text=True, env=self.environment())
                for line in few.stderr.splitlines():
                    self.assertRegex(line, r"^stet: .*(2026|runs|cache)")
                if "read the folder" in few.stderr:
                    self.assertEqual(few.returncode, 2)
                self.assert_right()

    def test_a_clock_that_was_ahead(self):
        self.assert_right(LD_PRELOAD=CLOCK_AHEAD)
        first = sorted(self.runs.iterdir())[0]
        self.stet("tag", first.name, "later")
        self.assertEqual(self.ask('tags has "later"'), [first.name])

    def test_notes_and_folders_that_change_in_place(self):
        first = sorted(self.runs.iterdir())[0]
        self.stet("tag", first.name, "before")
        (first / "artifacts").mkdir(exist_ok=True)
        size = json.loads(self.stet("ls", "--columns", "size", "--json").stdout)[0]["size"]
        time.sleep(2.1)  # what is younger is read again in any case
        self.assertEqual(self.ask('tags has "before"'), [first.name])
        act = next((first / "notes").glob("act-*"))
        with open(act, "r+") as file:
            text = file.read().replace('"before"', '"after!"')
            file.seek(0)
            file.write(text)
        self.assertEqual(self.ask('tags has "after!"'), [first.name])
        time.sleep(2.1)
        self.ask()
        (first / "artifacts/table.txt").write_text("12345")
        self.assertEqual(json.loads(self.stet("ls", "--columns", "size", "--json").stdout)[0]["size"], size + 5)

    def test_a_renamed_and_a_copied_run_with_a_long_series(self):
        subprocess.run([MAKE_RUNS, self.runs, "--long", "20000", "1"], check=True)
        long = max(self.runs.iterdir(), key=lambda run: sum(f.stat().st_size for f in run.glob("events*")))
        words = (("-m", "train/loss"), ("-m", "train/loss", "--x", "time"))
        expected = [self.stet("plot", long.name, *w).stdout for w in words]
        self.assertGreater(len(expected[0].splitlines()), 10)
        shutil.copytree(long, self.runs / "copied")
        shutil.copytree(long, self.folder / "others" / "elsewhere")
        long.rename(self.runs / "renamed")
        for run in ("renamed", "copied", self.folder / "others/elsewhere", f"{self.runs}/renamed/"):
            for one, wanted in zip(words, expected):
                done = self.stet("plot", run, *one)
                self.assertEqual((done.returncode, len(done.stdout.splitlines())), (0, len(wanted.splitlines())), run)
                if run != self.folder / "others/elsewhere":  # of which there are no buckets
                    self.assertEqual(done.stdout, wanted)

    def test_finds_runs_by_their_present_names(self):
        first, second = sorted(p.name for p in self.runs.iterdir())[:2]
        self.stet("rename", second, "it's \"new\"")
        self.assertEqual(json.loads(self.stet("show", "it's \"new\"", "--json").stdout)["id"], second)
        self.stet("rename", first, "it's \"new\"")
        self.assertEqual(json.loads(self.stet("show", "it's \"new\"", "--json").stdout)["id"], second)  # the newest
        self.assertIn("no run 'Baseline wide'", self.stet("show", "Baseline wide").stderr)

    def test_stale(self):
        self.ask()
        time.sleep(0.01)
        first = sorted(self.runs.iterdir())[0]
        shutil.rmtree(first)
        known = [run["id"] for run in json.loads(self.stet("ls", "--stale", "--json").stdout)]
        self.assertEqual(len(known), 16)
        self.assertEqual(len(self.ask("")), 15)

    def test_many_processes_while_runs_are_written(self):
        writer = subprocess.Popen([MAKE_RUNS, self.runs, "150"])
        readers = [subprocess.Popen([STET, "ls", "not archived", "--json", "--runs", self.runs], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True, env=self.environment()) for _ in range(50)]
        for reader in readers:
            out, err = reader.communicate(timeout=200)
            ids = [run["id"] for run in json.loads(out)]
            self.assertEqual(len(set(ids)), len(ids))
            self.assertGreaterEqual(len(ids), 16)
            # A run that is half written when it is looked at is named, and nothing else is wrong.
            self.assertTrue(reader.returncode == 0 or "run.json" in err, err)
        self.assertEqual(writer.wait(), 0)
        self.assertEqual(len(self.ask("")), 166)
        with open(str(self.file()) + ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[6:])
