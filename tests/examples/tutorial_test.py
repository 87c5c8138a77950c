"""The tutorial's programs do what the page says: each trains, is stopped and goes on in the same bits, and verifies."""

import re
from pathlib import Path

import support

PAGE = Path(__file__).parents[2] / "docs/tutorial.md"
PROGRAMS = {"first": (), "layer": (), "dataset": ("--data", PAGE), "optimizer": (), "environment": ()}


class Tutorial(support.ProgramTest):
    def train(self, program, *arguments):
        ended = self.run_program(f"tutorial/{program}", "--quiet", *PROGRAMS[program], *arguments)
        self.assert_ended(ended, 0)
        return self.show("latest")

    def test_each_program(self):
        for program in PROGRAMS:
            with self.subTest(program):
                whole = self.train(program)
                ended = self.stet("verify", "latest", "--resumes")
                self.assert_ended(ended, 0)
                self.remove_runs()
                self.train(program, "--max-steps", whole["steps"] // 2)
                self.assertEqual(self.train(program, "--resume", "latest")["digest"], whole["digest"])
                self.remove_runs()

    def test_they_learn(self):
        for program, metric, least, most in (("first", "test/accuracy", 0.5, 1), ("layer", "test/accuracy", 0.3, 1),
                                             ("dataset", "train/loss", 0, 50), ("optimizer", "train/loss", 0, 0.1), ("environment", "reached", 5, 400)):
            with self.subTest(program):
                last = self.train(program)["metrics"][metric]["last"]
                self.assertTrue(least <= last <= most, last)
                self.remove_runs()

    def test_a_program_reads_what_another_logged(self):
        run = self.train("optimizer", "--name", "plane")
        ended = self.run_program("tutorial/reading", self.runs)
        self.assert_ended(ended, 0)
        self.assertEqual(len(re.findall(r"^plane \d+ \S+$", ended.out, re.M)), run["steps"])


if __name__ == "__main__":
    support.main()
