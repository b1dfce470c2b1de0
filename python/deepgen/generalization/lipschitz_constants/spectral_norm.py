"""The spectral norm of a matrix: an estimate, and a number that it does not exceed."""

from __future__ import annotations

import numpy as np

from deepgen._engine.arrays import FloatArray

__all__ = ["rounded_up", "spectral_norm", "spectral_norms"]

EPS = float(np.finfo(np.float64).eps)


def rounded_up(value: float, n_terms: int) -> float:
    """Return a number above a non-negative one by more than the rounding of its computation.

    Parameters
    ----------
    value : float
        Result of sums of products of floating-point numbers.
    n_terms : int
        Length of the sums.

    Returns
    -------
    bound : float
        ``value (1 + 16 n_terms eps)``, and above ``value``.
    """
    return float(np.nextafter(value * (1 + 16 * n_terms * EPS), np.inf))


def spectral_norm(matrix: FloatArray) -> float:
    """Return an upper bound of the largest singular value, tight up to rounding.

    Parameters
    ----------
    matrix : ndarray of shape (m, n)
        Finite entries.

    Returns
    -------
    norm : float
        The singular value as computed, plus 16 (m + n) eps of it; LAPACK's own error is a small
        multiple of eps times the norm.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization.lipschitz_constants.spectral_norm import spectral_norm
    >>> round(spectral_norm(np.diag([3.0, 4.0])), 12)
    4.0
    """
    if not matrix.any():
        return 0.0
    return rounded_up(float(np.linalg.norm(matrix, 2)), sum(matrix.shape))


def spectral_norms(matrices: FloatArray) -> FloatArray:
    """Return the largest singular value of each of many matrices, as computed.

    Parameters
    ----------
    matrices : ndarray of shape (n, p, q)
        Finite entries.

    Returns
    -------
    norms : ndarray of shape (n,)
        The norms.
    """
    p, q = matrices.shape[1:]
    if min(p, q) == 1:
        norms: FloatArray = np.sqrt(np.einsum("npq,npq->n", matrices, matrices))
        return norms
    largest: FloatArray = np.linalg.norm(matrices, 2, axis=(1, 2))
    return largest
