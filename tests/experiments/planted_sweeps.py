"""Planted measurements of the experiments on size, number of labels and what training finds."""

import numpy as np

from deepgen.experiments.claims import (
    depth_sweep,
    label_learning_curve,
    oversized_nets,
    universal_approximation,
    width_sweep,
)
from experiments.planted import near


def plant_depth_sweep(holds):
    """Deep plain nets underfit and the others do not; or the other way round."""
    rises, falls = np.linspace(0.1, 0.5, len(depth_sweep.DEPTHS)), np.full(5, 0.1)
    shape = {kind: rises if (kind == "plain") == holds else falls for kind in depth_sweep.KINDS}
    if not holds:
        shape["plain"] = rises[::-1]
    return [{kind: near(*errors) for kind, errors in shape.items()} for _ in range(2)]


def plant_width_sweep(holds):
    widths = np.array(width_sweep.WIDTHS, dtype=float)
    excess, epochs = (1 / widths, widths**-0.5) if holds else (widths, widths)
    return [near(*excess), near(*epochs), widths if holds else widths**-3.0]


def plant_label_learning_curve(holds):
    """Curves of the law; or a flat one that falls once labels are held out."""
    if not holds:
        flat = near(1.0, 1.5, 1.0, 1.5, 1.0, 0.3, 0.3)
        return [dict.fromkeys(label_learning_curve.SIZES, flat)]
    digits, sine = (np.array(n, dtype=float) for n in label_learning_curve.SIZES.values())
    return [{"digits": near(*digits**-0.5), "sine": near(*(0.1 + 9 / sine))}]


def plant_oversized_nets(holds):
    big, small = ("net", 1000), ("net", 10)
    tiny, good, bad = ("net", 2), ("polynomial", 6), ("polynomial", 20)
    seeds = []
    for factor in near(1.0):
        excess = {good: 0.01, bad: 1e3 if holds else 0.01, small: 0.01, tiny: 0.05}
        seeds.append(
            oversized_nets.Fits(
                {small: 0.01, big: (0.001 if holds else 0.02) * factor},
                excess | {big: (0.01 if holds else 0.1) * factor},
                {big: 0.2 * factor, bad: 1e2 if holds else 0.2},
            )
        )
    return [seeds]


def plant_universal_approximation(holds):
    """Constructions are exact and training fails; or constructions fail and training finds them."""
    same, wide = universal_approximation.WIDER
    bound = 2.0**-14
    found = {("tri", 6): 1.0, ("staircase", 64): 3.0, ("square", 6): 100 * bound}
    if not holds:
        found = {("tri", 6): 0.01, ("staircase", 64): 0.1, ("square", 6): 2 * bound}
    errors = {(*cell, name): near(error) for cell, error in found.items() for name in (same, wide)}
    errors["tri", 1, wide] = near(0.001 if holds else 1.0)
    built = {("tri", 6): 0.0, ("square", 6): bound} if holds else {("tri", 6): 0.5}
    return [{("square", 6): 3 * bound} | built, errors]
