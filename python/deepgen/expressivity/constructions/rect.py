"""Rect: a box, or a sum of boxes, as a network with one hidden layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from deepgen.estimators import MLPRegressor

__all__ = ["rect"]


def rect(a: Any, b: Any, h: Any, eps: float = 1e-7) -> MLPRegressor:
    r"""Return a network that equals ``h`` on [a + eps, b] and 0 outside [a, b + eps].

    Parameters
    ----------
    a, b : float or array-like of shape (n_rects,)
        Left and right end of the box, a + eps <= b; sequences give a sum of boxes.
    h : float or array-like of shape (n_rects,)
        Heights.
    eps : float, default=1e-7
        Width of the ramps, > 0.

    Returns
    -------
    model : MLPRegressor
        One input, four hidden ReLU units per box, one output, float64.

    Raises
    ------
    ValueError
        If a box is empty, narrower than its ramp, or the ramp is lost in rounding.

    Notes
    -----
    .. math:: \frac{h}{\epsilon} [(x - a)_+ - (x - a - \epsilon)_+ - (x - b)_+ +
        (x - b - \epsilon)_+]

    with :math:`(x)_+ = \max(x, 0)`. Outside the box four large terms cancel, so the rounding error
    is about ``1e-16 h |x| / eps``, some 1e-9 for the default ``eps`` in float64. In float32 it
    would be of the size of h, so the network is float64. Adjacent boxes share a ramp: [a, b] and
    [b, c] meet in a ramp from one height to the other.

    References
    ----------
    .. [1] C. Ollion and O. Grisel, "Learning with deep networks: expressivity, optimization &
       generalization", slides "Approximation with ReLU nets".

    Examples
    --------
    >>> from deepgen.expressivity import rect
    >>> model = rect(0.0, 1.0, 1.3)
    >>> model.predict([[-1.0], [0.5], [2.0]]).round(6).tolist()
    [0.0, 1.3, 0.0]
    >>> rect([-1, 0, 1], [0, 1, 2], [0.4, 1.3, 0.8]).coefs_[0].shape
    (1, 12)
    """
    from deepgen.estimators.from_weights import regressor_from_layers

    starts, ends, heights = (
        np.atleast_1d(part) for part in np.broadcast_arrays(*map(np.float64, (a, b, h)))
    )
    corners = np.stack([starts, starts + eps, ends, ends + eps], axis=1)
    if not (np.isfinite(corners).all() and np.isfinite(heights).all() and heights.ndim == 1):
        raise ValueError(f"rect needs finite numbers or equal sequences, got a={a}, b={b}, h={h}")
    if not eps > 0:
        raise ValueError(f"eps must be > 0, got {eps}")
    if not (starts + eps <= ends).all():
        raise ValueError(f"rect needs a + eps <= b, got a={a}, b={b}, eps={eps}")
    if not ((corners[:, 0] < corners[:, 1]) & (corners[:, 2] < corners[:, 3])).all():
        raise ValueError(f"eps={eps} is lost in rounding beside a={a}, b={b}")
    signs = np.array([1.0, -1.0, -1.0, 1.0])
    # Just beyond a corner the distance of x to it is exact, so the slope is computed from the
    # rounded ramp and not from eps.
    ramps = np.stack([corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 2]], axis=1)
    slopes = heights[:, None] / ramps[:, [0, 0, 1, 1]] * signs
    n_units = corners.size
    return regressor_from_layers(
        [np.ones((1, n_units)), slopes.reshape(n_units, 1)], [-corners.ravel(), [0.0]]
    )
