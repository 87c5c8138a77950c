#!/usr/bin/python3
"""Writes optim.h5: what PyTorch's optimizers and schedules do to a small network in 100 steps, in float64.

Run it from this folder with Debian's python3-torch and python3-h5py. The network is tanh(x a^T + b) c^T + d with mean squared error; step t
takes rows 8 (t mod 4) onwards of x and y. Every case is a group with the loss and learning rate of each step, and the parameters, one after
another in the order a, b, c, d, after the steps of RECORDED. Lion, Adafactor and Muon, which
this PyTorch lacks, and NAdam, whose momentum PyTorch 1.13 multiplies twice, are pseudo-code: of the papers, of newer PyTorch and Muon's author.
Group schedules holds the factors of more schedules at steps 0 … 99, and plateau the rates that a series of metrics leaves.
"""
import math

import h5py
import numpy as np
import torch
from torch.optim import lr_scheduler as schedules

STEPS = 100
RECORDED = [1, 2, 10, 50, 100]

random = np.random.default_rng(1)


def draw(*shape, scale=1.0):
    # Exact in float32 too, so that both precisions start from the same values.
    return (scale * random.standard_normal(shape)).astype(np.float32).astype(np.float64)


START = {"in/weight": draw(8, 4, scale=0.5), "in/bias": draw(8, scale=0.1), "out/weight": draw(3, 8, scale=0.3), "out/bias": draw(3, scale=0.1)}
X, Y = draw(32, 4), draw(32, 3)


def run(make_optimizer, make_schedule=None, change=None, after=None):
    p = {name: torch.tensor(value, requires_grad=True) for name, value in START.items()}
    optimizer = make_optimizer(p)
    schedule = make_schedule(optimizer) if make_schedule else None
    x, y = torch.tensor(X), torch.tensor(Y)
    losses, rates, recorded = [], [], []
    for step in range(STEPS):
        rows = slice(8 * (step % 4), 8 * (step % 4) + 8)
        hidden = torch.tanh(x[rows] @ p["in/weight"].T + p["in/bias"])
        loss = torch.nn.functional.mse_loss(hidden @ p["out/weight"].T + p["out/bias"], y[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if change:
            change(step, p)
        losses.append(loss.item())
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if schedule:
            schedule.step()
        state = {name: value.detach().numpy().copy() for name, value in p.items()}
        if after:
            state = after(state)
        if step + 1 in RECORDED:
            recorded.append(np.concatenate([value.ravel() for value in state.values()]))
    return {"loss": np.array(losses), "rate": np.array(rates), "parameters": np.array(recorded)}


def sgd(**options):
    return lambda p: torch.optim.SGD(p.values(), **{"lr": 0.05, **options})


def adam(**options):
    return lambda p: torch.optim.Adam(p.values(), **{"lr": 0.01, **options})


def adamw(**options):
    return lambda p: torch.optim.AdamW(p.values(), **{"lr": 0.01, **options})


def made(kind, **options):
    return lambda p: kind(p.values(), **options)


class Lion(torch.optim.Optimizer):
    """Chen et al., 2023, algorithm 2."""

    def __init__(self, params, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                g, m = p.grad, self.state[p].setdefault("m", torch.zeros_like(p))
                beta1, beta2 = group["betas"]
                update = torch.sign(beta1 * m + (1 - beta1) * g)
                p -= group["lr"] * (update + group["weight_decay"] * p)
                m.mul_(beta2).add_(g, alpha=1 - beta2)


class NAdam(torch.optim.Optimizer):
    """Dozat, 2016."""

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, momentum_decay=4e-3):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                state = self.state[p]
                t = state["t"] = state.get("t", 0) + 1
                g = p.grad + group["weight_decay"] * p
                mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (s * group["momentum_decay"])) for s in (t, t + 1))
                product = state["product"] = state.get("product", 1.0) * mu
                m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
                v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g * g
                mean = mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)
                p -= group["lr"] * mean / ((v / (1 - beta2**t)).sqrt() + group["eps"])


class Adafactor(torch.optim.Optimizer):
    """Shazeer and Stern, 2018, algorithms 4 and 5 with relative rates, whose constants torch.optim.Adafactor names."""

    def __init__(self, params, lr=1e-2, beta2_decay=-0.8, eps=(None, 1e-3), d=1.0, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay})

    @staticmethod
    def rms(x):
        return x.square().mean().sqrt().item()

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state, g = self.state[p], p.grad
                t = state["t"] = state.get("t", 0) + 1
                eps1 = group["eps"][0] or torch.finfo(p.dtype).eps
                share = t ** group["beta2_decay"]
                alpha = max(group["eps"][1], self.rms(p)) * min(group["lr"], 1 / math.sqrt(t))
                p *= 1 - group["lr"] * group["weight_decay"]
                if p.dim() > 1:
                    for name, dim in ("row", -1), ("column", -2):
                        mean = g.square().mean(dim=dim, keepdim=True)
                        state[name] = torch.lerp(state.get(name, torch.zeros_like(mean)), mean, share)
                    estimate = state["row"] @ state["column"] / state["row"].mean(dim=-2, keepdim=True).clamp(min=eps1)
                else:
                    estimate = state["v"] = torch.lerp(state.get("v", torch.zeros_like(g)), g.square(), share)
                update = g / estimate.clamp(min=eps1 * eps1).sqrt()
                p -= alpha * update / max(1.0, self.rms(update) / group["d"])


class Muon(torch.optim.Optimizer):
    """Jordan et al., 2024; vectors by AdamW."""

    def __init__(self, params, lr=0.02, momentum=0.95, nesterov=True, weight_decay=0.0, adamw_lr=3e-4, by_adamw=()):
        params = list(params)
        others = [p for i, p in enumerate(params) if p.dim() < 2 or i in by_adamw]
        self.adamw = torch.optim.AdamW(others, lr=adamw_lr, betas=(0.9, 0.95), eps=1e-10, weight_decay=0)
        matrices = [p for p in params if not any(p is o for o in others)]
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay})

    @staticmethod
    def orthogonalized(g):
        a, b, c = 3.4445, -4.7750, 2.0315
        x = g.T if g.size(0) > g.size(1) else g
        x = x / (x.norm() + 1e-7)
        for _ in range(5):
            gram = x @ x.T
            x = a * x + (b * gram + c * gram @ gram) @ x
        return x.T if g.size(0) > g.size(1) else x

    def zero_grad(self, **options):
        super().zero_grad(**options)
        self.adamw.zero_grad(**options)

    @torch.no_grad()
    def step(self):
        self.adamw.step()
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                m.lerp_(p.grad, 1 - group["momentum"])
                update = p.grad.lerp(m, group["momentum"]) if group["nesterov"] else m
                update = self.orthogonalized(update) * max(1, p.size(0) / p.size(1)) ** 0.5
                p *= 1 - group["lr"] * group["weight_decay"]
                p -= group["lr"] * update


def adamw_groups(p):
    biases = {"params": [p["in/bias"], p["out/bias"]], "weight_decay": 0.0}
    out = {"params": [p["out/weight"]], "lr": 0.03}
    return torch.optim.AdamW([{"params": [p["in/weight"]]}, biases, out], lr=0.01, weight_decay=0.1)


def leave_out_at_odd_steps(step, p):
    if step % 2 == 1:
        p["out/weight"].grad = p["out/bias"].grad = None


def exponential_average(decay):
    average = {name: value.copy() for name, value in START.items()}

    def after(state):
        for name in average:
            average[name] += (1 - decay) * (state[name] - average[name])
        return {name: value.copy() for name, value in average.items()}

    return after


SCHEDULES = {
    "constant": lambda o: schedules.LambdaLR(o, lambda step: 1.0),
    "step": lambda o: schedules.StepLR(o, 30, gamma=0.3),
    "cosine": lambda o: schedules.CosineAnnealingLR(o, 100),
    "cosine_floor": lambda o: schedules.CosineAnnealingLR(o, 100, eta_min=0.1 * o.param_groups[0]["lr"]),
    "warm_up": lambda o: schedules.LinearLR(o, start_factor=0.1, total_iters=20),
    "warm_up_cosine": lambda o: schedules.SequentialLR(
        o, [schedules.LinearLR(o, start_factor=0.1, total_iters=20), schedules.CosineAnnealingLR(o, 80)], milestones=[20]
    ),
    "one_cycle": lambda o: schedules.OneCycleLR(o, o.param_groups[0]["lr"], total_steps=STEPS + 1, cycle_momentum=False),
    "one_cycle_late": lambda o: schedules.OneCycleLR(
        o, o.param_groups[0]["lr"], total_steps=STEPS + 1, pct_start=0.6, div_factor=10, final_div_factor=50, cycle_momentum=False
    ),
}

PLAIN = {
    "polynomial": lambda o: schedules.PolynomialLR(o, 80, power=2.5),
    "polynomial_linear": lambda o: schedules.PolynomialLR(o, 80),
    "exponential": lambda o: schedules.ExponentialLR(o, 0.93),
    "multi_step": lambda o: schedules.MultiStepLR(o, [20, 21, 50], gamma=0.3),
    "linear": lambda o: schedules.LinearLR(o, start_factor=0.2, end_factor=0.7, total_iters=60),
    "cosine_restarts": lambda o: schedules.CosineAnnealingWarmRestarts(o, 30),
    "cosine_restarts_longer": lambda o: schedules.CosineAnnealingWarmRestarts(o, 7, T_mult=2, eta_min=0.1),
    "chained": lambda o: schedules.ChainedScheduler(
        [schedules.LinearLR(o, start_factor=0.1, total_iters=10), schedules.ExponentialLR(o, 0.97)]
    ),
    "sequential": lambda o: schedules.SequentialLR(
        o, [schedules.LinearLR(o, start_factor=0.1, total_iters=5), schedules.ExponentialLR(o, 0.9), schedules.StepLR(o, 7, 0.5)], milestones=[5, 30]
    ),
}


def factors(make_schedule):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    schedule = make_schedule(optimizer)
    found = []
    for _ in range(STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return np.array(found)


METRICS = np.round(2 * np.exp(-np.arange(STEPS) / 12) + 0.02 * random.standard_normal(STEPS), 4)
PLATEAUS = {
    "standard": {"patience": 3},
    "max": {"mode": "max", "patience": 7, "factor": 0.5},
    "cooldown": {"patience": 1, "cooldown": 4, "threshold": 0.01, "threshold_mode": "abs", "min_lr": 1e-3},
}


def plateau_rates(**options):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    schedule = schedules.ReduceLROnPlateau(optimizer, eps=0.0, **options)
    found = []
    for metric in METRICS:
        schedule.step(metric)
        found.append(optimizer.param_groups[0]["lr"])
    return np.array(found)


RMSPROP = torch.optim.RMSprop
CASES = {
    "rmsprop": run(made(RMSPROP, lr=0.01)),
    "rmsprop_momentum": run(made(RMSPROP, lr=0.003, alpha=0.9, momentum=0.8, weight_decay=0.1)),
    "rmsprop_centered": run(made(RMSPROP, lr=0.01, eps=1e-3, centered=True)),
    "rmsprop_all": run(made(RMSPROP, lr=0.003, alpha=0.9, eps=1e-3, momentum=0.5, centered=True)),
    "adagrad": run(made(torch.optim.Adagrad, lr=0.05)),
    "adagrad_options": run(made(torch.optim.Adagrad, lr=0.05, lr_decay=0.01, initial_accumulator_value=0.1, weight_decay=0.1)),
    "adadelta": run(made(torch.optim.Adadelta)),
    "adadelta_options": run(made(torch.optim.Adadelta, lr=0.5, rho=0.8, eps=1e-4, weight_decay=0.1)),
    "nadam": run(made(NAdam)),
    "nadam_options": run(made(NAdam, lr=0.01, betas=(0.8, 0.95), momentum_decay=0.02, weight_decay=0.1)),
    "lion": run(made(Lion, lr=0.003)),
    "lion_options": run(made(Lion, lr=0.003, betas=(0.8, 0.95), weight_decay=0.5)),
    "adafactor": run(made(Adafactor)),
    "adafactor_options": run(made(Adafactor, lr=0.1, beta2_decay=-0.6, eps=(1e-5, 0.1), d=0.5, weight_decay=0.1)),
    "muon": run(made(Muon)),
    "muon_options": run(made(Muon, lr=0.01, momentum=0.9, nesterov=False, weight_decay=0.5, adamw_lr=0.01, by_adamw=[2])),
    "sgd": run(sgd()),
    "sgd_momentum": run(sgd(momentum=0.9)),
    "sgd_dampening": run(sgd(momentum=0.9, dampening=0.3)),
    "sgd_nesterov": run(sgd(momentum=0.9, nesterov=True)),
    "sgd_weight_decay": run(sgd(weight_decay=0.1)),
    "sgd_nesterov_weight_decay": run(sgd(momentum=0.8, nesterov=True, weight_decay=0.05)),
    "adam": run(adam()),
    "adam_betas": run(adam(betas=(0.8, 0.95), eps=1e-4)),
    "adam_weight_decay": run(adam(weight_decay=0.1)),
    "adamw": run(adamw()),
    "adamw_weight_decay": run(adamw(weight_decay=0.5)),
    "adamw_groups": run(adamw_groups),
    "sgd_clip_norm": run(sgd(), change=lambda _, p: torch.nn.utils.clip_grad_norm_(p.values(), 0.5)),
    "adam_clip_value": run(adam(), change=lambda _, p: torch.nn.utils.clip_grad_value_(p.values(), 0.05)),
    "sgd_left_out": run(sgd(momentum=0.9, weight_decay=0.1), change=leave_out_at_odd_steps),
    "adamw_left_out": run(adamw(weight_decay=0.5), change=leave_out_at_odd_steps),
    "sgd_average": run(sgd(), after=exponential_average(0.9)),
}
for name, make in SCHEDULES.items():
    CASES["sgd_schedule_" + name] = run(sgd(momentum=0.9), make)
    CASES["adamw_schedule_" + name] = run(adamw(), make)

with h5py.File("optim.h5", "w", libver="latest", track_order=False) as file:
    for name, value in [("x", X), ("y", Y), ("recorded", np.array(RECORDED, float)), *(("start/" + n, v) for n, v in START.items())]:
        file.create_dataset(name, data=value, track_times=False)
    for case, values in CASES.items():
        for name, value in values.items():
            file.create_dataset(f"{case}/{name}", data=value, track_times=False)
    file.create_dataset("metrics", data=METRICS, track_times=False)
    for name, make in PLAIN.items():
        file.create_dataset(f"schedules/{name}", data=factors(make), track_times=False)
    for name, options in PLATEAUS.items():
        file.create_dataset(f"plateau/{name}", data=plateau_rates(**options), track_times=False)
