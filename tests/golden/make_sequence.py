#!/usr/bin/python3
"""Writes sequence.h5: PyTorch's attention, LSTM, embedding, gelu and a layer of a GPT, values and gradients in float64.

Run it from this folder with Debian's python3-torch and python3-h5py. Every case is a group of inputs by name, `weight_<result>` for each
result, and for the loss sum(result * weight) over the results `<result>` itself and `gradient_<input>`.
"""
import h5py
import numpy as np
import torch
import torch.nn.functional as F

random = np.random.default_rng(5)
CASES = {}


def normal(*shape, deviation=1.0):
    return torch.tensor(deviation * random.standard_normal(shape))


def case(name, inputs, function):
    """`function` takes the inputs by name and returns results by name; inputs of integers have no gradient."""
    inputs = {k: v.clone().requires_grad_(v.is_floating_point()) for k, v in inputs.items()}
    results = function(**inputs)
    weights = {k: normal(*v.shape) for k, v in results.items()}
    loss = sum((results[k] * weights[k]).sum() for k in results)
    trained = [k for k, v in inputs.items() if v.requires_grad]
    gradients = torch.autograd.grad(loss, [inputs[k] for k in trained])
    values = {k: v.detach().numpy().astype(float) for k, v in {**inputs, **results}.items()}
    values.update({f"weight_{k}": v.numpy() for k, v in weights.items()})
    values.update({f"gradient_{k}": g.numpy() for k, g in zip(trained, gradients)})
    CASES[name] = values


def attend(q, k, v, causal):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    if causal:
        mask = torch.ones(scores.shape[-2:]).tril() == 0
        scores = scores.masked_fill(mask, float("-inf"))
    return F.softmax(scores, -1) @ v


def lstm(layers):
    def run(x, h0, c0, **parameters):
        # What torch.nn.LSTM calls, with parameters that are given.
        output, h, c = torch._VF.lstm(x, (h0, c0), list(parameters.values()), True, layers, 0.0, True, False, True)
        return {"output": output, "h": h, "c": c}

    return run


def lstm_inputs(layers, batch, steps, width, units):
    inputs = {"x": normal(batch, steps, width), "h0": normal(layers, batch, units), "c0": normal(layers, batch, units)}
    for i in range(layers):
        inputs[f"weight_ih_l{i}"] = normal(4 * units, width if i == 0 else units, deviation=0.4)
        inputs[f"weight_hh_l{i}"] = normal(4 * units, units, deviation=0.4)
        inputs[f"bias_ih_l{i}"] = normal(4 * units, deviation=0.4)
        inputs[f"bias_hh_l{i}"] = normal(4 * units, deviation=0.4)
    return inputs


def gpt_layer(x, norm1_weight, norm1_bias, qkv, projection, norm2_weight, norm2_bias, up, down):
    b, t, c = x.shape
    heads = 2
    z = F.layer_norm(x, (c,), norm1_weight, norm1_bias)
    q, k, v = [p.view(b, t, heads, c // heads).transpose(1, 2) for p in F.linear(z, qkv).split(c, 2)]
    x = x + F.linear(attend(q, k, v, True).transpose(1, 2).reshape(b, t, c), projection)
    z = F.layer_norm(x, (c,), norm2_weight, norm2_bias)
    return {"y": x + F.linear(F.gelu(F.linear(z, up)), down)}


def qkv(keys):
    return {"q": normal(2, 3, 5, 4), "k": normal(2, 3, keys, 4), "v": normal(2, 3, keys, 6)}


case("attention", qkv(7), lambda q, k, v: {"y": attend(q, k, v, False)})
case("attention_causal", qkv(5), lambda q, k, v: {"y": attend(q, k, v, True)})
case("lstm", lstm_inputs(1, 3, 5, 4, 3), lstm(1))
case("lstm_two_layers", lstm_inputs(2, 2, 4, 3, 5), lstm(2))
case("embedding", {"index": torch.tensor([[0, 3, 3], [5, 1, 3]]), "weight": normal(6, 4)},
     lambda index, weight: {"y": F.embedding(index, weight)})
case("gelu", {"x": normal(4, 5, deviation=2.0)}, lambda x: {"y": F.gelu(x)})
case("gelu_tanh", {"x": normal(4, 5, deviation=2.0)}, lambda x: {"y": F.gelu(x, approximate="tanh")})
case("gpt_layer",
     {"x": normal(2, 6, 8), "norm1_weight": normal(8), "norm1_bias": normal(8), "qkv": normal(24, 8, deviation=0.5),
      "projection": normal(8, 8, deviation=0.5), "norm2_weight": normal(8), "norm2_bias": normal(8), "up": normal(32, 8, deviation=0.5),
      "down": normal(8, 32, deviation=0.5)}, gpt_layer)

with h5py.File("sequence.h5", "w", libver="latest") as file:
    for name, values in CASES.items():
        for part, value in values.items():
            file.create_dataset(f"{name}/{part}", data=value, track_times=False)
