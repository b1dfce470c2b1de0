"""The spectral norm of a matrix: an estimate, and a number that it does not exceed."""

from __future__ import annotations

import numpy as np

from deepgen._engine.arrays import FloatArray

__all__ = ["frobenius_norms", "rounded_up", "spectral_norm", "spectral_norms"]

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
    if min(matrices.shape[1:]) == 1:
        return frobenius_norms(matrices)
    largest: FloatArray = np.linalg.norm(matrices, 2, axis=(1, 2))
    return largest


def frobenius_norms(matrices: FloatArray) -> FloatArray:
    """Return the root of the sum of squares of each of many matrices, of any size of entries.

    Parameters
    ----------
    matrices : ndarray of shape (n, p, q)
        Finite entries.

    Returns
    -------
    norms : ndarray of shape (n,)
        The norms.
    """
    # Squares of very small or large entries would vanish or overflow.
    largest = max(float(matrices.max(initial=0.0)), -float(matrices.min(initial=0.0)))
    if 1e-140 < largest < 1e140 or largest == 0.0:
        return np.asarray(np.sqrt(np.einsum("npq,npq->n", matrices, matrices)))
    each = np.abs(matrices).max(axis=(1, 2))
    units = np.where(each > 0, each, 1.0)
    scaled = matrices / units[:, None, None]
    return np.asarray(units * np.sqrt(np.einsum("npq,npq->n", scaled, scaled)))
