"""What `stet ls` prints of the committed runs: tables that fit, CSV, JSON, groups, remarks.

    ls_test.py STET
"""

import contextlib
import csv
import io
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import unittest

import reference
import terminal
import users

STET = os.path.abspath(sys.argv[1])
RUNS = pathlib.Path(__file__).parent / "runs"
CACHE = tempfile.TemporaryDirectory()


def environment(**more):
    return {**os.environ, "TZ": "Europe/Berlin", "XDG_CACHE_HOME": CACHE.name, "COLUMNS": "", **more}


def ls(*words, status=0, **more):
    done = subprocess.run([STET, "ls", "--runs", RUNS, *words], capture_output=True, text=True, env=environment(**more))
    assert done.returncode == status, (done.returncode, done.stderr)
    return done


def on_a_terminal(**more):
    return terminal.printed([STET, "ls", "--runs", RUNS], environment(**{"TERM": "xterm", **more}))


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


@contextlib.contextmanager
def copied():
    """A copy of the runs, and what asks `stet` of it with an index of its own."""
    with tempfile.TemporaryDirectory() as folder:
        runs = pathlib.Path(folder) / "runs"
        shutil.copytree(RUNS, runs)

        def asked(*words, **user):
            return subprocess.run([STET, *words, "--runs", runs], capture_output=True, text=True,
                                  env=environment(XDG_CACHE_HOME=folder + "/cache"), **user)

        yield runs, asked


class Ls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.runs = reference.read(RUNS)

    def test_fits_the_terminal(self):
        for width in (60, 80, 120, 200):
            lines = ls(COLUMNS=str(width)).stdout.splitlines()
            self.assertEqual([line for line in lines if len(line) > width], [])
            self.assertRegex(lines[0], r"^ID +NAME +STATUS +STEPS( |$)")
            self.assertTrue(any(line.startswith("no room for ") for line in lines))
        narrow, wide = (ls(COLUMNS=str(width)).stdout.splitlines()[0].split("  ") for width in (80, 200))
        self.assertLess(len(narrow), len(wide))
        everything = ls().stdout.splitlines()
        self.assertIn("train/loss[rank=1]", everything[0])
        self.assertEqual(len(everything), 17)

    def test_shows_where_runs_differ_and_says_where_they_don_t(self):
        lines = ls("params.model == 'mlp' and seed == 1 and not tags has 'x'").stdout.splitlines()
        said = next(line for line in lines if line.startswith("the same in all:"))
        self.assertIn("params.model mlp", said)
        self.assertIn("seed 1", said)
        self.assertIn(" lr ", lines[0])
        self.assertNotIn(" model ", lines[0])

    def test_one_run_has_the_basic_columns(self):
        self.assertRegex(ls("never-stopped").stdout.splitlines()[0], r"^ID +NAME +STATUS +STEPS +MADE$")

    def test_colours_only_on_a_terminal_that_wants_them(self):
        self.assertNotIn("\x1b", ls().stdout)
        self.assertIn("\x1b[32mfinished", on_a_terminal(NO_COLOR=""))
        self.assertNotIn("\x1b", on_a_terminal(NO_COLOR="1"))
        self.assertNotIn("\x1b", on_a_terminal(NO_COLOR="", TERM="dumb"))

    def test_columns_sort_and_limit(self):
        words = ["--columns", 'name, params.lr, metrics["train/loss"].min, made', "--csv"]
        shown = rows(ls(*words, "--sort", "-params.lr", "--limit", "4").stdout)
        self.assertEqual([row["name"] for row in shown], ["text-lr", "baseline", "Baseline wide", "größe"])
        self.assertEqual(shown[1]["made"], "2026-01-01T00:00:00Z")
        loss = next(run for run in self.runs if run.record["name"] == "baseline").find("train/loss", ())
        self.assertEqual(float(shown[1]['metrics["train/loss"].min']), min(value for _, value in loss.points))
        ascending = rows(ls(*words, "--sort", "params.lr").stdout)
        self.assertEqual([ascending[0]["name"], ascending[-2]["name"], ascending[-1]["name"]], ["masked", "text-lr", "silent"])
        self.assertEqual([row["name"] for row in rows(ls(*words, "--limit", "2").stdout)], ["one context", "masked"])
        by_two = rows(ls("--csv", "--columns", "params.model, name", "--sort=params.model,-name").stdout)
        pairs = [(row["params.model"], row["name"]) for row in by_two]
        self.assertEqual([model for model, _ in pairs], sorted(model for model, _ in pairs))
        mlp = [name.encode() for model, name in pairs if model == "mlp"]
        self.assertEqual(mlp, sorted(mlp, reverse=True))

    def test_csv_has_everything(self):
        shown = rows(ls("--csv").stdout)
        self.assertEqual(len(shown), 16)
        for row, run in zip(shown, self.runs):
            self.assertEqual(row["id"], run.record["id"])
            self.assertEqual(int(row["seed"]), run.fields["seed"])
            self.assertEqual(row["params.salt"], str(run.params["salt"]))
            if run.find("test/accuracy", ()):
                self.assertEqual(float(row["test/accuracy"]), run.find("test/accuracy", ()).points[-1][1])
        self.assertEqual(shown[6]["name"], 'a "quoted" name')

    def test_a_metric_without_a_context_is_none_that_has_one(self):
        shown = rows(ls("--csv").stdout)
        self.assertEqual([bool(row["val/loss"]) for row in shown], [("val/loss", ()) in run.series for run in self.runs])
        asked = rows(ls("--csv", "--columns", 'metrics["val/loss"]').stdout)
        self.assertNotEqual([row["val/loss"] for row in shown], [row['metrics["val/loss"]'] for row in asked], "the same as in a query")

    def test_json_of_columns(self):
        shown = json.loads(ls("draft", "--json", "--columns", "name, seed, tags, params.amp, duration").stdout)
        self.assertEqual(shown[1], {"name": "draft-2", "seed": "18446744073709551615", "tags": ["paper/table-2"],
                                    "params.amp": True, "duration": 3600})
        self.assertIsNone(shown[0]["params.amp"])

    def test_groups(self):
        of = 'metrics["test/accuracy"].max'
        shown = json.loads(ls("--json", "--group-by", "params.model", "--of", of).stdout)
        self.assertEqual([group["params.model"] for group in shown], ["cnn", "mlp", "resnet-18"])
        for group in shown:
            members = [run for run in self.runs if run.params["model"] == group["params.model"]]
            values = {run.record["id"]: max(v for _, v in run.find("test/accuracy", ()).points)
                      for run in members if run.find("test/accuracy", ())}
            self.assertEqual((group["runs"], group["n"]), (len(members), len(values)))
            self.assertAlmostEqual(group["mean"], statistics.mean(values.values()), places=12)
            self.assertAlmostEqual(group["sd"], statistics.stdev(values.values()), places=12)
            self.assertAlmostEqual(group["se"], group["sd"] / group["n"] ** 0.5, places=12)
            self.assertEqual(group["best"], max(values, key=values.get))
            self.assertEqual((group["min"], group["max"]), (min(values.values()), max(values.values())))
        lowest = json.loads(ls("--json", "--group-by", "params.model", "--of", of, "--lowest").stdout)
        self.assertNotEqual([group["best"] for group in lowest], [group["best"] for group in shown])
        one = json.loads(ls("never-stopped", "--json", "--group-by", "params.lr", "--of", of).stdout)
        self.assertEqual((one[0]["n"], one[0]["sd"], one[0]["se"]), (1, None, None))
        alone = json.loads(ls("--json", "--group-by", "params").stdout)
        self.assertEqual(len(alone), 16)
        self.assertRegex(ls("--group-by", "status").stdout.splitlines()[0], r"^status +RUNS$")

    def test_groups_are_sorted_by_their_columns(self):
        words = ["--group-by", "params.model", "--of", 'metrics["test/accuracy"].max']
        means = [group["mean"] for group in json.loads(ls("--json", *words, "--sort", "-mean").stdout)]
        self.assertEqual(means, sorted(means, reverse=True))
        shown = json.loads(ls("--json", *words, "--sort", "runs,-params.model", "--limit", "2").stdout)
        self.assertEqual(len(shown), 2)
        self.assertLessEqual(shown[0]["runs"], shown[1]["runs"])
        self.assertIn("'medium' is no column of the groups; they have params.model, runs, n, mean", ls(*words, "--sort", "medium", status=2).stderr)

    def test_groups_fit_the_terminal(self):
        of = ["--of", 'metrics["test/accuracy"].max']
        for by in ("params.model", "params"):
            for width in (60, 80, 140):
                lines = ls("--group-by", by, *of, COLUMNS=str(width)).stdout.splitlines()
                self.assertEqual([line for line in lines if len(line) > width], [])
        best = json.loads(ls("--json", "--group-by", "params.model", *of).stdout)[0]["best"]
        name = next(run.record["name"] for run in self.runs if run.record["id"] == best)
        self.assertIn(name, ls("--group-by", "params.model", *of, COLUMNS="60").stdout)

    def test_options_that_would_be_passed_over(self):
        for words, why in ((("--of", "steps"), "--of is of groups"), (("--group-by", "name", "--lowest"), "--lowest is of"),
                           (("--group-by", "name", "--columns", "name"), "--columns and --group-by"),
                           (("--json", "--csv"), "--json and --csv"), (("--columns", ""), "--columns: needs a value"),
                           (("--group-by", "name", "--of", "name"), "a number was expected, and this is a text"),
                           (("--check", "--csv"), "--check and --csv"),
                           (("--run", "g"), "ls: there is no option --run; did you mean --runs? see stet ls --help")):
            self.assertIn(why, ls(*words, status=2).stderr)

    def test_a_word_in_brackets_stays_one(self):
        done = subprocess.run([STET, "series", "baseline", "[a,b]", "--runs", RUNS], capture_output=True, text=True, env=environment())
        self.assertIn("logged no metric '[a,b]'", done.stderr)
        self.assertEqual(rows(ls("--csv", "--columns", "[seed,1]").stdout)[0], {"[seed,1]": "[1, 1]"})

    def test_what_cannot_be_printed_is_an_error(self):
        for words in (["ls"], ["ls", "--json"], ["show", "baseline"], ["series", "baseline", "train/loss"], ["plot", "-m", "train/loss"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([STET, *words, "--runs", RUNS], stdout=full, stderr=subprocess.PIPE, text=True, env=environment())
            self.assertEqual(done.returncode, 2, words)
            self.assertIn("standard output: can't be written", done.stderr)

    def test_a_folder_that_is_not_there(self):
        for words in (["ls"], ["ls", "--check"], ["ui"], ["export", "--to", "html", "x"], ["plot", "-m", "a"], ["index"], ["gc", "--dry-run"]):
            done = subprocess.run([STET, *words, "--runs", "/nowhere/at all"], capture_output=True, text=True, env=environment())
            self.assertEqual((done.returncode, done.stderr), (2, "stet: --runs /nowhere/at all: no such folder\n"), words)
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([STET, "ls"], capture_output=True, text=True, env=environment(), cwd=folder)
            self.assertEqual((done.returncode, done.stdout), (0, "no runs in ./runs\n"))

    def test_check(self):
        with tempfile.TemporaryDirectory() as folder:
            runs = pathlib.Path(folder) / "runs"
            shutil.copytree(RUNS, runs)
            check = lambda *words: subprocess.run([STET, "ls", "--check", "--runs", runs, *words], capture_output=True, text=True,
                                                  env=environment(XDG_CACHE_HOME=folder + "/cache"))
            whole = check()
            self.assertEqual((whole.returncode, len(whole.stdout.splitlines())), (0, 16))
            self.assertRegex(whole.stdout, r"(?m)^20260101-000000-0000a00  baseline +\S")
            self.assertEqual(len(check('name == "baseline"').stdout.splitlines()), 1)
            first, second = sorted(runs.iterdir())[:2]
            (first / "run.json").unlink()
            (second / "run.json").rename(pathlib.Path(folder) / "run.json")
            (second / "run.json").symlink_to(pathlib.Path(folder) / "run.json")
            done = check()
            self.assertEqual(done.returncode, 2)
            for lost in (first, second):
                self.assertIn(f"{lost}: holds a log and no run.json", done.stderr)

    def test_runs_that_have_no_record(self):
        with copied() as (runs, asked):
            lost, swapped, other = sorted(runs.iterdir())[:3]
            (lost / "run.json").unlink()
            (swapped / "run.json").rename(runs.parent / "run.json")
            (swapped / "run.json").mkdir()
            (runs / "programs").mkdir()
            (runs / "notes of mine").mkdir()
            (runs / "programs" / next(lost.glob("events.*")).name).write_text("")
            said = [f"stet: {run}: holds a log and no run.json that is a file: no record of a run" for run in (lost, swapped)]
            for words in (["ls"], ["ls"], ["ls", "--csv"], ["ls", "steps >= 0"], ["ls", "--group-by", "status"], ["ls", "--check"],
                          ["index"], ["plot", "-m", "train/loss"], ["plot", "-m", "train/loss", "steps > 0"],
                          ["export", "--to", "html", str(runs.parent / "page")]):
                done = asked(*words)
                self.assertEqual((done.returncode, done.stderr.splitlines()), (2, said), words)
                self.assertNotIn(lost.name, done.stdout)
            self.assertEqual(len(json.loads(asked("ls", "--json").stdout)), 14)
            self.assertEqual(asked("show", lost.name).stderr, said[0] + "\n")
            self.assertEqual(asked("plot", "-m", "train/loss", other.name).returncode, 0, "nobody asked for the others")
            (swapped / "run.json").rmdir()
            (runs.parent / "run.json").rename(swapped / "run.json")
            shutil.copy(RUNS / lost.name / "run.json", lost / "run.json")
            done = asked("ls", "--csv")
            self.assertEqual((done.returncode, done.stderr, len(rows(done.stdout))), (0, "", 16))

    def test_runs_that_cannot_be_entered(self):
        with copied() as (runs, asked):
            user = users.unprivileged(self, runs.parent, STET)
            closed, half = sorted(runs.iterdir())[:2]
            self.assertEqual(asked("ls", **user).returncode, 0)
            closed.chmod(0)
            half.chmod(0o444)  # it can be listed, and nothing in it looked at
            try:
                for words in (["ls"], ["ls"], ["ls", "--check"], ["plot", "-m", "train/loss"], ["index"]):
                    done = asked(*words, **user)
                    self.assertEqual((done.returncode, done.stderr.splitlines()),
                                     (2, [f"stet: {run}: can't read the folder: Permission denied" for run in (closed, half)]), words)
                self.assertEqual(len(json.loads(asked("ls", "--json", **user).stdout)), 14)
                self.assertIn("Permission denied", asked("show", closed.name, **user).stderr)
            finally:
                closed.chmod(0o755)
                half.chmod(0o755)
            self.assertEqual(len(json.loads(asked("ls", "--json", **user).stdout)), 16)

    def test_links_among_runs_are_none(self):
        with copied() as (runs, asked):
            first, second = sorted(runs.iterdir())[:2]
            (runs / "again").symlink_to(first)
            for words in ([], ["--stale"]):
                self.assertEqual(len(json.loads(asked("ls", "--json", *words).stdout)), 16)
            groups = json.loads(asked("ls", "--json", "--group-by", "program").stdout)
            self.assertEqual(sum(group["runs"] for group in groups), 16)
            self.assertEqual(len(asked("ls", "--check").stdout.splitlines()), 16)
            second.rename(runs.parent / second.name)
            second.symlink_to(runs.parent / second.name)
            self.assertEqual(len(json.loads(asked("ls", "--json").stdout)), 15)

    def test_options_stand_behind_the_verb(self):
        for words in (["--runs", "x", "ls"], ["--runs=x", "ls"]):
            done = subprocess.run([STET, *words], capture_output=True, text=True, env=environment())
            self.assertEqual((done.returncode, done.stderr), (2, "stet: --runs: options stand behind the verb, as in stet ls --runs FOLDER; "
                                                                 "see stet --help\n"))
        self.assertEqual(subprocess.run([STET, "show", "a", "b", "--", "-c"], capture_output=True, text=True, env=environment()).stderr,
                         "stet: show: these were not expected: b -c; see stet show --help\n")

    def test_a_long_name_widens_no_other_row(self):
        with tempfile.TemporaryDirectory() as folder:
            runs = pathlib.Path(folder) / "runs"
            shutil.copytree(RUNS, runs)
            record = sorted(runs.iterdir())[0] / "run.json"
            record.write_text(record.read_text().replace('"baseline"', '"' + "x" * 100_000 + '"'))
            for words in (["ls"], ["show", "diverged"]):
                done = subprocess.run([STET, *words, "--runs", runs], capture_output=True, text=True, env=environment(XDG_CACHE_HOME=folder))
                self.assertLess(len(done.stdout), 200_000, words)

    def test_archived_ones_are_hinted_at(self):
        with tempfile.TemporaryDirectory() as folder:
            runs = pathlib.Path(folder) / "runs"
            shutil.copytree(RUNS, runs)
            asked = lambda *words: subprocess.run([STET, *words, "--runs", runs], capture_output=True, text=True, check=True,
                                                  env=environment(XDG_CACHE_HOME=folder)).stdout
            asked("archive", "never-stopped")
            self.assertEqual(asked("ls", "never-stopped"), f"none of 16 runs in {runs}; 1 archived: --all\n")

    def test_a_name_that_no_run_has_is_said(self):
        self.assertEqual(ls("params.lrr < 1").stderr, "stet: no run has params.lrr; did you mean params.lr?\n")
        self.assertEqual(ls('metrics["tran/loss"].min < 1').stderr,
                         'stet: no run has metrics["tran/loss"]; did you mean metrics["train/loss"]?\n')
        self.assertEqual(ls('metrics["val/loss", subset = "clear"].min < 1').stderr,
                         'stet: no run has metrics["val/loss", subset = "clear"]; did you mean metrics["val/loss", subset = "clean"]?\n')
        self.assertEqual(ls('params.epochs == "3" or params.lr == "0.03"').stderr,
                         "stet: params.epochs is a number in every run that has it, and is compared with a text\n")
        self.assertIn("no status is called 'finishd'; there are running, finished, failed, interrupted, dead; did you mean finished?",
                      ls('status == "finishd"').stderr)
        self.assertIn("no status is called 'finishd'", ls('status in ["finishd"]').stderr)
        self.assertIn("the operator is written not", ls("NOT verified").stderr)
        self.assertIn("no run has data", ls('data["x"].samples > 1').stderr)
        self.assertIn("no run has params.q", ls("--columns", "params.q").stderr)
        self.assertEqual(ls("params.lr < 0").stdout, f"none of 16 runs in {RUNS}\n")

    def test_an_error_has_a_caret(self):
        done = ls('name == "größe" and stauts == 1', status=2)
        self.assertEqual(done.stderr.splitlines(), ["stet: query, column 21: 'stauts' is no field; did you mean status?",
                                                    '  name == "größe" and stauts == 1', "  " + " " * 20 + "^"])
        for words in (["--sort", "lr"], ["--columns", "name,"], ["--group-by", "("], ["--group-by", "name", "--of", "a, b"]):
            self.assertRegex(ls(*words, status=2).stderr, r"^stet: query, column \d+: ")

    def test_words_are_one_query(self):
        self.assertEqual(len(ls("one", "context", "--json").stdout), len(ls("one context", "--json").stdout))
        self.assertTrue(re.search("draft-1", ls("seed", "==", "9223372036854775808").stdout))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
