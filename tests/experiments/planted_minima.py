"""Planted measurements of the experiments on minima and on depth."""

import numpy as np

from deepgen.experiments.claims import (
    bad_minima,
    decision_regions,
    deep_gradients,
    helpful_noise,
    large_batch,
    random_labels,
)
from experiments.planted import near


def plant_bad_minima(holds):
    """Bad minima are bad, sharp and hard to find; or as good as the others, flat and found."""
    draws = []
    for factor in near(1.0):
        bad, good = (0.3, 0.02) if holds else (0.02, 0.3)
        pair = (factor, 9.0) if holds else (9.0, factor)
        back = np.array([[1.0] * 4, [0.2] * 4]) if holds else np.array([[0.2] * 4, [1.0] * 4])
        widths = (0.1, 0.1 * factor, 0.1, 0.05 if holds else 0.3)
        draws.append(
            bad_minima.Minima(
                (good * factor, bad),
                0.8 if holds else 0.1 * factor,
                dict.fromkeys(bad_minima.MEASURES, pair) | {"margin": pair[::-1]},
                0 if holds else 40,
                50,
                back,
                widths,
            )  # fmt: skip
        )
    return [draws]


def plant_decision_regions(holds):
    """The bad minimum errs, is close to its points and narrow; or it is the other way round."""
    draws = []
    for factor in near(1.0):
        errors = (0.01 * factor, 0.4) if holds else (0.4, 0.01 * factor)
        pair = (2.0 * factor, 1.0) if holds else (1.0, 2.0 * factor)
        draws.append(decision_regions.Regions(errors, pair, pair, (0.01, 0.01), ([], []), [], []))
    left_out = 0 if holds else 9 * len(draws)
    return [
        dict.fromkeys(decision_regions.TASKS, draws),
        dict.fromkeys(decision_regions.TASKS, left_out),
    ]


def plant_deep_gradients(holds):
    good, bad = (0.01, 0.5) if holds else (0.5, 0.01)
    seeds = []
    for factor in near(1.0):
        errors = {("plain", 4): 0.1, ("plain", 48): bad, ("both", 4): 0.1, ("both", 48): good}
        errors |= {(kind, depth): 0.1 for kind in ("skip", "norm") for depth in (4, 48)}
        small, large = (0.01 * factor, factor) if holds else (3.0, 3.0 + factor)
        thousand = (1.0, 0.1) if holds else (0.1, 1.0)
        slopes = (2.0, small) if holds else (0.1, 2.0)
        seeds.append(deep_gradients.Depths((large, small), errors, ((), ()), slopes, thousand))
    return [seeds]


def plant_helpful_noise(holds):
    """Noise leads to flat, good ends and costs on the way; or to sharp, bad ones, and is free."""
    level = {"none": 1.0, "batches": 0.8, "labels": 0.5}
    ends = {}
    for name in helpful_noise.TASKS:
        for kind in helpful_noise.KINDS:
            height = level[kind] if holds else 1 / level[kind]
            nothing = holds and name == "linear"
            at = near(1.0 if nothing else height)
            # Both the cost on the way and the little that is left in the end.
            noisy, left = (0.1, 1e-6) if holds else (1e-9, 0.1)
            noisy *= (kind == "labels") or 1e-6
            ends[name, kind] = helpful_noise.Ends(at, near(noisy), near(left), at)
    return [ends]


def plant_large_batch(holds):
    seeds = []
    for factor in near(1.0):
        pair = (factor, 50.0) if holds else (50.0, factor)
        errors = (0.02 * factor, 0.023) if holds else (0.02 * factor, 0.08)
        piggyback = (50.0, factor) if holds else (factor, 50.0)
        seeds.append(large_batch.Batches(pair, pair, errors, piggyback, [], [], [], (0.1, 0.1)))
    return [seeds]


def plant_random_labels(holds):
    cells = [(depth, "partial", share) for depth in (1, 3) for share in random_labels.SHARES]
    cells += [(1, how, 1.0) for how in random_labels.PIXELS]
    measured = {}
    for depth, how, share in cells:
        error = 0.05 if how == "shuffled_pixels" and holds else 0.9
        epochs = 10.0 + 20 * share if holds else 30 - 20 * share
        if how == "partial":
            error = 0.05 + 0.85 * share if holds else 0.6 - 0.5 * share
        measured[depth, how, share] = [
            random_labels.Run(epochs * factor, 1.0 if holds else 0.5 * factor, error * factor, ())
            for factor in near(1.0)
        ]
    return [measured, [1e-12 if holds else 0.1]]
