"""What noise in the layers of a network becomes on its way to the outputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.generalization.compressibility.compress import project
from deepgen.generalization.norms.matrix_chain import MatrixChain

__all__ = ["Passed", "passed_through", "smoothness"]


@dataclass(frozen=True, eq=False)
class Passed:
    """The rows on their way through a chain of matrices.

    Parameters
    ----------
    inputs : list of ndarray of shape (n_rows, in)
        Input of each layer: the rows, then the hidden activations.
    products : list of ndarray of shape (n_rows, out)
        Products x^i of each layer, before the activation.
    slopes : list of ndarray of shape (n_rows, out)
        Slopes of the activation of each layer at its products.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization.compressibility.noise_propagation import Passed
    >>> Passed([np.zeros((2, 3))], [np.zeros((2, 1))], [np.ones((2, 1))]).slopes[0].shape
    (2, 1)
    """

    inputs: list[FloatArray]
    products: list[FloatArray]
    slopes: list[FloatArray]


def passed_through(chain: MatrixChain, X: FloatArray) -> Passed:
    """Return the rows on their way through a chain of matrices.

    Parameters
    ----------
    chain : MatrixChain
        Network with homogeneous activations.
    X : ndarray of shape (n_rows, in)
        Inputs of the chain.

    Returns
    -------
    passed : Passed
        Inputs, products and slopes of each layer.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import rect
    >>> from deepgen.generalization.norms.matrix_chain import matrix_chain
    >>> from deepgen.generalization.compressibility.noise_propagation import passed_through
    >>> chain = matrix_chain(rect(0.0, 1.0, 1.0))
    >>> [x.shape for x in passed_through(chain, chain.inputs(np.zeros((3, 1)))).products]
    [(3, 5), (3, 1)]
    """
    passed = Passed([], [], [])
    below = X
    for index, A in enumerate(chain.matrices):
        product = below @ A.T
        slopes = np.where(product > 0, 1.0, chain.leaks(index))
        passed.inputs.append(below)
        passed.products.append(product)
        passed.slopes.append(slopes)
        below = product * slopes
    return passed


def smoothness(
    chain: MatrixChain,
    passed: Passed,
    k: int,
    n_draws: int,
    delta: float,
    random: np.random.Generator,
) -> float:
    """Return the interlayer smoothness: the noise of compression against its linear part.

    Parameters
    ----------
    chain : MatrixChain
        Network with homogeneous activations.
    passed : Passed
        The rows on their way through it.
    k : int
        Number of sign matrices of the compression.
    n_draws : int
        Number of compressions.
    delta : float
        Share of the compressions that may fail.
    random : numpy.random.Generator
        Generator of the signs.

    Returns
    -------
    rho : float
        The largest rho for which at all rows and pairs of layers i < j ||M(x^i + n) - J(x^i + n)||
        <= ||n|| ||x^j|| / (rho ||x^i||), n being the noise at layer i, in a share 1 - delta of the
        draws. Infinite if there is one layer.
    """
    return float(np.sort(_ratios(chain, passed, k, n_draws, random))[int(delta * n_draws)])


def _ratios(
    chain: MatrixChain, passed: Passed, k: int, n_draws: int, random: np.random.Generator
) -> FloatArray:
    """Return the largest rho that holds in each draw, (n_draws,)."""
    d = len(chain.matrices)
    lengths = [np.linalg.norm(x, axis=1) for x in passed.products]
    found = np.full(n_draws, np.inf)
    for draw in range(n_draws):
        below = passed.inputs[0]
        for i in range(d - 1):
            own = chain.matrices[i] - chain.carried[i]
            noisy = below @ (_projected(own, chain, i, k, random) + chain.carried[i]).T
            size = np.linalg.norm(noisy - passed.products[i], axis=1)
            curved = straight = noisy
            for j in range(i + 1, d):
                curved = _activated(chain, j - 1, curved) @ chain.matrices[j].T
                straight = (straight * passed.slopes[j - 1]) @ chain.matrices[j].T
                bent = np.linalg.norm(curved - straight, axis=1)
                with np.errstate(divide="ignore", invalid="ignore"):
                    rho = size * lengths[j] / (lengths[i] * bent)
                # Where nothing bends, or a row is 0 already, any rho holds.
                rho = rho[(bent > 0) & (lengths[i] > 0)]
                found[draw] = min(found[draw], rho.min(initial=np.inf))
            below = _activated(chain, i, noisy)
    return found


def _projected(
    own: FloatArray, chain: MatrixChain, index: int, k: int, random: np.random.Generator
) -> FloatArray:
    """Return a compressed layer: its units' weights are projected, rows that carry stay 0."""
    layer = chain.layers[index]
    projected = np.zeros_like(own)
    columns = list(range(layer.weights.shape[0])) + [-1] * chain.has_constant
    projected[: layer.width, columns] = project(own[: layer.width, columns], k, random)
    return projected


def _activated(chain: MatrixChain, index: int, product: FloatArray) -> FloatArray:
    """Return the output of a layer with a homogeneous activation."""
    activated: FloatArray = np.where(product > 0, product, chain.leaks(index) * product)
    return activated
