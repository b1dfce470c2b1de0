"""Measurements planted for the claims on what networks can express."""

import numpy as np

from deepgen.experiments.claims import (
    shallow_deep,
    smooth_activations,
)
from experiments.planted import near


def plant_bounded_sigma(holds):
    errors = 0.5 ** np.arange(8.0) if holds else np.full(8, 0.5)
    return [[2**power for power in range(8)], {"logistic": errors, "ramp": errors}, 0.1]


def plant_bumps(holds):
    error = 0.0 if holds else 1.0
    row = {"error": error, "error on bumps": error, "bound": 0.5}
    return [[row], [row], [row]]


def plant_rect(holds):
    error, pieces = (0.0, (5, 9)) if holds else (1.0, (4, 7))
    rows = [{"largest error": error, "pieces": count} for count in pieces]
    return [rows, [2, 4], [0.0, 0.0] if holds else [100.0, 100.0]]


def plant_regions(holds):
    units = (32, 64, 128)
    power = 2.0 if holds else 4.0
    # Four layers have as many regions per unit as one, or far more.
    counts = {
        (state, depth): near(*[(1.0 if holds else 50.0**depth) * n**power for n in units])
        for state in ("random", "trained")
        for depth in (1, 2, 4)
    }
    return [units, counts, 10.0 if holds else 1.0, near(0.4 if holds else 1.0)]


def plant_shallow_deep(holds):
    deep = {pair[0] for pair in shallow_deep.PAIRS.values()}
    ahead, behind = near(5.0), near(20.0)
    return [{s: ahead if (s in deep) == holds else behind for s in shallow_deep.SHAPES}]


def plant_square(holds):
    rows = []
    for m in range(1, 11):
        shallow, deep = (2**m, 3 * m) if holds else (3 * m, 2**m)
        rows.append({
            "error": 2.0 ** -(2 * m + 2), "gap": 0.0 if holds else 1.0,
            "shallow units": shallow, "deep units": deep, "shallow units at least": shallow,
            "shallow parameters": shallow, "deep parameters": deep,
        })  # fmt: skip
    return [rows]


def plant_tri(holds):
    pieces = [2**k if holds else 2 * k + 1 for k in range(1, 9)]
    return [
        [
            {"k": k, "pieces": count, "shallow units": count * (1 if holds else 0),
             "deep units": 3 * k}
            for k, count in enumerate(pieces, 1)
        ]
    ]  # fmt: skip


def plant_smooth_activations(holds):
    wins = {"smooth": 0.1 if holds else 10.0, "with kinks": 10.0 if holds else 0.1}
    return [
        {
            (target, activation): near(1.0 if "relu" in activation else wins[target])
            for target in smooth_activations.TARGETS
            for activation in ("relu", "leaky_relu", *smooth_activations.SMOOTH)
        }
    ]
