#!/usr/bin/python3
"""Writes losses.h5: PyTorch's losses and their gradients in float64, for the inputs that the file holds too.

Run it from this folder with Debian's python3-torch and python3-h5py. Every case is a group with `value`, and `gradient`, that of the value's
sum with respect to the first input; `second`, where PyTorch has one, is the gradient of the gradient's sum of squares. Losses of several
inputs have `gradient_1`, … too. sigmoid_focal is torchvision's formula, which Debian doesn't package.
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
    "given": np.append(random.uniform(0.01, 0.99, 14), [0.0, 1.0]).reshape(4, 4),
    "inner": random.uniform(0.01, 0.99, 16).reshape(4, 4),
    "positive": random.uniform(0.1, 3, 16).reshape(4, 4),
    "variance": np.append(random.uniform(0.1, 3, 3), [1e-9]).reshape(4, 1),
    "counts": random.poisson(2.5, 16).astype(float).reshape(4, 4),
    "c": 2 * random.standard_normal((4, 4)),
    "sign": np.where(random.uniform(0, 1, (4, 4)) < 0.5, -1.0, 1.0),
    "soft": random.dirichlet(np.ones(5), 12),
}
T = {name: torch.tensor(value) for name, value in INPUTS.items()}
TARGET, IGNORING = T["target"].long(), T["ignoring"].long()


def case(loss, first, *rest):
    x = T[first].clone().requires_grad_()
    value = loss(x, *rest)
    (gradient,) = torch.autograd.grad(value.sum(), x)
    return {"value": value.detach().numpy(), "gradient": gradient.numpy()}


def with_second(loss, *inputs):
    """Value, gradients of all inputs, and second gradient of the first."""
    x = [T[name].clone().requires_grad_() for name in inputs]
    value = loss(*x)
    gradients = torch.autograd.grad(value.sum(), x, create_graph=True, allow_unused=True)
    second = None
    if gradients[0].requires_grad:
        (second,) = torch.autograd.grad(gradients[0].square().sum(), x[0], allow_unused=True)
    found = {"value": value, "gradient": gradients[0], "second": torch.zeros_like(x[0]) if second is None else second}
    found.update({f"gradient_{i}": g for i, g in enumerate(gradients) if i > 0})
    return {name: tensor.detach().numpy() for name, tensor in found.items()}


def reduced(loss, reduction):
    return {"mean": loss.mean, "sum": loss.sum, "none": lambda: loss}[reduction]()


def composed_bce(p, target, reduction):
    """F.binary_cross_entropy, whose own second gradient adds 1e-12 to what it divides by."""
    loss = -(target * p.log() + (1 - target) * (-p).log1p())
    torch.testing.assert_close(loss, F.binary_cross_entropy(p, target, reduction="none"))
    return reduced(loss, reduction)


def sigmoid_focal(x, target, alpha, gamma, reduction):
    p = torch.sigmoid(x)
    loss = F.binary_cross_entropy_with_logits(x, target, reduction="none") * (1 - (p * target + (1 - p) * (1 - target))) ** gamma
    if alpha >= 0:
        loss = (alpha * target + (1 - alpha) * (1 - target)) * loss
    return reduced(loss, reduction)


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
    add("cross_entropy_soft", with_second(lambda x, t: F.cross_entropy(x, t, **r), "logits", "soft"))
    soft_options = {"weight": T["class_weights"], "label_smoothing": 0.2, **r}
    add("cross_entropy_soft_all", with_second(lambda x, t: F.cross_entropy(x, t, **soft_options), "logits", "soft"))
    weighted = {"weight": T["class_weights"], **r}
    add("nll", with_second(lambda x: F.nll_loss(x.log_softmax(1), TARGET, **r), "logits"))
    add("nll_all", with_second(lambda x: F.nll_loss(x.log_softmax(1), IGNORING, **weighted), "logits"))
    add("smooth_l1", with_second(lambda x, y: F.smooth_l1_loss(x, y, beta=0.7, **r), "a", "b"))
    add("bce_of_probabilities", case(lambda x: F.binary_cross_entropy(x, T["probability"], **r), "given"))
    add("bce_inner", with_second(lambda x: composed_bce(x, T["probability"], reduction), "inner"))
    add("sigmoid_focal", with_second(lambda x: sigmoid_focal(x, T["probability"], 0.25, 2, **r), "a"))
    add("sigmoid_focal_options", with_second(lambda x: sigmoid_focal(x, T["probability"], -1, 1.5, **r), "a"))
    log_p = {"log_target": False, **r}
    add("kl_div", with_second(lambda x, t: F.kl_div(x, t, **log_p), "a", "positive"))
    add("kl_div_zero", with_second(lambda x: F.kl_div(x, T["probability"], **log_p), "a"))
    add("kl_div_log", with_second(lambda x, t: F.kl_div(x, t, log_target=True, **r), "a", "c"))
    add("gaussian_nll", with_second(lambda x, t, v: F.gaussian_nll_loss(x, t, v, **r), "a", "b", "positive"))
    add("gaussian_nll_full", with_second(lambda x, t, v: F.gaussian_nll_loss(x, t, v, full=True, **r), "a", "b", "variance"))
    add("poisson_nll", with_second(lambda x: F.poisson_nll_loss(x, T["counts"], **r), "a"))
    add("poisson_nll_full", with_second(lambda x: F.poisson_nll_loss(x, T["counts"], log_input=False, full=True, **r), "positive"))
    add("margin_ranking", with_second(lambda x, y: F.margin_ranking_loss(x, y, T["sign"], margin=0.3, **r), "a", "b"))
    add("hinge_embedding", with_second(lambda x: F.hinge_embedding_loss(x, T["sign"], margin=0.8, **r), "a"))
    add("soft_margin", with_second(lambda x: F.soft_margin_loss(x, T["sign"], **r), "a"))
    add("cosine_embedding", with_second(lambda x, y: F.cosine_embedding_loss(x, y, T["sign"][0], margin=-0.5, **r), "a", "b"))
    add("triplet_margin", with_second(lambda x, y, z: F.triplet_margin_loss(x, y, z, **r), "a", "b", "c"))
    add("triplet_margin_options", with_second(lambda x, y, z: F.triplet_margin_loss(x, y, z, margin=2, p=3, swap=True, **r), "a", "b", "c"))

CASES["kl_div_batch_mean"] = case(lambda x: F.kl_div(x, T["positive"], reduction="batchmean"), "a")
CASES["cosine_similarity"] = with_second(lambda x, y: F.cosine_similarity(x, y, dim=0), "a", "b")
CASES["pairwise_distance"] = with_second(lambda x, y: F.pairwise_distance(x, y, p=4), "a", "b")

with h5py.File("losses.h5", "w", libver="latest") as file:
    for name, value in INPUTS.items():
        file.create_dataset(name, data=value, track_times=False)
    for name, values in CASES.items():
        for part, value in values.items():
            file.create_dataset(f"{name}/{part}", data=value, track_times=False)
