"""The ops and training steps that gpu_bench and bench_steps measure on a GPU, in PyTorch, float32 without TensorFloat-32.

usage: torch_gpu.py [--device cuda] [--deterministic] [--tiny] [PREFIX...]     the cases whose names begin so

Prints a line for each case as gpu_bench does; "torch" is "torch-deterministic" with --deterministic, which asks PyTorch for algorithms
that give the same bits again. A convolution's line is followed by the kernel that took the longest of it. cuDNN chooses among all of its
algorithms by trying them on each shape (cudnn.benchmark).
"""

import argparse
import os
import statistics
import sys
import time

if "--deterministic" in sys.argv:
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # which it needs, and which would only slow the rest

import torch
import torch.nn.functional as F
from torch import nn

import torch_steps

aten = torch.ops.aten


class Clock:
    """Times calls by the GPU's own clock, as gpu_bench does; on the CPU by the host's."""

    def __init__(self, device, tiny):
        self.cuda, self.tiny = device.type == "cuda", tiny

    def wait(self):
        if self.cuda:
            torch.cuda.synchronize()

    def sample(self, call, calls):
        """Milliseconds a call."""
        if not self.cuda:
            start = time.perf_counter()
            for _ in range(calls):
                call()
            return (time.perf_counter() - start) * 1e3 / calls
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(calls):
            call()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / calls

    def measure(self, call):
        """Median and least, in microseconds."""
        call()
        self.wait()
        one = self.sample(call, 1)
        if self.tiny:
            return 1e3 * one, 1e3 * one
        spent = 0
        while spent < 50:
            one = max(self.sample(call, 5), 1e-4)
            spent += 5 * one
        calls = min(200, max(1, -int(-1 // one)))
        times = [1e3 * self.sample(call, calls) for _ in range(int(min(51, max(7, 300 / (one * calls)))))]
        return statistics.median_high(times), min(times)


class Bench:
    def __init__(self, options):
        self.options = options
        self.device = torch.device(options.device)
        self.clock = Clock(self.device, options.tiny)
        self.who = "torch-deterministic" if options.deterministic else "torch"
        self.failed = 0

    def numbers(self, *shape):
        return torch.rand(shape, device=self.device) - 0.5

    def leaf(self, *shape):
        return self.numbers(*shape).requires_grad_()

    def indices(self, n, *shape):
        return torch.randint(0, n, shape, device=self.device)

    def wanted(self, name):
        return not self.options.prefix or any(name.startswith(p) for p in self.options.prefix)

    def __call__(self, name, amount, rate, prepare, who=None):
        """One case: prepare() makes the tensors and returns the call; amount is what a call does, in operations or bytes."""
        if not self.wanted(name):
            return
        who = self.who + (who or "")
        try:
            call = prepare()
            median, least = self.clock.measure(call)
            per_second = f", {amount / 1e3 / median:.3f} {rate}" if amount > 0 else ""
            print(f"{name} {who}: {median:.3f} us (min {least:.3f}){per_second}", flush=True)
            if name.startswith("conv/") and self.clock.cuda:
                print(f"{name} {who}-kernel: {longest_kernel(call)}", flush=True)
        except Exception as error:
            self.failed += 1
            print(f"{name} {who}: failed: {str(error).splitlines()[0] if str(error) else type(error).__name__}", flush=True)

    def floats(self, name, tensors, elements, prepare):
        self(f"memory/{name}", 4 * tensors * elements, "GB/s", prepare)


def longest_kernel(call):
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        call()
        torch.cuda.synchronize()
    kernels = [e for e in profiled.key_averages() if e.self_device_time_total > 0]
    return max(kernels, key=lambda e: e.self_device_time_total).key if kernels else "unknown"


def gradient_of(output, inputs, g):
    """A call that computes gradients of the inputs, again and again."""
    return lambda: torch.autograd.grad(output, inputs, g, retain_graph=True)


def products(bench):
    def add(name, m, n, k, transpose_a=False, transpose_b=False):
        def prepare():
            a = bench.numbers(k, m).t() if transpose_a else bench.numbers(m, k)
            b = bench.numbers(n, k).t() if transpose_b else bench.numbers(k, n)
            y = bench.numbers(m, n)
            return lambda: torch.mm(a, b, out=y)

        bench(f"product/{name}", 2 * m * n * k, "GFLOP/s", prepare)

    def layer(name, rows, inputs, outputs, of_data=False):
        add(f"{name}/forward", rows, outputs, inputs, transpose_b=True)
        if not of_data:
            add(f"{name}/input_gradient", rows, inputs, outputs)
        add(f"{name}/weight_gradient", outputs, inputs, rows, transpose_a=True)

    if bench.options.tiny:
        add("square/64", 64, 64, 64)
        return layer("layer/65_33", 40, 65, 33)
    for n in (1024, 2048, 4096):
        add(f"square/{n}", n, n, n)
    for inputs, outputs in ((384, 1152), (384, 384), (384, 1536), (1536, 384), (384, 65)):
        layer(f"gpt/{inputs}_{outputs}", 64 * 256, inputs, outputs)
    layer("mlp/784_512", 128, 784, 512, True)
    layer("mlp/512_512", 128, 512, 512)


# Name: n, c, size, channels out, kernel, stride, padding. gpu_convolutions.cpp has the same list.
LAYERS = {
    "resnet20_3_16_32": (128, 3, 32, 16, 3, 1, 1),
    "resnet20_16_16_32": (128, 16, 32, 16, 3, 1, 1),
    "resnet20_16_32_32_stride_2": (128, 16, 32, 32, 3, 2, 1),
    "resnet20_16_32_32_1x1_stride_2": (128, 16, 32, 32, 1, 2, 0),
    "resnet20_32_32_16": (128, 32, 16, 32, 3, 1, 1),
    "resnet20_64_64_8": (128, 64, 8, 64, 3, 1, 1),
    "cnn_32_64_26": (64, 32, 26, 64, 3, 1, 0),
    "resnet18_3_64_224_7x7_stride_2": (32, 3, 224, 64, 7, 2, 3),
    "resnet18_64_64_56": (32, 64, 56, 64, 3, 1, 1),
    "resnet18_64_128_56_stride_2": (32, 64, 56, 128, 3, 2, 1),
    "resnet18_64_128_56_1x1_stride_2": (32, 64, 56, 128, 1, 2, 0),
    "resnet18_128_128_28": (32, 128, 28, 128, 3, 1, 1),
    "resnet18_256_256_14": (32, 256, 14, 256, 3, 1, 1),
    "resnet18_512_512_7": (32, 512, 7, 512, 3, 1, 1),
}


def convolutions(bench):
    layers = {"tiny": (2, 3, 6, 4, 3, 2, 1)} if bench.options.tiny else LAYERS
    for name, (n, c, size, out, kernel, stride, padding) in layers.items():
        pixels = ((size + 2 * padding - kernel) // stride + 1) ** 2
        flops = 2 * n * out * pixels * c * kernel * kernel

        def run(inputs=None):
            x, weight = bench.leaf(n, c, size, size), bench.leaf(out, c, kernel, kernel)
            if inputs is None:
                x, weight = x.detach(), weight.detach()
                return lambda: F.conv2d(x, weight, None, stride, padding)
            y = F.conv2d(x, weight, None, stride, padding)
            return gradient_of(y, (x, weight)[inputs], bench.numbers(*y.shape))

        bench(f"conv/{name}/forward", flops, "GFLOP/s", run)
        bench(f"conv/{name}/input_gradient", flops, "GFLOP/s", lambda: run(0))
        bench(f"conv/{name}/weight_gradient", flops, "GFLOP/s", lambda: run(1))


def elementwise(bench, n):
    def add(op, tensors, call, inputs=1):
        def prepare():
            given, y = [bench.numbers(n) for _ in range(inputs)], bench.numbers(n)
            return lambda: call(y, *given)

        bench.floats(f"{op}/{n}", tensors, n, prepare)

    add("copy", 2, lambda y, x: y.copy_(x))
    add("add", 3, lambda y, p, q: torch.add(p, q, out=y), 2)
    add("relu", 2, lambda y, x: torch.relu(x))
    add("relu_gradient", 3, lambda y, g, x: aten.threshold_backward(g, x, 0), 2)
    add("exp", 2, lambda y, x: torch.exp(x, out=y))
    add("tanh", 2, lambda y, x: torch.tanh(x, out=y))
    add("gelu", 2, lambda y, x: F.gelu(x))
    add("gelu_gradient", 4, lambda y, g, x: aten.gelu_backward(g, x), 2)
    add("dropout", 2, lambda y, x: F.dropout(x, 0.2))
    add("normal", 1, lambda y: y.normal_(), 0)


def rows(bench, count, columns):
    n, size = count * columns, f"{count}x{columns}"
    x = lambda: bench.numbers(count, columns)

    def softmax():
        logits = x()
        return lambda: torch.softmax(logits, -1)

    def softmax_gradient():
        g, y = x(), torch.softmax(x(), -1)
        return lambda: aten._softmax_backward_data(g, y, -1, torch.float32)

    def cross_entropy(gradient=False):
        logits, target = bench.leaf(count, columns), bench.indices(columns, count)
        if gradient:
            return gradient_of(F.cross_entropy(logits, target, reduction="none"), logits, bench.numbers(count))
        logits = logits.detach()
        return lambda: F.cross_entropy(logits, target, reduction="none")

    def argmax():
        values = x()
        return lambda: values.argmax(-1)

    bench.floats(f"softmax/{size}", 2, n, softmax)
    bench.floats(f"softmax_gradient/{size}", 3, n, softmax_gradient)
    bench.floats(f"cross_entropy/{size}", 2, n, cross_entropy)
    bench.floats(f"cross_entropy_gradient/{size}", 2, n, lambda: cross_entropy(True))
    bench.floats(f"argmax/{size}", 1, n, argmax)


def total(bench, which, shape, axes):
    def prepare():
        x = bench.numbers(*shape)
        return lambda: x.sum(axes)

    bench.floats(f"sum_{which}/{'x'.join(map(str, shape))}", 1, torch.Size(shape).numel(), prepare)


def layer_norm(bench, count, width):
    def prepare(gradient=False):
        x, weight, bias = bench.leaf(count, width), bench.leaf(width), bench.leaf(width)
        if gradient:
            return gradient_of(F.layer_norm(x, (width,), weight, bias), (x, weight, bias), bench.numbers(count, width))
        x, weight, bias = x.detach(), weight.detach(), bias.detach()
        return lambda: F.layer_norm(x, (width,), weight, bias)

    bench.floats(f"layer_norm/{count}x{width}", 2, count * width, prepare)
    bench.floats(f"layer_norm_gradient/{count}x{width}", 3, count * width, lambda: prepare(True))


def batch_norm(bench, shape):
    size, elements = "x".join(map(str, shape)), torch.Size(shape).numel()

    def prepare(gradient=False):
        x, weight, bias = bench.leaf(*shape), bench.leaf(shape[1]), bench.leaf(shape[1])
        run = lambda x, weight, bias: F.relu(F.batch_norm(x, None, None, weight, bias, True))
        if gradient:
            return gradient_of(run(x, weight, bias), (x, weight, bias), bench.numbers(*shape))
        x, weight, bias = x.detach(), weight.detach(), bias.detach()
        return lambda: run(x, weight, bias)

    bench.floats(f"batch_norm_relu/{size}", 3, elements, prepare)
    bench.floats(f"batch_norm_relu_gradient/{size}", 5, elements, lambda: prepare(True))


def pooling(bench, shape):
    elements = torch.Size(shape).numel()

    def prepare():
        x = bench.numbers(*shape)
        return lambda: F.max_pool2d(x, 2, return_indices=True)

    bench(f"memory/max_pool_2x2/{'x'.join(map(str, shape))}", 4 * elements + 12 * (elements // 4), "GB/s", prepare)


def embedding(bench, positions, width):
    def select():
        table, at = bench.numbers(65, width), bench.indices(65, positions)
        return lambda: F.embedding(at, table)

    def add():
        g, at = bench.numbers(positions, width), bench.indices(65, positions)
        return lambda: aten.embedding_dense_backward(g, at, 65, -1, False)

    bench.floats(f"embedding/{positions}x{width}", 2, positions * width, select)
    bench.floats(f"embedding_gradient/{positions}x{width}", 1, positions * width, add)


def updates(bench, name, shapes):
    n = sum(torch.Size(s).numel() for s in shapes)

    def parameters():
        all_of_them = [nn.Parameter(bench.numbers(*s)) for s in shapes]
        for p in all_of_them:
            p.grad = bench.numbers(*p.shape)
        return all_of_them

    bench.floats(f"sgd_momentum/{name}", 5, n, lambda: torch.optim.SGD(parameters(), 1e-3, momentum=0.9, fused=True).step)
    bench.floats(f"adamw/{name}", 7, n, lambda: torch.optim.AdamW(parameters(), 1e-3, weight_decay=1e-2, fused=True).step)

    def clip():
        given = parameters()
        return lambda: nn.utils.clip_grad_norm_(given, 1.0)

    bench.floats(f"clip_norm/{name}", 3, n, clip)


def memory(bench):
    if bench.options.tiny:
        elementwise(bench, 1000)
        rows(bench, 5, 65)
        total(bench, "all", (1500,), (0,))
        layer_norm(bench, 5, 70)
        batch_norm(bench, (2, 3, 4, 5))
        pooling(bench, (2, 3, 4, 6))
        embedding(bench, 70, 5)
        return updates(bench, "2_tensors", [(33,), (3, 5)])
    large = 1 << 26
    for n in (large, 1 << 20, 1):
        elementwise(bench, n)

    def transposed():
        x, y = bench.numbers(8192, 8192).t(), bench.numbers(8192, 8192)
        return lambda: y.copy_(x)

    bench.floats("transposed/8192x8192", 2, 8192 * 8192, transposed)
    for count, columns in ((1 << 20, 65), (65536, 1000), (16384, 4096)):
        rows(bench, count, columns)
    total(bench, "all", (large,), (0,))
    total(bench, "last", (large // 512, 512), (1,))
    total(bench, "leading", (large // 512, 512), (0,))
    total(bench, "leading", (16384, 384), (0,))
    total(bench, "planes", (64, 1024, 32, 32), (0, 2, 3))
    layer_norm(bench, 16384, 384)
    layer_norm(bench, 65536, 1024)
    for shape in ((128, 16, 32, 32), (128, 64, 8, 8), (32, 64, 112, 112)):
        batch_norm(bench, shape)
    pooling(bench, (64, 64, 24, 24))
    embedding(bench, 16384, 384)
    updates(bench, "67108864", [(large,)])
    layer = [(384,), (384,), (1152, 384), (384, 384), (384,), (384,), (1536, 384), (384, 1536)]
    updates(bench, "gpt_53_tensors", [(65, 384), (256, 384), (384,), (384,), (65, 384), *(6 * layer)])


def attention(bench, batch, heads, length, width):
    name = f"sequence/attention_{batch}x{heads}_heads_{length}_{width}"
    products_flops = batch * heads * length * (length + 1) * width

    def prepare(gradient, backends):
        q, k, v = (bench.leaf(batch, heads, length, width) for _ in range(3))
        if not gradient:
            q, k, v = q.detach(), k.detach(), v.detach()

        def forward():
            if backends is None:
                return F.scaled_dot_product_attention(q, k, v, is_causal=True)
            with nn.attention.sdpa_kernel(backends):
                return F.scaled_dot_product_attention(q, k, v, is_causal=True)

        return gradient_of(forward(), (q, k, v), bench.numbers(batch, heads, length, width)) if gradient else forward

    # What PyTorch chooses, and its plain products with a softmax between.
    for who, backends in (("", None), ("-math", [nn.attention.SDPBackend.MATH])):
        bench(f"{name}/forward", 2 * products_flops, "GFLOP/s", lambda: prepare(False, backends), who)
        bench(f"{name}/gradient", 5 * products_flops, "GFLOP/s", lambda: prepare(True, backends), who)


def lstm(bench, batch, length, inputs, units):
    name = f"sequence/lstm_{batch}x{length}_{units}"
    flops = 8 * batch * length * units * (units + inputs)

    def prepare(gradient):
        net, x = nn.LSTM(inputs, units, batch_first=True).to(bench.device), bench.leaf(batch, length, inputs)

        def forward():
            with torch.no_grad():
                net(x)

        def both():
            torch.autograd.grad(net(x)[0].sum(), (x, *net.parameters()))

        return both if gradient else forward

    bench(f"{name}/forward", flops, "GFLOP/s", lambda: prepare(False))
    bench(f"{name}/forward_and_gradient", 3 * flops, "GFLOP/s", lambda: prepare(True))


def sequences(bench):
    if bench.options.tiny:
        attention(bench, 1, 2, 35, 16)
        return lstm(bench, 2, 3, 5, 6)
    attention(bench, 64, 6, 256, 64)
    attention(bench, 8, 12, 1024, 64)
    lstm(bench, 32, 64, 65, 128)
    lstm(bench, 64, 128, 512, 512)


def steps(bench):
    """Whole training steps, timed as bench_steps does on a GPU: ten at a time. Their lines are bench_steps'."""
    if not bench.wanted("steps"):
        return
    group = 1 if bench.options.tiny else 10

    def measure(name, step, items, samples, warm_up=10):
        for _ in range(0 if bench.options.tiny else warm_up):
            step()
        bench.clock.wait()
        times = []
        for _ in range(1 if bench.options.tiny else samples):
            start = time.perf_counter()
            for _ in range(group):
                step()
            bench.clock.wait()
            times.append((time.perf_counter() - start) * 1e3 / group)
        torch_steps.report(name, times, items)

    with torch.device(bench.device):
        torch_steps.mlp(measure)
        torch_steps.cnn(measure)
        torch_steps.resnet(measure, batch=4 if bench.options.tiny else 128)
        if bench.options.tiny:
            torch_steps.gpt(measure)
        else:
            torch_steps.gpt(measure, torch_steps.GPU_GPT)
        torch_steps.lstm(measure)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--deterministic", action="store_true", help="ask for algorithms that give the same bits again")
    parser.add_argument("--tiny", action="store_true", help="tiny sizes, each once: whether everything runs")
    parser.add_argument("prefix", nargs="*")
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    torch.use_deterministic_algorithms(options.deterministic)
    torch.utils.deterministic.fill_uninitialized_memory = False  # a safeguard that costs time, and no part of an algorithm
    torch.manual_seed(0)
    bench = Bench(options)
    if bench.clock.cuda and not torch.cuda.is_available():
        print("torch_gpu: PyTorch finds no GPU", file=sys.stderr)
        return 2
    libraries = f" cuda {torch.version.cuda} cudnn {torch.backends.cudnn.version()}" if bench.clock.cuda else ""
    print(f"torch {torch.__version__}{libraries}", flush=True)
    for family in (products, convolutions, memory, sequences, steps):
        family(bench)
    if bench.failed:
        print(f"torch_gpu: {bench.failed} cases failed", file=sys.stderr)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
