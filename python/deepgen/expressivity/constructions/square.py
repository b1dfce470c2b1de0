"""Square: x^2 on [0, 1] by a deep network; each layer divides the error by four."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from deepgen.estimators import MLPRegressor

__all__ = ["square", "square_layers"]

DEEPEST = 500


def square(m: int) -> MLPRegressor:
    r"""Return a network that computes x - sum of tri^s(x) / 4^s for s = 1 .. m.

    Parameters
    ----------
    m : int
        Number of terms and of hidden layers, in 1 .. 500; other values raise a ValueError.

    Returns
    -------
    model : MLPRegressor
        One input, m hidden layers of 3 ReLU units, one output, float64.

    See Also
    --------
    product : The product of two numbers by three squares.

    Notes
    -----
    On [0, 1] the sum is the linear interpolation of x^2 at the multiples of :math:`2^{-m}`; it lies
    above x^2, by at most :math:`2^{-(2m+2)}`, which is reached in the middle of each cell. In each
    layer two units compute the next triangle wave and the third one carries the sum, which is never
    negative. An error e needs about :math:`\tfrac32 \log_2(1/e)` units; with one hidden layer it
    would need about :math:`1 / (2 \sqrt e)`.

    References
    ----------
    .. [1] D. Yarotsky, "Error bounds for approximations with deep ReLU networks", 2017,
       proposition 2.

    Examples
    --------
    >>> from deepgen.expressivity import square
    >>> square(2).predict([[0.25], [0.5], [0.125]]).tolist()
    [0.0625, 0.25, 0.03125]
    """
    from deepgen.estimators.from_weights import regressor_from_layers

    return regressor_from_layers(*square_layers(m, np.eye(1), np.ones((1, 1))))


def square_layers(
    m: int, mix: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Return the layers of a weighted sum of squares of mixed inputs.

    Parameters
    ----------
    m : int
        Number of terms of each square, in 1 .. 500.
    mix : ndarray of shape (n_inputs, n_squares)
        Coefficients of each square's argument as a sum of inputs; arguments must lie in [0, 1].
    weights : ndarray of shape (n_squares, n_outputs)
        Coefficients of the squares in each output.

    Returns
    -------
    coefs, intercepts : list of ndarray
        Parameters of m hidden layers of 3 n_squares units, and of the output layer.

    Raises
    ------
    ValueError
        If ``m`` is outside its range.
    """
    if not 1 <= m <= DEEPEST:
        raise ValueError(f"the deep square needs 1 <= m <= {DEEPEST} terms, got {m}")
    n_squares = mix.shape[1]
    identity = np.eye(n_squares)
    coefs: list[NDArray[np.float64]] = [np.kron(mix, np.array([[2.0, 4.0, 1.0]]))]
    bias = np.tile([0.0, -2.0, 0.0], n_squares)
    for s in range(1, m):
        share = 4.0**-s
        # Rows: the two parts of the wave tri^s = u - v, and the partial sum.
        step = np.array([[2.0, 4.0, -share], [-2.0, -4.0, share], [0.0, 0.0, 1.0]])
        coefs.append(np.kron(identity, step))
    last = np.array([[-(4.0**-m)], [4.0**-m], [1.0]])
    coefs.append(np.kron(identity, last) @ weights)
    return coefs, [bias] * m + [np.zeros(weights.shape[1])]
