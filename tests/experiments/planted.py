"""Planted numbers: what eight seeds would give."""

import numpy as np

SEEDS = 8


def near(*means):
    """Numbers of eight seeds within a hundredth of a mean; several means have a column each."""
    noise = 1 + 0.01 * np.linspace(-1, 1, SEEDS)
    columns = np.stack([mean * np.roll(noise, place) for place, mean in enumerate(means)], axis=1)
    return columns[:, 0] if len(means) == 1 else columns
