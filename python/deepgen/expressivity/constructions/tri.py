"""Tri: Telgarsky's triangle wave; each composition doubles the number of oscillations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from deepgen.estimators import MLPRegressor

__all__ = ["tri"]


def tri(k: int) -> MLPRegressor:
    r"""Return a network that composes the triangle map with itself.

    Parameters
    ----------
    k : int
        Number of compositions, in 1 .. 500.

    Returns
    -------
    model : MLPRegressor
        One input, hidden layers of 2, 1, 2, 1 ... ReLU units (2 k layers), one output, float64.

    Raises
    ------
    ValueError
        If ``k`` is below 1 or above 500, where slopes would approach the limits of float64.

    Notes
    -----
    .. math:: \operatorname{tri}(x) = ((2x)_+ - (4x - 2)_+)_+

    is 2x on [0, 1/2], 2 - 2x on [1/2, 1] and 0 elsewhere. Its k-fold composition has :math:`2^k`
    linear pieces on [0, 1], :math:`2^{k-1}` peaks of height 1 and slopes :math:`\pm 2^k`; its value
    at :math:`j / 2^k` is j mod 2. A network with one hidden layer needs :math:`2^k` units for it.

    Each composition doubles the error of the argument, so it loses one bit. From k = 53 on,
    evaluation in float64 has lost all bits of the argument, and the result is 0 for ordinary
    numbers. Count the oscillations with `breakpoints`, not by sampling.

    References
    ----------
    .. [1] M. Telgarsky, "Benefits of depth in neural networks", COLT 2016, section 2.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> tri(3).predict([[j / 8] for j in range(9)]).tolist()
    [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]
    """
    from deepgen.estimators.from_weights import regressor_from_layers

    if not 1 <= k <= 500:
        raise ValueError(f"tri needs 1 <= k <= 500, got {k}")
    coefs = [np.array([[2.0, 4.0]]), np.array([[1.0], [-1.0]])] * k
    intercepts = [np.array([0.0, -2.0]), np.zeros(1)] * k
    return regressor_from_layers([*coefs, np.ones((1, 1))], [*intercepts, np.zeros(1)])
