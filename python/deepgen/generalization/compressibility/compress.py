r"""Compression of a network by random signs (algorithm 1 of Arora et al.).

A layer A (rows x columns) becomes, with k random sign matrices M_l that everybody knows,

    A^ = (1/k) sum_l <A, M_l> M_l,

so that the k numbers <A, M_l> describe it. E A^ = A, and for vectors u, v

    Var(u^T A^ v) = (||A||_F^2 ||u v^T||_F^2 + <A, u v^T>^2 - 2 sum A_ij^2 u_i^2 v_j^2) / k.

Source: S. Arora, R. Ge, B. Neyshabur, Y. Zhang, "Stronger generalization bounds for deep nets via a
compression approach", ICML 2018, algorithm 1 and lemma 1.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._counts import checked_count
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.text_table import format_table
from deepgen._engine.arrays import FloatArray
from deepgen.estimators.fitted import network_of
from deepgen.generalization.norms.matrix_chain import matrix_chain
from deepgen.generalization.settings import checked_size, generator

__all__ = ["Compressed", "compress", "project", "signs_needed"]

# Largest number of random signs in all layers, about ten seconds.
MAX_SIGNS = 5e9
# Number of signs in memory at a time.
BLOCK = 2**21


@dataclass(frozen=True, eq=False)
class Compressed(ShownAsTable):
    """A compressed network and what it takes to write it down.

    Parameters
    ----------
    model : MLPRegressor or MLPClassifier
        Copy of the estimator with compressed layers, batch norm and reparametrizations folded in.
    n_numbers : ndarray of shape (n_layers,)
        Numbers k that describe each layer, given the random signs.
    n_weights : ndarray of shape (n_layers,)
        Weights and intercepts of each layer.
    errors : ndarray of shape (n_layers,)
        ||A^ - A||_F / ||A||_F, intercepts included; about sqrt(n_weights / n_numbers).

    Examples
    --------
    >>> from deepgen.expressivity import rect
    >>> from deepgen.generalization import compress
    >>> compress(rect(0.0, 1.0, 1.0), n_numbers=2).n_numbers.tolist()
    [2, 2]
    """

    model: Any
    n_numbers: NDArray[np.int64]
    n_weights: NDArray[np.int64]
    errors: FloatArray

    @property
    def is_smaller(self) -> bool:
        """Whether the compressed network takes fewer numbers than the original one."""
        return int(self.n_numbers.sum()) < int(self.n_weights.sum())

    def __repr__(self) -> str:
        return (
            f"Compressed({int(self.n_weights.sum())} weights by {int(self.n_numbers.sum())} "
            f"numbers, relative errors {', '.join(f'{error:.3g}' for error in self.errors)})"
        )

    def table(self) -> str:
        """Return numbers, weights and error of each layer as text.

        Returns
        -------
        table : str
            One line per layer.
        """
        return format_table(
            [
                {"layer": layer, "numbers": int(k), "weights": int(size), "error": float(error)}
                for layer, (k, size, error) in enumerate(
                    zip(self.n_numbers, self.n_weights, self.errors, strict=True)
                )
            ]
        )


def compress(
    model: Any,
    *,
    eps: float = 0.3,
    eta: float = 0.05,
    n_numbers: Any = None,
    random_state: int = 0,
) -> Compressed:
    """Replace the layers of a fitted network by projections onto random sign matrices.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier or Probe
        Fitted, with one network, without embedded features.
    eps : float, default=0.3
        Error that the stated guarantee allows, relative to ``||A||_F ||u|| ||v||``, above 0.
    eta : float, default=0.05
        Probability of a larger error in the stated guarantee, in (0, 1).
    n_numbers : int or sequence of int, default=None
        Numbers k per layer, for all layers or for each; None computes ln(1 / eta) / eps^2.
    random_state : int, default=0
        Seed of the random signs, at least 0.

    Returns
    -------
    compressed : Compressed
        ``model``, a compressed estimator, and the counts.

    Raises
    ------
    ValueError
        If a setting is out of range, if more than 5e9 random signs are needed, or if the network is
        no chain of matrices.

    See Also
    --------
    compression : How well a network bears it, by Arora's quantities, and the bound that follows.

    Notes
    -----
    **The stated probability is optimistic.** The source states that ``|u^T (A^ - A) v| <= eps
    ||A||_F ||u|| ||v||`` holds with probability 1 - eta for k = ln(1 / eta) / eps^2. With eta .05
    and eps .3 (k = 34) it failed for 8 % of the draws of generic matrices and for 20 % of those of
    A = u v^T, as the variance above lets expect. So k is what the source says, and the probability
    is not.

    Intercepts are compressed with the weights, as the weights of a constant 1; outputs that
    residual layers carry along are kept. Each layer draws its signs anew. The projection takes k
    times the number of weights random signs; fewer numbers than weights need k below that number,
    and the error relative to ||A||_F is about the square root of their ratio: small networks are
    hardly ever compressed by this method.

    References
    ----------
    .. [1] S. Arora, R. Ge, B. Neyshabur, Y. Zhang, "Stronger generalization bounds for deep nets
       via a compression approach", ICML 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor
    >>> from deepgen.generalization import compress
    >>> X = np.linspace(-1, 1, 30)[:, None]
    >>> net = MLPRegressor(hidden_layer_sizes=(4,), random_state=0, solver="lbfgs").fit(X, X[:, 0])
    >>> close = compress(net, n_numbers=100_000).model
    >>> bool(np.abs(close.predict(X) - net.predict(X)).max() < 0.1)
    True
    """
    chain = matrix_chain(model)
    random = generator(random_state)
    estimator = copy.deepcopy(getattr(model, "model", model))
    own = network_of(estimator)
    network = own.as_type(np.dtype(np.float64)).fold()
    biased = set(network.blocks_of("intercepts")) if chain.has_constant else set()
    matrices = [
        np.vstack([W, b]) if layer in biased else np.array(W)
        for layer, (W, b) in enumerate(zip(network.coefs(), network.intercepts(), strict=True))
    ]
    if n_numbers is None:
        counts = [signs_needed(eps, eta)] * len(matrices)
    elif np.ndim(n_numbers) == 0:
        counts = [checked_count("n_numbers", n_numbers)] * len(matrices)
    else:
        counts = [checked_count("n_numbers", one) for one in n_numbers]
        if len(counts) != len(matrices):
            raise ValueError(f"n_numbers must be one per layer, {len(matrices)}, got {len(counts)}")
    refuse_many_signs(sum(k * A.size for k, A in zip(counts, matrices, strict=True)))
    projected = [project(A, k, random) for A, k in zip(matrices, counts, strict=True)]
    network.set_layers(
        [A[:-1] if layer in biased else A for layer, A in enumerate(projected)],
        [
            A[-1] if layer in biased else b
            for layer, (A, b) in enumerate(zip(projected, network.intercepts(), strict=True))
        ],
    )
    estimator.network_ = network.as_type(own.dtype)
    return Compressed(
        model=estimator,
        n_numbers=np.array(counts),
        n_weights=np.array([A.size for A in matrices]),
        errors=_relative_errors(projected, matrices),
    )


def signs_needed(eps: float, eta: float) -> int:
    """Return the number of sign matrices that the source states, ln(1 / eta) / eps^2.

    Parameters
    ----------
    eps : float
        Relative error, above 0.
    eta : float
        Probability in (0, 1).

    Returns
    -------
    k : int
        Number of sign matrices, rounded up.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> from deepgen.generalization.compressibility.compress import signs_needed
    >>> signs_needed(0.3, 0.05)
    34
    """
    if not 0 < checked_size("eta", eta) < 1:
        raise ValueError(f"eta must be in (0, 1), got {eta!r}")
    return ceil(log(1 / eta) / checked_size("eps", eps) ** 2)


def refuse_many_signs(n_signs: float) -> None:
    """Refuse projections that take too long.

    Parameters
    ----------
    n_signs : float
        Number of random signs.

    Raises
    ------
    ValueError
        If there are more than 5e9.

    Examples
    --------
    >>> from deepgen.generalization.compressibility.compress import refuse_many_signs
    >>> refuse_many_signs(1e6)
    """
    if n_signs > MAX_SIGNS:
        raise ValueError(
            f"{n_signs:.1e} random signs are needed, more than {MAX_SIGNS:.0e}; take a larger eps "
            "or fewer numbers"
        )


def project(A: FloatArray, k: int, random: np.random.Generator) -> FloatArray:
    """Return the projection of a matrix onto random sign matrices, averaged.

    Parameters
    ----------
    A : ndarray of shape (rows, columns)
        Matrix.
    k : int
        Number of sign matrices.
    random : numpy.random.Generator
        Generator of the signs.

    Returns
    -------
    projected : ndarray of shape (rows, columns)
        (1 / k) sum <A, M_l> M_l.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization.compressibility.compress import project
    >>> project(np.array([[-3.0]]), 5, np.random.default_rng(0)).tolist()
    [[-3.0]]
    """
    flat, total = A.ravel(), np.zeros(A.size)
    step = max(1, BLOCK // A.size)
    for first in range(0, k, step):
        n = min(step, k - first)
        bits = np.unpackbits(random.integers(0, 256, (n * A.size + 7) // 8, dtype=np.uint8))
        signs = 2.0 * bits[: n * A.size].reshape(n, A.size) - 1.0
        total += (signs @ flat) @ signs
    return (total / k).reshape(A.shape)


def _relative_errors(found: Sequence[FloatArray], wanted: Sequence[FloatArray]) -> FloatArray:
    """Return Frobenius norms of differences over those of the wanted matrices."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.array(
            [np.linalg.norm(A - B) / np.linalg.norm(B) for A, B in zip(found, wanted, strict=True)]
        )
