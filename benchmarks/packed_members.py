"""Do packed members (TabM) beat independent ones per second of one processor?

python benchmarks/packed_members.py [--data FOLDER] [--seconds 12] [--members 8]

Both are ensembles of nets with two hidden layers, written in PyTorch in the same way and trained by
AdamW on the mean of the members' losses, each for the same seconds of processor time on one thread.

    independent    every member has weights of its own: one batched product a layer
    packed         members share the weights; each has its own scaling of a layer's inputs and
                   outputs and its own bias (BatchEnsemble); the first scaling is random signs, the
                   last layer is each member's own (TabM)

The multiply-adds of a step are the same. A tenth of the training rows is for validation: it chooses
the epoch and, of two, the learning rate. The test rows are looked at once.

Y. Wen, D. Tran, J. Ba, "BatchEnsemble", ICLR 2020; Y. Gorishniy, A. Kotelnikov, A. Babenko, "TabM:
advancing tabular deep learning with parameter-efficient ensembling", ICLR 2025.
"""

import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import torch
from real_data import SHARED_DATA
from real_tables import TABLES
from torch import nn

KINDS = ("independent", "packed")
SEEDS = (0, 1, 2)
RATES = (1e-3, 3e-3)
WIDTH, BATCH = 128, 256


class OwnLinear(nn.Module):
    """A linear layer of each member's own: (rows, members, in) to (rows, members, out)."""

    def __init__(self, n_members, n_inputs, n_outputs):
        super().__init__()
        bound = 1 / math.sqrt(n_inputs)
        self.weight = nn.Parameter(torch.empty(n_members, n_inputs, n_outputs))
        self.bias = nn.Parameter(torch.empty(n_members, n_outputs))
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x):
        """Return (rows, members, out)."""
        return torch.bmm(x.transpose(0, 1), self.weight).transpose(0, 1) + self.bias


class SharedLinear(nn.Module):
    """A linear layer that members share, between scalings of their own."""

    def __init__(self, n_members, n_inputs, n_outputs, *, first):
        super().__init__()
        bound = 1 / math.sqrt(n_inputs)
        self.weight = nn.Parameter(torch.empty(n_inputs, n_outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n_members, n_outputs).uniform_(-bound, bound))
        scales = torch.ones(n_members, n_inputs)
        if first:
            scales = torch.randint(0, 2, scales.shape) * 2.0 - 1.0
        self.inputs = nn.Parameter(scales)
        self.outputs = nn.Parameter(torch.ones(n_members, n_outputs))

    def forward(self, x):
        """Return (rows, members, out)."""
        return (x * self.inputs) @ self.weight * self.outputs + self.bias


def make(kind, n_members, n_inputs, n_outputs):
    """Return a net from (rows, members, inputs) to (rows, members, outputs)."""
    if kind == "independent":
        hidden = [OwnLinear(n_members, n_inputs, WIDTH), OwnLinear(n_members, WIDTH, WIDTH)]
    else:
        hidden = [
            SharedLinear(n_members, n_inputs, WIDTH, first=True),
            SharedLinear(n_members, WIDTH, WIDTH, first=False),
        ]
    last = OwnLinear(n_members, WIDTH, n_outputs)
    return nn.Sequential(hidden[0], nn.ReLU(), hidden[1], nn.ReLU(), last)


def mean_prediction(net, X, n_members, is_regression):
    """Return the members' mean prediction or mean probabilities."""
    with torch.no_grad():
        parts = []
        for rows in X.split(4096):
            outputs = net(rows[:, None].expand(-1, n_members, -1))
            parts.append((outputs if is_regression else outputs.softmax(-1)).mean(1))
        return torch.cat(parts)


def error(prediction, y, is_regression):
    """Return the RMSE, or the share of rows that are wrong."""
    if is_regression:
        return float(((prediction[:, 0] - y) ** 2).mean().sqrt())
    return float((prediction.argmax(1) != y).float().mean())


def train(kind, rate, seed, data, options):
    """Return validation error, test error and steps of one training."""
    (X, y), held, test, is_regression, n_outputs = data
    torch.manual_seed(seed)
    net = make(kind, options.members, X.shape[1], n_outputs)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-2)
    best, kept, n_steps, spent = math.inf, None, 0, 0.0
    while spent < options.seconds:
        began = time.process_time()
        for rows in torch.randperm(len(X)).split(BATCH):
            outputs = net(X[rows][:, None].expand(-1, options.members, -1))
            if is_regression:
                loss = ((outputs[..., 0] - y[rows][:, None]) ** 2).mean()
            else:
                labels = y[rows][:, None].expand(-1, options.members).reshape(-1)
                loss = nn.functional.cross_entropy(outputs.reshape(-1, n_outputs), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            n_steps += 1
        spent += time.process_time() - began
        measured = mean_prediction(net, held[0], options.members, is_regression)
        now = error(measured, held[1], is_regression)
        if now < best:
            best, kept = now, copy.deepcopy(net.state_dict())
    net.load_state_dict(kept)
    final = mean_prediction(net, test[0], options.members, is_regression)
    return best, error(final, test[1], is_regression), n_steps


def prepared(table, seed):
    """Return training, validation and test tensors; numbers in units of their deviation."""
    rows = np.random.default_rng(seed).permutation(len(table.y_train))
    cut = len(rows) // 10
    if table.is_regression:
        mean, scale = table.y_train.mean(), table.y_train.std()
        y, y_test = (table.y_train - mean) / scale, (table.y_test - mean) / scale
        as_y, n_outputs = (lambda v: torch.tensor(v, dtype=torch.float32)), 1
    else:
        classes, y = np.unique(table.y_train, return_inverse=True)
        y_test = np.searchsorted(classes, table.y_test)
        scale, as_y, n_outputs = 1.0, torch.tensor, len(classes)
    X = torch.tensor(table.X_train)
    parts = [(X[part], as_y(y[part])) for part in (rows[cut:], rows[:cut])]
    test = (torch.tensor(table.X_test), as_y(y_test))
    return (*parts, test, table.is_regression, n_outputs), scale


def main():
    """Print a row for each table and kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=SHARED_DATA)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--members", type=int, default=8)
    parser.add_argument("tables", nargs="*", default=["california_housing", "adult"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.tables:
        table = TABLES[name](options.data)
        measure = "RMSE" if table.is_regression else "error"
        errors = {kind: [] for kind in KINDS}
        steps = {kind: [] for kind in KINDS}
        for seed in SEEDS:  # kinds take turns, for a machine that is not quiet
            data, scale = prepared(table, seed)
            for kind in KINDS:
                runs = [train(kind, rate, seed, data, options) for rate in RATES]
                _, test_error, n_steps = min(runs)
                errors[kind].append(test_error * scale)
                steps[kind].append(n_steps)
        for kind in KINDS:
            print(
                f"{name:<20} {kind:<12} {measure} {np.mean(errors[kind]):.4f} +- "
                f"{np.std(errors[kind], ddof=1):.4f}, {np.mean(steps[kind]):.0f} steps in "
                f"{options.seconds:g} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
