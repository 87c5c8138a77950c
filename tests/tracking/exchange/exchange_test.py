"""`stet push` and `stet pull`, to folders and by sftp, also where they are killed, or fail, at each operation on disk.

    exchange_test.py STET FAULTY_STET SCENARIO [CLASS...]
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "keeping"))
sys.path.insert(1, str(pathlib.Path(__file__).parents[1] / "query"))
import trees
import users

STET, FAULTY, SCENARIO = map(os.path.abspath, sys.argv[1:4])
BASE = trees.scratch()
RUNS = pathlib.Path(BASE.name) / "runs"


def setUpModule():
    for name, *flags in (("a",), ("b", "--max-steps", "20")):
        trees.train(SCENARIO, BASE.name, name, *flags)
    trees.run(STET, "tag", "a", "good", cwd=BASE.name)
    keep_little()


def keep_little():
    """Leaves of the kept programs two, of 12 bytes, and writes the records so: what is in them doesn't matter here, and
    each is some operations more."""
    kept = {}
    for record in sorted(RUNS.glob("*/run.json")):
        said = json.loads(record.read_text())
        for launch in said["launches"]:
            program = launch["program"]
            for i, file in enumerate([program, *program["shared_objects"]]):
                if i > 2:
                    file["kept"] = False
                elif i == 0 or file["kept"]:
                    small = file["sha256"][:12].encode()
                    file["sha256"] = kept[small] = hashlib.sha256(small).hexdigest()
        seal = said["launches"][-1]["end"]["seal"]
        seal["record_sha256"] = "0" * 64
        text = json.dumps(said, indent=1)
        record.write_text(text.replace("0" * 64, hashlib.sha256(text.encode()).hexdigest()))
    shutil.rmtree(RUNS / "programs")
    (RUNS / "programs").mkdir()
    for small, name in kept.items():
        (RUNS / "programs" / name).write_bytes(small)


def sealed_in_both(a, b):
    """The files of two states of a run whose seals name the same bytes."""
    seals = []
    for run in (a, b):
        sealed = json.loads((run / "run.json").read_text())["launches"][-1]["end"]["seal"]["files"]
        seals.append({(file["path"], file["sha256"]) for file in sealed})
    return {path for path, _ in seals[0] & seals[1]}


def size_without(run, some):
    return sum((run / path).stat().st_size for path in trees.files(run) if path not in some)


class Case(unittest.TestCase):
    def setUp(self):
        self.copies = contextlib.ExitStack()
        self.cwd = self.copies.enter_context(trees.copy_of(BASE.name))
        self.runs, self.dest = self.cwd / "runs", self.cwd / "dest"
        self.ids = trees.ids(self.runs)

    def tearDown(self):
        self.copies.close()

    def stet(self, *words, status=0, program=STET, **more):
        done = trees.run(program, *words, cwd=self.cwd, **more)
        if status is not None:
            self.assertEqual(done.returncode, status, (words, done.stdout, done.stderr))
        return done

    def json(self, *words, status=0, **more):
        return json.loads(self.stet(*words, "--json", status=status, **more).stdout)

    def sent(self, dest, exchange):
        """What an exchange says that it did, and how many bytes it copied that are no programs."""
        before = set(dest.glob("programs/*"))
        done = exchange()
        return done, done["bytes"] - sum(path.stat().st_size for path in set(dest.glob("programs/*")) - before)

    def same(self, a, b, name=""):
        self.assertEqual(trees.run_contents(a), trees.run_contents(b), name)


class Folders(Case):
    def test_all_and_only_what_is_new(self):
        done = self.json("push", "dest")
        self.assertEqual((done["copied"], done["same"]), (self.ids, 0))
        self.assertEqual(done["programs"], len(list((self.runs / "programs").iterdir())))
        for run in self.ids:
            self.same(self.runs / run, self.dest / run)
        self.same(self.runs / "programs", self.dest / "programs")
        self.stet("ls", "--check", "--runs", "dest")
        again = self.json("push", "dest")
        self.assertEqual((again["copied"], again["same"], again["bytes"], again["programs"]), ([], 2, 0, 0))
        back = self.json("pull", "dest", "a", "--runs", "new/runs")
        self.assertEqual(back["copied"], self.ids[:1])
        self.same(self.runs / self.ids[0], self.cwd / "new/runs" / self.ids[0])
        self.assertEqual(self.json("pull", "dest", 'name == "b"', "--runs", "new/runs")["copied"], self.ids[1:])
        self.assertEqual(list((self.dest / ".incoming").iterdir()), [self.dest / ".incoming" / ".lock"])

    def test_says_what_it_would_do(self):
        self.assertEqual(self.json("push", "dest", "--dry-run")["copied"], self.ids)
        self.assertEqual(trees.contents(self.dest), {})

    def test_notes_go_both_ways(self):
        self.stet("push", "dest")
        self.stet("note", "a", "here")
        self.stet("note", "a", "there", "--runs", "dest")
        self.assertEqual(self.json("push", "dest")["notes"], 1)
        self.assertEqual(self.json("pull", "dest")["notes"], 1)
        self.same(self.runs / self.ids[0], self.dest / self.ids[0])
        self.assertEqual({n["text"] for n in self.json("show", "a", "--runs", "dest")["notes"]}, {"here", "there"})

    def go_on(self, runs, *flags):
        trees.train(SCENARIO, self.cwd, "b", "--resume", self.ids[1], "--runs", runs, *flags)

    def test_a_run_that_went_on(self):
        self.stet("push", "dest")
        self.stet("note", "b", "there", "--runs", "dest")
        old = trees.run_contents(self.dest / self.ids[1])
        self.go_on("runs")
        shared = sealed_in_both(self.dest / self.ids[1], self.runs / self.ids[1])
        self.assertIn(min(self.dest.glob(f"{self.ids[1]}/events.*")).name, shared)
        done, sent = self.sent(self.dest, lambda: self.json("push", "dest"))
        self.assertEqual((done["updated"], done["same"]), ([self.ids[1]], 1))
        notes_there = sum(path.stat().st_size for path in (self.dest / self.ids[1]).glob("notes/*"))
        self.assertEqual(sent, size_without(self.runs / self.ids[1], shared) + notes_there)
        have, want = (trees.run_contents(runs / self.ids[1]) for runs in (self.dest, self.runs))
        notes = [have.pop(name) for name in [*have] if name.startswith("notes")]
        self.assertEqual(len(notes), 2)  # the folder, and what was said there
        self.assertEqual(have, want)
        self.stet("ls", "--check", "--runs", "dest")
        trashed = next(self.dest.glob(".trash/2*/*"))
        self.assertEqual(trees.run_contents(trashed), old)
        # The other way round nothing is lost.
        self.stet("rm", "b", "--yes")
        self.stet("rm", "--undo")
        self.assertEqual(self.json("pull", "dest", "--runs", "runs")["updated"], [])

    def forge(self, run, launch=None, **changes):
        """Writes a run's record anew, with another launch that has no end."""
        said = json.loads((run / "run.json").read_text())
        said.update(changes)
        said["launches"].append({**said["launches"][0], "started": said["launches"][0]["started"] + 100, **(launch or {})})
        del said["launches"][-1]["end"]
        (run / "run.json").write_text(json.dumps(said))

    def test_a_forgery_takes_no_runs_place(self):
        self.stet("push", "dest")
        before = trees.contents(self.runs, without=(".lock", ".incoming"))
        for forged, why in (("a", "neither goes on"), ("b", "altered since it ended")):
            run = self.dest / self.ids[forged == "b"]
            log = min(run.glob("events.*"))
            log.write_bytes(log.read_bytes()[:-1] + b"x")
            self.forge(run)
            self.assertIn(why, self.stet("pull", "dest", forged, status=2).stderr)
            self.assertEqual(trees.contents(self.runs, without=(".lock", ".incoming")), before)

    def test_a_launch_that_was_changed_is_no_run_that_went_on(self):
        self.stet("push", "dest")
        run = self.dest / self.ids[1]
        self.go_on("dest")
        record = json.loads((run / "run.json").read_text())
        for launch in (0, 1):
            del record["launches"][launch]["end"]
        (run / "run.json").write_text(json.dumps(record))
        self.assertIn("neither goes on", self.stet("pull", "dest", "b", status=2).stderr)

    def test_what_a_copy_lost_comes_again(self):
        self.stet("push", "dest")
        for lost in (min(self.dest.glob(f"{self.ids[0]}/events.*")), max(self.dest.glob(f"{self.ids[0]}/checkpoints/*"))):
            lost.unlink()
            done = self.json("push", "dest")
            self.assertEqual(done["updated"], self.ids[:1])
            self.assertIn("had lost 1 file", "".join(done["remarks"]))
            self.same(self.runs / self.ids[0], self.dest / self.ids[0])
        shutil.rmtree(self.dest / "programs")
        self.assertGreater(self.json("push", "dest")["programs"], 0)
        self.same(self.runs / "programs", self.dest / "programs")
        self.stet("gc", "a", "--keep-last", "1", "--yes", "--runs", "dest")
        self.assertEqual(self.json("push", "dest")["updated"], [])

    def test_what_was_there_is_taken_over_only_as_it_was_sealed(self):
        self.stet("push", "dest")
        log = min(self.dest.glob(f"{self.ids[1]}/events.*"))
        log.write_bytes(log.read_bytes()[:-1] + b"x")
        self.go_on("runs")
        self.stet("push", "dest")
        self.same(self.runs / self.ids[1], self.dest / self.ids[1])

    def test_an_earlier_state_replaces_no_later_one(self):
        self.stet("push", "dest")
        self.go_on("dest")
        later = trees.run_contents(self.dest / self.ids[1])
        done = self.json("push", "dest")
        self.assertEqual(done["same"], 2)
        self.assertIn("went on in", done["remarks"][0])
        self.assertEqual(trees.run_contents(self.dest / self.ids[1]), later)
        self.go_on("runs")  # both went on by themselves
        self.assertIn("neither goes on from the other", self.stet("push", "dest", status=2).stderr)
        self.assertEqual(trees.run_contents(self.dest / self.ids[1]), later)

    def test_what_is_refused(self):
        self.assertIn("is the folder of runs itself", self.stet("push", "runs/../runs/", status=2).stderr)
        self.assertIn("lies in the folder of runs", self.stet("push", "runs/backup", status=2).stderr)
        (self.cwd / "link").symlink_to("runs")
        self.assertIn("is the folder of runs itself", self.stet("push", "link", status=2).stderr)
        for place in ("", "-x:y", "a@-oProxyCommand=x:y", "a b:y", ":y", "host:", "$(x):y"):
            self.assertEqual(self.stet("push", "--", place, status=2).stdout, "", place)
        self.assertFalse((self.runs / "backup").exists())
        (self.cwd / "file").write_text("x")
        self.assertIn("Not a directory", self.stet("push", "file", status=2).stderr)
        self.stet("pull", "nowhere", status=2)

    def test_what_is_not_as_it_was(self):
        run = self.runs / self.ids[0]
        checkpoint = max((run / "checkpoints").iterdir())
        checkpoint.write_bytes(checkpoint.read_bytes()[:-1] + b"x")
        program = next(file for file in (self.runs / "programs").iterdir())
        program.write_bytes(b"another, damaged")
        done = self.stet("push", "dest", status=2)
        self.assertIn("altered since it ended", done.stderr)
        self.assertIn("is not what it was", done.stderr)
        self.assertEqual(trees.ids(self.dest), [])

    def test_links_and_devices(self):
        run = self.runs / self.ids[1]
        said = json.loads((run / "run.json").read_text())
        del said["launches"][0]["end"]  # as of a run that was killed
        (run / "run.json").write_text(json.dumps(said))
        secret = self.cwd / "secret"
        secret.write_text("x")
        for place in ("artifacts", "checkpoints", "notes", "source", "."):
            (run / place).mkdir(exist_ok=True)
            (run / place / "link").symlink_to(secret)
            os.mkfifo(run / place / "fifo\x1b[31m")
            (run / place / ".new-half").write_text("half")
        (run / "artifacts" / "deep" / "er").mkdir(parents=True)
        (run / "artifacts" / "deep" / "er" / "a \n name \xff'$(x)").write_text("kept")
        (run / "elsewhere").mkdir()
        (run / "README").write_text("of no run")
        (self.runs / "linked").symlink_to(run)
        done = self.stet("push", "dest")
        self.assertNotIn("\x1b", done.stdout)
        copy = trees.run_contents(self.dest / self.ids[1])
        self.assertEqual([name for name in copy if "link" in name or "fifo" in name or "half" in name], [])
        self.assertEqual(copy["artifacts/deep/er/a \n name \xff'$(x)"], b"kept")
        self.assertNotIn("README", copy)
        self.assertNotIn("elsewhere", copy)
        self.assertIn("README: a file that no run has", done.stdout)
        self.assertIn("linked: is a link", done.stdout)
        self.assertEqual(trees.ids(self.dest), self.ids)
        # Nor are links followed there.
        outside = self.cwd / "outside"
        outside.mkdir()
        for name in ("programs", ".incoming", self.ids[0]):
            shutil.rmtree(self.dest)
            self.dest.mkdir()
            (self.dest / name).symlink_to(outside)
            self.stet("push", "dest", status=2)
            self.assertEqual(trees.contents(outside), {}, name)

    def test_running_and_removed(self):
        with open(self.runs / self.ids[0] / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("is running", self.stet("push", "dest", status=2).stderr)
        self.assertEqual(trees.ids(self.dest), self.ids[1:])
        with open(self.dest / ".incoming" / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("another process copies runs", self.stet("push", "dest", status=2).stderr)
        self.stet("push", "dest")
        self.go_on("runs")
        (self.dest / self.ids[1] / ".lock").write_text("")
        with open(self.dest / self.ids[1] / ".lock") as lock:  # somebody goes on with it there
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("held by another", self.stet("push", "dest", status=2).stderr)

    def test_two_at_once(self):
        for _ in range(3):
            pushes = [subprocess.Popen([STET, "push", "dest"], cwd=self.cwd, env=trees.environment(), stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True) for _ in range(4)]
            for push in pushes:
                _, err = push.communicate(timeout=100)
                self.assertTrue(push.returncode == 0 or "another process copies" in err, err)
            for run in self.ids:
                self.same(self.runs / run, self.dest / run)
            shutil.rmtree(self.dest)

    def test_a_run_that_is_removed_meanwhile(self):
        for at in range(1, 60, 4):  # the removal comes at another time each time
            with trees.copy_of(BASE.name) as self.cwd:
                push = subprocess.Popen([STET, "push", "dest"], cwd=self.cwd, env=trees.environment(), stderr=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, text=True)
                for _ in range(at * 400):
                    pass
                self.stet("rm", "b", "--yes", status=None)
                _, err = push.communicate(timeout=100)
                self.assertIn(push.returncode, (0, 2), err)
                for run in trees.ids(self.cwd / "dest"):
                    self.same(RUNS / run, self.cwd / "dest" / run)

    def test_a_run_that_cannot_be_read_keeps_no_other_from_it(self):
        lost = self.runs / self.ids[0]
        (lost / "run.json").unlink()
        (self.runs / "of no run").mkdir()
        why = f"runs/{lost.name}: holds a log and no run.json that is a file: no record of a run"
        for words in (("push", "dest"), ("pull", "runs", "--runs", "dest")):
            done = self.json(*words, status=2)
            self.assertEqual((done["copied"], [p.removeprefix("./") for p in done["problems"]]), (self.ids[1:], [why]))
            self.assertIn(why, self.stet(*words, status=2).stderr)
            shutil.rmtree(self.dest)
        self.assertIn(why, self.stet("push", "dest", lost.name, status=2).stderr)
        self.stet("push", "dest", "b")

    def test_a_run_that_cannot_be_entered_keeps_no_other_from_it(self):
        user = users.unprivileged(self, self.cwd, STET)
        closed = self.runs / self.ids[0]
        closed.chmod(0)
        self.copies.callback(closed.chmod, 0o755)
        for words in (("push", "dest"), ("pull", "runs", "--runs", "dest2")):
            done = subprocess.run([STET, *words, "--json"], cwd=self.cwd, env=trees.environment(), capture_output=True, text=True, **user)
            self.assertEqual(done.returncode, 2, done.stderr)
            done = json.loads(done.stdout)
            self.assertEqual(done["copied"], self.ids[1:])
            self.assertEqual([p.removeprefix("./") for p in done["problems"]],
                             [f"runs/{closed.name}: can't read the folder: Permission denied"])

    def test_read_only(self):
        if os.geteuid() == 0:
            self.skipTest("root writes everywhere")
        self.dest.mkdir()
        self.dest.chmod(0o555)
        self.assertIn("Permission denied", self.stet("push", "dest", status=2).stderr)


class FaultCase(Case):
    def every_operation(self, words, prepare, updated, every=4):
        """Of the operations that are struck one in `every`, as most are files like others."""
        with trees.copy_of(BASE.name) as self.cwd:
            prepare()
            self.stet(*words, program=FAULTY, STET_FAULT=f"count:{self.cwd}/operations")
            count = trees.operations(self.cwd / "operations")
        self.assertGreater(count, 20)
        for fault, first, stride in trees.FAULTS:
            for at in range(first, count + 1, stride * (1 if stride == 1 else every)):
                with trees.copy_of(BASE.name) as self.cwd:
                    prepare()
                    runs, dest = self.cwd / "runs", self.cwd / "dest"
                    before = trees.run_contents(dest)
                    done = self.stet(*words, program=FAULTY, status=None, STET_FAULT=f"{fault}@{at}")
                    name = f"{fault}@{at} of {count}: {done.stderr}"
                    if fault in ("kill", "torn", "power"):
                        self.assertEqual(done.returncode, trees.KILLED, name)
                    else:
                        self.assertIn(done.returncode, (0, 2), name)
                        self.assertEqual(done.returncode == 0, done.stderr == "", name)
                    self.same(RUNS, runs, name) if not updated else None
                    for run in trees.ids(dest) if dest.exists() else []:
                        have = trees.run_contents(dest / run)
                        was = {path[len(run) + 1:]: content for path, content in before.items() if path.startswith(run + "/")}
                        self.assertIn(have, (trees.run_contents(runs / run), was), name)
                    for run in updated:  # what was there is there, or in the trash
                        was = {path[len(run) + 1:]: content for path, content in before.items() if path.startswith(run + "/")}
                        places = [place for place in (dest / run, *dest.glob(f".trash/2*/{run}")) if place.exists()]
                        self.assertIn(was, [trees.run_contents(place) for place in places], name)
                    if dest.exists():
                        for program in dest.glob("programs/*"):
                            if not program.name.startswith("."):
                                self.assertEqual(program.read_bytes(), (runs / "programs" / program.name).read_bytes(), name)
                    self.stet(*words)
                    for run in self.ids:
                        self.same(runs / run, dest / run, name)
                    self.stet("ls", "--check", "--runs", "dest")
                    self.assertEqual([p.name for p in (dest / ".incoming").iterdir()], [".lock"], name)

    def of_a_run_that_went_on(self, *words, every=4):
        def prepare():
            shutil.copytree(RUNS, self.cwd / "dest")
            shutil.rmtree(self.cwd / "runs")
            shutil.copytree(later, self.cwd / "runs")

        with trees.copy_of(BASE.name) as cwd:
            trees.train(SCENARIO, cwd, "b", "--resume", self.ids[1])
            later = cwd / "runs"
            self.every_operation(words, prepare, [self.ids[1]], every)


class FaultyPush(FaultCase):
    def test_push(self):
        self.every_operation(["push", "dest"], lambda: None, [])

    def test_push_of_a_run_that_went_on(self):
        self.of_a_run_that_went_on("push", "dest", "b")


class FaultyPull(FaultCase):
    def test_pull(self):
        self.every_operation(["pull", "runs", "--runs", "dest"], lambda: None, [])

    def test_pull_of_a_run_that_went_on(self):
        self.of_a_run_that_went_on("pull", "runs", "b", "--runs", "dest", every=7)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
