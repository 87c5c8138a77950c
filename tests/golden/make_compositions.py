#!/usr/bin/python3
"""Writes compositions.h5: PyTorch's ops on shapes, choices, indices, products and statistics, in float64.

Run it from this folder with Debian's python3-torch and python3-h5py. A case is a group: inputs `x0`, `x1`, …, the result `y`, and for the loss
sum(y * y * weight) the inputs' gradients `g0`, … and, with `v0`, …, `s0`, …: the gradients of sum(g0 * v0) + …, zeros where there is none.
A case of one input whose second gradients PyTorch has not holds no `v0`.
"""
import h5py
import numpy as np
import torch
import torch.nn.functional as F

random = np.random.default_rng(7)
CASES = {}
SHAPE = (2, 4, 3)


def normal(*shape):
    return torch.tensor(random.standard_normal(shape))


def case(name, function, *inputs, second=True):
    inputs = [x.clone().requires_grad_() for x in (inputs or [normal(*SHAPE)])]
    y = function(*inputs)
    weight = normal(*y.shape)
    gradients = torch.autograd.grad((y * y * weight).sum(), inputs, create_graph=second)
    values = {"y": y, "weight": weight}
    for i, (x, g) in enumerate(zip(inputs, gradients)):
        values.update({f"x{i}": x, f"g{i}": g})
    if second:
        factors = [normal(*x.shape) for x in inputs]
        again = torch.autograd.grad(sum((g * v).sum() for g, v in zip(gradients, factors)), inputs, allow_unused=True)
        for i, (v, s) in enumerate(zip(factors, again)):
            values.update({f"v{i}": v, f"s{i}": torch.zeros_like(v) if s is None else s})
    CASES[name] = {k: v.detach().numpy() for k, v in values.items()}


def joined(parts, axis):
    """Parts in reverse order, so that each shows where it came from."""
    return torch.cat([p * (i + 1) for i, p in enumerate(parts)][::-1], axis)


case("split", lambda x: joined(torch.split(x, 3, 1), 1))
case("split_sizes", lambda x: joined(torch.split(x, [1, 3], 1), 1))
case("chunk", lambda x: joined(torch.chunk(x, 3, 1), 1))
case("unbind", lambda x: torch.stack(x.unbind(2)[::-1]))
case("expand", lambda x: x.expand(3, 2, -1, 5), normal(2, 4, 1))
case("repeat", lambda x: x.repeat(2, 1, 3, 2))
case("tile", lambda x: x.tile(2, 3))
case("repeat_interleave", lambda x: x.repeat_interleave(3, 1))
case("repeat_interleave_flat", lambda x: x.repeat_interleave(2))
case("repeat_interleave_counts", lambda x: x.repeat_interleave(torch.tensor([2, 0, 1, 3]), 1))
case("meshgrid_ij", lambda a, b: sum(torch.meshgrid(a, b * b, indexing="ij")), normal(3), normal(4))
case("meshgrid_xy", lambda a, b: sum(torch.meshgrid(a, b * b, indexing="xy")), normal(3), normal(4))
case("masked_fill", lambda x: x.masked_fill(x[0] > 0.3, -3.0))
case("masked_select", lambda x: x.masked_select(x > 0.3))
case("where", lambda x: torch.where(x > 0.3, x * x, torch.tensor(0.5, dtype=torch.float64)))
case("clamp", lambda x, a, b: torch.clamp(x, a, b), normal(3, 4), normal(4) - 1, normal(3, 1) + 1)
case("clamp_min", lambda x: torch.clamp_min(x, -0.5))
case("clamp_max", lambda x: torch.clamp_max(x, 0.25))
case("tril", lambda x: torch.tril(x, -1))
case("triu", lambda x: torch.triu(x, 1))
case("flip", lambda x: torch.flip(x, [1, -1]))
case("roll", lambda x: torch.roll(x, 1, 1))
case("roll_axes", lambda x: torch.roll(x, (-1, 5), (1, 2)))
case("movedim", lambda x: torch.movedim(x, (2, 0), (0, 1)))
case("swapaxes", lambda x: torch.swapaxes(x, 0, -1))
case("diagonal", lambda x: torch.diagonal(x, -1, -2, -1))
case("diag", lambda x: torch.diag(x, 2) @ torch.diag(x, -2), normal(3))
case("diag_of_matrix", lambda x: torch.diag(x, 1), normal(3, 5))
case("outer", torch.outer, normal(3), normal(4))
IMAGES = (1, 2, 4, 5)
for mode, widths in {"reflect": (1, 2, 3, 0), "replicate": (1, 2, 3, 7), "circular": (5, 2, 3, 0)}.items():
    case(f"pad_{mode}", lambda x: F.pad(x, widths, mode), normal(*IMAGES))
WINDOWS = {"stride": (2, 1), "padding": (1, 1), "dilation": (1, 2)}
case("unfold", lambda x: F.unfold(x, (3, 2), **WINDOWS), normal(*IMAGES))
case("fold", lambda x: F.fold(x, (4, 5), (3, 2), **WINDOWS), normal(1, 12, 10))
case("pixel_shuffle", lambda x: F.pixel_shuffle(x, 2), normal(8, 2, 1))
case("pixel_unshuffle", lambda x: F.pixel_unshuffle(x, 2), normal(1, 2, 4, 6))

case("einsum_batched", lambda a, b: torch.einsum("bij,bjk->bik", a, b), normal(2, 3, 4), normal(2, 4, 2))
case("einsum_implied", lambda a, b: torch.einsum("kj,ik", a, b), normal(3, 4), normal(2, 3))
case("einsum_ellipsis", lambda a, b: torch.einsum("i...j,...jk->k...i", a, b), normal(2, 3, 4), normal(3, 4, 2))
case("einsum_broadcast", lambda a, b: torch.einsum("...ij,...kj->...ik", a, b), normal(2, 1, 3, 4), normal(3, 2, 4))
case("einsum_chain", lambda a, b, c: torch.einsum("ab,bc,acd->d", a, b, c), normal(2, 3), normal(3, 4), normal(2, 4, 5))
case("einsum_diagonal", lambda a, b: torch.einsum("iji,jk->ik", a, b), normal(3, 2, 3), normal(2, 4))
case("einsum_sum", lambda a: torch.einsum("ijk->k", a))
case("einsum_outer", lambda a, b: torch.einsum("i,jk->kij", a, b), normal(3), normal(2, 2))
case("einsum_alone", lambda a, b: torch.einsum("ij,kl->l", a, b), normal(3, 2), normal(2, 4))

case("index_views", lambda x: x[..., None, 1:, -1])
case("index_rows", lambda x: x[torch.tensor([[1, 0], [-1, 1]])])
case("index_pairs", lambda x: x[torch.tensor([0, 1, 1]), torch.tensor([-1, 2, 2])])
case("index_apart", lambda x: x[torch.tensor([[0], [1]]), 1:3, torch.tensor([2, 0, 1])])
case("index_middle", lambda x: x[:, torch.tensor([[3, 1], [0, 0]])])
case("index_mask", lambda x: x[x[..., 0] > 0])
case("index_mask_axis", lambda x: x[:, torch.tensor([True, False, True, True]), 1])

for name, axes in {"all": (0, 1, 2), "last": (-1,), "ends": (0, 2)}.items():
    case(f"var_{name}", lambda x: torch.var(x, axes))
    case(f"std_{name}", lambda x: torch.std(x, axes, unbiased=False))
    case(f"norm_{name}", lambda x: torch.linalg.vector_norm(x, 2, axes))
    case(f"logsumexp_{name}", lambda x: torch.logsumexp(x, axes))
case("std_of_equals", lambda x: torch.std(x, -1), torch.tensor([[2.5, 2.5, 2.5], [1.0, 2.0, 4.0]], dtype=torch.float64), second=False)
case("norm_of_zeros", lambda x: torch.norm(x, 2, -1), torch.tensor([[0.0, 0.0], [3.0, 4.0]], dtype=torch.float64), second=False)
case("norm_3_of_zeros", lambda x: torch.norm(x, 3, -1), torch.tensor([[0.0, 0.0], [3.0, 0.0]], dtype=torch.float64), second=False)
for p in (0.5, 1, 3, float("inf"), float("-inf")):
    case(f"norm_p_{p}", lambda x: torch.linalg.vector_norm(x, p, 1))
case("normalize", lambda x: F.normalize(x))
case("normalize_p", lambda x: F.normalize(x, 3, -1))
case("linspace", lambda x: x * torch.linspace(-0.7, 1.1, 3, dtype=torch.float64))
case("arange", lambda x: x * torch.arange(-1, 0.9, 0.7, dtype=torch.float64))

if __name__ == "__main__":
    with h5py.File("compositions.h5", "w", libver="latest") as file:
        for name, values in CASES.items():
            for key, value in values.items():
                file.create_dataset(f"{name}/{key}", data=value, track_times=False)
    print(len(CASES), "cases")
