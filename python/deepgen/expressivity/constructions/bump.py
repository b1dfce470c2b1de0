"""Bump: sums of boxes of any dimension as a network with two hidden layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from deepgen.estimators import MLPRegressor

__all__ = ["bump"]


def bump(lower: Any, upper: Any, h: Any = 1.0, eps: float = 1e-3) -> MLPRegressor:
    r"""Return a network that equals ``h`` on a box and 0 around it, or a sum of such boxes.

    Parameters
    ----------
    lower, upper : array-like of shape (n_inputs,) or (n_boxes, n_inputs)
        Opposite corners, lower + eps <= upper in each coordinate.
    h : float or array-like of shape (n_boxes,), default=1.0
        Heights.
    eps : float, default=1e-3
        Width of the ramps, > 0.

    Returns
    -------
    model : MLPRegressor
        4 n_inputs ReLU units per box in the first hidden layer, 1 per box in the second, float64.

    Raises
    ------
    ValueError
        If the corners have different shapes, a box is narrower than its ramp or ``eps`` <= 0.

    See Also
    --------
    rect : Boxes of one input with one hidden layer.

    Notes
    -----
    .. math:: h \left(\sum_{i=1}^d r_i(x_i) - (d - 1)\right)_+

    where :math:`r_i` is the box of height 1 on [lower_i, upper_i]. The function is h on [lower +
    eps, upper] and 0 outside [lower, upper + eps]. No products of inputs are needed: the second
    hidden layer cuts off the values of the sum outside the box. The rounding error is about 1e-16 /
    eps.

    References
    ----------
    .. [1] A. Lapedes and R. Farber, "How neural nets work", NIPS 1987.

    Examples
    --------
    >>> from deepgen.expressivity import bump
    >>> model = bump([0, 0], [1, 1], 2.0)
    >>> model.predict([[0.5, 0.5], [0.5, 1.5], [-1.0, 3.0]]).round(9).tolist()
    [2.0, 0.0, 0.0]
    """
    from deepgen.estimators.from_weights import regressor_from_layers

    corners = [np.atleast_2d(np.asarray(corner, dtype=np.float64)) for corner in (lower, upper)]
    low, high = corners
    if low.ndim != 2 or low.shape != high.shape or not np.isfinite(corners).all():
        raise ValueError(
            f"bump needs two finite corners of equal shape, got {low.shape} and {high.shape}"
        )
    n_boxes, d = low.shape
    heights = np.broadcast_to(np.asarray(h, dtype=np.float64), (n_boxes,))
    if not (eps > 0 and (low + eps <= high).all()):
        raise ValueError(f"bump needs eps > 0 and lower + eps <= upper, got eps={eps}")
    ends = np.stack([low, low + eps, high, high + eps], axis=2)
    ramps = np.stack([ends[..., 1] - ends[..., 0], ends[..., 3] - ends[..., 2]], axis=2)
    if not (ramps > 0).all():
        raise ValueError(f"eps={eps} is lost in rounding beside the corners")
    first = np.tile(np.kron(np.eye(d), np.ones((1, 4))), (1, n_boxes))
    slopes = np.array([1.0, -1.0, -1.0, 1.0]) / ramps[..., [0, 0, 1, 1]]
    second = np.zeros((n_boxes * 4 * d, n_boxes))
    second[np.arange(n_boxes * 4 * d), np.repeat(np.arange(n_boxes), 4 * d)] = slopes.ravel()
    return regressor_from_layers(
        [first, second, heights.reshape(-1, 1)],
        [-ends.ravel(), np.full(n_boxes, 1.0 - d), np.zeros(1)],
    )
