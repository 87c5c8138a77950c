"""ResNet-20 on a tiny CIFAR-10: one final state on any machine, after any kill, and what refuses bad files."""

import hashlib

import support

# The digest of the short training's final state. A change that moves it is a new version of the numerics contract.
DIGEST = "13b66d34922651202175ce2a64535154"
FLAGS = ["--batch", 5, "--epochs", 2]


def write_cifar10(folder, images=2):
    """CIFAR-10's six files with so many noisy images each, their colour following from the label."""
    folder.mkdir()
    state = 1
    for name in [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]:
        content = bytearray()
        for _ in range(images):
            state = (state * 1103515245 + 12345) % 2**31
            label = (state >> 16) % 10
            content.append(label)
            for k in range(3072):
                state = (state * 1103515245 + 12345) % 2**31
                content.append(((state >> 25) + 40 * (label + k // 1024)) % 256)
        (folder / name).write_bytes(content)
    return folder


class ResNet(support.ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = write_cifar10(self.folder / "cifar")

    def resnet(self, *arguments, **environment):
        return self.run_program("resnet", "--quiet", *arguments, **environment)

    def outcome(self, *arguments, **environment):
        """The final digest, the metrics and the checkpoint beyond its head, which holds where the log ended."""
        self.assert_ended(self.resnet("--data", self.data, *FLAGS, *arguments, **environment), 0)
        return self.final()

    def final(self):
        shown = self.show("latest")
        state = self.checkpoints()[-1].read_bytes()[512:]
        self.remove_runs()
        metrics = {name: values for name, values in shown["metrics"].items() if not name.startswith("system/")}
        return shown["digest"], metrics, hashlib.sha256(state).hexdigest()

    def test_same_bits(self):
        expected = self.outcome("--threads", 1)
        with self.subTest("the committed digest"):
            self.assertEqual(expected[0], DIGEST)
        with self.subTest("3 threads, 2 workers"):
            self.assertEqual(self.outcome("--threads", 3, "--workers", 2), expected)
        for isa in self.instruction_sets()[1:]:
            with self.subTest(isa):
                self.assertEqual(self.outcome(STET_ISA=isa), expected)

    def test_resumed_in_the_middle_of_an_epoch(self):
        expected = self.outcome("--checkpoint-every", 1)
        for steps in (1, 3):
            with self.subTest(f"stopped after {steps} steps"):
                self.assert_ended(self.resnet("--data", self.data, *FLAGS, "--checkpoint-every", 1, "--max-steps", steps), 0)
                self.assert_ended(self.resnet("--resume", "latest", "--data", self.data, *FLAGS, "--checkpoint-every", 1), 0)
                self.assertEqual(self.final()[0], expected[0])

    def test_patterns_without_data(self):
        ended = self.run_program("resnet", "--images", 20, "--epochs", 1, "--batch", 9)
        self.assert_ended(ended, 0)
        self.assertRegex(ended.out, r"test accuracy \d+ % on 2 images after training on 18")
        self.assert_ended(self.stet("verify", "latest"), 0)

    def test_bad_files_are_named(self):
        (self.data / "data_batch_3.bin").write_bytes(b"\0" * 3074)
        ended = self.resnet("--data", self.data)
        self.assert_ended(ended, 2)
        self.assertRegex(ended.err, r"\A[^\n]*data_batch_3.bin: 3074 bytes are no whole number of records[^\n]*\n\Z")
        self.assertEqual(self.run_folders(), [])

    def instruction_sets(self):
        words = self.resnet("--data", "nowhere", STET_ISA="all").err
        self.assertIn("use one of: ", words)
        return words.split("use one of: ")[1].strip().split(", ")


if __name__ == "__main__":
    support.main()
