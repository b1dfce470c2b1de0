"""Do packed members (TabM) beat five independent ones at equal processor time?

python benchmarks/packed_members.py [--data FOLDER] [--seconds 60] [--packed 16]
                                    [--cuts 2 3 4] [--rows 2000] [--rates .002]
                                    [--ledger FILE] [TABLE ...]

Both are ensembles of nets with two hidden layers, written in PyTorch in the same way and trained by
AdamW on the mean of the members' losses, on one thread, until no member's validation error has
improved for 16 epochs or the seconds of processor time are over, the same for both.

    independent    five members, every one with weights of its own: one batched product a layer
    packed         more members that share the weights; each has its own scaling of a layer's inputs
                   and outputs and its own bias (BatchEnsemble); the first scaling is random signs,
                   the last layer is each member's own (TabM)

A fifth of the training rows is for validation: each member is used as it was in its own best epoch,
and of several learning rates the one with the best mean prediction is taken. Tables and rows are
those to choose by (`tabular_splits`), at most 2,000 to train on and at most 2,500 to judge by.

Five nets are often at rest long before the packed members. So the packed ones are also compared
with as many rounds of five nets as their seconds leave time for, on the first cut.

Cuts 0 and 1 were looked at while this comparison was made (with 20 seconds, the packed members won
8 of 12 tables and were not at rest on two). So the verdict is of cuts 2, 3 and 4 with 60 seconds,
chosen before any of them was drawn: the packed members win a table where the geometric mean of the
three ratios to five nets is below 1.

Y. Wen, D. Tran, J. Ba, "BatchEnsemble", ICLR 2020; Y. Gorishniy, A. Kotelnikov, A. Babenko, "TabM:
advancing tabular deep learning with parameter-efficient ensembling", ICLR 2025.
"""

import argparse
import math
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from ledger import Ledger
from scipy.stats import gmean
from tabular_peers import encoded
from tabular_scores import codes, errors, ratio
from tabular_splits import CHOOSING, SHARED_DATA, choosing_split, with_validation
from torch import nn

KINDS = ("independent", "packed")
N_INDEPENDENT = 5
WIDTH, BATCH, DROPOUT, DECAY = 128, 256, 0.1, 3e-4
PATIENCE = 16
MOST_JUDGED = 2_500
COLUMNS = (
    "table",
    "five independent",
    "packed",
    "ratio",
    "rounds of five, first cut",
    "ratio on it",
    "seconds",
    "epochs, epochs, rounds",
)
TO_BUILD_IT = 8
"""Tables of the twelve on which packed members must win to be built."""


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
    drop = nn.Dropout(DROPOUT)
    return nn.Sequential(hidden[0], nn.ReLU(), drop, hidden[1], nn.ReLU(), drop, last)


def predictions(net, X, n_members, is_regression):
    """Return every member's numbers or probabilities (rows, members, outputs)."""
    net.eval()
    with torch.no_grad():
        parts = [net(rows[:, None].expand(-1, n_members, -1)) for rows in X.split(4096)]
    net.train()
    outputs = torch.cat(parts)
    return outputs if is_regression else outputs.softmax(-1)


def member_losses(outputs, y, is_regression):
    """Return each member's validation loss: mean squared error or log loss."""
    if is_regression:
        return ((outputs[..., 0] - y[:, None]) ** 2).mean(0)
    shares = outputs.gather(2, y[:, None, None].expand(-1, outputs.shape[1], 1))[..., 0]
    return -shares.clamp_min(1e-7).log().mean(0)


def ensemble(outputs, is_regression):
    """Return the members' mean prediction or mean probabilities as an array."""
    mean = outputs.mean(1).numpy()
    return mean[:, 0] if is_regression else mean


class Kept:
    """Each member's predictions as of its own best epoch, and how long ago the last of them was."""

    def __init__(self, n_members):
        self.losses = torch.full((n_members,), math.inf)
        self.val = self.test = None
        self.n_stale = 0

    def update(self, losses, val, predict_test):
        """Take the predictions of members that have become better."""
        better = losses < self.losses
        self.n_stale = 0 if better.any() else self.n_stale + 1
        if not better.any():
            return
        test = predict_test()
        if self.val is None:
            self.val, self.test = val, test
        self.losses = torch.where(better, losses, self.losses)
        self.val[:, better], self.test[:, better] = val[:, better], test[:, better]


def train(kind, rate, seed, data, options):
    """Return the validation loss, predictions on test rows, seconds and epochs of one training."""
    (X, y), (X_val, y_val), X_test, is_regression, n_outputs = data
    n_members = N_INDEPENDENT if kind == "independent" else options.packed
    torch.manual_seed(seed)
    net = make(kind, n_members, X.shape[1], n_outputs)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=DECAY)
    kept, spent, n_epochs = Kept(n_members), 0.0, 0
    while spent < options.seconds and kept.n_stale < PATIENCE:
        began = time.process_time()
        for rows in torch.randperm(len(X)).split(BATCH):
            outputs = net(X[rows][:, None].expand(-1, n_members, -1))
            if is_regression:
                loss = ((outputs[..., 0] - y[rows][:, None]) ** 2).mean()
            else:
                labels = y[rows][:, None].expand(-1, n_members).reshape(-1)
                loss = nn.functional.cross_entropy(outputs.reshape(-1, n_outputs), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        n_epochs += 1
        spent += time.process_time() - began
        val = predictions(net, X_val, n_members, is_regression)
        predict_test = partial(predictions, net, X_test, n_members, is_regression)
        kept.update(member_losses(val, y_val, is_regression), val, predict_test)
    mean = kept.val.mean(1, keepdim=True)
    found = float(member_losses(mean, y_val, is_regression)[0])
    return found, ensemble(kept.test, is_regression), spent, n_epochs


def prepared(split):
    """Return training, validation and test tensors; numbers in units of their deviation."""
    X, X_val, X_test = map(torch.tensor, encoded(split))
    y = codes(split)
    if split.is_regression:
        center, scale = y[split.train].mean(), y[split.train].std()
        y, n_outputs = torch.tensor((y - center) / scale, dtype=torch.float32), 1
    else:
        center, scale, n_outputs = 0.0, 1.0, int(y.max()) + 1
        y = torch.tensor(y)
    parts = (X, y[split.train]), (X_val, y[split.val])
    return (
        *parts,
        X_test,
        split.is_regression,
        n_outputs,
    ), lambda outputs: outputs * scale + center


def best_run(kind, seed, data, options):
    """Return predictions, seconds and epochs at the rate with the lowest validation loss."""
    runs = [train(kind, rate, seed, data, options) for rate in options.rates]
    return min(runs, key=lambda run: run[0])[1:]


def task(table, seed, options):
    """Return a split to choose by, its tensors, and the way back to the target's units."""
    split = choosing_split(table, seed, options.data, max_fit=options.rows)
    split = with_validation(replace(split, test=split.test[:MOST_JUDGED]), seed)
    return split, *prepared(split)


def measure(table, kind, seed, options):
    """Return the errors of a kind on a table's rows to judge by, seconds and epochs."""
    split, data, in_units = task(table, seed, options)
    outputs, seconds, n_epochs = best_run(kind, seed, data, options)
    return [*errors(codes(split)[split.test], in_units(outputs)), seconds, n_epochs]


def measure_rounds(table, seed, seconds, options):
    """Return the errors of rounds of five nets within the packed members' seconds, and how many."""
    split, data, in_units = task(table, seed, options)
    spent, found = [], []
    while not found or sum(spent) + max(spent) <= seconds:
        outputs, used, _ = best_run("independent", seed + 100 * len(found), data, options)
        spent.append(used)
        found.append(outputs)
    outputs = in_units(np.mean(found, axis=0))
    return [*errors(codes(split)[split.test], outputs), sum(spent), len(found)]


def main():
    """Print a row per table, and the count of tables that packed members win."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=SHARED_DATA)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--packed", type=int, default=16)
    parser.add_argument("--rows", type=int, default=2_000, help="most rows to train on")
    parser.add_argument("--rates", type=float, nargs="+", default=[2e-3])
    parser.add_argument("--cuts", type=int, nargs="+", default=[2, 3, 4], help="seeds of cuts")
    parser.add_argument("--ledger", type=Path, help="JSON file of errors, read and extended")
    parser.add_argument("tables", nargs="*", default=CHOOSING)
    options = parser.parse_args()
    torch.set_num_threads(1)
    ledger = Ledger(options.ledger)
    ratios = {"five": [], "rounds": []}
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for table in options.tables:
        found = {kind: [] for kind in (*KINDS, "rounds")}
        for seed in options.cuts:
            limits = options.seconds, options.packed, options.rows, options.rates
            for kind in KINDS:
                run = partial(measure, table, kind, seed, options)
                found[kind].append(ledger.recall(run, table, kind, seed, *limits))
            if seed == options.cuts[0]:
                run = partial(measure_rounds, table, seed, found["packed"][-1][-2], options)
                found["rounds"].append(ledger.recall(run, table, "rounds", seed, *limits))
        five, packed, rounds = (np.array(rows) for rows in found.values())
        for name, theirs in (("five", five), ("rounds", rounds)):
            pairs = zip(packed[: len(theirs)], theirs, strict=True)
            ratios[name].append(gmean([ratio(a[:-2], b[:-2]) for a, b in pairs]))
        means = [rows.mean(axis=0) for rows in (five, packed, rounds)]
        cells = [", ".join(f"{error:.4f}" for error in mean[:-2]) for mean in means]
        cells[2:2] = [f"{ratios['five'][-1]:.3f}"]
        cells += [f"{ratios['rounds'][-1]:.3f}"]
        cells += [", ".join(f"{mean[place]:.0f}" for mean in means) for place in (-2, -1)]
        print("|", " | ".join([table, *cells]), "|", flush=True)
    for name, values in ratios.items():
        n_won = sum(value < 1 for value in values)
        print(
            f"\nOver {name}: packed members win {n_won} of {len(values)} tables (to build them: "
            f"{TO_BUILD_IT} of 12); geometric mean of the ratios {gmean(values):.3f}."
        )


if __name__ == "__main__":
    main()
