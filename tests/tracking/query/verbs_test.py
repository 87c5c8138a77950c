"""`stet compare`, `series` and `plot`: on the committed runs, and on runs of the scenario program.

    verbs_test.py STET SCENARIO
"""

import csv
import io
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
import xml.etree.ElementTree

import reference
import terminal

STET, SCENARIO = sys.argv[1:3]
RUNS = pathlib.Path(__file__).parent / "runs"
CACHE = tempfile.TemporaryDirectory()


def environment(**more):
    return {**os.environ, "XDG_CACHE_HOME": CACHE.name, "COLUMNS": "", **more}


def stet(*words, runs=RUNS, status=0, **more):
    done = subprocess.run([STET, words[0], "--runs", runs, *words[1:]], capture_output=True, text=True,
                          env=environment(**more))
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done


def on_a_terminal(*words, **more):
    return terminal.printed([STET, words[0], "--runs", RUNS, *words[1:]], environment(TERM="xterm", **more))


def picture(png):
    """Width, height and rows of a PNG of 8-bit RGB."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, data = 8, b""
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", png, at + 8)
            assert (depth, colour) == (8, 2), (depth, colour)
        if kind == b"IDAT":
            data += png[at + 8:at + 8 + size]
        at += 12 + size
    data = zlib.decompress(data)
    before, rows = bytearray(3 * width), []
    for y in range(height):
        line = bytearray(data[y * (3 * width + 1):(y + 1) * (3 * width + 1)])
        kind, row = line[0], line[1:]
        for i in range(len(row)):
            left, above, corner = (row[i - 3] if i >= 3 else 0), before[i], (before[i - 3] if i >= 3 else 0)
            p = left + above - corner
            nearest = min((left, above, corner), key=lambda v: abs(p - v))
            row[i] = (row[i] + (0, left, above, (left + above) // 2, nearest)[kind]) & 255
        rows.append(bytes(row))
        before = row
    return width, height, rows


class Diff(unittest.TestCase):
    section = (pathlib.Path(__file__).parents[3] / "docs/json.md").read_text().partition("## `stet diff QUERY")[2].partition("\n## ")[0]

    def test_many_as_a_table(self):
        lines = stet("diff", 'name in ["baseline", "diverged", "draft-1"]', status=1).stdout.splitlines()
        self.assertEqual(lines[0].split(), ["baseline", "draft-1", "diverged"], "by id")
        rows = {line.split()[0]: line.split()[1:] for line in lines[1:]}
        self.assertEqual(rows["params.lr"][0], "1")
        self.assertIn("metrics.train/loss", rows)
        self.assertFalse([name for name in rows if name.startswith("metrics.system/")])

    def test_what_is_the_same_has_no_row(self):
        found = json.loads(stet("diff", "baseline", "diverged", "draft-1", "--json", status=1).stdout)
        self.assertEqual(len(found["runs"]), 3)
        for part in ("run", "params", "hyperparameters", "data", "source", "environment", "metrics"):
            for name, values in found[part].items():
                self.assertEqual(len(values), 3)
                self.assertGreater(len(set(values)), 1, name)
        for name in found:
            self.assertIn(name, self.section)
        self.assertIs(found["same"], False)

    def test_fits_the_terminal(self):
        for width in (80, 200):
            text = stet("diff", "steps >= 0", status=1, COLUMNS=str(width)).stdout
            self.assertLessEqual(max(len(line) for line in text.splitlines()), width)
            self.assertRegex(text, r"\nno room for \d+ more runs: ")

    def test_wrong_use(self):
        self.assertIn("name two runs", stet("diff", status=2).stderr)
        self.assertIn("that is one run", stet("diff", "baseline", status=2).stderr)
        self.assertIn("there are no such runs", stet("diff", "steps > 100000", status=2).stderr)
        both = sorted(p.name for p in RUNS.iterdir())[0]
        self.assertEqual(stet("diff", "baseline", both).stdout, f"no difference: both are run {both}\n")
        for words in (("baseline", "nosuch"), ("nosuch", "baseline"), ("baseline", "diverged", "nosuch")):
            self.assertIn("no run 'nosuch'", stet("diff", *words, status=2).stderr)

    def test_names_that_a_run_has_of_its_own(self):
        with tempfile.TemporaryDirectory() as folder:
            runs = pathlib.Path(folder)
            for name, seed in (("a", "7"), ("b", "8")):
                record = json.loads((sorted(RUNS.iterdir())[0] / "run.json").read_text())
                record["id"] = record["name"] = name
                record["params"] += [{"name": "seed", "value": seed, "type": "int", "source": "FLAG"},
                                     {"name": "steps", "value": seed, "type": "int", "source": "FLAG"}]
                (runs / name).mkdir()
                (runs / name / "run.json").write_text(json.dumps(record))
            found = json.loads(stet("diff", "a", "b", "--json", runs=runs, status=1).stdout)
            self.assertEqual(found["params"], {"seed": ["7", "8"], "steps": ["7", "8"]})
            self.assertEqual(found["run"], {})

    def test_two_are_shown_whole(self):
        for width in (60, 80, 140):
            text = stet("diff", "baseline", "diverged", status=1, COLUMNS=str(width)).stdout
            lines = text.splitlines()
            self.assertEqual(lines[0].split(), ["baseline", "diverged"])
            self.assertEqual([line for line in lines if len(line) > width and not line.startswith(("  ", "the same bits"))], [])
            self.assertNotIn("…", text)
        self.assertIn("params.lr", text)

    def test_files_of_the_patch(self):
        with tempfile.TemporaryDirectory() as folder:
            runs = pathlib.Path(folder)
            for name, line in (("a", "+one"), ("b", "+two")):
                record = json.loads((sorted(RUNS.iterdir())[0] / "run.json").read_text())
                record["id"] = record["name"] = name
                record["launches"][-1].setdefault("source", {})["patch"] = "source/0.patch"
                (runs / name / "source").mkdir(parents=True)
                (runs / name / "run.json").write_text(json.dumps(record))
                (runs / name / "source/0.patch").write_text(
                    f"diff --git a/my net.h b/my net.h\n--- a/my net.h\n+++ b/my net.h\n@@ -1 +1,2 @@\n-x\n{line}\n+y\n"
                    "diff --git a/same.h b/same.h\n--- a/same.h\n+++ b/same.h\n@@ -0,0 +1 @@\n+z\n")
            found = json.loads(stet("diff", "a", "b", "--json", runs=runs, status=1).stdout)["source"]
            self.assertEqual(list(found), ["my net.h"])
            self.assertTrue(all(value.startswith("+2 -1 ") for value in found["my net.h"]))
            (runs / "b/source/0.patch").unlink()
            (runs / "b/source/0.patch").symlink_to("/etc/passwd")
            found = json.loads(stet("diff", "a", "b", "--json", runs=runs, status=1).stdout)["source"]
            self.assertEqual(found["patch"], ["", "can't be read"])


class Compare(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        for name, *flags in (("a",), ("b",), ("seed", "--seed", "2"), ("lr", "--lr", "0.06"), ("short", "--max-steps", "20"),
                             ("threads", "--threads", "2")):
            subprocess.run([SCENARIO, "--runs", "runs", "--name", name, "--checkpoint-every", "7", "--quiet", *flags],
                           cwd=cls.folder.name, check=True, env=environment(), capture_output=True)
        cls.runs = pathlib.Path(cls.folder.name) / "runs"

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def compare(self, a, b, status):
        found = json.loads(stet("compare", a, b, "--json", runs=self.runs, status=status).stdout)
        for name in found:
            self.assertIn(f"`{name}`", self.section, "docs/json.md names all members")
        return found

    section = (pathlib.Path(__file__).parents[3] / "docs/json.md").read_text().partition("## `stet compare")[2].partition("\n## ")[0]

    def test_the_same_bits(self):
        for other in ("a", "b", "threads"):
            found = self.compare("a", other, 0)
            self.assertEqual(found["verdict"], "same")
            self.assertEqual(found["steps"], [39, 39])
            self.assertEqual(found["losses"], 39)
            self.assertGreater(found["states"], 3)
            self.assertEqual(found["unlike"], [])
        self.assertIn("the same bits, all 39 steps", stet("compare", "a", "b", runs=self.runs).stdout)

    def test_one_is_longer(self):
        found = self.compare("short", "a", 1)
        self.assertEqual((found["verdict"], found["steps"], found["same_until"]), ("longer", [20, 39], 20))

    def test_another_learning_rate(self):
        found = self.compare("a", "lr", 1)
        self.assertEqual(found["verdict"], "parted")
        self.assertEqual(found["loss_step"], 2, "the first step's loss is of the same weights")
        self.assertIn("params.lr: 0.05 | 0.06", found["unlike"])
        self.assertEqual(found["tensors"][0], "net/in")
        by_step = {d["step"]: d for d in found["around"]}
        self.assertTrue(by_step[1]["same"])
        a, b = (struct.unpack("<i", struct.pack("<f", by_step[2][k]))[0] for k in ("first", "second"))
        self.assertEqual(by_step[2]["ulps"], abs(a - b))
        checkpoint = found["checkpoint"]
        shown = json.loads(stet("show", "a", "--json", runs=self.runs).stdout)["checkpoints"]
        self.assertIn(checkpoint["step"], [c["step"] for c in shown])
        self.assertTrue(any(t["differing"] > 0 and t["most"] > 0 for t in checkpoint["tensors"]))

    def test_another_seed(self):
        found = self.compare("a", "seed", 1)
        self.assertEqual(found["state_step"], 0)
        text = stet("compare", "a", "seed", runs=self.runs, status=1).stdout
        self.assertIn("step 0: net/in differs", text)
        self.assertIn("no equal bits were to be expected: seed: 1 | 2", text)
        self.assertIn("STEP", text)

    def test_what_is_no_run(self):
        self.assertIn("stet: ", stet("compare", "a", "nothing", runs=self.runs, status=2).stderr)


class Series(unittest.TestCase):
    def test_all_points(self):
        for folder in sorted(RUNS.iterdir()):
            run = reference.Run(folder)
            for (name, context), points in run.series.items():
                tag = name + ("[" + ",".join(f"{k}={v}" for k, v in context) + "]" if context else "")
                found = json.loads(stet("series", folder.name, tag, "--json").stdout)["series"]
                self.assertEqual(len(found), 1)
                values = [float(v.replace("Infinity", "inf")) if isinstance(v, str) else v for v in found[0]["values"]]
                self.assertEqual([(s, repr(float(v))) for s, v in zip(found[0]["steps"], values)],
                                 [(s, repr(float(v))) for s, v in points])
                self.assertEqual(found[0]["context"], dict(context))

    def test_tables(self):
        text = stet("series", "contexts", "train/loss").stdout.splitlines()
        self.assertEqual(text[0].split(), ["METRIC", "STEP", "TIME", "VALUE"])
        self.assertEqual({line.split()[0] for line in text[1:]}, {"train/loss[rank=0]", "train/loss[rank=1]"})
        rows = list(csv.DictReader(io.StringIO(stet("series", "diverged", "train/loss", "--csv").stdout, newline="")))
        self.assertEqual(list(rows[0]), ["metric", "step", "time", "value"])
        self.assertIn("nan", [row["value"] for row in rows])

    def test_fewer_points(self):
        whole = json.loads(stet("series", "diverged", "train/loss", "--json").stdout)["series"][0]
        fewer = json.loads(stet("series", "diverged", "train/loss", "--json", "--points", "2").stdout)["series"][0]
        self.assertLess(len(fewer["values"]), len(whole["values"]))
        self.assertEqual(fewer["count"], len(whole["values"]))
        numbers = [v for v in whole["values"][1:-1] if v != "NaN"]
        for extreme in (min(numbers), max(numbers), "NaN"):
            self.assertIn(extreme, fewer["values"])

    def test_errors(self):
        self.assertIn("logged no metric 'los'", stet("series", "baseline", "los", status=2).stderr)
        self.assertIn("name at least one metric", stet("series", "baseline", status=2).stderr)


class Plot(unittest.TestCase):
    def test_fits(self):
        for width in (80, 200):
            text = stet("plot", "--metric", "train/loss", COLUMNS=str(width)).stdout
            self.assertLessEqual(max(len(line) for line in text.splitlines()), width)
            self.assertTrue(text.startswith("train/loss, by step\n"))
            self.assertNotIn("\x1b", text)
        self.assertIn("\x1b[34m", on_a_terminal("plot", "--metric", "train/loss", "baseline"))
        self.assertNotIn("\x1b", on_a_terminal("plot", "--metric", "train/loss", "baseline", NO_COLOR="1"))

    def test_chooses_runs(self):
        by_name = stet("plot", "-m", "train/loss", "baseline", "infinite").stdout
        self.assertEqual(re.findall(r"^a (\S+)  b (\S+)$", by_name, re.M), [("baseline", "infinite")])
        by_query = stet("plot", "-m", "train/loss", 'name in ["baseline", "infinite"]').stdout
        self.assertEqual(by_name, by_query)
        self.assertIn("there are no such runs", stet("plot", "-m", "train/loss", "seed == 12345", status=2).stderr)
        self.assertIn("'train/los'; did you mean train/loss?", stet("plot", "-m", "train/los", status=2).stderr)
        self.assertIn("no run 'nosuch'", stet("plot", "-m", "train/loss", "nosuch", status=2).stderr)
        self.assertIn("no run 'nosuch'", stet("plot", "-m", "train/loss", "baseline", "nosuch", status=2).stderr)

    def test_a_condition_that_is_wrong(self):
        for words in (["plot", "-m", "train/loss"], ["diff"], ["rm"], ["push", "nowhere"]):
            lines = stet(*words, "params.lr > > 1", status=2).stderr.splitlines()
            self.assertRegex(lines[0], "^stet: query, column 13: ")
            self.assertEqual(lines[1:], ["  params.lr > > 1", "  " + " " * 12 + "^"], words)
            said = stet(*words, "group == 'x'", "baseline", status=2).stderr
            self.assertEqual(said, "stet: baseline: is a run, and stands beside a condition; give names of runs alone, or a "
                                   "condition alone\n", words)

    def test_svg(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "curves.svg"
            stet("plot", "-m", "train/loss", "-m", "test/accuracy", "--to", file, "--smooth", "0.5")
            texts = [e.text for e in xml.etree.ElementTree.parse(file).iter("{http://www.w3.org/2000/svg}text")]
            self.assertIn("train/loss", texts)
            self.assertIn("test/accuracy", texts)
            self.assertIn("×", texts)
            stet("plot", "-m", "test/accuracy", "--group-by", "params.model", "--to", file)
            self.assertIn("params.model cnn (N", file.read_text())
            self.assertIn("fill-opacity=\"0.15\"", file.read_text())
            stet("plot", "-m", "train/loss", "--to", file, "--dark")
            self.assertIn('<rect width="100%" height="100%" fill="#14171c"/>', file.read_text())
            self.assertIn('stroke="#4074d9"', file.read_text())
            self.assertIn("neither in .svg nor in .png", stet("plot", "-m", "train/loss", "--to", "a.gif", status=2).stderr)
            nowhere = f"{folder}/nodir/a.svg"
            self.assertTrue(stet("plot", "-m", "train/loss", "--to", nowhere, status=2).stderr.startswith(f"stet: {nowhere}: "))

    def test_png(self):
        with tempfile.TemporaryDirectory() as folder:
            svg, file = pathlib.Path(folder) / "a.svg", pathlib.Path(folder) / "a.png"
            stet("plot", "-m", "train/loss", "baseline", "--to", svg)
            height = int(re.search(r'height="(\d+)"', svg.read_text()).group(1))
            # The libraries that draw keep what they found of fonts until the program ends.
            words = [STET, "plot", "--runs", RUNS, "-m", "train/loss", "baseline", "--to", file]
            for scale, more in ((2, []), (1, ["--scale", "1"]), (3, ["--scale", "3", "--dark"])):
                done = subprocess.run([*words, *more], capture_output=True, text=True, check=False,
                                      env=environment(ASAN_OPTIONS="detect_leaks=0"))
                if "this build draws no PNG" in done.stderr:
                    self.skipTest("this build draws no PNG")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                width, tall, rows = picture(file.read_bytes())
                self.assertEqual((width, tall), (640 * scale, height * scale))
                colours = {row[i:i + 3] for row in rows for i in range(0, len(row), 3)}
                dark = "--dark" in more
                self.assertEqual(rows[0][:3].hex(), "14171c" if dark else "ffffff")
                self.assertIn(bytes.fromhex("4074d9" if dark else "2446c4"), colours, "the curve")
                self.assertGreater(len(colours), 20, "edges are smooth")
            too_large = subprocess.run([*words, *["-m", "train/loss"] * 60, "--scale", "8"], capture_output=True, text=True, check=False,
                                       env=environment())
            self.assertEqual(too_large.returncode, 2)
            self.assertIn("is too large", too_large.stderr)

    def test_axes(self):
        self.assertIn("by seconds", stet("plot", "-m", "train/loss", "baseline", "--x", "time").stdout)
        self.assertIn("by test/accuracy", stet("plot", "-m", "train/loss", "baseline", "--x", "test/accuracy").stdout)
        self.assertIn("at one step", stet("plot", "-m", "train/loss", "baseline", "--x", "epoch", status=2).stderr)
        self.assertIn("train/loss (log)", stet("plot", "-m", "train/loss", "baseline", "--log").stdout)
        self.assertIn("is not positive everywhere", stet("plot", "-m", "train/loss", "diverged", "infinite", "--x", "step", "--log",
                                                         "-m", "all nan").stderr)
        self.assertIn("--smooth takes", stet("plot", "-m", "train/loss", "--smooth", "1", status=2).stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
