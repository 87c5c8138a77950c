#!/usr/bin/python3
"""Writes networks' weights as safetensors files, with inputs and PyTorch's logits for them, for tests/nn/weights/.

    make_weights.py                      small ones into weights/, with Debian's python3-torch
    make_weights.py --real FOLDER        torchvision's ResNet-18 and Transformers' GPT-2 into a folder
    make_weights.py --check FOLDER       loads what the tests wrote there from those, strictly, and compares

A network is FOLDER/NAME.safetensors, or a folder NAME with shards and their index, and NAME.io.safetensors: x, the logits in float32
and those of the same weights in float64. What the test must know of the shape stands in the latter's metadata.
"""
import json
import math
import pathlib
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

TYPES = {torch.float32: "F32", torch.float64: "F64", torch.bfloat16: "BF16", torch.float16: "F16", torch.int64: "I64"}
ORDER = ["F16", "BF16", "F32", "F64", "I64"]


def raw(tensor):
    tensor = tensor.detach().contiguous()
    return (tensor.view(torch.int16) if tensor.dtype in (torch.bfloat16, torch.float16) else tensor).numpy().tobytes()


def write(path, tensors, metadata):
    """The bytes that safetensors' own writer gives: widest elements first, then by name; the header padded to 8."""
    names = sorted(sorted(tensors), key=lambda name: -ORDER.index(TYPES[tensors[name].dtype]))
    header, at = {"__metadata__": metadata}, 0
    for name in names:
        size = len(raw(tensors[name]))
        header[name] = {"dtype": TYPES[tensors[name].dtype], "shape": list(tensors[name].shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in names:
            file.write(raw(tensors[name]))


class Block(nn.Module):
    """torchvision's BasicBlock, by its names (He et al., 2016)."""

    def __init__(self, width_in, width, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(width_in, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        self.downsample = None
        if stride != 1 or width_in != width:
            self.downsample = nn.Sequential(nn.Conv2d(width_in, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """torchvision's resnet18, by its names, of any width."""

    def __init__(self, width, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        before = width
        for i in range(4):
            now = width << i
            setattr(self, f"layer{i + 1}", nn.Sequential(Block(before, now, 1 if i == 0 else 2), Block(now, now, 1)))
            before = now
        self.fc = nn.Linear(before, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
        return self.fc(x.mean((2, 3)))


class Conv1D(nn.Module):
    """What GPT-2 has for a linear layer: its weight lies the other way round."""

    def __init__(self, out, width):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(width, out) * 0.2), nn.Parameter(torch.randn(out) * 0.1)

    def forward(self, x):
        return x @ self.weight + self.bias


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.c_attn, self.c_proj, self.heads = Conv1D(3 * width, width), Conv1D(width, width), heads

    def forward(self, x):
        b, t, width = x.shape
        q, k, v = (p.view(b, t, self.heads, -1).transpose(1, 2) for p in self.c_attn(x).split(width, 2))
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        scores = scores.masked_fill(torch.ones(t, t, dtype=torch.bool).triu(1), -math.inf)
        return self.c_proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, t, width))


class Perceptron(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.c_fc, self.c_proj = Conv1D(4 * width, width), Conv1D(width, 4 * width)

    def forward(self, x):
        x = self.c_fc(x)
        return self.c_proj(0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1, self.attn, self.ln_2, self.mlp = nn.LayerNorm(width), Attention(width, heads), nn.LayerNorm(width), Perceptron(width)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Gpt2(nn.Module):
    """Transformers' GPT2LMHeadModel, by its names (Radford et al., 2019)."""

    def __init__(self, vocabulary, block, width, heads, layers):
        super().__init__()
        self.transformer = nn.Module()
        self.transformer.wte, self.transformer.wpe = nn.Embedding(vocabulary, width), nn.Embedding(block, width)
        self.transformer.h = nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.transformer.ln_f = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        self.lm_head.weight = self.transformer.wte.weight

    def forward(self, x):
        y = self.transformer.wte(x) + self.transformer.wpe(torch.arange(x.shape[1]))
        for layer in self.transformer.h:
            y = layer(y)
        return self.lm_head(self.transformer.ln_f(y))


def lively(net):
    """Norms and running statistics that are not 1 and 0."""
    for name, value in net.state_dict().items():
        if name.endswith(("running_var", "ln_1.weight", "ln_2.weight", "ln_f.weight")) or (value.ndim == 1 and "bn" in name and name.endswith("weight")):
            value.uniform_(0.5, 1.5)
        elif name.endswith(("running_mean", "bias")):
            value.uniform_(-0.2, 0.2)
        elif name.endswith("num_batches_tracked"):
            value.fill_(37)
    return net.eval()


def logits(net, x):
    out = net(x)
    return getattr(out, "logits", out)


def write_io(folder, name, net, x, shape):
    with torch.no_grad():
        narrow = logits(net, x)
        wide = logits(net.double(), x.double() if x.is_floating_point() else x)
    net.float()
    write(folder / f"{name}.io.safetensors", {"x": x, "float32": narrow, "float64": wide}, {k: str(v) for k, v in shape.items()})


def write_all(folder, resnet, width, classes, image, gpt, heads, length):
    folder.mkdir(exist_ok=True)
    write(folder / "resnet18.safetensors", resnet.state_dict(), {"format": "pt"})
    write_io(folder, "resnet18", resnet, torch.randn(2, 3, image, image), {"width": width, "classes": classes})
    vocabulary, gpt_width = gpt.transformer.wte.weight.shape
    # As bfloat16 in two files: what is computed with is what they hold.
    for value in gpt.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.bfloat16().float())
    state = {k: v.bfloat16() if v.is_floating_point() else v for k, v in gpt.state_dict().items() if not k.endswith((".attn.bias", ".attn.masked_bias"))}
    del state["lm_head.weight"]  # tied: Transformers leaves it out
    (folder / "gpt2").mkdir(exist_ok=True)
    names = sorted(state)
    parts = [names[: len(names) // 2], names[len(names) // 2:]]
    files = [f"model-{i + 1:05}-of-00002.safetensors" for i in range(2)]
    for file, part in zip(files, parts):
        write(folder / "gpt2" / file, {k: state[k] for k in part}, {"format": "pt"})
    index = {"metadata": {"total_size": sum(len(raw(v)) for v in state.values())}, "weight_map": {k: f for f, part in zip(files, parts) for k in part}}
    (folder / "gpt2" / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")
    write_io(folder, "gpt2", gpt, torch.randint(0, vocabulary, (2, length)),
             {"vocabulary": vocabulary, "width": gpt_width, "heads": heads, "layers": len(gpt.transformer.h),
              "block": gpt.transformer.wpe.weight.shape[0]})


def real(classes):
    import torchvision
    import transformers

    resnet = lively(torchvision.models.resnet18())
    config = transformers.GPT2Config(vocab_size=1000, n_positions=128, n_embd=256, n_layer=4, n_head=8)
    return resnet, transformers.GPT2LMHeadModel(config).eval()


def check(folder):
    from safetensors.torch import load_file

    resnet, gpt = real(1000)
    for name, net, narrow in (("resnet18", resnet, False), ("gpt2", gpt, True)):
        written = load_file(folder / f"{name}.written.safetensors")
        own = {k for k, _ in net.named_buffers() if k.endswith((".attn.bias", ".attn.masked_bias"))}
        print(name, net.load_state_dict({**written, **{k: v for k, v in net.state_dict().items() if k in own}}, strict=True))
        io = load_file(folder / f"{name}.io.safetensors")
        with torch.no_grad():
            same = torch.equal(logits(net, io["x"]), io["float32"])
        print(name, "logits of what was written back are those of what was given:", same)


def main():
    torch.manual_seed(5)
    if "--check" in sys.argv:
        check(pathlib.Path(sys.argv[2]))
    elif "--real" in sys.argv:
        resnet, gpt = real(1000)
        write_all(pathlib.Path(sys.argv[2]), resnet, 64, 1000, 64, gpt, 8, 24)
    else:
        write_all(pathlib.Path("weights"), lively(ResNet18(2, 5)), 2, 5, 24, lively(Gpt2(17, 9, 8, 2, 2)), 2, 7)


if __name__ == "__main__":
    main()
