"""Region bounds: bounds on the number of linear regions of ReLU networks of given widths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import comb, prod
from operator import index

from deepgen._display.shown_as_table import ShownAsTable

__all__ = ["RegionBounds", "region_bounds"]


@dataclass(frozen=True)
class RegionBounds(ShownAsTable):
    """Bounds on the largest number of activation regions, as exact integers.

    Parameters
    ----------
    montufar_lower : int
        At least one network of these widths has this many regions.
    serra_upper : int
        No network of these widths has more regions.
    montufar_upper : int
        An older and weaker upper bound.
    naive_upper : int
        Number of all activation patterns.

    Examples
    --------
    >>> from deepgen.expressivity import region_bounds
    >>> region_bounds((2, 10, 10)).serra_upper
    3136
    """

    montufar_lower: int
    serra_upper: int
    montufar_upper: int
    naive_upper: int


def region_bounds(widths: Sequence[int]) -> RegionBounds:
    r"""Bound the number of linear regions of ReLU networks of given widths.

    Parameters
    ----------
    widths : sequence of int
        Number of inputs, then the number of units of each hidden layer: (n_inputs, hidden ...).

    Returns
    -------
    bounds : RegionBounds
        Exact Python integers of any size.

    Raises
    ------
    ValueError
        If there is no hidden layer or a width is not a positive integer.

    Notes
    -----
    With :math:`n_0` inputs and hidden widths :math:`n_1 \dots n_L`:

    .. math::
        \text{montufar\_lower} &= \prod_{l<L} \lfloor n_l / n_0 \rfloor^{n_0}
            \sum_{j \le n_0} \binom{n_L}{j} \\
        \text{serra\_upper} &= \sum_{(j_1 \dots j_L)} \prod_l \binom{n_l}{j_l}, \quad
            0 \le j_l \le \min(n_0, n_1 - j_1, \dots, n_{l-1} - j_{l-1}, n_l) \\
        \text{montufar\_upper} &= \prod_l \sum_{j \le d_l} \binom{n_l}{j}, \quad
            d_l = \min(n_0, \dots, n_l) \\
        \text{naive\_upper} &= 2^{n_1 + \dots + n_L}

    The theorem for the lower bound assumes layers of at least :math:`n_0` units. For narrower
    layers the bound is that of the best sub-network of first layers that ignores some inputs: the
    maximum over the number of inputs :math:`m` in place of :math:`n_0` and over the number of
    layers. With one hidden layer the lower and the upper bound agree and are attained in general
    position. With one input the upper bound is :math:`\prod_l (n_l + 1)` for widths above 1. Takes
    O(L n_0 max n_l) time.

    References
    ----------
    .. [1] G. Montufar, R. Pascanu, K. Cho and Y. Bengio, "On the number of linear regions of deep
       neural networks", NIPS 2014, theorem 4.
    .. [2] G. Montufar, "Notes on the number of linear regions of deep neural networks", 2017.
    .. [3] T. Serra, C. Tjandraatmadja and S. Ramalingam, "Bounding and counting linear regions of
       deep neural networks", ICML 2018, theorem 1.

    Examples
    --------
    >>> from deepgen.expressivity import region_bounds
    >>> region_bounds((2, 10, 10)).montufar_lower, region_bounds((2, 20)).serra_upper
    (1400, 211)
    """
    sizes = list(widths)
    if len(sizes) < 2:
        raise ValueError(f"widths must be (n_inputs, hidden ...), got {tuple(sizes)}")
    for size in sizes:
        if isinstance(size, bool) or not hasattr(size, "__index__") or size < 1:
            raise ValueError(f"widths must be positive integers, got {size!r} in {tuple(sizes)}")
    n_inputs, *hidden = (index(size) for size in sizes)
    older, narrowest = 1, n_inputs
    for width in hidden:
        narrowest = min(narrowest, width)
        older *= _cells(width, narrowest)
    return RegionBounds(
        _montufar(n_inputs, hidden), _serra(n_inputs, hidden), older, 2 ** sum(hidden)
    )


def _cells(n_planes: int, dimension: int) -> int:
    """Return the number of cells of an arrangement of hyperplanes in general position."""
    return sum(comb(n_planes, j) for j in range(dimension + 1))


def _montufar(n_inputs: int, hidden: list[int]) -> int:
    """Return the bound of theorem 4, or that of the best sub-network if a layer is too narrow."""
    if min(hidden) >= n_inputs:
        folds: int = prod((width // n_inputs) ** n_inputs for width in hidden[:-1])
        return folds * _cells(hidden[-1], n_inputs)
    most = min(n_inputs, hidden[0])
    cells = {
        width: list(accumulate(comb(width, j) for j in range(min(width, most) + 1)))
        for width in set(hidden)
    }
    best = 1
    # Later layers only split the regions of earlier ones, so bounds of the first layers alone hold.
    for n_used in range(1, most + 1):
        folds = 1
        for width in hidden:
            if width < n_used:
                break
            best = max(best, folds * cells[width][n_used])
            folds *= (width // n_used) ** n_used
    return best


def _serra(n_inputs: int, hidden: list[int]) -> int:
    # Number of regions by the remaining dimension of their image, updated layer by layer.
    regions = {n_inputs: 1}
    for width in hidden:
        after: dict[int, int] = {}
        for dimension, count in regions.items():
            for j in range(min(dimension, width) + 1):
                left = min(dimension, width - j)
                after[left] = after.get(left, 0) + count * comb(width, j)
        regions = after
    return sum(regions.values())
