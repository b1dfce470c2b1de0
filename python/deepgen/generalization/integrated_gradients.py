r"""Integrated gradients: the slopes on the straight way from a baseline to a row.

    a_j = (x_j - b_j) int_0^1 df/dx_j (b + t (x - b)) dt

Their sum over j is f(x) - f(b) (completeness). A piecewise linear network has constant slopes on
each piece of the way, so the integral is a finite sum over the exact pieces. For others it is a
Gauss-Legendre rule on parts of the way, which are halved until both the rule on the two halves and
the known sum agree with the rule on the whole.

Source: M. Sundararajan, A. Taly, Q. Yan, "Axiomatic attribution for deep networks", ICML 2017.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen.expressivity.piecewise import PiecewiseLinear, piecewise_linear_of
from deepgen.expressivity.segment import walk
from deepgen.probe.feature_attributions import MemberOutputs

__all__ = ["integrated_contributions"]

N_NODES: Final = 8
"""Nodes of the Gauss-Legendre rule on one part of the way."""
MOST_HALVINGS: Final = 40
"""A part this short holds a kink, whose share of the integral is below 1e-12."""
SAFETY: Final = 8.0
"""The tolerance is shared by the parts of a way; errors of parts that were accepted add up."""


def integrated_contributions(
    outputs: MemberOutputs, X: FloatArray, baseline: FloatArray, tolerance: float
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Integrate the slopes of a network from the baseline to each row.

    Parameters
    ----------
    outputs : MemberOutputs
        One network.
    X : ndarray of shape (n_samples, n_features)
        Rows.
    baseline : ndarray of shape (n_features,)
        Start of each way.
    tolerance : float
        Error of a row's integral relative to its contributions, where it is not exact.

    Returns
    -------
    contributions : ndarray of shape (n_samples, n_outputs, n_features)
        What each feature adds.
    n_points : ndarray of shape (n_samples,)
        Number of points at which slopes were taken.
    """
    try:
        function = piecewise_linear_of(outputs.mlp)
    except ValueError:  # it says which layer bends
        return _by_quadrature(outputs, X, baseline, tolerance)
    return _by_pieces(outputs, X, baseline, function)


def _by_pieces(
    outputs: MemberOutputs, X: FloatArray, baseline: FloatArray, function: PiecewiseLinear
) -> tuple[FloatArray, NDArray[np.int64]]:
    n, n_features = X.shape
    mean_slopes = np.empty((n, outputs.n_outputs, n_features))
    n_points = np.zeros(n, dtype=np.int64)
    most = outputs.points_at_once(n_features)
    waiting: list[tuple[FloatArray, FloatArray]] = []

    def finish(stop: int) -> None:
        """Write the rows that wait, of which the last is before ``stop``."""
        middles = np.concatenate([points for points, _ in waiting])
        lengths = np.concatenate([shares for _, shares in waiting])
        slopes = outputs.slopes(middles) * lengths[:, None, None]
        starts = np.cumsum([0, *(len(shares) for _, shares in waiting[:-1])])
        mean_slopes[stop - len(waiting) : stop] = np.add.reduceat(slopes, starts, axis=0)
        waiting.clear()

    for row, x in enumerate(X):
        *_, last = walk(function, baseline, x)
        lengths = np.diff(last.t)
        inside = lengths > 0
        middle = (last.t[:-1] + last.t[1:])[inside] / 2
        n_points[row] = len(middle)
        outputs.check_work(int(n_points.sum()))
        if waiting and sum(len(shares) for _, shares in waiting) + len(middle) > most:
            finish(row)
        waiting.append((baseline + middle[:, None] * (x - baseline), lengths[inside]))
    finish(n)
    mean_slopes *= (X - baseline)[:, None, :]
    return mean_slopes, n_points


def _by_quadrature(
    outputs: MemberOutputs, X: FloatArray, baseline: FloatArray, tolerance: float
) -> tuple[FloatArray, NDArray[np.int64]]:
    n, n_features = X.shape
    values = np.empty((n, outputs.n_outputs, n_features))
    n_points = np.zeros(n, dtype=np.int64)
    # A block's rows are halved together; each holds the slopes of two parts.
    block = max(1, outputs.points_at_once(n_features) // (2 * N_NODES))
    for first in range(0, n, block):
        rows = slice(first, first + block)
        ways = _Ways(outputs, baseline, X[rows] - baseline, int(n_points.sum()))
        values[rows] = ways.integrate(tolerance)
        n_points[rows] = ways.n_points
    return values, n_points


class _Ways:
    """The ways from the baseline along some steps (m, n_features)."""

    def __init__(
        self, outputs: MemberOutputs, baseline: FloatArray, steps: FloatArray, n_before: int
    ) -> None:
        self.outputs, self.baseline, self.steps = outputs, baseline, steps
        self.n_points = np.zeros(len(steps), dtype=np.int64)
        self.n_before = n_before
        nodes, weights = np.polynomial.legendre.leggauss(N_NODES)
        self.nodes, self.weights = (nodes + 1) / 2, weights / 2

    def _points(self, way: NDArray[np.int64], t: FloatArray) -> FloatArray:
        return self.baseline + t[:, None] * self.steps[way]

    def _rule(self, way: NDArray[np.int64], start: FloatArray, stop: FloatArray) -> FloatArray:
        """Return the contributions of parts of ways, (n_parts, n_outputs, n_features)."""
        np.add.at(self.n_points, way, N_NODES)
        self.outputs.check_work(self.n_before + int(self.n_points.sum()))
        integrals = np.empty((len(way), self.outputs.n_outputs, self.steps.shape[1]))
        each = max(1, self.outputs.points_at_once(self.steps.shape[1]) // N_NODES)
        for first in range(0, len(way), each):
            some = slice(first, first + each)
            length = stop[some] - start[some]
            t = start[some, None] + length[:, None] * self.nodes
            points = self._points(np.repeat(way[some], N_NODES), t.ravel())
            slopes = self.outputs.slopes(points).reshape(len(length), N_NODES, -1)
            means = np.einsum("pnk,n->pk", slopes, self.weights) * length[:, None]
            integrals[some] = means.reshape(integrals[some].shape)
        integrals *= self.steps[way][:, None, :]
        return integrals

    def integrate(self, tolerance: float) -> FloatArray:
        """Return the contributions of all ways, (m, n_outputs, n_features)."""
        way = np.arange(len(self.steps))
        start, stop = np.zeros(len(way)), np.ones(len(way))
        whole = self._rule(way, start, stop)
        total = np.zeros_like(whole)
        allowed = tolerance * np.abs(whole).sum(axis=2).max(axis=1) / SAFETY
        n_parts = np.ones(len(way))
        for halving in range(MOST_HALVINGS + 1):
            middle = (start + stop) / 2
            left, right = self._rule(way, start, middle), self._rule(way, middle, stop)
            halves = left + right
            rise = self.outputs.outputs(self._points(way, stop))
            rise -= self.outputs.outputs(self._points(way, start))
            # A rule may be wrong by the same on a part and on its halves, or feature by feature
            # where the sum is right.
            error = np.maximum(
                np.abs(halves - whole).sum(axis=2), np.abs(rise - halves.sum(axis=2))
            ).max(axis=1)
            done = error <= allowed[way] / n_parts[way]
            if halving == MOST_HALVINGS:
                done[:] = True
            np.add.at(total, way[done], halves[done])
            again = ~done
            if not again.any():
                break
            np.add.at(n_parts, way[again], 1)
            way = np.concatenate([way[again]] * 2)
            start = np.concatenate([start[again], middle[again]])
            stop = np.concatenate([middle[again], stop[again]])
            whole = np.concatenate([left[again], right[again]])
        return total
