r"""The class of step functions of one input with at most k pieces: that of regression trees.

The best step function on n sorted points is found by dynamic programming (Bellman). With cost(i, j)
the squared error of points i ... j - 1 around their mean,

    best_k(j) = min over i of best_{k-1}(i) + cost(i, j).

Source: R. Bellman, "On the approximation of curves by line segments using dynamic programming",
Communications of the ACM 4, 1961, p. 284.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen.decomposition.hypothesis_class import Fitted, HypothesisClass, Predictor

__all__ = ["StepFunctions", "StepPredictor", "best_segments"]

N_CELLS: Final = 2_000
"""Number of cells whose borders are the candidate jumps for a known f*."""
MAX_POINTS: Final = 4_000
"""Largest number of points, limited by the memory of the table of costs."""


@dataclass(frozen=True)
class StepPredictor:
    """A piecewise constant function.

    Parameters
    ----------
    jumps : ndarray of shape (k - 1,)
        Ends of the pieces, ascending.
    values : ndarray of shape (k,)
        Values on the pieces.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.decomposition.step_functions import StepPredictor
    >>> step = StepPredictor(np.array([0.0]), np.array([1.0, 2.0]))
    >>> step.predict(np.array([[-1.0], [1.0]]))
    array([1., 2.])
    """

    jumps: FloatArray = field(repr=False)
    values: FloatArray = field(repr=False)

    def predict(self, X: FloatArray) -> FloatArray:
        """Return predictions.

        Parameters
        ----------
        X : ndarray of shape (n, 1)
            Inputs.

        Returns
        -------
        y : ndarray of shape (n,)
            Value of the piece that contains each input.
        """
        return self.values[np.searchsorted(self.jumps, X[:, 0])]


@dataclass(frozen=True)
class StepFunctions(HypothesisClass):
    """Functions of one input with at most k constant pieces.

    Parameters
    ----------
    n_pieces : int
        Largest number of pieces k, >= 1.

    Notes
    -----
    For n training points the dynamic program takes O(k n^2). The projection of f* searches jumps
    among the borders of 2,000 cells, which changes its error by a few parts in a thousand at 64
    pieces.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.decomposition.step_functions import StepFunctions
    >>> X, y = np.arange(4.0)[:, None], np.array([0.0, 0.0, 5.0, 7.0])
    >>> StepFunctions(2).minimize(X, y, None, None).predict(X)
    array([0., 0., 6., 6.])
    """

    n_pieces: int

    @property
    def name(self) -> str:
        return f"step functions with at most {self.n_pieces} pieces"

    @property
    def exact(self) -> bool:
        """Always True, since both best members come from dynamic programming."""
        return True

    def project(self, X: FloatArray, mean: FloatArray, weights: FloatArray | None) -> Predictor:
        """Return the step function nearest to f*, with jumps at borders of cells."""
        order = np.argsort(X[:, 0], kind="stable")
        x, mean = X[order, 0], mean[order]
        mass = np.full(len(x), 1 / len(x)) if weights is None else weights[order]
        first = np.unique(np.linspace(0, len(x), N_CELLS, endpoint=False).astype(int))
        heavy = np.add.reduceat(mass, first)
        level = np.add.reduceat(mass * mean, first) / np.where(heavy > 0, heavy, 1.0)
        return _steps(x[first], np.append(x[first[1:] - 1], x[-1]), level, heavy, self.n_pieces)

    def minimize(
        self,
        X: FloatArray,
        y: AnyArray,
        fitted: Fitted | None,
        random: np.random.Generator | None,
    ) -> Predictor:
        """Return the step function of least empirical risk, with jumps half-way between points."""
        x, inverse = np.unique(X[:, 0], return_inverse=True)
        if len(x) > MAX_POINTS:
            raise ValueError(
                f"the best step function on a sample takes n^2 work: at most {MAX_POINTS:,} "
                f"different inputs, got {len(x):,}; use a smaller n_samples"
            )
        mass = np.bincount(inverse).astype(float)
        level = np.bincount(inverse, weights=y) / mass
        return _steps(x, x, level, mass, self.n_pieces)


def _steps(
    left: FloatArray, right: FloatArray, level: FloatArray, mass: FloatArray, n_pieces: int
) -> StepPredictor:
    """Return the best step function on cells given by their ends, levels and masses."""
    starts = best_segments(level, mass, min(n_pieces, len(level)))
    values = np.add.reduceat(mass * level, starts) / np.add.reduceat(mass, starts)
    return StepPredictor((right[starts[1:] - 1] + left[starts[1:]]) / 2, values)


def best_segments(level: FloatArray, mass: FloatArray, n_pieces: int) -> Any:
    """Divide a sequence into pieces of least squared error around their means.

    Parameters
    ----------
    level : ndarray of shape (n,)
        The sequence.
    mass : ndarray of shape (n,)
        Weights, > 0.
    n_pieces : int
        Number of pieces, in [1, n].

    Returns
    -------
    starts : ndarray of shape (n_pieces,)
        Index of the first element of each piece, ascending, the first 0.

    Notes
    -----
    Takes O(n_pieces n^2) time and O(n^2) memory.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.decomposition.step_functions import best_segments
    >>> best_segments(np.array([1.0, 1.0, 9.0, 8.0]), np.ones(4), 2)
    array([0, 2])
    """
    n = len(level)
    centred = level - np.average(level, weights=mass)
    total, first, second = (
        np.concatenate([[0.0], np.cumsum(mass * centred**power)]) for power in range(3)
    )
    between = total[None, 1:] - total[:-1, None]
    cost = np.full((n, n), np.inf)
    upper = np.triu_indices(n)
    # cost[i, j]: squared error of members i ... j around their mean.
    cost[upper] = (
        (second[None, 1:] - second[:-1, None])
        - (first[None, 1:] - first[:-1, None]) ** 2 / np.where(between > 0, between, 1.0)
    )[upper]
    best = cost[0].copy()
    choices = []
    for _ in range(n_pieces - 1):
        candidates = best[:-1, None] + cost[1:]
        choice = np.argmin(candidates, axis=0) + 1
        best = candidates[choice - 1, np.arange(n)]
        choices.append(choice)
    starts = []
    end = n - 1
    for choice in reversed(choices):
        starts.append(int(choice[end]))
        end = starts[-1] - 1
    return np.array([0, *reversed(starts)])


def step_functions_of(steps: list[Any], n_features: int) -> StepFunctions | None:
    """Return the step functions of a regression tree of one input, limited by leaves or depth only.

    Parameters
    ----------
    steps : list of estimator
        The steps of a pipeline, the model last.
    n_features : int
        Number of inputs.

    Returns
    -------
    steps : StepFunctions or None
        None if the class is another one.
    """
    *transformers, model = steps
    if type(model).__name__ != "DecisionTreeRegressor" or n_features != 1:
        return None
    if any(not type(step).__name__.endswith("Scaler") for step in transformers):
        return None
    settings = model.get_params(deep=False)
    free = type(model)().get_params(deep=False)
    limits = {"max_leaf_nodes", "max_depth", "random_state"}
    if any(settings[name] != free[name] for name in settings.keys() - limits):
        return None
    leaves, depth = settings["max_leaf_nodes"], settings["max_depth"]
    if leaves is None and depth is None:
        return None
    # A tree of depth D can cut an interval into any 2^D pieces.
    return StepFunctions(min(leaves or 2**30, 2 ** min(depth or 30, 30)))
