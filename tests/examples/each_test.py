"""Every example: it explains its flags, ends in one digest on 1 and 2 threads, stopped and resumed or not, and its run verifies."""

import re

import support

# Flags of a short training, and the digest of its final state. A change that moves one is a new version of the numerics contract.
EXAMPLES = {
    "regression": ("--rows 300 --epochs 3 --hidden 20", "60420b9558444d9193e0a2230d9bf946"),
    "vae": ("--epochs 1 --batch 512 --width 24 --latent 4", "3dd88c40abbc8f2c6cb90c662d6febd2"),
    "gan": ("--steps 12 --batch 24 --width 20", "a5ed3e8144a0725891d3df78ca7394c3"),
    "diffusion": ("--steps 12 --batch 24 --width 20 --noise-steps 9 --points 40", "10ef15239e2c3be291b9dba70a5b185c"),
    "cartpole": ("--steps 160 --batch 16 --width 12 --capacity 90 --play-every 80 --episodes 2", "785cdd599b9855db81b903793b39b770"),
    "segment": ("--count 40 --epochs 2 --batch 8 --width 4", "0d9c0a1562b7146c1c295fe51d65b60e"),
    "translate": ("--count 60 --epochs 2 --batch 12 --width 16 --heads 2 --layers 1", "4ae8488967b1665a5bbe99039f2cf374"),
    "finetune": ("--few 20 --epochs 2", "591293fb4e5cf788ad39af604aa41bec"),
    "vit": ("--count 60 --epochs 2 --batch 16 --patch 8 --width 16 --layers 2", "d3a8867a60039c3e0862c6d3550669cc"),
}


class Each(support.ProgramTest):
    def setUp(self):
        super().setUp()
        self.environment["XDG_CACHE_HOME"] = str(support.BIN.parent / "examples-cache")  # drawn digits, once

    def train(self, program, *arguments):
        ended = self.run_program(program, "--quiet", *arguments)
        self.assert_ended(ended, 0)
        return ended.out

    def check(self, program):
        flags, expected = EXAMPLES[program]
        whole = self.train(program, *flags.split(), "--threads", 1)
        shown = self.show("latest")
        self.assertEqual(shown["digest"], expected)
        ended = self.stet("verify", "latest", "--threads", 2)
        self.assert_ended(ended, 0)
        self.assertRegex(ended.out, r"\Averified: (\d+) of \1 steps run, (\d+) of \2 digests equal; sealed\n")
        self.remove_runs()
        self.train(program, *flags.split(), "--threads", 2, "--max-steps", shown["steps"] // 2)
        rest = self.train(program, "--resume", "latest")
        self.assertEqual(self.show("latest")["digest"], expected)
        self.assertTrue(whole.endswith(rest) and rest, f"{whole}\nbut resumed\n{rest}")

    def test_help(self):
        for program in EXAMPLES:
            with self.subTest(program):
                ended = self.run_program(program, "--help")
                self.assert_ended(ended, 0)
                self.assertTrue(re.search(r"--seed", ended.out) and re.search(r"--max-steps", ended.out), ended.out)


    def test_finetune_goes_on_from_weights(self):
        base = self.folder / "base.safetensors"
        self.train("finetune", "--few", 20, "--epochs", 1, "--save", base, "--batch", 200)
        self.remove_runs()
        out = self.train("finetune", "--few", 20, "--epochs", 1, "--head-epochs", 2, "--weights", base)
        self.assertRegex(out, r"\Aloaded 6 tensors; missing: head.weight, head.bias")
        self.assertEqual(len(re.findall("epoch", out)), 3)
        ended = self.stet("verify", "latest")
        self.assert_ended(ended, 0)


for name in EXAMPLES:
    setattr(Each, f"test_{name}", lambda self, name=name: self.check(name))

if __name__ == "__main__":
    support.main()
