r"""Intrinsic dimension: how many directions of the weights training needs.

A network is trained in a random subspace, w = w0 + P z, around its starting weights, with d columns
P of length 1. The smallest d at which it does nearly as well as with all parameters measures how
hard the task is for this network.

Source: C. Li, H. Farkhoor, R. Liu, J. Yosinski, "Measuring the intrinsic dimension of objective
landscapes", ICLR 2018.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from deepgen._counts import checked_count
from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen._network.network import MATRICES
from deepgen._user_warnings import collect_warnings
from deepgen.estimators.base import BaseMLP
from deepgen.generalization.norms.starting_model import starting_model
from deepgen.generalization.random_weights.curvature_basis import total_weight
from deepgen.generalization.settings import generator
from deepgen.probe import Probe

__all__ = ["IntrinsicDimension", "intrinsic_dimension"]

MAX_NUMBERS = 100_000_000
"""Largest number of numbers in P; 0.8 GB."""
GRID_STEP = 2.0
"""Ratio of neighbouring dimensions of the default grid."""


@dataclass(frozen=True, eq=False)
class IntrinsicDimension(ShownAsTable):
    """The score by the dimension of the subspace of training.

    Parameters
    ----------
    dimension : int or None
        Smallest dimension measured that reaches the share of the full score; None if none does.
    threshold : float
        Score to be reached: the share of the full one.
    full_score : float
        Score after training of all parameters in the same way.
    n_parameters : int
        Number of all parameters.
    dimensions : ndarray of shape (n_dimensions,)
        Dimensions measured, ascending.
    scores, losses : ndarray of shape (n_dimensions,)
        Score and training loss, L2 included, at each.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization import IntrinsicDimension
    >>> IntrinsicDimension(4, 0.9, 1.0, 100, np.array([2, 4]), np.array([0.5, 0.95]), np.zeros(2))
    IntrinsicDimension(4 of 100 parameters reach 0.9, all reach 1)
    """

    dimension: int | None
    threshold: float
    full_score: float
    n_parameters: int
    dimensions: FloatArray
    scores: FloatArray
    losses: FloatArray

    def __repr__(self) -> str:
        found = "no dimension" if self.dimension is None else f"{self.dimension}"
        return (
            f"IntrinsicDimension({found} of {self.n_parameters} parameters reach "
            f"{self.threshold:.4g}, all reach {self.full_score:.4g})"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the score against the dimension.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            The axes drawn on.
        """
        ax = axes_or_new(ax)
        ax.plot(self.dimensions, self.scores, marker="o", label="in a random subspace")
        ax.axhline(self.full_score, linestyle="--", label="all parameters")
        ax.axhline(self.threshold, linestyle=":", label="threshold")
        ax.set(xscale="log", xlabel="dimension of the subspace", ylabel="score")
        ax.legend()
        return ax


def intrinsic_dimension(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    X_val: Any = None,
    y_val: Any = None,
    share: float = 0.9,
    dimensions: ArrayLike | None = None,
    max_iter: int = 500,
    random_state: int = 0,
) -> IntrinsicDimension:
    r"""Find the smallest random subspace of the weights in which a network trains well.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Network with an integer ``random_state``; it is cloned, and fitted for one epoch to learn
        targets and starting weights. Then its solver is not used, its ``alpha`` is; dropout, mixup
        and augmentation take no part.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Training features.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Training targets or labels.
    X_val, y_val : array-like, default=None
        Rows of the score; None scores the training rows.
    share : float, default=0.9
        Share of the full score to be reached, in (0, 1].
    dimensions : array-like of int or None, default=None
        Dimensions to be measured, each from 1 to the number of parameters; None doubles from 1 on
        until the threshold is reached, and then halves the interval, to a twentieth of the
        dimension.
    max_iter : int, default=500
        Most iterations of L-BFGS per training, at least 1.
    random_state : int, default=0
        Seed of the subspace, at least 0.

    Returns
    -------
    result : IntrinsicDimension
        Dimension, threshold and the scores on the way.

    Raises
    ------
    TypeError
        If ``estimator`` is no MLP of this package.
    ValueError
        If a setting is out of range, the full score is not above 0, the starting weights cannot be
        built, or a subspace is too large.

    Notes
    -----
    All trainings are by L-BFGS on the training loss with L2, in float64, from the same starting
    weights, that of all parameters too. The subspaces are nested: each has the first columns of one
    matrix of normal numbers, scaled to length 1. A larger one therefore has a training minimum at
    least as low; scores on other rows need not follow. The measured dimension depends on the
    subspace; repeat it with other seeds for an interval. Batch norm is refused, since its
    statistics are no function of the weights.

    The cost is one training per dimension, each up to ``max_iter`` gradients over the training rows
    and as many products with P; memory 8 d P bytes, at most 0.8 GB.

    References
    ----------
    .. [1] C. Li, H. Farkhoor, R. Liu, J. Yosinski, "Measuring the intrinsic dimension of objective
       landscapes", ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPClassifier
    >>> from deepgen.generalization import intrinsic_dimension
    >>> X = np.random.default_rng(0).normal(size=(100, 5))
    >>> net = MLPClassifier((16,), random_state=0)
    >>> found = intrinsic_dimension(net, X, X[:, 0] > 0, share=0.95)
    >>> bool(found.dimension < 40), found.n_parameters
    (True, 113)
    """
    if not isinstance(estimator, BaseMLP):
        raise TypeError(
            f"intrinsic_dimension needs an MLPClassifier or MLPRegressor, got "
            f"{type(estimator).__name__}"
        )
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val belong together, and only one of them is given")
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1:
        raise ValueError(f"share must be a number above 0 and at most 1, got {share!r}")
    max_iter, random = checked_count("max_iter", max_iter), generator(random_state)
    start = _starting_probe(estimator, X, y)
    size = start.n_parameters
    chosen = None if dimensions is None else _checked_dimensions(dimensions, size)
    rows = (X, y) if X_val is None else (X_val, y_val)

    full, _ = _trained(start, None, max_iter)
    full_score = float(full.model.score(*rows))
    if not full_score > 0:
        raise ValueError(
            f"the score with all parameters is {full_score:.4g}, so that a share of it means "
            "nothing"
        )
    threshold = share * full_score
    subspace = _Subspace(size, random)
    measured: dict[int, tuple[float, float]] = {}

    def reaches(d: int) -> bool:
        if d not in measured:
            trained, loss = _trained(start, subspace.columns(d), max_iter)
            measured[d] = float(trained.model.score(*rows)), loss
        return measured[d][0] >= threshold

    if chosen is not None:
        for d in chosen:
            reaches(d)
    else:
        low, high = 0, 1
        while not reaches(high) and high < size:
            low, high = high, min(int(np.ceil(GRID_STEP * high)), size)
        while high - low > max(1, high // 20) and reaches(high):
            middle = (low + high) // 2
            low, high = (low, middle) if reaches(middle) else (middle, high)
    grid = sorted(measured)
    reached = [d for d in grid if measured[d][0] >= threshold]
    return IntrinsicDimension(
        reached[0] if reached else None,
        threshold,
        full_score,
        size,
        np.array(grid),
        np.array([measured[d][0] for d in grid]),
        np.array([measured[d][1] for d in grid]),
    )


def _checked_dimensions(dimensions: ArrayLike, size: int) -> list[int]:
    given = np.atleast_1d(np.asarray(dimensions))
    if not given.size or given.dtype.kind not in "iu" or (given < 1).any() or (given > size).any():
        raise ValueError(f"dimensions must be integers from 1 to {size}, got {dimensions!r}")
    return sorted(set(given.tolist()))


def _starting_probe(estimator: Any, X: Any, y: Any) -> Probe:
    """Return a probe of the network at its starting weights on the training rows."""
    from sklearn.base import clone

    model = clone(estimator).set_params(max_iter=1, early_stopping=False)
    with collect_warnings():  # one epoch is not meant to converge
        model.fit(X, y)
    start = starting_model(model)
    if any(block.kind == "variance" for block in start.network_.core.layout):
        raise ValueError("intrinsic_dimension needs a network without batch norm")
    return Probe(start, X, y)


class _Subspace:
    """Columns of one random matrix, made as far as they are needed."""

    def __init__(self, size: int, random: np.random.Generator) -> None:
        self.size, self.random = size, random
        self.rows = np.empty((0, size))

    def columns(self, d: int) -> FloatArray:
        """Return the first d columns, (d, n_parameters): each is a row here."""
        if d * self.size > MAX_NUMBERS:
            raise ValueError(
                f"a subspace of {d} dimensions of {self.size} parameters has "
                f"{d * self.size:.1e} numbers, and {MAX_NUMBERS:.0e} are allowed: give dimensions "
                f"of at most {MAX_NUMBERS // self.size}, or a smaller network"
            )
        if d > len(self.rows):
            more = self.random.standard_normal((d - len(self.rows), self.size))
            more /= np.linalg.norm(more, axis=1, keepdims=True)
            self.rows = np.concatenate([self.rows, more])
        return self.rows[:d]


def _trained(start: Probe, rows: FloatArray | None, max_iter: int) -> tuple[Probe, float]:
    """Return the probe after training in a subspace, (d, n_parameters), and its loss."""
    from scipy.optimize import minimize

    ridge = np.zeros(start.n_parameters)
    for block in start.network.core.layout:
        if block.kind in MATRICES:
            ridge[block.offset : block.offset + block.size] = 1.0
    ridge *= start._estimator.alpha / total_weight(start)

    def at(z: FloatArray) -> Probe:
        return start.at(start.parameters + (z if rows is None else z @ rows))

    def value(z: FloatArray) -> tuple[float, FloatArray]:
        probe = at(z)
        w = probe.parameters
        gradient = probe.gradient() + ridge * w
        loss = probe.loss() + float(w @ (ridge * w)) / 2
        return loss, gradient if rows is None else rows @ gradient

    n = start.n_parameters if rows is None else len(rows)
    options = {"maxiter": max_iter, "maxcor": 20}
    found = minimize(value, np.zeros(n), jac=True, method="L-BFGS-B", options=options)
    return at(found.x), float(found.fun)
