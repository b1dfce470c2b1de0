"""Product: x y on the unit square as three deep squares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepgen.expressivity.constructions.square import square_layers

if TYPE_CHECKING:
    from deepgen.estimators import MLPRegressor

__all__ = ["product"]


def product(m: int) -> MLPRegressor:
    r"""Return a network that multiplies two numbers in [0, 1].

    Parameters
    ----------
    m : int
        Number of terms of each square and of hidden layers, in 1 .. 500; other values raise a
        ValueError.

    Returns
    -------
    model : MLPRegressor
        Two inputs, m hidden layers of 9 ReLU units, one output, float64.

    See Also
    --------
    square : The network for the square of one number.

    Notes
    -----
    .. math:: x y = 2 \left(\tfrac{x + y}{2}\right)^2 - \tfrac12 x^2 - \tfrac12 y^2

    The error of each square is in [0, e] with :math:`e = 2^{-(2m+2)}`, so the error of the product
    is in [-e, 2 e]. The product is exact if both numbers are 0 or 1.

    References
    ----------
    .. [1] D. Yarotsky, "Error bounds for approximations with deep ReLU networks", 2017,
       proposition 3.

    Examples
    --------
    >>> from deepgen.expressivity import product
    >>> round(float(product(10).predict([[0.3, 0.7]])[0]), 5)
    0.21
    """
    from deepgen.estimators.from_weights import regressor_from_layers

    mix = np.array([[0.5, 1.0, 0.0], [0.5, 0.0, 1.0]])
    return regressor_from_layers(*square_layers(m, mix, np.array([[2.0], [-0.5], [-0.5]])))
