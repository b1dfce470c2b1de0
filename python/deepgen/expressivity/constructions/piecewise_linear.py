"""Interpolation: a network that interpolates given points linearly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from deepgen.estimators import MLPRegressor

__all__ = ["piecewise_linear"]


def piecewise_linear(knots: Any, values: Any) -> MLPRegressor:
    r"""Return a network that interpolates linearly between given points.

    Parameters
    ----------
    knots : array-like of shape (n_knots,)
        Positions, strictly increasing, at least 2.
    values : array-like of shape (n_knots,) or (n_knots, n_outputs)
        Values at the knots.

    Returns
    -------
    model : MLPRegressor
        One input, n_knots - 1 hidden ReLU units, float64. The function is constant left of the
        first knot and continues with the last slope right of the last knot.

    Raises
    ------
    ValueError
        If the knots do not increase, the numbers of knots and values differ, or a value is not
        finite.

    See Also
    --------
    numpy.interp : The same values between the knots.

    Notes
    -----
    With knots :math:`t_0 < \dots < t_N` and slopes :math:`s_k` of the N pieces

    .. math:: f(x) = f(t_0) + s_1 (x - t_0)_+ + \sum_{k=1}^{N-1} (s_{k+1} - s_k) (x - t_k)_+ .

    On N equal cells of [0, 1] the error for a smooth f is at most max|f''| / (8 N^2), with equality
    for quadratics: 1 / (4 N^2) for x^2. The best function with N pieces has half of that error.

    References
    ----------
    .. [1] D. Yarotsky, "Error bounds for approximations with deep ReLU networks", 2017, section 2.

    Examples
    --------
    >>> from deepgen.expressivity import piecewise_linear
    >>> piecewise_linear([0, 1, 3], [0, 2, 0]).predict([[0.5], [2.0]]).tolist()
    [1.0, 1.0]
    """
    from deepgen.estimators.from_weights import regressor_from_layers

    t = np.asarray(knots, dtype=np.float64)
    y = np.asarray(values, dtype=np.float64)
    if t.ndim != 1 or len(t) < 2 or y.ndim not in (1, 2) or len(y) != len(t):
        raise ValueError(
            f"piecewise_linear needs at least 2 knots and a value for each, got shapes {t.shape} "
            f"and {y.shape}"
        )
    if not (np.isfinite(t).all() and np.isfinite(y).all() and (np.diff(t) > 0).all()):
        raise ValueError("piecewise_linear needs finite values and strictly increasing knots")
    y = y.reshape(len(t), -1)
    slopes = np.diff(y, axis=0) / np.diff(t)[:, None]
    bends = np.diff(slopes, axis=0, prepend=np.zeros((1, y.shape[1])))
    return regressor_from_layers([np.ones((1, len(t) - 1)), bends], [-t[:-1], y[0]])
