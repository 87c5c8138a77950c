#!/usr/bin/python3
"""Writes distributions.h5: what PyTorch's torch.distributions give in float64, and gradients in the first parameter.

Run it from this folder with Debian's python3-torch and python3-h5py. Every case has `value`, and `gradient`, that of the value's sum.
"""
import h5py
import numpy as np
import torch
import torch.distributions as D

random = np.random.default_rng(5)
INPUTS = {
    "mean": random.standard_normal((3, 4)),
    "deviation": random.uniform(0.3, 2, 4),
    "mean_2": random.standard_normal((3, 4)),
    "deviation_2": random.uniform(0.3, 2, (3, 4)),
    "x": 2 * random.standard_normal((3, 4)),
    "logits": 2 * random.standard_normal((3, 4)),
    "logits_2": 2 * random.standard_normal((3, 4)),
    "probs": random.uniform(0.05, 0.95, (3, 4)),
    "probs_2": random.uniform(0.05, 0.95, (3, 4)),
    "classes": random.integers(0, 4, 3).astype(float),
    "bits": random.integers(0, 2, (3, 4)).astype(float),
}
T = {name: torch.tensor(value) for name, value in INPUTS.items()}


def case(function, first):
    x = T[first].clone().requires_grad_()
    value = function(x)
    (gradient,) = torch.autograd.grad(value.sum(), x)
    return {"value": value.detach().numpy(), "gradient": gradient.numpy()}


CASES = {
    "normal_log_prob": case(lambda m: D.Normal(m, T["deviation"]).log_prob(T["x"]), "mean"),
    "normal_log_prob_deviation": case(lambda s: D.Normal(T["mean"], s).log_prob(T["x"]), "deviation"),
    "normal_entropy": case(lambda s: D.Normal(T["mean"], s).entropy(), "deviation"),
    "normal_kl": case(lambda s: D.kl_divergence(D.Normal(T["mean"], s), D.Normal(T["mean_2"], T["deviation_2"])), "deviation"),
}
for kind, name, value in (D.Categorical, "categorical", T["classes"]), (D.Bernoulli, "bernoulli", T["bits"]):
    for parameter in "logits", "probs":
        def make(x):
            return kind(**{parameter: x})

        other = make(T[parameter + "_2"])
        CASES[f"{name}_{parameter}_log_prob"] = case(lambda x: make(x).log_prob(value), parameter)
        CASES[f"{name}_{parameter}_entropy"] = case(lambda x: make(x).entropy(), parameter)
        CASES[f"{name}_{parameter}_kl"] = case(lambda x: D.kl_divergence(make(x), other), parameter)
        CASES[f"{name}_{parameter}_kl_from"] = case(lambda x: D.kl_divergence(other, make(x)), parameter)

with h5py.File("distributions.h5", "w", libver="latest") as file:
    for name, value in INPUTS.items():
        file.create_dataset(name, data=value, track_times=False)
    for name, values in CASES.items():
        for part, value in values.items():
            file.create_dataset(f"{name}/{part}", data=value, track_times=False)
