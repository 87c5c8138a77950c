"""`stet rm` and `stet gc`, also where they are killed, or fail, at each operation on disk.

    keeping_test.py STET FAULTY_STET SCENARIO
"""

import fcntl
import json
import os
import pathlib
import shutil
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "query"))
import terminal
import trees

STET, FAULTY, SCENARIO = map(os.path.abspath, sys.argv[1:4])
BASE = trees.scratch()
RUNS = pathlib.Path(BASE.name) / "runs"
UNNEEDED, NEW = "0" * 63 + "a", "0" * 63 + "b"


def setUpModule():
    for name, *flags in (("a",), ("b", "--lr", "0.06"), ("c", "--max-steps", "20")):
        trees.train(SCENARIO, BASE.name, name, *flags)
    (RUNS / "programs" / UNNEEDED).write_bytes(b"a program that no run needs")
    (RUNS / "programs" / NEW).write_bytes(b"one that came just now")
    (RUNS / "programs" / ".new-1-2").write_bytes(b"a copy that was cut short")
    long_ago = time.time() - 2 * 86400
    for file in (RUNS / "programs").iterdir():
        if file.name != NEW:
            os.utime(file, (long_ago, long_ago))


class Case(unittest.TestCase):
    def setUp(self):
        self.copy = trees.copy_of(BASE.name)
        self.cwd = self.copy.__enter__()
        self.runs = self.cwd / "runs"
        self.ids = trees.ids(self.runs)

    def tearDown(self):
        self.copy.__exit__(None, None, None)

    def stet(self, *words, status=0, program=STET, **more):
        done = trees.run(program, *words, cwd=self.cwd, **more)
        if status is not None:
            self.assertEqual(done.returncode, status, (words, done.stdout, done.stderr))
        return done

    def json(self, *words, status=0):
        return json.loads(self.stet(*words, "--json", status=status).stdout)

    def trashed(self):
        return {p.name: p for p in self.runs.glob(".trash/2*/*")}

    def age_trash(self):
        for batch in self.runs.glob(".trash/2*"):
            batch.rename(batch.parent / ("2020" + batch.name[4:]))


class Rm(Case):
    def test_moves_to_the_trash_and_back(self):
        before = trees.run_contents(self.runs)
        found = self.json("rm", "a", "b", "--yes")
        self.assertEqual(sorted(found["removed"]), self.ids[:2])
        self.assertEqual(found["bytes"], sum(run["bytes"] for run in found["runs"]))
        self.assertEqual(trees.ids(self.runs), self.ids[2:])
        self.assertEqual([run["id"] for run in self.json("ls")], self.ids[2:])
        self.assertEqual(sorted(self.trashed()), self.ids[:2])
        listed = self.json("rm", "--list")
        self.assertEqual([run["name"] for run in listed], ["a", "b"])
        self.json("rm", "c", "--yes")
        self.assertEqual(self.json("rm", "--undo")["restored"], self.ids[2:])  # the last
        self.assertEqual(self.json("rm", "--undo", "b", self.ids[1])["restored"], [self.ids[1]])  # once
        self.assertEqual(self.json("rm", "--undo", self.ids[0])["restored"], [self.ids[0]])
        self.assertIn("nothing in its trash", self.stet("rm", "--undo", status=2).stderr)
        after = trees.run_contents(self.runs)
        after.pop(".trash")
        self.assertEqual(after, before)
        self.stet("ls", "--check")

    def test_asks(self):
        self.assertIn("--yes", self.stet("rm", "a", status=2).stderr)
        self.assertIn("1 run, ", self.stet("rm", "a", "--dry-run").stdout)
        self.assertEqual(trees.ids(self.runs), self.ids)
        for answer, left in ("\n", 3), ("no\n", 3), ("y\n", 2):
            terminal.answered([STET, "rm", "--runs", self.runs, "a"], trees.environment(), answer)
            self.assertEqual(len(trees.ids(self.runs)), left, answer)

    def test_a_run_that_is_gone_is_no_text_to_look_for(self):
        self.stet("note", "b", "better than a")
        self.stet("rm", "a", "--yes")
        for words in (["rm", "a"], ["gc", "a", "--keep-last", "1"], ["rm", "a", "c"], ["push", "dest", "a"]):
            done = self.stet(*words, *([] if words[0] == "push" else ["--yes"]), status=2)
            self.assertRegex(done.stderr, "there is no such run|no run .a.", words)
        self.assertEqual(trees.ids(self.runs), self.ids[1:])
        self.stet("rm", 'name == "c"', "--yes")

    def test_by_a_condition(self):
        self.assertIn("fits 3 runs", self.stet("rm", self.ids[0][:2], "--yes", status=2).stderr)
        self.stet("archive", "a")
        self.assertEqual(self.json("rm", "params.lr < 0.055", "--yes")["removed"], [self.ids[2]])  # archived ones stay
        self.assertEqual(self.json("rm", "archived", "--yes")["removed"], [self.ids[0]])
        self.assertIn("there are no such runs", self.stet("rm", "params.lr > 7", "--yes", status=2).stderr)
        self.assertIn("column 12", self.stet("rm", "params.lr >", "--yes", status=2).stderr)
        self.assertIn("no run '19'", self.stet("rm", "19", "--yes", status=2).stderr)
        self.assertEqual(trees.ids(self.runs), [self.ids[1]])

    def test_leaves_a_run_that_is_held(self):
        with open(self.runs / self.ids[0] / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = self.stet("rm", "a", "b", "--yes", status=2)
        self.assertIn("still running", done.stderr)
        self.assertEqual(trees.ids(self.runs), [self.ids[0], self.ids[2]])

    def test_links_are_named_and_stay(self):
        elsewhere = self.cwd / "elsewhere"
        shutil.move(self.runs / self.ids[0], elsewhere)
        (self.runs / self.ids[0]).symlink_to(elsewhere)
        outside = self.cwd / "outside"
        outside.mkdir()
        (outside / "precious").write_text("x")
        (self.runs / self.ids[1] / "artifacts").mkdir(exist_ok=True)
        (self.runs / self.ids[1] / "artifacts" / "link").symlink_to(outside)
        os.mkfifo(self.runs / self.ids[1] / "fifo\n\x1b[31m")
        before = trees.contents(elsewhere)
        for words in (self.ids[0], ), (f"runs/{self.ids[0]}", ), (f"runs/{self.ids[0]}/", ):
            self.assertIn("is a link", self.stet("rm", *words, "--yes", status=2).stderr)
        self.assertIn("no such runs", self.stet("rm", 'name == "a"', "--yes", status=2).stderr, "it is no run of these")
        self.assertEqual(trees.contents(elsewhere), before)
        done = self.stet("rm", "b", "--yes")
        self.assertIn("artifacts/link", done.stdout)
        self.assertNotIn("\x1b", done.stdout)
        self.stet("gc", "--trash", "0s", "--yes")
        self.assertEqual((outside / "precious").read_text(), "x")
        self.assertEqual(list(self.runs.glob(".trash/*")), [])
        (self.runs / ".trash").rmdir()
        (self.runs / ".trash").symlink_to(outside)
        self.assertIn("Not a directory", self.stet("rm", "c", "--yes", status=2).stderr)
        self.assertEqual(trees.ids(self.runs), [self.ids[0], self.ids[2]])

    def test_a_lock_that_is_no_file_holds_nothing(self):
        lock = self.runs / self.ids[0] / ".lock"
        lock.unlink()
        os.mkfifo(lock)
        self.stet("rm", "a", "--yes")
        self.assertEqual(list(self.trashed()), [self.ids[0]])

    def test_what_is_there_again_stays(self):
        self.stet("rm", "a", "--yes")
        shutil.copytree(self.trashed()[self.ids[0]], self.runs / self.ids[0])
        (self.runs / self.ids[0] / "output.log").write_text("another")
        self.assertIn("is there", self.stet("rm", "--undo", status=2).stderr)
        self.assertEqual((self.runs / self.ids[0] / "output.log").read_text(), "another")
        self.assertEqual(list(self.trashed()), [self.ids[0]])

    def test_read_only(self):
        if os.geteuid() == 0:
            self.skipTest("root writes everywhere")
        self.runs.chmod(0o555)
        self.assertIn("Permission denied", self.stet("rm", "a", "--yes", status=2).stderr)
        self.runs.chmod(0o755)
        self.assertEqual(trees.ids(self.runs), self.ids)


class Gc(Case):
    def programs(self):
        return sorted(p.name for p in (self.runs / "programs").iterdir())

    def test_programs_that_no_run_needs(self):
        needed = [name for name in self.programs() if not name.startswith(("0" * 63, ".new-"))]
        found = self.json("gc", "--dry-run")
        self.assertEqual([file["name"] for file in found["programs"]], [".new-1-2", UNNEEDED])
        self.assertEqual(found["freed"], 0)
        self.assertIn("--yes", self.stet("gc", status=2).stderr)
        self.assertIn(UNNEEDED, self.programs())
        self.assertEqual(self.json("gc", "--yes")["freed"], found["bytes"])
        self.assertEqual(self.programs(), sorted([*needed, NEW]))
        # Those of a run in the trash stay, and go with it.
        self.stet("rm", *self.ids, "--yes")
        self.assertIn("nothing to free", self.stet("gc", "--yes").stdout)
        self.age_trash()
        self.assertEqual(len(self.json("gc", "--yes")["trash"]), 3)
        self.assertEqual(self.programs(), sorted([*needed, NEW]))  # known as needed when it was asked
        self.stet("gc", "--yes")
        self.assertEqual(self.programs(), [NEW])

    def test_programs_stay_where_needs_are_unknown(self):
        record = self.runs / self.ids[0] / "run.json"
        text = record.read_text()
        record.write_text("{")
        found = self.json("gc", "--yes")
        self.assertIn(UNNEEDED, self.programs())
        self.assertIn("kept programs stay", found["remarks"][0])
        record.write_text(text)
        lock_file = self.runs / self.ids[0] / ".lock"
        lock_file.write_text(json.dumps({**json.loads(lock_file.read_text()), "pid": 1}))
        with open(lock_file) as lock:  # by another process than its last launch's
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("starts now", self.json("gc", "--yes")["remarks"][0])
            self.assertIn(UNNEEDED, self.programs())
        arriving = self.runs / ".incoming" / "some.0123"
        arriving.mkdir(parents=True)
        self.assertIn("arrives now", self.json("gc", "--yes")["remarks"][0])
        self.assertIn(UNNEEDED, self.programs())
        long_ago = time.time() - 2 * 86400
        os.utime(arriving, (long_ago, long_ago))
        self.assertEqual([file["name"] for file in self.json("gc", "--yes")["leftovers"]], [".incoming/some.0123"])
        self.stet("gc", "--yes")
        self.assertNotIn(UNNEEDED, self.programs())

    def test_a_copy_that_goes_on_while_gc_asks(self):
        arriving = self.runs / ".incoming" / "some.0123"
        arriving.mkdir(parents=True)
        (arriving / "run.json").write_text("{}")
        long_ago = time.time() - 2 * 86400
        for path in (arriving / "run.json", arriving):
            os.utime(path, (long_ago, long_ago))
        printed = terminal.answered([STET, "gc", "--runs", self.runs], trees.environment(), "y\n",
                                    lambda: (arriving / "output.log").write_text("more of it"))
        self.assertIn("arrives again", printed)
        self.assertEqual({p.name for p in arriving.iterdir()}, {"run.json", "output.log"})
        for path in (*arriving.iterdir(), arriving):
            os.utime(path, (long_ago, long_ago))
        self.stet("gc", "--yes")
        self.assertFalse(arriving.exists())
        self.assertEqual([p for p in (self.runs / ".trash").iterdir() if p.name.startswith(".gone-")], [])

    def test_what_a_killed_gc_set_aside_goes_back(self):
        kept = next(name for name in self.programs() if not name.startswith(("0" * 63, ".new-")))
        (self.runs / "programs" / kept).rename(self.runs / "programs" / (".gone-" + kept))
        self.stet("gc", "--yes")
        self.assertIn(kept, self.programs())
        self.assertFalse(any(name.startswith(".gone-") for name in self.programs()))

    def test_superseded_checkpoints(self):
        self.assertIn("--keep-last", self.stet("gc", "a", "--yes", status=2).stderr)
        found = self.json("gc", "a", "--keep-last", "1", "--yes")
        self.assertEqual([(c["id"], len(c["files"]), c["kept"]) for c in found["checkpoints"]], [(self.ids[0], 2, 1)])
        self.assertEqual([p.name for p in (self.runs / self.ids[0] / "checkpoints").iterdir()], ["step-00000039.h5"])
        self.assertEqual(len(list((self.runs / self.ids[1] / "checkpoints").iterdir())), 3)
        checked = self.stet("ls", "--check")
        self.assertIn("sealed, without 2 checkpoints that were deleted since", checked.stdout)
        shown = self.json("show", "a")
        self.assertIn("gc deleted 2 checkpoints", shown["notes"][-1]["text"])
        verified = self.json("verify", "a")
        self.assertTrue(verified["verified"], verified)
        self.assertEqual(len(verified["seal"]["removed"]), 2)
        # What gc did not delete is missed.
        (self.runs / self.ids[0] / "checkpoints" / "step-00000039.h5").unlink()
        self.assertIn("step-00000039.h5 is gone", self.stet("ls", "--check", status=1).stdout)

    def test_a_note_excuses_no_other_file(self):
        run = self.runs / self.ids[0]
        self.stet("gc", "a", "--keep-last", "1", "--yes")
        act = next(run.glob("notes/act-*"))
        said = json.loads(act.read_text())
        for path in ("artifacts/x", "run.json", next(p.name for p in run.glob("events.*"))):
            said["removed"].append({"path": path, "size": 1, "sha256": "0" * 64})
        said["removed"][1]["sha256"] = "0" * 64
        act.write_text(json.dumps(said))
        (run / "checkpoints" / "step-00000028.h5").write_bytes(b"not what it was")
        checked = self.stet("ls", "--check", status=1).stdout
        self.assertIn("step-00000028.h5 has 15 bytes", checked)
        self.assertIn("step-00000035.h5 is gone", checked)

    def test_a_run_goes_on_from_what_stays(self):
        damaged = self.runs / self.ids[2] / "checkpoints" / "step-00000020.h5"
        self.stet("gc", "c", "--keep-last", "1", "--yes")
        self.assertEqual([p.name for p in damaged.parent.iterdir()], [damaged.name])
        done = trees.run(SCENARIO, "--resume", self.ids[2], "--quiet", "--threads", "1", cwd=self.cwd)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.stet("ls", "--check")

    def test_a_damaged_checkpoint_counts_for_none(self):
        checkpoints = self.runs / self.ids[2] / "checkpoints"
        newest = max(checkpoints.iterdir())
        record = self.runs / self.ids[2] / "run.json"  # as of a run that was killed: without a seal
        said = json.loads(record.read_text())
        del said["launches"][0]["end"]
        record.write_text(json.dumps(said))
        newest.write_bytes(newest.read_bytes()[:-7] + b"damaged")
        (checkpoints / "step-00000100.h5").symlink_to("/dev/zero")
        self.stet("gc", "--keep-last", "1", "--yes")
        left = sorted(p.name for p in checkpoints.iterdir())
        self.assertEqual(len(left), 3)  # the link, the damaged one, and the one before

    def test_a_checkpoint_of_another_training_counts_for_none(self):
        trees.train(SCENARIO, self.cwd, "other", "--max-steps", "20", "--seed", "2", "--runs", "others")
        record = self.runs / self.ids[2] / "run.json"  # as of a run that was killed: without a seal
        said = json.loads(record.read_text())
        del said["launches"][0]["end"]
        record.write_text(json.dumps(said))
        checkpoints = self.runs / self.ids[2] / "checkpoints"
        shutil.copy(next(self.cwd.glob("others/2*/checkpoints/step-00000020.h5")), checkpoints)
        self.stet("gc", "c", "--keep-last", "1", "--yes")
        left = sorted(p.name for p in checkpoints.iterdir())
        self.assertEqual(left, ["step-00000014.h5", "step-00000020.h5"])  # from the first of which the run goes on

    def test_altered_and_running_runs_are_left(self):
        with next((self.runs / self.ids[0]).glob("events.*")).open("ab") as log:
            log.write(b"x")
        with open(self.runs / self.ids[1] / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = self.json("gc", "--keep-last", "1", "--yes")
        self.assertEqual([c["id"] for c in found["checkpoints"]], [self.ids[2]])
        self.assertIn("altered", "".join(found["remarks"]))
        self.assertIn("is running", "".join(found["remarks"]))

    def test_the_best_stays(self):
        trees.train(SCENARIO, self.cwd, "best", "--form", "best")
        best = [c for c in self.json("show", "best")["checkpoints"] if c["best"]]
        self.assertEqual(len(best), 1)
        self.stet("gc", "best", "--keep-last", "1", "--yes")
        left = [c["step"] for c in self.json("show", "best")["checkpoints"]]
        self.assertEqual(left, sorted({best[0]["step"], 39}))
        self.stet("gc", "best", "--keep-last", "1", "--drop-best", "--yes")
        self.assertEqual([c["step"] for c in self.json("show", "best")["checkpoints"]], [39])
        self.stet("ls", "--check")


class Faults(Case):
    def every_operation(self, words, prepare, whole):
        """Runs `stet WORDS` with each fault at each operation on a copy that `prepare` made ready, and calls
        whole(problem's name) after each, and once more when it was run again without a fault."""
        with trees.copy_of(BASE.name) as self.cwd:
            self.runs = self.cwd / "runs"
            prepare()
            self.stet(*words, program=FAULTY, STET_FAULT=f"count:{self.cwd}/operations")
            count = trees.operations(self.cwd / "operations")
        self.assertGreater(count, 3)
        for fault, first, stride in trees.FAULTS:
            for at in range(first, count + 1, stride):
                with trees.copy_of(BASE.name) as self.cwd:
                    self.runs = self.cwd / "runs"
                    prepare()
                    done = self.stet(*words, program=FAULTY, status=None, STET_FAULT=f"{fault}@{at}")
                    name = f"{fault}@{at}: {done.stderr}"
                    if fault in ("kill", "torn", "power"):
                        self.assertEqual(done.returncode, trees.KILLED, name)
                    else:
                        self.assertIn(done.returncode, (0, 2), name)
                        self.assertEqual(done.returncode == 0, done.stderr == "", name)
                    whole(name, False)
                    self.stet(*words, status=None)
                    whole(name, True)

    def same(self, folder, run, name):
        want = trees.run_contents(RUNS / run)
        have = trees.run_contents(folder)
        have.pop("notes", None), want.pop("notes", None)
        self.assertEqual(have, want, name)

    def moved(self, left):
        """A check that every run is whole in one of the two places, and that those of `left` are the runs in the end."""
        def whole(name, again):
            trashed = self.trashed()
            for run in self.ids:
                places = [place for place in (self.runs / run, trashed.get(run)) if place and place.exists()]
                self.assertEqual(len(places), 1, (name, run))
                self.same(places[0], run, name)
            if again:
                self.assertEqual(trees.ids(self.runs), left, name)

        return whole

    def test_rm(self):
        self.every_operation(["rm", *self.ids[:2], "--yes"], lambda: None, self.moved(self.ids[2:]))

    def test_undo(self):
        self.every_operation(["rm", "--undo"], lambda: self.stet("rm", *self.ids[:2], "--yes"), self.moved(self.ids))

    def test_gc(self):
        def prepare():
            self.stet("rm", self.ids[1], "--yes")
            self.stet("rm", self.ids[2], "--yes")
            first = min(self.runs.glob(".trash/2*"))
            first.rename(first.parent / ("2020" + first.name[4:]))

        needed = {p.name for p in (RUNS / "programs").iterdir() if not p.name.startswith(("0" * 63, ".new-"))}

        def whole(name, again):
            trashed = self.trashed()
            if self.ids[1] in trashed:
                self.same(trashed[self.ids[1]], self.ids[1], name)
            self.same(trashed[self.ids[2]], self.ids[2], name)
            run = trees.run_contents(self.runs / self.ids[0])
            want = trees.run_contents(RUNS / self.ids[0])
            for path, content in want.items():  # all but checkpoints is there, and of those the last
                if not path.startswith("checkpoints/") or path.endswith("39.h5"):
                    self.assertEqual(run.get(path), content, (name, path))
                elif path in run:
                    self.assertEqual(run[path], content, (name, path))
            self.stet("ls", "--check")
            self.assertLessEqual(needed, {p.name for p in (self.runs / "programs").iterdir()}, name)
            if again:
                self.assertEqual(sum(path.startswith("checkpoints/") for path in run), 1, name)
                self.assertEqual(list(trashed), [self.ids[2]], name)
                self.assertEqual(list(self.runs.glob(".trash/.gone*")), [], name)
                self.assertEqual({p.name for p in (self.runs / "programs").iterdir()}, {*needed, NEW}, name)
                acts = [json.loads(act.read_text()) for act in (self.runs / self.ids[0]).glob("notes/act-*.json")]
                self.assertEqual(sorted(file["path"] for act in acts for file in act.get("removed", [])),
                                 ["checkpoints/step-00000028.h5", "checkpoints/step-00000035.h5"], name)

        self.every_operation(["gc", "--keep-last", "1", "--yes"], prepare, whole)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
