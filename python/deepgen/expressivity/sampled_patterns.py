"""Sampled patterns: a lower bound on the number of activation regions of large networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen._display.shown_as_table import ShownAsTable
from deepgen.expressivity.box import checked_box
from deepgen.expressivity.piecewise import piecewise_linear_of

__all__ = ["SampledPatterns", "sampled_patterns"]

# Number of rows per forward pass.
BLOCK = 10_000


@dataclass(frozen=True)
class SampledPatterns(ShownAsTable):
    """Activation patterns at random points.

    Parameters
    ----------
    n_patterns : int
        Number of distinct patterns, at most the number of activation regions.
    n_once : int
        Number of patterns seen at one point only; if there are many, most regions were missed.
    n_samples : int
        Number of points.

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
        Fitted, with piecewise linear activations and no layer norm; batch norm uses its running
        statistics.
    box : array-like of shape (n_inputs, 2)
        Lower and upper bound of each input.
    n_samples : int, default=100_000
        Number of points, uniform in the box, >= 1.
    random_state : int, RandomState instance or None, default=None
        Seed of the points.

    Returns
    -------
    result : SampledPatterns
        ``n_patterns`` is a lower bound of the number of activation regions.

    Raises
    ------
    ValueError
        If an activation or normalization is not piecewise linear, the box does not fit or is
        empty, or ``n_samples`` < 1.

    See Also
    --------
    count_regions : The exact number.

    Notes
    -----
    The cost is one forward pass per point, and n_samples x n_units / 8 bytes. Small regions are
    missed: if most patterns are seen only once, the result is only a lower bound.

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
