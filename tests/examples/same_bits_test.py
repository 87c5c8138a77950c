"""One final state, to the bit: on any number of threads and loader workers, on every instruction set, from every build."""

import hashlib

import support
from support import write_digits

# Flags of a short training, and the digest of its final state. A change that moves one is a new version of the numerics contract.
TRAININGS = {
    "mlp": (["--model", "mlp", "--batch", 8, "--epochs", 2], "137654340700e18af9bab5ef0d003a7e"),
    "cnn": (["--model", "cnn", "--batch", 4, "--epochs", 1], "e0f3827476da1ee30681610492192524"),
    "augmented": (["--augment", "--batch", 8, "--epochs", 2], "3d7a89469612bd65257e227c92ab1496"),
}


class SameBits(support.ProgramTest):
    def outcome(self, model, data, *arguments, **environment):
        """The final digest, the metrics and the checkpoint beyond its head, which holds where the log ended."""
        flags, _ = TRAININGS[model]
        self.assert_ended(self.mnist("--data", data, *flags, *arguments, **environment), 0)
        shown = self.show("latest")
        state = self.checkpoints()[-1].read_bytes()[512:]
        self.remove_runs()
        metrics = {name: values for name, values in shown["metrics"].items() if not name.startswith("system/")}
        return shown["digest"], metrics, hashlib.sha256(state).hexdigest()

    def instruction_sets(self):
        words = self.mnist("--data", "nowhere", STET_ISA="all").err
        self.assertIn("use one of: ", words)
        return words.split("use one of: ")[1].strip().split(", ")

    def check(self, model, images):
        data = write_digits(self.folder / "digits", images)
        expected = self.outcome(model, data, "--threads", 1, "--workers", 0)
        with self.subTest("the committed digest"):
            self.assertEqual(expected[0], TRAININGS[model][1])
        for threads, workers in ((2, 1), (3, 4)):
            with self.subTest(f"{threads} threads, {workers} workers"):
                self.assertEqual(self.outcome(model, data, "--threads", threads, "--workers", workers), expected)
        for isa in self.instruction_sets()[1:]:
            with self.subTest(isa):
                self.assertEqual(self.outcome(model, data, STET_ISA=isa), expected)

    def test_mlp(self):
        self.check("mlp", 60)

    def test_cnn(self):
        self.check("cnn", 14)

    def test_augmented_images(self):
        self.check("augmented", 60)

    def test_another_seed_gives_other_bits(self):
        data = write_digits(self.folder / "digits", 60)
        self.assertNotEqual(self.outcome("mlp", data)[0], self.outcome("mlp", data, "--seed", 2)[0])


if __name__ == "__main__":
    support.main()
