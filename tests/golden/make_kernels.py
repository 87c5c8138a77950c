#!/usr/bin/python3
"""Writes kernels.h5: PyTorch's resampling, order, running products, rounding and choices, with gradients, in float64.

Run it from this folder with Debian's python3-torch and python3-h5py. Every case is a group: inputs `x0`, `x1`, …, the result `y`, the
gradients `d0`, … of sum(y * y * w), w = `w`, and, where PyTorch has them, the gradients `dd0`, … of sum(d0 * w0) + …, w0 = `w0`, ….
"""
import h5py
import numpy as np
import torch
import torch.nn.functional as F

random = np.random.default_rng(15)
CASES = {}


def normal(*shape):
    return torch.tensor(random.standard_normal(shape))


def uniform(low, high, *shape):
    return torch.tensor(random.uniform(low, high, shape))


def case(name, function, *inputs):
    inputs = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs]
    trained = [x for x in inputs if x.requires_grad]
    y = function(*inputs)
    values = {f"x{i}": x.detach() for i, x in enumerate(inputs)}
    values["y"] = y.detach()
    if y.requires_grad:
        values["w"] = normal(*y.shape)
        first = torch.autograd.grad((y * y * values["w"]).sum(), trained, create_graph=True)
        values.update({f"d{i}": d.detach() for i, d in enumerate(first)})
        weights = [normal(*d.shape) for d in first]
        try:
            second = torch.autograd.grad(sum((d * w).sum() for d, w in zip(first, weights)), trained)
            values.update({f"w{i}": w for i, w in enumerate(weights)})
            values.update({f"dd{i}": d for i, d in enumerate(second)})
        except (RuntimeError, NotImplementedError) as e:  # grid_sample's gradient has none, nor have the antialiasing ones
            print(f"{name}: no second gradients: {str(e).splitlines()[0]}")
    CASES[name] = {k: v.numpy().astype(float) for k, v in values.items()}


def interpolate(mode, size, **options):
    return lambda x: F.interpolate(x, size=size, mode=mode, **options)


image = normal(1, 2, 4, 5)
for mode in ("nearest", "nearest-exact", "area"):
    case(f"interpolate {mode} larger", interpolate(mode, (7, 11)), image)
    case(f"interpolate {mode} smaller", interpolate(mode, (3, 2)), image)
for mode in ("bilinear", "bicubic"):
    for size in ((7, 11), (3, 2), (1, 9)):
        what = f"interpolate {mode} {size[0]} {size[1]}"
        case(what, interpolate(mode, size, align_corners=False), image)
        case(f"{what} aligned", interpolate(mode, size, align_corners=True), image)
        case(f"{what} antialiased", interpolate(mode, size, align_corners=False, antialias=True), image)
case("interpolate linear", interpolate("linear", 11, align_corners=False), normal(1, 2, 7))
case("interpolate trilinear", interpolate("trilinear", (3, 5, 4), align_corners=False), normal(1, 2, 4, 3, 5))
case("interpolate scale", lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), image)

grid = uniform(-1.4, 1.4, 1, 4, 3, 2)
for mode in ("bilinear", "nearest"):
    for padding in ("zeros", "border", "reflection"):
        for aligned in (False, True):
            case(f"grid_sample {mode} {padding} {int(aligned)}",
                 lambda x, g: F.grid_sample(x, g, mode=mode, padding_mode=padding, align_corners=aligned), image, grid)
for aligned in (False, True):
    case(f"affine_grid {int(aligned)}", lambda t: F.affine_grid(t, (2, 3, 4, 5), align_corners=aligned), normal(2, 2, 3))

line = normal(2, 5, 3)
with_zeros = line * (line.abs() > 0.7)
for name, x in (("", line), (" zeros", with_zeros)):
    case(f"cumsum{name}", lambda x: torch.cumsum(x, 1), x)
    case(f"cumprod{name}", lambda x: torch.cumprod(x, 1), x)
    case(f"prod{name}", lambda x: torch.prod(x, 1), x)
    case(f"prod all{name}", lambda x: torch.prod(x), x[:1, :2])
case("sort", lambda x: torch.sort(x, dim=1, stable=True, descending=False).values, line)
case("sort descending", lambda x: torch.sort(x, dim=1, descending=True, stable=True).values, line)
case("topk", lambda x: torch.topk(x, 2, 1).values, line)
case("topk smallest", lambda x: torch.topk(x, 2, 1, largest=False).values, line)
case("max", lambda x: torch.max(x, 1).values, line)
case("min", lambda x: torch.min(x, 1).values, line)
index = torch.tensor(np.argsort(random.random((2, 5, 3)), 1)[:, :3].copy())  # none twice, as PyTorch says nothing of those
case("scatter", lambda x, i, s: x.scatter(1, i, s), line, index, normal(2, 3, 3))
case("scatter number", lambda x, i: x.scatter(1, i, 0.25), line, index)

odd = torch.cat([uniform(-4, 4, 40), torch.tensor([0.5, 1.5, -0.5, -2.5, 0.0, -0.0, 3.0, float("inf"), -float("inf"), float("nan")])])
other = torch.cat([uniform(-3, 3, 40), torch.tensor([0.25, -0.5, 0.5, 1.0, -1.0, 1.0, -3.0, 2.0, 1.0, 1.0])])
for name in ("floor", "ceil", "round", "trunc"):
    case(name, lambda x: getattr(torch, name)(x.detach()), odd)
for name in ("remainder", "fmod", "floor_divide"):
    function = (lambda a, b: torch.div(a.detach(), b.detach(), rounding_mode="floor")) if name == "floor_divide" else getattr(torch, name)
    case(name, function, odd[:47], other[:47])

within, positive = uniform(-0.95, 0.95, 30), uniform(0.1, 9, 30)
for name, x in (("tan", within), ("asin", within), ("acos", within), ("atan", other), ("sinh", other), ("cosh", other), ("log2", positive), ("log10", positive)):
    case(name, getattr(torch, name), x)
rows, columns = torch.tensor([0, 1, 1, -2]), torch.tensor([4, 0, 2, 3])  # none twice; then all in two places
case("index_put", lambda x, s: x.index_put((rows, columns), s), line, normal(4, 3))
case("index_put accumulate", lambda x, s: x.index_put((rows * 0, columns % 2), s, accumulate=True), line, normal(4, 3))
transposed = dict(stride=(1, 2), padding=(1, 0), output_padding=(2, 2), dilation=3)
case("output padding", lambda x, w, b: F.conv_transpose2d(x, w, b, **transposed), normal(1, 2, 4, 3), normal(2, 3, 2, 3), normal(3))

with h5py.File("kernels.h5", "w", libver="latest") as file:
    for name, values in CASES.items():
        for part, value in values.items():
            file.create_dataset(f"{name}/{part}", data=value, track_times=False)
