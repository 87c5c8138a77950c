#!/usr/bin/python3
"""Writes norms.h5: PyTorch's normalising layers and one residual block in float64, for the inputs that the file holds too.

Run it from this folder with Debian's python3-torch and python3-h5py. Gradients are those of sum(y * upstream).
"""
import h5py
import numpy as np
import torch
import torch.nn.functional as F

random = np.random.default_rng(3)
FILE = {}


def keep(name, value):
    FILE[name] = value.detach().numpy().copy() if isinstance(value, torch.Tensor) else np.asarray(value)
    return torch.tensor(FILE[name])


def gradients(prefix, y, upstream, **inputs):
    keep(f"{prefix}/y", y)
    for (name, _), g in zip(inputs.items(), torch.autograd.grad((y * upstream).sum(), list(inputs.values()))):
        keep(f"{prefix}/d{name}", g)


# Four training steps of batch norm, whose weight and bias move, then evaluation; with and without a weight, by momentum and by mean.
N, C, H, W, STEPS = 5, 3, 4, 3, 4
keep("batch/x", 3 * random.standard_normal((STEPS, N, C, H, W)) + 2)
keep("batch/upstream", random.standard_normal((STEPS, N, C, H, W)))
keep("batch/weight", random.uniform(0.3, 2, C))
keep("batch/bias", random.standard_normal(C))
for case, options in {"affine": {}, "plain": {"affine": False}, "cumulative": {"momentum": None}, "wide": {"eps": 0.1, "momentum": 0.3}}.items():
    layer = torch.nn.BatchNorm2d(C, **options).double()
    if layer.affine:
        layer.weight.data, layer.bias.data = torch.tensor(FILE["batch/weight"]), torch.tensor(FILE["batch/bias"])
    for step in range(STEPS):
        x = torch.tensor(FILE["batch/x"][step], requires_grad=True)
        inputs = {"x": x, "weight": layer.weight, "bias": layer.bias} if layer.affine else {"x": x}
        gradients(f"{case}/{step}", layer(x), torch.tensor(FILE["batch/upstream"][step]), **inputs)
        keep(f"{case}/{step}/running_mean", layer.running_mean)
        keep(f"{case}/{step}/running_var", layer.running_var)
    layer.eval()
    keep(f"{case}/evaluation", layer(torch.tensor(FILE["batch/x"][0])))

keep("layer/x", 3 * random.standard_normal((4, 3, 70)) - 1)
keep("layer/upstream", random.standard_normal((4, 3, 70)))
keep("layer/weight", random.uniform(0.3, 2, 70))
keep("layer/bias", random.standard_normal(70))
x, weight, bias = (torch.tensor(FILE[f"layer/{name}"], requires_grad=True) for name in ("x", "weight", "bias"))
upstream = torch.tensor(FILE["layer/upstream"])
gradients("layer/affine", F.layer_norm(x, (70,), weight, bias), upstream, x=x, weight=weight, bias=bias)
gradients("layer/weighted", F.layer_norm(x, (70,), weight, None, 1e-2), upstream, x=x, weight=weight)
gradients("layer/plain", F.layer_norm(x, (70,)), upstream, x=x)

# relu(norm2(conv2(relu(norm1(conv1(x))))) + shortcut), stride 2, as in a ResNet's first block of a stage.
keep("block/x", random.standard_normal((4, 2, 6, 6)))
keep("block/upstream", random.standard_normal((4, 3, 3, 3)))
P = {}
for name, shape in {"conv1": (3, 2, 3, 3), "conv2": (3, 3, 3, 3), "shortcut": (3, 2, 1, 1)}.items():
    P[name] = keep(f"block/{name}", random.standard_normal(shape) / 3).requires_grad_()
for name in ("norm1", "norm2", "shortcut_norm"):
    P[f"{name}_weight"] = keep(f"block/{name}_weight", random.uniform(0.3, 2, 3)).requires_grad_()
    P[f"{name}_bias"] = keep(f"block/{name}_bias", random.standard_normal(3)).requires_grad_()


def norm(x, name):
    return F.batch_norm(x, None, None, P[f"{name}_weight"], P[f"{name}_bias"], training=True)


x = torch.tensor(FILE["block/x"], requires_grad=True)
h = F.relu(norm(F.conv2d(x, P["conv1"], stride=2, padding=1), "norm1"))
y = F.relu(norm(F.conv2d(h, P["conv2"], padding=1), "norm2") + norm(F.conv2d(x, P["shortcut"], stride=2), "shortcut_norm"))
gradients("block/out", y, torch.tensor(FILE["block/upstream"]), x=x, **P)

with h5py.File("norms.h5", "w", libver="latest") as file:
    for name, value in FILE.items():
        file.create_dataset(name, data=value, track_times=False)
