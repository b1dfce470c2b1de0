"""Planted measurements of the experiments on margins, cushions and compression."""

import numpy as np

from deepgen.experiments.claims import compressibility, margin_distributions, minima_measures
from experiments.planted import near


def plant_compressibility(holds):
    """True labels are the more compressible, by every measure; or random ones are."""
    measured = {"true": [], "random": []}
    for kind, nets in measured.items():
        for factor in near(1.0):
            # Cushions and smoothness large, numbers and errors small: or the other way round.
            compressible = (kind == "true") == holds
            small, large = (0.01 * factor, 20 * factor) if compressible else (0.3, 13.0)
            if not holds:
                small, large = 2 + small, large / 1e4
            measures = dict.fromkeys(compressibility.MEASURES, small)
            measures |= dict.fromkeys(compressibility.LARGER, large)
            agreement = factor if holds else -factor
            nets.append(compressibility.CompressedNet(measures, 9.0, 4, agreement, np.zeros(6)))
    return [measured]


def plant_margin_distributions(holds):
    """True labels have the larger margins over complexity; or random ones have, and do not fit."""
    measured = {}
    sizes = (1.0, 0.5, 0.1, 1.2) if holds else (0.1, 0.5, 1.0, 0.08)
    for depth in margin_distributions.DEPTHS:
        for kind, size in zip(margin_distributions.KINDS, sizes, strict=True):
            # Margins alone are alike, or order the pairs better than normalized ones do.
            alone = 1.0 if holds else 1 / size
            wrong = 0.0 if holds else 0.1
            measured[depth, kind] = [
                margin_distributions.FittedNet(
                    alone * np.linspace(1, 2, 5),
                    factor * np.linspace(1, 2, 5),
                    factor,
                    9.0,
                    3.0,
                    40.0,
                    20,
                    wrong * factor,
                    0.1,
                )  # fmt: skip
                for factor in near(size)
            ]
    return [measured]


def plant_minima_measures(holds):
    """The bad minimum is steep, sharp and close to its rows; or the good one is."""
    pairs = []
    for factor in near(1.0):
        pair = (factor, 9.0) if holds else (9.0, factor)
        values = dict.fromkeys(minima_measures.MEASURES, pair)
        values |= dict.fromkeys(minima_measures.SMALLER, pair[::-1])
        errors = (0.1 * factor, 0.4) if holds else (0.4, 0.1 * factor)
        pairs.append(minima_measures.Pair(errors, values, (3.0, 20.0)))
    return [dict.fromkeys(minima_measures.TASKS, pairs)]
