"""The character GPT: it learns, writes, resumes to the same bits, and its runs verify."""

import re

import support

# Flags of a short training of a small model, and the digest of its final state. A change that moves it is a new version of the numerics contract.
FLAGS = {"steps": 14, "batch": 3, "block": 20, "width": 24, "heads": 3, "layers": 2, "warm-up": 4, "evaluate-every": 5, "sample": 30}
DIGEST = "4dbe7e7e4e6983f03568a384f6b3b2ce"
PLAY = "".join(f"{who}:\nWhat {what} is this that {who} brings so {how}?\n\n"
               for who in ("First", "Second", "Third") for what in ("news", "noise", "night") for how in ("late", "soon", "oft"))


class CharGpt(support.ProgramTest):
    def setUp(self):
        super().setUp()
        self.text = self.folder / "text"
        self.text.mkdir()
        (self.text / "input.txt").write_text(PLAY)

    def train(self, *arguments, flags=None, **environment):
        words = [word for name, value in {**FLAGS, **(flags or {})}.items() for word in (f"--{name}", value)]
        ended = self.run_program("char_gpt", "--quiet", "--data", self.text, *words, *arguments, **environment)
        self.assert_ended(ended, 0)
        return ended.out

    def digest(self):
        return self.show("latest")["digest"]

    def test_the_same_bits_everywhere(self):
        out = self.train("--threads", 1)
        self.assertEqual(self.digest(), DIGEST)
        for threads, environment in ((2, {}), (3, {"STET_ISA": "scalar"})):
            self.remove_runs()
            with self.subTest(f"{threads} threads {environment}"):
                self.assertEqual(self.train("--threads", threads, **environment), out)
                self.assertEqual(self.digest(), DIGEST)

    def test_it_writes_what_it_was_asked_for(self):
        out = self.train(flags={"sample": 40})
        lines = re.fullmatch(r"step 5: .*\nstep 10: .*\nstep 14: validation loss (\S+)\nvalidation loss \1 after 14 steps\n(.{40})\n", out, re.S)
        self.assertTrue(lines, out)
        self.assertLessEqual(set(lines[2]), set(PLAY))
        self.assertIn("validation/loss", self.show("latest")["metrics"])

    def test_it_resumes_to_the_same_bits(self):
        whole = self.train()
        self.remove_runs()
        self.train("--max-steps", 8)
        ended = self.run_program("char_gpt", "--quiet", "--resume", "latest")
        self.assert_ended(ended, 0)
        self.assertEqual(self.digest(), DIGEST)
        self.assertEqual(ended.out, whole.split("\n", 1)[1])

    def test_it_writes_the_same_with_and_without_a_cache(self):
        # Three windows long.
        for flags in ({}, {"top-k": 3}, {"top-p": 0.6}, {"top-k": 8, "top-p": 0.9, "temperature": 1.5}):
            with self.subTest(flags):
                outs = [self.train("--cache", cache, flags={"sample": 60, **flags}) for cache in ("true", "false")]
                self.assertEqual(*outs)

    def test_it_draws_from_the_likeliest_alone(self):
        likeliest = [self.train(flags={"sample": 60, **flags}) for flags in ({"top-k": 1}, {"top-p": 1e-6}, {"temperature": 1e-6})]
        self.assertEqual(likeliest[0], likeliest[1])
        self.assertEqual(likeliest[0], likeliest[2])
        self.assertNotEqual(likeliest[0], self.train(flags={"sample": 60}))

    def test_its_runs_verify(self):
        self.train()
        ended = self.stet("verify", "latest")
        self.assert_ended(ended, 0)
        self.assertRegex(ended.out, r"\Averified: 14 of 14 steps run, (\d+) of \1 digests equal; sealed\n")

    def test_it_refuses_what_it_cannot_use(self):
        (self.folder / "short").write_text("to be")
        for flags, message in ((["--data", "nowhere"], "nowhere: No such file"), (["--data", self.folder / "short"], "no window of 64"),
                               (["--data", self.text, "--heads", 3], r"MultiHeadAttention\(128, 3\)")):
            with self.subTest(message):
                ended = self.run_program("char_gpt", "--quiet", *flags)
                self.assert_ended(ended, 2)
                self.assertRegex(ended.err, rf"\Achar_gpt: [^\n]*{message}[^\n]*\n\Z")
                self.assertEqual(self.run_folders(), [])

    def test_it_learns(self):
        out = self.train(flags={"steps": 60, "lr": 0.01})
        losses = [float(loss) for loss in re.findall(r"step \d+: validation loss (\S+)", out)]
        self.assertLess(losses[-1], losses[0] - 0.5)


if __name__ == "__main__":
    support.main()
