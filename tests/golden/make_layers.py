#!/usr/bin/python3
"""Writes layers.h5: PyTorch's activations, pooling, convolutions, norms and embeddings in float64, values and both gradients.

Run it from this folder with Debian's python3-torch and python3-h5py. Every case is a group: its inputs by name, the result `y`, its `upstream`
u, and for the loss sum(y * u) `gradient_<input>` of each floating input. Where PyTorch has second gradients there are also `direction_<input>`
v, and for sum(gradient * v) over all inputs `second_<input>`.
"""
import h5py
import numpy as np
import torch
import torch.nn.functional as F

random = np.random.default_rng(11)
CASES = {}


def normal(*shape, deviation=1.0):
    return torch.tensor(deviation * random.standard_normal(shape))


def case(name, function, **inputs):
    inputs = {k: v.clone().requires_grad_(v.is_floating_point()) for k, v in inputs.items()}
    trained = {k: v for k, v in inputs.items() if v.requires_grad}
    y = function(*inputs.values())
    upstream = normal(*y.shape)
    gradients = torch.autograd.grad((y * upstream).sum(), list(trained.values()), create_graph=True)
    values = {**inputs, "y": y, "upstream": upstream}
    values.update({f"gradient_{k}": g for k, g in zip(trained, gradients)})
    directions = {k: normal(*v.shape) for k, v in trained.items()}
    try:
        along = sum((g * v).sum() for g, v in zip(gradients, directions.values()))
        seconds = torch.autograd.grad(along, list(trained.values()), allow_unused=True)
        values.update({f"direction_{k}": v for k, v in directions.items()})
        values.update({f"second_{k}": torch.zeros_like(trained[k]) if s is None else s for k, s in zip(trained, seconds)})
    except RuntimeError as error:
        print(f"{name}: no second gradients ({error})")
    CASES[name] = {k: v.detach().numpy().astype(float) for k, v in values.items()}


def keep(name, **values):
    CASES[name] = {k: v.detach().numpy().copy() for k, v in values.items()}


def images(n=1, c=2, h=7, w=8):
    return normal(n, c, h, w)


# Activations, at their kinks too.
X = torch.cat([normal(14, deviation=2.5), torch.tensor([0.0, -0.5, 1.25, 6.0, 7.5, -4.0])]).reshape(4, 5)
KINKS = torch.cat([X.flatten(), torch.tensor([3.0, -3.0])])
case("hardtanh", lambda x: F.hardtanh(x, -0.5, 1.25), x=X)
case("relu6", F.relu6, x=X)
# F.hardsigmoid multiplies the gradient by a sixth of float32, in float64 too.
case("hardsigmoid", lambda x: F.relu6(x + 3) / 6, x=KINKS)
case("hardswish", F.hardswish, x=X)
case("leaky_relu", lambda x: F.leaky_relu(x, 0.3), x=X)
# Not at 0, where their second gradients jump, and of an alpha that float32 has: PyTorch's gradient of celu rounds it.
OFF_ZERO = torch.where(X == 0, 0.1, X)
case("elu", lambda x: F.elu(x, 1.25), x=OFF_ZERO)
case("celu", lambda x: F.celu(x, 1.25), x=OFF_ZERO)
case("selu", F.selu, x=OFF_ZERO)
case("mish", F.mish, x=X)
case("log_sigmoid", F.logsigmoid, x=torch.cat([X.flatten(), torch.tensor([-800.0, 800.0])]))
case("softsign", F.softsign, x=X)
case("softmax", lambda x: F.softmax(x, 0), x=X)
case("log_softmax", lambda x: F.log_softmax(x, 0), x=X)
case("glu", lambda x: F.glu(x, 0), x=X)
case("prelu", F.prelu, x=images(c=3), weight=normal(3))
case("prelu_one", F.prelu, x=images(), weight=normal(1))
case("swiglu", lambda x, gate, up, down: F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down),
     x=normal(2, 3, 4), gate=normal(5, 4), up=normal(5, 4), down=normal(4, 5))

# Pooling. An image of the last sizes has windows that hang over on both axes.
case("avg_pool_ceil", lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True), x=images(h=8))
case("avg_pool_inside", lambda x: F.avg_pool2d(x, (3, 2), (2, 1), (1, 1), count_include_pad=False), x=images())
case("avg_pool_both", lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False), x=images(h=8))
case("avg_pool_over", lambda x: F.avg_pool2d(x, 2, 3, ceil_mode=True), x=images(h=5))
case("max_pool_ceil", lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), x=images(h=8))
case("avg_pool1d", lambda x: F.avg_pool1d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False), x=normal(2, 3, 8))
case("max_pool1d", lambda x: F.max_pool1d(x, 3, 2, 1), x=normal(2, 3, 8))
for name, size in {"growing": (9, 10), "uneven": (3, 5), "dividing": (1, 4), "one": (1, 1)}.items():
    case(f"adaptive_avg_{name}", lambda x, size=size: F.adaptive_avg_pool2d(x, size), x=images())
    case(f"adaptive_max_{name}", lambda x, size=size: F.adaptive_max_pool2d(x, size), x=images())

# Convolution.
case("conv1d", lambda x, weight, bias: F.conv1d(x, weight, bias, 2, 1, 2, 2), x=normal(2, 4, 9), weight=normal(6, 2, 3), bias=normal(6))
case("conv1d_same", lambda x, weight, bias: F.conv1d(x, weight, bias, padding="same"), x=normal(2, 3, 9), weight=normal(4, 3, 4), bias=normal(4))
case("conv2d_same", lambda x, weight, bias: F.conv2d(x, weight, bias, padding="same", dilation=(1, 3)),
     x=images(), weight=normal(4, 2, 3, 2), bias=normal(4))
case("conv_transpose2d", F.conv_transpose2d, x=images(c=3, h=4, w=5), weight=normal(3, 4, 3, 2), bias=normal(4))
case("conv_transpose2d_all",
     lambda x, weight, bias: F.conv_transpose2d(x, weight, bias, (2, 3), (1, 2), (1, 2), 2, (2, 1)),
     x=images(c=4, h=4, w=5), weight=normal(4, 3, 2, 3), bias=normal(6))
case("conv_transpose1d", lambda x, weight, bias: F.conv_transpose1d(x, weight, bias, 3, 1, 2, 2),
     x=normal(2, 4, 5), weight=normal(4, 3, 5), bias=normal(6))

# Norms.
case("group_norm", lambda x, weight, bias: F.group_norm(x, 2, weight, bias, 1e-3), x=3 * images(2, 4, 3, 4) + 1, weight=normal(4), bias=normal(4))
case("group_norm_plain", lambda x: F.group_norm(x, 3), x=normal(4, 6))
case("instance_norm", lambda x, weight, bias: F.instance_norm(x, None, None, weight, bias), x=3 * images(2, 3, 3, 4) + 1, weight=normal(3), bias=normal(3))
case("instance_norm1d", lambda x: F.instance_norm(x, eps=0.1), x=normal(2, 3, 5))
case("rms_norm", lambda x, weight: x * (x.square().mean(-1, keepdim=True) + 2.0 ** -52).rsqrt() * weight, x=normal(2, 3, 7), weight=normal(7))
case("batch_norm_rows", lambda x, weight, bias: F.batch_norm(x, None, None, weight, bias, True), x=3 * normal(5, 3) + 1, weight=normal(3), bias=normal(3))
case("batch_norm_lines", lambda x, weight, bias: F.batch_norm(x, None, None, weight, bias, True), x=3 * normal(5, 3, 4) + 1, weight=normal(3), bias=normal(3))

# Two training steps and an evaluation of norms that keep statistics.
for name, layer, shape in (("tracking_batch_rows", torch.nn.BatchNorm1d(3), (2, 5, 3)),
                           ("tracking_batch_lines", torch.nn.BatchNorm1d(3, momentum=None), (2, 5, 3, 4)),
                           ("tracking_instance", torch.nn.InstanceNorm2d(3, momentum=0.3, affine=True, track_running_stats=True), (2, 5, 3, 4, 3))):
    layer = layer.double()
    layer.weight.data, layer.bias.data = normal(3), normal(3)
    xs = 2 * normal(*shape) + 1
    for x in xs:
        trained = layer(x)
    layer.eval()
    keep(name, x=xs, weight=layer.weight, bias=layer.bias, trained=trained, evaluated=layer(xs[0]), running_mean=layer.running_mean, running_var=layer.running_var)

# Embeddings; the index of the second bag's padding is 2.
INDEX = torch.tensor([[0, 3, 2], [5, 2, 3]])
case("embedding", lambda index, weight: F.embedding(index, weight, padding_idx=2), index=INDEX, weight=normal(6, 4))
for mode in ("sum", "mean"):
    case(f"bag_{mode}", lambda index, weight, mode=mode: F.embedding_bag(index, weight, mode=mode), index=INDEX, weight=normal(6, 4))
    case(f"bag_{mode}_padded", lambda index, weight, mode=mode: F.embedding_bag(index, weight, mode=mode, padding_idx=2), index=INDEX, weight=normal(6, 4))
    case(f"bag_{mode}_offsets", lambda index, offsets, weight, mode=mode: F.embedding_bag(index, weight, offsets, mode=mode),
         index=INDEX.flatten(), offsets=torch.tensor([0, 1, 1, 4]), weight=normal(6, 4))

# A weight made of a direction v and magnitudes g, and one over its largest singular value by the u and v that one more iteration gives.
# Fused, PyTorch's has no second gradient of the norm.
case("weight_norm", lambda x, v, g: F.linear(x, v * (g / torch.norm_except_dim(v, 2, 0))), x=normal(3, 4), v=normal(5, 4), g=normal(5, 1))
case("weight_norm_conv", lambda x, v, g: F.conv2d(x, v * (g / torch.norm_except_dim(v, 2, 1))), x=images(), v=normal(4, 2, 2, 2), g=normal(1, 2, 1, 1))
linear = torch.nn.Linear(4, 5, bias=False).double()
linear.weight.data = normal(5, 4)
spectral = torch.nn.utils.parametrizations.spectral_norm(linear)
state = spectral.parametrizations.weight[0]
state._u.data, state._v.data = F.normalize(normal(5), dim=0), F.normalize(normal(4), dim=0)
before = {"u": state._u.clone(), "v": state._v.clone()}
x, upstream = normal(3, 4).requires_grad_(), normal(3, 5)
y = spectral(x)
original = spectral.parametrizations.weight.original
gx, gw = torch.autograd.grad((y * upstream).sum(), [x, original])
keep("spectral_norm", x=x, weight=original, upstream=upstream, y=y, gradient_x=gx, gradient_weight=gw, u_after=state._u, v_after=state._v, **before)

with h5py.File("layers.h5", "w", libver="latest") as file:
    for name, values in CASES.items():
        for part, value in values.items():
            file.create_dataset(f"{name}/{part}", data=value, track_times=False)
