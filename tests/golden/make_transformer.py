#!/usr/bin/python3
"""Writes transformer.h5: PyTorch's attention with masks, Transformer layers, GRU, RNN, bidirectional LSTM and cells, values and gradients in float64.

Run it from this folder with Debian's python3-torch and python3-h5py. Every case is a group of inputs and parameters by name, for each result
`weight_<result>` and the result itself, and for the loss sum(result * weight) over the results `gradient_<input or parameter>`; of some cases
also `second_<input>`, the gradient of sum(gradient * gradient_weight_<input>) for the same inputs.
"""
import h5py
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_default_dtype(torch.float64)
random = np.random.default_rng(15)
CASES = {}


def normal(*shape, deviation=1.0):
    return torch.tensor(deviation * random.standard_normal(shape))


def numpy(x):
    return x.detach().numpy().astype(float)


def case(name, inputs, function, parameters=(), second=False):
    """`function` takes the inputs by name and returns results by name; `parameters` have gradients beside those of the floating inputs."""
    inputs = {k: v.clone().requires_grad_(v.is_floating_point()) for k, v in inputs.items()}
    named = {k: v for k, v in inputs.items() if v.requires_grad} | {k.replace(".", "_"): p for k, p in parameters}
    results = function(**inputs)
    weights = {k: normal(*v.shape) for k, v in results.items()}
    loss = sum((results[k] * weights[k]).sum() for k in results)
    gradients = dict(zip(named, torch.autograd.grad(loss, list(named.values()), create_graph=second)))
    values = {k: numpy(v) for k, v in (inputs | named | results).items()}
    values |= {f"weight_{k}": numpy(v) for k, v in weights.items()}
    values |= {f"gradient_{k}": numpy(g) for k, g in gradients.items()}
    if second:
        of_gradients = {k: normal(*g.shape) for k, g in gradients.items()}
        total = sum((gradients[k] * of_gradients[k]).sum() for k in gradients)
        values |= {f"gradient_weight_{k}": numpy(w) for k, w in of_gradients.items()}
        values |= {f"second_{k}": numpy(g) for k, g in zip(named, torch.autograd.grad(total, list(named.values())))}
    CASES[name] = values


def attend(q, k, v, mask=None, added=None):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    if added is not None:
        scores = scores + added
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return F.softmax(scores, -1) @ v


def seen(queries, keys):
    """Each query sees one key at least."""
    mask = torch.tensor(random.random((queries, keys)) < 0.6)
    mask[torch.arange(queries), torch.arange(queries) % keys] = True
    return mask


def within(lengths, steps):
    return torch.arange(steps) < lengths[:, None]


def qkv(keys, heads=3, kv_heads=3):
    return {"q": normal(2, heads, 5, 4), "k": normal(2, kv_heads, keys, 4), "v": normal(2, kv_heads, keys, 6)}


def mask_out(x):
    return {k: v for k, v in x.items() if k != "mask"}


MASK = seen(5, 7)
case("attention_mask", qkv(7) | {"mask": MASK}, lambda q, k, v, mask: {"y": attend(q, k, v, mask=mask)}, second=True)
case("attention_added", qkv(7) | {"added": normal(2, 1, 5, 7)}, lambda q, k, v, added: {"y": attend(q, k, v, added=added)}, second=True)
LENGTHS = torch.tensor([7, 3])
case("attention_lengths", qkv(7) | {"lengths": LENGTHS},
     lambda q, k, v, lengths: {"y": attend(q, k, v, mask=within(lengths, 7)[:, None, None, :])})
case("attention_late", qkv(7), lambda q, k, v: {"y": attend(q, k, v, mask=torch.ones(5, 7, dtype=torch.bool).tril(2))})
case("attention_grouped", qkv(7, heads=4, kv_heads=2),
     lambda q, k, v: {"y": attend(q, k.repeat_interleave(2, 1), v.repeat_interleave(2, 1))})


def randomised(module):
    for p in module.parameters():
        p.data = normal(*p.shape, deviation=0.5)
    return module


def eager(module):
    """In training mode: in evaluation these modules take fused paths of their own, which have no gradients."""
    return randomised(module).train()


ATTENTION = eager(nn.MultiheadAttention(8, 2, batch_first=True))
case("multihead", {"x": normal(2, 5, 8), "lengths": torch.tensor([5, 2])},
     lambda x, lengths: {"y": ATTENTION(x, x, x, key_padding_mask=~within(lengths, 5), need_weights=False)[0]}, ATTENTION.named_parameters())
case("multihead_cross", {"x": normal(2, 4, 8), "memory": normal(2, 6, 8), "mask": seen(4, 6)},
     lambda x, memory, mask: {"y": ATTENTION(x, memory, memory, attn_mask=~mask, need_weights=False)[0]}, ATTENTION.named_parameters())
case("multihead_three", {"q": normal(2, 4, 8), "k": normal(2, 6, 8), "v": normal(2, 6, 8)},
     lambda q, k, v: {"y": ATTENTION(q, k, v, need_weights=False)[0]}, ATTENTION.named_parameters())

for norm_first in (False, True):
    name = "pre" if norm_first else "post"
    activation = "gelu" if norm_first else "relu"
    options = dict(dim_feedforward=12, dropout=0.0, activation=activation, batch_first=True, norm_first=norm_first)
    ENCODER = eager(nn.TransformerEncoderLayer(8, 2, **options))
    case(f"encoder_{name}", {"x": normal(2, 5, 8), "lengths": torch.tensor([5, 3])},
         lambda x, lengths: {"y": ENCODER(x, src_key_padding_mask=~within(lengths, 5))}, ENCODER.named_parameters())
    DECODER = eager(nn.TransformerDecoderLayer(8, 2, **options))
    case(f"decoder_{name}", {"x": normal(2, 4, 8), "memory": normal(2, 6, 8), "lengths": torch.tensor([6, 2])},
         lambda x, memory, lengths: {"y": DECODER(x, memory, tgt_mask=~torch.ones(4, 4, dtype=torch.bool).tril(),
                                                  memory_key_padding_mask=~within(lengths, 6))}, DECODER.named_parameters())


def recurrent(name, module, states, lengths):
    """Without lengths from a given state; with them, from zeros too."""
    module = randomised(module)
    hidden = module.hidden_size
    count = module.num_layers * (2 if module.bidirectional else 1)
    initial = {s: normal(count, 3, hidden) for s in states}

    def whole(x, **state):
        given = tuple(state.values()) if len(state) > 1 else state["h0"]
        output, last = module(x, given)
        return {"output": output} | dict(zip(("h", "c"), last if len(state) > 1 else (last,)))

    def padded(x, lengths, **state):
        given = tuple(state.values()) if len(state) > 1 else state["h0"]
        packed, last = module(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False), given)
        output = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])[0]
        return {"output": output} | dict(zip(("h", "c"), last if len(state) > 1 else (last,)))

    x = normal(3, 5, module.input_size)
    case(name, {"x": x} | initial, whole, module.named_parameters())
    if lengths:
        case(name + "_padded", {"x": x, "lengths": torch.tensor([4, 5, 1])} | initial, padded, module.named_parameters())


two = dict(num_layers=2, batch_first=True, bidirectional=True)
recurrent("lstm", nn.LSTM(4, 3, **two), ("h0", "c0"), True)
recurrent("gru", nn.GRU(4, 3, **two), ("h0",), True)
recurrent("rnn", nn.RNN(4, 3, batch_first=True), ("h0",), True)
recurrent("rnn_relu", nn.RNN(4, 3, nonlinearity="relu", **two), ("h0",), False)

CELL = randomised(nn.LSTMCell(4, 3))
case("lstm_cell", {"x": normal(2, 4), "h0": normal(2, 3), "c0": normal(2, 3)},
     lambda x, h0, c0: dict(zip(("h", "c"), CELL(x, (h0, c0)))), CELL.named_parameters(), second=True)
for name, cell in (("gru_cell", nn.GRUCell(4, 3)), ("rnn_cell", nn.RNNCell(4, 3))):
    cell = randomised(cell)
    case(name, {"x": normal(2, 4), "h0": normal(2, 3)}, lambda x, h0: {"h": cell(x, h0)}, cell.named_parameters(), second=True)

with h5py.File("transformer.h5", "w", libver="latest") as file:
    for name, values in CASES.items():
        for part, value in values.items():
            file.create_dataset(f"{name}/{part}", data=value, track_times=False)
