"""Completion in bash and zsh, each on a pseudo-terminal: what a line becomes when TAB is pressed.

    completion_test.py STET
"""

import json
import os
import pathlib
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

STET = sys.argv[1]
RUNS = pathlib.Path(__file__).parents[1] / "query/runs"
TAB = "\t"


class Shell:
    """A shell that has only what it starts with, and stet's completion."""

    def __init__(self, words, folder, setup):
        self.line_file = pathlib.Path(folder) / "line"
        self.cwd = pathlib.Path(folder) / "cwd"
        try:
            ours, theirs = pty.openpty()
        except OSError as error:
            raise unittest.SkipTest(f"no pseudo-terminal here: {error}") from error
        self.terminal = ours
        self.shown = ""  # by the terminal since keys were typed last
        environment = {"PATH": f"{pathlib.Path(STET).parent}:/usr/bin:/bin", "TERM": "xterm", "HOME": folder, "LC_ALL": "C.UTF-8",
                       "XDG_CACHE_HOME": folder + "/cache", "COLUMNS": "200", "LINES": "50", "ZDOTDIR": folder,
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
        self.child = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, cwd=self.cwd, env=environment,
                                      start_new_session=True)
        os.close(theirs)
        self.type(setup + "\n")
        self.type(f"touch {folder}/ready\n")
        self.wait_for(pathlib.Path(folder) / "ready")
        self.printed()

    def close(self):
        self.child.kill()
        self.child.wait()
        os.close(self.terminal)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def wait_for(self, file, seconds=int(os.environ.get("WAIT", "60"))):
        until = time.monotonic() + seconds
        while not file.exists():
            if time.monotonic() > until:
                raise AssertionError(f"the shell did not go on; it printed {self.printed()!r}")
            self.shown += self.printed(0.01)

    def printed(self, seconds=0.0):
        """What it printed since."""
        text = b""
        while select.select([self.terminal], [], [], seconds)[0]:
            try:
                block = os.read(self.terminal, 65536)
            except OSError:
                break
            if not block:
                break
            text += block
        return text.decode(errors="replace")

    def line_after(self, keys):
        """What the line is once these were typed."""
        self.shown = ""
        self.type(keys + "\x07")  # a key that writes the line to a file, and clears it
        self.wait_for(self.line_file)
        line = self.line_file.read_text()
        self.line_file.unlink()
        self.shown += self.printed(0.05)
        return line


class Bash(unittest.TestCase):
    quoted_name, quoted_tag, open_quote = r"'wide: '\''it'\'''\''s'\'' [1]'", r"'-O'\''Neill'", "'"
    broken_off, behind_quote = ["stet show \\"], ""
    words = ["bash", "--norc", "--noprofile", "-i"]
    setup = """PS1='$ '; unset HISTFILE; bind 'set enable-bracketed-paste off'; bind 'set completion-query-items 0';\
 bind 'set page-completions off'; bind -x '"\\C-g": printf %s "$READLINE_LINE" >~/l && mv ~/l ~/line; READLINE_LINE=; READLINE_POINT=0';\
 source <(stet completion bash)"""

    @classmethod
    def setUpClass(cls):
        if not shutil.which(cls.words[0]):
            raise unittest.SkipTest(f"there is no {cls.words[0]} here")
        cls.folder = tempfile.TemporaryDirectory()
        base = pathlib.Path(cls.folder.name)
        (base / "cwd").mkdir()
        (base / "cwd/my runs").mkdir()
        (base / "cwd/plain.cfg").touch()
        shutil.copytree(RUNS, base / "cwd/runs")
        rename_one(base / "cwd/runs", "wide: 'it''s' [1]")
        cls.before = contents(base / "cwd")
        cls.shell = Shell(cls.words, cls.folder.name, cls.setup)

    @classmethod
    def tearDownClass(cls):
        cls.shell.close()
        assert contents(pathlib.Path(cls.folder.name) / "cwd") == cls.before, "completion wrote something"
        cls.folder.cleanup()

    def becomes(self, typed, line):
        self.assertEqual(self.shell.line_after(typed), line)

    def test_verbs_and_options(self):
        self.becomes("stet ser" + TAB, "stet series ")
        self.becomes("stet compl" + TAB, "stet completion ")
        self.becomes("stet completion z" + TAB, "stet completion zsh ")
        self.becomes("stet ls --so" + TAB, "stet ls --sort ")
        self.becomes("stet --ver" + TAB, "stet --version ")
        self.becomes("stet verify --isa sc" + TAB, "stet verify --isa scalar ")
        self.becomes("stet verify --isa=sc" + TAB, "stet verify --isa=scalar ")

    def test_fields_and_parameters_in_a_query(self):
        self.becomes("stet ls 'params.sa" + TAB, "stet ls 'params.salt")
        self.becomes("stet ls params.sa" + TAB, "stet ls params.salt")
        self.becomes("stet ls 'steps > 3 and params.sa" + TAB, "stet ls 'steps > 3 and params.salt")
        self.becomes("stet ls 'forked" + TAB + " ==", "stet ls 'forked_at ==")
        self.becomes('stet ls "git.bra' + TAB, 'stet ls "git.branch')
        self.becomes("stet ls --all 'steps > 3 an" + TAB, "stet ls --all 'steps > 3 and")

    def test_metrics_in_a_query(self):
        self.becomes("stet ls 'metrics[\"tr" + TAB, "stet ls 'metrics[\"train/loss\"]")
        self.becomes('stet ls "metrics[\\"tr' + TAB, 'stet ls "metrics[\\"train/loss\\"]')
        self.becomes("stet ls 'metrics[\"train/loss\"].tail(5).mea" + TAB, "stet ls 'metrics[\"train/loss\"].tail(5).mean")
        self.becomes("stet ls --sort '-metrics[\"tr" + TAB, "stet ls --sort '-metrics[\"train/loss\"]")
        self.becomes("stet ls 'metrics[\"val/loss\", fold = \"1" + TAB, "stet ls 'metrics[\"val/loss\", fold = \"1\"")

    def test_values_in_a_query(self):
        self.becomes("stet ls 'status == \"fin" + TAB, "stet ls 'status == \"finished\"")
        self.becomes("stet ls 'params.model in [\"cnn\", \"m" + TAB, "stet ls 'params.model in [\"cnn\", \"mlp\"")
        self.becomes("stet ls 'tags has \"pap" + TAB, "stet ls 'tags has \"paper/table-2\"")

    def test_what_is_closed_already_in_a_query(self):
        left = "\x02"
        self.becomes("stet ls 'metrics[\"tr\"]'" + 3 * left + TAB, "stet ls 'metrics[\"train/loss\"]'")
        self.becomes("stet ls 'metrics[\"tr]'" + 2 * left + TAB, "stet ls 'metrics[\"train/loss\"]'")
        self.becomes('stet ls "metrics[\\"tr\\"]"' + 4 * left + TAB, 'stet ls "metrics[\\"train/loss\\"]"')

    def test_what_is_searched_for_in_a_query(self):
        self.becomes("stet ls 'tags has \"ba" + TAB, "stet ls 'tags has \"base\"")
        self.becomes("stet ls 'status =~ \"fin" + TAB, "stet ls 'status =~ \"finished\"")

    def test_runs(self):
        self.becomes("stet show basel" + TAB, "stet show baseline ")
        self.becomes("stet show 20260101-07" + TAB, "stet show 20260101-070000-0000a01 ")
        self.becomes("stet show late" + TAB, "stet show latest ")
        self.becomes("stet diff baseline late" + TAB, "stet diff baseline latest ")

    def test_names_with_blanks_quotes_brackets_colons(self):
        name = "'wide: '\\''it'\\'''\\''s'\\'' [1]"
        self.becomes("stet show wid" + TAB, f"stet show {self.quoted_name} ")
        self.becomes("stet show 'wide: " + TAB, f"stet show {name}'{self.behind_quote}")
        self.becomes('stet show "wide: ' + TAB, f"stet show \"wide: 'it''s' [1]\"{self.behind_quote}")
        self.becomes("stet tag baseline -O" + TAB, f"stet tag baseline {self.quoted_tag} ")
        self.becomes("stet series contexts 'train/loss[ra" + TAB + "0" + TAB, f"stet series contexts 'train/loss[rank=0]'{self.behind_quote}")

    def test_metrics_as_words(self):
        self.becomes("stet plot -m test/" + TAB, "stet plot -m test/accuracy ")
        self.becomes("stet plot -m test/accuracy -m tra" + TAB, "stet plot -m test/accuracy -m " + self.open_quote + "train/loss")

    def test_files_and_folders(self):
        self.becomes("stet ls --runs my" + TAB, "stet ls --runs my\\ runs/")
        self.becomes("stet ls --runs=my" + TAB, "stet ls --runs=my\\ runs/")
        self.becomes("stet data list --catalogue pl" + TAB, "stet data list --catalogue plain.cfg ")

    def test_runs_of_another_folder(self):
        self.becomes("cd 'my runs'; clear\n" + "stet show --runs ../runs basel" + TAB, "stet show --runs ../runs baseline ")
        self.becomes("stet show --runs=../runs basel" + TAB, "stet show --runs=../runs baseline ")
        self.becomes("cd ..\n", "")

    def test_nothing_is_said_where_nothing_is_known(self):
        for typed in ("stet ls --runs /nowhere 'params.l", "stet nonsense x", "stet ls 'params.lr < 1x", "stet ls '&& ", *self.broken_off,
                      "stet ls --runs /dev/null 'params.l", "stet ls 'metrics[\"val/loss\", fold = \"nothing"):
            self.becomes(typed + TAB, typed)
            self.assertNotIn("stet:", self.shell.shown)
            self.assertNotIn("rror", self.shell.shown)

    def test_a_list_is_shown(self):
        self.becomes("stet ls 'metrics[\"t" + TAB + TAB, "stet ls 'metrics[\"t")
        self.assertIn("test/accuracy", self.shell.shown)
        self.assertIn("train/loss", self.shell.shown)


class Zsh(Bash):
    quoted_name, quoted_tag, open_quote = r"wide:\ \'it\'\'s\'\ \[1\]", r"-O\'Neill", ""
    broken_off, behind_quote = [], " "
    words = ["zsh", "-f", "-i"]
    setup = """PS1='$ '; unsetopt zle_bracketed_paste; stet completion zsh >~/_stet; fpath=(~ $fpath); autoload -Uz compinit; compinit -u -d ~/dump; LISTMAX=10000; setopt complete_in_word;\
 unsetopt automenu; dump() { print -rn -- "$BUFFER" >~/l && mv ~/l ~/line; BUFFER= }; zle -N dump; bindkey '^G' dump"""


class Program(unittest.TestCase):
    """What the scripts call."""

    def test_a_stranger_gets_nothing(self):
        for words in ([], ["bash"], ["bash", "stet ls"], ["fish", "x", "y"], ["bash", "", ""], ["zsh", ""]):
            done = subprocess.run([STET, "complete", *words], capture_output=True, text=True, check=False)
            if words:
                self.assertEqual(done.stderr, "", words)

    def test_undo_offers_what_is_in_the_trash(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(RUNS, folder + "/runs")
            rename_one(pathlib.Path(folder) / "runs", "gone")
            gone = sorted((pathlib.Path(folder) / "runs").iterdir())[-1].name
            env = {**os.environ, "XDG_CACHE_HOME": folder + "/cache"}
            subprocess.run([STET, "rm", gone, "--yes"], capture_output=True, cwd=folder, check=True, env=env)

            def offered(*words):
                done = subprocess.run([STET, "complete", "zsh", "rm", *words], capture_output=True, text=True, cwd=folder, check=True, env=env)
                return [line.split("\t")[1] for line in done.stdout.splitlines()]

            self.assertEqual(offered("--undo", ""), ["gone"])
            self.assertEqual(offered("--undo", gone[:-2]), [gone])
            self.assertIn("baseline", offered(""))
            self.assertNotIn("gone", offered(""))

    def test_names_that_a_terminal_would_obey_are_not_offered(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(RUNS, folder + "/runs")
            rename_one(pathlib.Path(folder) / "runs", "evil\x1b]0;x\x07\nname")
            done = subprocess.run([STET, "complete", "zsh", "show", ""], capture_output=True, text=True, cwd=folder, check=True,
                                  env={**os.environ, "XDG_CACHE_HOME": folder + "/cache"})
            self.assertIn("baseline", done.stdout)
            self.assertNotIn("evil", done.stdout)


def rename_one(runs, name):
    record = sorted(runs.iterdir())[-1] / "run.json"
    content = json.loads(record.read_text())
    content["name"] = name
    record.write_text(json.dumps(content))


def contents(folder):
    return {str(p): p.stat().st_mtime_ns for p in [folder, *folder.rglob("*")]}


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
