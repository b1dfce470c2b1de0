"""Memorization: a network with one hidden layer that interpolates any finite sample."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import solve_triangular

from deepgen.expressivity.constructions.conditioning import conditioning

if TYPE_CHECKING:
    from deepgen.estimators import MLPRegressor

__all__ = ["memorize"]

N_DIRECTIONS = 32
# Relative residual above which a warning is given.
EXACT = 1e-6


def memorize(X: Any, y: Any, *, random_state: Any = 0) -> MLPRegressor:
    r"""Return a network that interpolates a finite sample.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples; equal rows must have equal targets.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Any targets.
    random_state : int, RandomState instance or None, default=0
        Seed of the directions on which samples are projected.

    Returns
    -------
    model : MLPRegressor
        One hidden layer with a ReLU unit per distinct row, float64; `conditioning` reports the
        error due to rounding.

    Raises
    ------
    ValueError
        If shapes do not match, a value is not finite, equal rows have different targets, or no
        direction separates all rows.

    Warns
    -----
    UserWarning
        If rounding causes an error of more than 1e-6 of the targets' size.

    See Also
    --------
    conditioning : The effect of rounding on it.

    Notes
    -----
    .. math:: c(x) = \sum_{j=1}^n w_j (a \cdot x - b_j)_+ , \qquad
        b_1 < z_1 < b_2 < z_2 < \dots < b_n < z_n

    where :math:`z_i = a \cdot x_i` in ascending order. The matrix :math:`(z_i - b_j)_+` is lower
    triangular with the positive diagonal :math:`z_i - b_i`, so forward substitution gives w: 2 n +
    d numbers for any n targets. The direction a is the one with the largest smallest gap among 32
    random unit vectors, and b lies half way between samples. Takes O(n^2 n_outputs) time.

    References
    ----------
    .. [1] C. Zhang, S. Bengio, M. Hardt, B. Recht and O. Vinyals, "Understanding deep learning
       requires rethinking generalization", ICLR 2017, theorem 1.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import memorize
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    >>> bool(np.abs(memorize(X, y).predict(X) - y).max() < 1e-6)
    True
    """
    from sklearn.utils import check_random_state

    from deepgen.estimators.from_weights import regressor_from_layers

    samples = np.asarray(X, dtype=np.float64)
    targets = np.asarray(y, dtype=np.float64)
    if samples.ndim != 2 or targets.ndim not in (1, 2) or len(samples) != len(targets):
        raise ValueError(
            f"memorize needs X of shape (n, d) and y of n rows, got {samples.shape} and "
            f"{targets.shape}"
        )
    if not len(samples):
        raise ValueError("memorize needs at least one sample, got none")
    if not (np.isfinite(samples).all() and np.isfinite(targets).all()):
        raise ValueError("memorize needs finite X and y, got NaN or infinity")
    targets = targets.reshape(len(targets), -1)
    # Equal rows become one; their targets must agree.
    rows, inverse = np.unique(samples, axis=0, return_inverse=True)
    inverse = inverse.ravel()
    values = np.empty((len(rows), targets.shape[1]))
    values[inverse] = targets
    clash = np.flatnonzero((values[inverse] != targets).any(axis=1))
    if len(clash):
        twin = np.flatnonzero(inverse == inverse[clash[0]])[-1]
        raise ValueError(f"rows {clash[0]} and {twin} of X are equal, their targets are not")

    # Project on the random direction with the largest smallest gap between neighbours.
    directions = check_random_state(random_state).standard_normal((rows.shape[1], N_DIRECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    projected = np.sort(rows @ directions, axis=0)
    gaps = np.diff(projected, axis=0).min(axis=0, initial=np.inf)
    best = int(gaps.argmax())
    if not gaps[best] > 0:
        raise ValueError("no direction separates all rows of X: some are equal up to rounding")
    direction = directions[:, best]
    order = (rows @ direction).argsort()
    z = (rows @ direction)[order]
    # One unit per row, with its kink half way to the projection before.
    first = z[0] - (0.5 * (z[1] - z[0]) if len(z) > 1 else 1.0)
    b = np.concatenate([[first], (z[:-1] + z[1:]) / 2])
    system = np.maximum(z[:, None] - b, 0.0)
    weights = solve_triangular(system, values[order], lower=True)
    # One step of iterative refinement removes most of the error of the substitution.
    weights += solve_triangular(system, values[order] - system @ weights, lower=True)
    model = regressor_from_layers(
        [np.repeat(direction[:, None], len(z), axis=1), weights], [-b, np.zeros(weights.shape[1])]
    )
    report = conditioning(model, samples, targets)
    if report.residual > EXACT * max(float(np.abs(targets).max()), np.finfo(np.float64).tiny):
        warnings.warn(f"rounding leaves an error of {report.residual:.1e}: {report}", stacklevel=2)
    return model
