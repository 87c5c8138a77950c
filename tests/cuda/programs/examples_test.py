"""The example programs on the emulated GPU: the output, the final state and the checkpoint of the CPU, also when it goes on there or is verified there."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples"))
import support
from char_gpt_test import PLAY
from resnet_test import write_cifar10

GPT = ["--steps", 4, "--batch", 2, "--block", 8, "--width", 12, "--heads", 2, "--layers", 1, "--warm-up", 1, "--evaluate-every", 2, "--sample", 4]


class OnTheGpu(support.ProgramTest):
    def setUp(self):
        super().setUp()
        self.environment["STET_PROGRESS"] = "0"

    def stet(self, verb, *arguments):
        return self.run_program("../stet", verb, *arguments)

    def outcome(self, program, *arguments):
        """What it printed, the newest checkpoint from byte 512 on, and the metrics but the machine's readings."""
        ended = self.run_program(program, "--quiet", "--threads", 1, *arguments)
        self.assert_ended(ended, 0)
        metrics = {name: m for name, m in self.show("latest")["metrics"].items() if not name.startswith("system/")}
        return ended.out, self.checkpoints()[-1].read_bytes()[512:], metrics

    def same_on_both(self, program, *arguments):
        expected = self.outcome(program, *arguments)
        self.remove_runs()
        self.assertEqual(self.outcome(program, *arguments, "--device", "cuda"), expected)
        launch = self.record()["launches"][0]
        self.assertEqual((launch["device"], launch["machine"]["gpu"]), ("cuda:0", "emulated on the CPU"))
        self.remove_runs()
        return expected

    def test_perceptron(self):
        data = support.write_digits(self.folder / "digits", 14)
        flags = ["--data", data, "--batch", 4, "--epochs", 1]
        out, checkpoint, metrics = self.same_on_both("mnist", *flags)
        for first, second in (("cpu", "cuda"), ("cuda", "cpu")):
            with self.subTest(f"stopped on {first}"):
                self.outcome("mnist", *flags, "--device", first, "--max-steps", 2)
                self.assertEqual(self.outcome("mnist", "--resume", "latest", "--device", second)[1], checkpoint)
                if first == "cpu":
                    ended = self.stet("verify", "latest", "--device", "cuda")
                    self.assertRegex(ended.out, r"\Averified: 4 of 4 steps run, (\d+) of \1 digests equal; sealed\n", str(ended))
                self.remove_runs()

    def test_convolutional_network(self):
        data = support.write_digits(self.folder / "digits", 14)
        self.same_on_both("mnist", "--model", "cnn", "--data", data, "--batch", 2, "--max-steps", 1)

    def test_resnet(self):
        data = write_cifar10(self.folder / "cifar", 1)
        self.same_on_both("resnet", "--data", data, "--batch", 2, "--max-steps", 1)

    def test_char_gpt(self):
        (self.folder / "text").mkdir()
        (self.folder / "text" / "input.txt").write_text(PLAY)
        self.same_on_both("char_gpt", "--data", self.folder / "text", *GPT)


if __name__ == "__main__":
    support.main()
