"""The reference models' training steps in PyTorch, eager, float32: what bench_steps is compared with.

usage: torch_steps.py [threads] [model] [--cpu-time]

Prints a line for each model: its median and least time for a step, in milliseconds; with --cpu-time the processors' time.
"""

import statistics
import sys
import time
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn


CPU_TIME = "--cpu-time" in sys.argv


def measure(name, step, items, steps, warm_up=10, group=1):
    """A group's time is shared by its steps, where one is too short for the clock."""
    clock = time.process_time if CPU_TIME else time.perf_counter
    for _ in range(warm_up):
        step()
    times = []
    for _ in range(steps):
        start = clock()
        for _ in range(group):
            step()
        times.append((clock() - start) * 1e3 / group)
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


def gru(measure):
    net, head = nn.GRU(65, 128, batch_first=True), nn.Linear(128, 65)
    optimizer = torch.optim.Adam([*net.parameters(), *head.parameters()])
    x = F.one_hot(torch.randint(0, 65, (32, 64)), 65).float()
    y = torch.randint(0, 65, (32 * 64,))
    step = train_step(optimizer, lambda: F.cross_entropy(head(net(x)[0]).reshape(-1, 65), y))
    measure("gru-128 T64 b32 adam", step, 32 * 64, 30)


class Translator(nn.Module):
    """Encoder and decoder, pre-norm."""

    def __init__(self, vocabulary=1000, length=32, width=256, heads=8, layers=3):
        super().__init__()
        self.source, self.target, self.places = nn.Embedding(vocabulary, width), nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.transformer = nn.Transformer(width, heads, layers, layers, 4 * width, dropout=0.1, batch_first=True, norm_first=True)
        self.out = nn.Linear(width, vocabulary)

    def forward(self, words, lengths, answer):
        places = torch.arange(words.shape[1])
        padding, causal = places >= lengths[:, None], torch.ones(words.shape[1], words.shape[1], dtype=torch.bool).triu(1)
        x, y = self.source(words) + self.places(places), self.target(answer) + self.places(places)
        return self.out(self.transformer(x, y, tgt_mask=causal, src_key_padding_mask=padding, memory_key_padding_mask=padding))


def translate(measure, batch=16, length=32, vocabulary=1000):
    net = Translator()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)
    x, answer, y = (torch.randint(0, vocabulary, (batch, length)) for _ in range(3))
    lengths = torch.randint(length // 2, length + 1, (batch,))
    loss = lambda: F.cross_entropy(net(x, lengths, answer).view(-1, vocabulary), y.view(-1))
    step = train_step(optimizer, loss, clip=list(net.parameters()))
    measure(f"translate transformer-256 b{batch}xT32 adam", step, 2 * batch * length, 15, warm_up=4)


def unet_block(channels_in, channels):
    convolution = lambda n: [nn.Conv2d(n, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
    return nn.Sequential(*convolution(channels_in), *convolution(channels))


class UNet(nn.Module):
    def __init__(self, width, depth, classes):
        super().__init__()
        scales = range(depth)
        self.down = nn.ModuleList(unet_block(3 if i == 0 else width << (i - 1), width << i) for i in range(depth + 1))
        self.widen = nn.ModuleList(nn.ConvTranspose2d(width << (i + 1), width << i, 2, 2) for i in scales)
        self.up = nn.ModuleList(unet_block(width << (i + 1), width << i) for i in scales)
        self.out = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        skips = []
        for block in self.down[:-1]:
            skips.append(block(x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.down[-1](x)
        for widen, up, skip in reversed(list(zip(self.widen, self.up, skips))):
            x = up(torch.cat([widen(x), skip], 1))
        return self.out(x)


def segment(measure, batch=8, size=64, classes=4):
    net = UNet(16, 3, classes)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    x, y = torch.randn(batch, 3, size, size), torch.randint(0, classes, (batch, size, size))
    step = train_step(optimizer, lambda: F.cross_entropy(net(x), y))
    measure(f"segment unet-16 b{batch} adamw", step, batch, 15, warm_up=4)


class VitLayer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = (z.view(b, t, self.heads, c // self.heads).transpose(1, 2) for z in self.qkv(self.norm1(x)).split(c, 2))
        if hasattr(F, "scaled_dot_product_attention"):
            a = F.scaled_dot_product_attention(q, k, v)
        else:
            a = F.softmax(q @ k.transpose(-2, -1) / (c // self.heads) ** 0.5, -1) @ v
        x = x + self.projection(a.transpose(1, 2).reshape(b, t, c))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Vit(nn.Module):
    def __init__(self, size=32, patch=4, width=128, heads=4, layers=6):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.places = nn.Parameter(torch.randn((size // patch) ** 2, width) * 0.02)
        self.layers = nn.Sequential(*(VitLayer(width, heads) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, images):
        x = self.layers(self.patches(images).flatten(2).transpose(1, 2) + self.places)
        return self.head(self.norm(x).mean(1))


def vit(measure, batch=32):
    net = Vit()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.05)
    x, y = torch.randn(batch, 3, 32, 32), torch.randint(0, 10, (batch,))
    step = train_step(optimizer, lambda: F.cross_entropy(net(x), y))
    measure(f"vit-128 patch4 b{batch} adamw", step, batch, 15, warm_up=4)


def perceptron(measure):
    net = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    x, y = torch.randn(32, 4), torch.randint(0, 2, (32,))
    step = train_step(optimizer, lambda: F.cross_entropy(net(x), y))
    measure("perceptron-4-64-64-2 b32 adamw", step, 32, 200, warm_up=100, group=20)


def addition(measure):
    x, y = torch.randn(16), torch.randn(16)
    measure("addition-16 x+y", lambda: x + y, 16, 500, warm_up=100, group=200)


MODELS = {"mlp": mlp, "cnn": cnn, "resnet": resnet, "gpt": gpt, "lstm": lstm, "gru": gru, "translate": translate, "segment": segment, "vit": vit}
SMALL_MODELS = {"perceptron": perceptron, "addition": addition}  # only where they are asked for

if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--cpu-time"]
    threads = int(words[0]) if words else 1
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    print("torch", torch.__version__, "threads", threads)
    if len(words) < 2:
        wanted = MODELS.values()
    else:
        wanted = [(MODELS | SMALL_MODELS)[words[1]]]
    for run in wanted:
        run(measure)
