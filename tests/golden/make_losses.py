#!/usr/bin/python3
"""Writes losses.h5: PyTorch's losses and their gradients in float64, for the inputs that the file holds too.

Run it from this folder with Debian's python3-torch and python3-h5py. Every case is a group with `value`, and `gradient`, that of the value's
sum with respect to the first input.
"""
import h5py
import numpy as np
import torch
import torch.nn.functional as F

random = np.random.default_rng(2)
INPUTS = {
    "logits": 3 * random.standard_normal((12, 5)),
    "target": random.integers(0, 5, 12).astype(float),
    "ignoring": np.where(np.arange(12) % 3 == 1, -100.0, random.integers(0, 5, 12)),
    "class_weights": random.uniform(0.2, 2, 5),
    "a": np.append(2 * random.standard_normal(14), [0.0, 0.0]).reshape(4, 4),
    "b": np.append(2 * random.standard_normal(14), [0.0, 1.0]).reshape(4, 4),
    "probability": np.append(random.uniform(0, 1, 12), [0.0, 1.0, 0.0, 1.0]).reshape(4, 4),
    "positive_weight": random.uniform(0.5, 3, 4),
}
T = {name: torch.tensor(value) for name, value in INPUTS.items()}
TARGET, IGNORING = T["target"].long(), T["ignoring"].long()


def case(loss, first, *rest):
    x = T[first].clone().requires_grad_()
    value = loss(x, *rest)
    (gradient,) = torch.autograd.grad(value.sum(), x)
    return {"value": value.detach().numpy(), "gradient": gradient.numpy()}


def cross_entropy(target, **options):
    return case(lambda x: F.cross_entropy(x, target, **options), "logits")


CASES = {}
for reduction in ("mean", "sum", "none"):
    def add(name, value):
        CASES[f"{name}_{reduction}"] = value

    r = {"reduction": reduction}
    add("cross_entropy", cross_entropy(TARGET, **r))
    add("cross_entropy_smoothing", cross_entropy(TARGET, label_smoothing=0.1, **r))
    add("cross_entropy_weights", cross_entropy(TARGET, weight=T["class_weights"], **r))
    add("cross_entropy_ignoring", cross_entropy(IGNORING, **r))
    add("cross_entropy_all", cross_entropy(IGNORING, weight=T["class_weights"], label_smoothing=0.2, **r))
    add("mse", case(lambda x: F.mse_loss(x, T["b"], **r), "a"))
    add("l1", case(lambda x: F.l1_loss(x, T["b"], **r), "a"))
    add("huber", case(lambda x: F.huber_loss(x, T["b"], delta=1.5, **r), "a"))
    add("bce", case(lambda x: F.binary_cross_entropy_with_logits(x, T["probability"], **r), "a"))
    add("bce_weight", case(lambda x: F.binary_cross_entropy_with_logits(x, T["probability"], pos_weight=T["positive_weight"], **r), "a"))

with h5py.File("losses.h5", "w", libver="latest") as file:
    for name, value in INPUTS.items():
        file.create_dataset(name, data=value, track_times=False)
    for name, values in CASES.items():
        for part, value in values.items():
            file.create_dataset(f"{name}/{part}", data=value, track_times=False)
