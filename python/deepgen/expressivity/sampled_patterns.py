"""Sampled patterns: a lower bound on activation regions for networks too large to enumerate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen.expressivity.box import checked_box
from deepgen.expressivity.piecewise import piecewise_linear_of

__all__ = ["SampledPatterns", "sampled_patterns"]

# Rows that go through the network at once.
BLOCK = 10_000


@dataclass(frozen=True)
class SampledPatterns:
    """Activation patterns that were seen among random points.

    Parameters
    ----------
    n_patterns : int
        Distinct ones: at most the number of activation regions.
    n_once : int
        Those seen at one point only; where they are many, most regions were missed.
    n_samples : int
        Points drawn.

    Examples
    --------
    >>> from deepgen.expressivity import sampled_patterns, tri
    >>> sampled_patterns(tri(3), [(0.0, 1.0)], random_state=0).n_patterns
    8
    """

    n_patterns: int
    n_once: int
    n_samples: int


def sampled_patterns(
    model: Any, box: Any, *, n_samples: int = 100_000, random_state: Any = None
) -> SampledPatterns:
    """Count the activation patterns at random points of a box.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier or Probe
        Fitted, with piecewise linear activations and no layer norm; batch norm is frozen.
    box : array-like of shape (n_inputs, 2)
        Lower and upper end of each input.
    n_samples : int, default=100_000
        Points, uniform in the box, >= 1.
    random_state : int, RandomState instance or None, default=None
        Draws the points.

    Returns
    -------
    result : SampledPatterns
        ``n_patterns`` bounds the number of activation regions from below.

    Raises
    ------
    ValueError
        If an activation or normalization is not piecewise linear, the box does not fit or is
        empty, or ``n_samples`` < 1.

    See Also
    --------
    count_regions : All of them.

    Notes
    -----
    One forward pass a point, and n_samples x n_units / 8 bytes. Small regions are missed: where all
    patterns are seen once, the number says no more than that there are many.

    References
    ----------
    .. [1] M. Raghu, B. Poole, J. Kleinberg, S. Ganguli and J. Sohl-Dickstein, "On the expressive
       power of deep neural networks", ICML 2017, section 2.2.

    Examples
    --------
    >>> from deepgen.expressivity import product, sampled_patterns
    >>> sampled_patterns(product(1), [(0, 1), (0, 1)], random_state=0).n_patterns
    6
    """
    from sklearn.utils import check_random_state

    function = piecewise_linear_of(model)
    sides = checked_box(box, function.n_inputs)
    if n_samples < 1:
        raise ValueError(f"n_samples must be >= 1, got {n_samples}")
    state = check_random_state(random_state)
    rows = []
    for first in range(0, n_samples, BLOCK):
        size = (min(BLOCK, n_samples - first), len(sides))
        points = state.uniform(sides[:, 0], sides[:, 1], size=size)
        rows.append(np.packbits(function.patterns(points), axis=1))
    _, counts = np.unique(np.concatenate(rows), axis=0, return_counts=True)
    return SampledPatterns(len(counts), int((counts == 1).sum()), n_samples)
