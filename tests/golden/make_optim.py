#!/usr/bin/python3
"""Writes optim.h5: what PyTorch's optimizers and schedules do to a small network in 100 steps, in float64.

Run it from this folder with Debian's python3-torch and python3-h5py. The network is tanh(x a^T + b) c^T + d with mean squared error; step t
takes rows 8 (t mod 4) onwards of x and y. Every case is a group with the loss and learning rate of each step, and the parameters, one after
another in the order a, b, c, d, after the steps of RECORDED.
"""
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

CASES = {
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
