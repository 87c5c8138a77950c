"""What `stet VERB --help` says: two examples at its end, each of which works.

    help_test.py STET SCENARIO
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

STET, SCENARIO = sys.argv[1:3]
RUNS = pathlib.Path(__file__).parents[1] / "query/runs"
FROM_ELSEWHERE = {"stet data fetch mnist --to data/mnist", "stet pull anna@gpu7:work/runs 20261128-143000"}  # asks the network


def text(*words):
    return subprocess.run([STET, *words], capture_output=True, text=True, check=True).stdout


VERBS = re.findall(r"^  (\w+)  ", text("--help").partition("Subcommands:")[2].partition("\n\n")[0], re.M)


def examples(verb):
    """The command lines at the end of a verb's help."""
    _, _, end = text(verb, "--help").partition("\nExamples:\n")
    lines = end.rstrip("\n").split("\n")
    return [line[2:] for line in lines[::2]], lines[1::2]


class Words(unittest.TestCase):
    def test_a_words_name_has_no_blank(self):
        """CLI11 2.4 refuses such a name, and with it all that is asked of the program."""
        named = 0
        for verb in VERBS:
            usage = re.search(rf"^Usage: stet {verb} (.*)$", text(verb, "--help"), re.M)[1]
            for word in re.findall(r"\[([^]]*)\]", usage):
                self.assertRegex(word, r"^[A-Z]+(\.\.\.)?$", verb)
                named += 1
        self.assertGreater(named, len(VERBS))


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.base = pathlib.Path(cls.folder.name) / "base"
        shutil.copytree(RUNS, cls.base / "runs")
        for name, *flags in (("mnist", "--lr", "0.06"), ("stopped",)):
            subprocess.run([SCENARIO, "--name", name, "--max-steps", "20", "--quiet", *flags], cwd=cls.base, check=True,
                           capture_output=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_there_are_two_and_they_work(self):
        self.assertIn("ls", VERBS)
        for verb in VERBS:
            lines, meanings = examples(verb)
            self.assertEqual((len(lines), len(meanings)), (2, 2), verb)
            for line, meaning in zip(lines, meanings):
                with self.subTest(line=line):
                    self.assertRegex(meaning, r"^      \S")
                    self.assertIn(f"stet {verb}", line)
                    if verb == "ui":
                        self.serves(line)
                    elif line not in FROM_ELSEWHERE:
                        self.works(line)

    def works(self, line):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(self.base, folder, dirs_exist_ok=True)
            done = subprocess.run(["bash", "-c", f'stet() {{ "{STET}" "$@"; }}; {line}'], cwd=folder, capture_output=True,
                                  text=True, env={**os.environ, "XDG_CACHE_HOME": folder + "/cache", "STET_TRUST": "1"})
            self.assertIn(done.returncode, (0, 1), done.stderr)  # 1: differs
            self.assertTrue(done.stdout + done.stderr + "".join(os.listdir(folder)))
            if done.returncode == 1:
                self.assertEqual(done.stderr, "")

    def serves(self, line):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "page.html").write_text("a build without esbuild has none of its own")
            server = subprocess.Popen([STET, *line.split()[1:]], cwd=self.base, stdout=subprocess.PIPE, text=True,
                                      env={**os.environ, "XDG_CACHE_HOME": folder, "XDG_STATE_HOME": folder, "STET_UI_PAGE": folder})
            self.assertRegex(server.stdout.readline(), r"^http://127\.0\.0\.1:\d+/\?token=[\w-]{43}$")
            server.terminate()
            self.assertEqual(server.wait(10), 0)
            server.stdout.close()


class Manual(unittest.TestCase):
    """Made of the same texts."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.pages = pathlib.Path(cls.folder.name) / "man1"
        subprocess.run([STET, "man", cls.pages], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_a_page_a_verb(self):
        self.assertEqual({p.name for p in self.pages.iterdir()}, {"stet.1", *(f"stet-{verb}.1" for verb in VERBS)})

    def rendered(self, page):
        if not shutil.which("groff"):
            self.skipTest("there is no groff here")
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-K", "utf8", "-P-cbou", "-rLL=100n", page], capture_output=True,
                              check=True)
        self.assertEqual(done.stderr.decode(), "", page)
        return done.stdout.decode()

    def test_they_render_without_a_warning_and_say_what_help_says(self):
        for verb in VERBS:
            page = self.rendered(self.pages / f"stet-{verb}.1")
            words = " ".join(page.split())
            for line in examples(verb)[0]:
                self.assertIn(" ".join(line.split()), words)
            for option in re.findall(r"^  (?:-\w,)?(--[\w-]+)", text(verb, "--help"), re.M):
                self.assertIn(option, words)
        front = self.rendered(self.pages / "stet.1")
        for verb in VERBS:
            self.assertIn(f"stet-{verb}(1)", front)

    def test_man_takes_them(self):
        if not shutil.which("man"):
            self.skipTest("there is no man here")
        done = subprocess.run(["man", "--warnings", "-l", self.pages / "stet-ls.1"], capture_output=True, text=True, check=True,
                              env={**os.environ, "MANPAGER": "cat", "LC_ALL": "C.UTF-8"})
        self.assertEqual(done.stderr, "")
        self.assertIn("--group-by", done.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
