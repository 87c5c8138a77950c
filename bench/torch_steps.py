"""The reference models' training steps in PyTorch, eager, float32: what bench_steps is compared with.

usage: torch_steps.py [threads] [model]

Prints a line for each model: its median and least time for a step, in milliseconds.
"""

import statistics
import sys
import time
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn


def measure(name, step, items, steps, warm_up=10, group=1):
    """A group's time is shared by its steps, where one is too short for the clock."""
    for _ in range(warm_up):
        step()
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        for _ in range(group):
            step()
        times.append((time.perf_counter() - start) * 1e3 / group)
    report(name, times, items)


def report(name, times, items):
    """times in milliseconds; items are samples or tokens a step."""
    median = statistics.median_high(times)
    digits = 6 if median < 0.1 else 3
    print(f"{name}: {median:.{digits}f} ms/step (min {min(times):.{digits}f}), {items / median * 1e3:.0f} samples-or-tokens/s", flush=True)


def train_step(optimizer, loss, clip=None):
    def step():
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(clip, 1.0)
        optimizer.step()

    return step


def mlp(measure):
    hidden = [nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.2), nn.Linear(512, 512), nn.ReLU(), nn.Dropout(0.2)]
    net = nn.Sequential(*hidden, nn.Linear(512, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    x, y = torch.randn(128, 784), torch.randint(0, 10, (128,))
    step = train_step(optimizer, lambda: F.cross_entropy(net(x), y))
    measure("mlp-784-512-512-10 b128 sgd", step, 128, 60)


class Cnn(nn.Module):
    """The network of PyTorch's MNIST example."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.hidden, self.out = nn.Linear(9216, 128), nn.Linear(128, 10)
        self.drop1, self.drop2 = nn.Dropout(0.25), nn.Dropout(0.5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(x)))), 2)
        return self.out(self.drop2(F.relu(self.hidden(self.drop1(x).flatten(1)))))


def cnn(measure):
    net = Cnn()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    x, y = torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,))
    step = train_step(optimizer, lambda: F.cross_entropy(net(x), y))
    measure("cnn pytorch-mnist-example b64 adam", step, 64, 30)


class Residual(nn.Module):
    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.shortcut = nn.Identity()
        if stride != 1 or channels_in != channels:
            projection = nn.Conv2d(channels_in, channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(channels))

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


def resnet(measure, batch=64):
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    channels_in = 16
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        for block in range(3):
            layers.append(Residual(channels_in, channels, stride if block == 0 else 1))
            channels_in = channels
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    x, y = torch.randn(batch, 3, 32, 32), torch.randint(0, 10, (batch,))
    step = train_step(optimizer, lambda: F.cross_entropy(net(x), y))
    measure(f"resnet20-cifar b{batch} sgd", step, batch, 15, warm_up=4)


class Gpt(NamedTuple):
    """Dropout is of the embeddings and of what each layer adds to x; not of attention's weights, as in Stet."""

    name: str
    batch: int
    context: int
    width: int
    heads: int
    layers: int
    dropout: float
    vocabulary: int = 65


CPU_GPT = Gpt("nanoGPT-cpu", batch=12, context=64, width=128, heads=4, layers=4, dropout=0)
GPU_GPT = Gpt("nanoGPT-gpu", batch=64, context=256, width=384, heads=6, layers=6, dropout=0.2)


class TransformerBlock(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.shape = s
        self.norm1, self.norm2 = nn.LayerNorm(s.width), nn.LayerNorm(s.width)
        self.qkv, self.projection = nn.Linear(s.width, 3 * s.width, bias=False), nn.Linear(s.width, s.width, bias=False)
        self.expand, self.contract = nn.Linear(s.width, 4 * s.width, bias=False), nn.Linear(4 * s.width, s.width, bias=False)
        self.register_buffer("allowed", torch.ones(s.context, s.context, dtype=torch.bool).tril())

    def attend(self, x):
        batch, time_steps, width = x.shape
        heads = self.shape.heads
        q, k, v = (part.view(batch, time_steps, heads, width // heads).transpose(1, 2) for part in self.qkv(x).split(width, 2))
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = (q @ k.transpose(-2, -1)) / (width // heads) ** 0.5
            y = F.softmax(scores.masked_fill(~self.allowed, float("-inf")), -1) @ v
        return self.projection(y.transpose(1, 2).reshape(batch, time_steps, width))

    def drop(self, x):
        return F.dropout(x, self.shape.dropout) if self.shape.dropout > 0 else x

    def forward(self, x):
        x = x + self.drop(self.attend(self.norm1(x)))
        return x + self.drop(self.contract(F.gelu(self.expand(self.norm2(x)))))


class CharGpt(nn.Module):
    """nanoGPT's configuration for a CPU or a GPU."""

    def __init__(self, s):
        super().__init__()
        self.shape = s
        self.tokens, self.positions = nn.Embedding(s.vocabulary, s.width), nn.Embedding(s.context, s.width)
        self.blocks = nn.Sequential(*(TransformerBlock(s) for _ in range(s.layers)))
        self.norm, self.head = nn.LayerNorm(s.width), nn.Linear(s.width, s.vocabulary, bias=False)

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1], device=tokens.device))
        if self.shape.dropout > 0:
            x = F.dropout(x, self.shape.dropout)
        return self.head(self.norm(self.blocks(x)))


def gpt(measure, shape=CPU_GPT):
    net = CharGpt(shape)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1)
    x, y = (torch.randint(0, shape.vocabulary, (shape.batch, shape.context)) for _ in range(2))
    loss = lambda: F.cross_entropy(net(x).view(-1, shape.vocabulary), y.view(-1))
    step = train_step(optimizer, loss, clip=list(net.parameters()))
    name = f"char-gpt {shape.name} b{shape.batch}xT{shape.context} adamw"
    measure(name, step, shape.batch * shape.context, 60 if shape is CPU_GPT else 15)


def lstm(measure):
    net, head = nn.LSTM(65, 128, batch_first=True), nn.Linear(128, 65)
    optimizer = torch.optim.Adam([*net.parameters(), *head.parameters()])
    x = F.one_hot(torch.randint(0, 65, (32, 64)), 65).float()
    y = torch.randint(0, 65, (32 * 64,))
    step = train_step(optimizer, lambda: F.cross_entropy(head(net(x)[0]).reshape(-1, 65), y))
    measure("lstm-128 T64 b32 adam", step, 32 * 64, 30)


def perceptron(measure):
    net = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    x, y = torch.randn(32, 4), torch.randint(0, 2, (32,))
    step = train_step(optimizer, lambda: F.cross_entropy(net(x), y))
    measure("perceptron-4-64-64-2 b32 adamw", step, 32, 200, warm_up=100, group=20)


def addition(measure):
    x, y = torch.randn(16), torch.randn(16)
    measure("addition-16 x+y", lambda: x + y, 16, 500, warm_up=100, group=200)


MODELS = {"mlp": mlp, "cnn": cnn, "resnet": resnet, "gpt": gpt, "lstm": lstm}
SMALL_MODELS = {"perceptron": perceptron, "addition": addition}  # only where they are asked for

if __name__ == "__main__":
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    print("torch", torch.__version__, "threads", threads)
    if len(sys.argv) < 3:
        wanted = MODELS.values()
    else:
        wanted = [(MODELS | SMALL_MODELS)[sys.argv[2]]]
    for run in wanted:
        run(measure)
