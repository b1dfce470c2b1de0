"""The trace of a symmetric matrix from a few products with random vectors, and its standard error.

XTrace spends half of its products on the range of the matrix, where the trace is exact, and the
other half on a random estimate of the rest; every test vector serves for both, left out of the
range in turn, so that the mean over the test vectors is unbiased. Its error falls with the number
of products as that of Hutch++, and faster where eigenvalues decay.

Source: E. N. Epperly, J. A. Tropp, R. J. Webber, "XTrace: Making the most of every sample in
stochastic trace estimation", SIAM Journal on Matrix Analysis and Applications 45, 2024; R. A.
Meyer, C. Musco, C. Musco, D. P. Woodruff, "Hutch++", SOSA 2021.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import qr, solve_triangular

from deepgen.optimization.lanczos import Product

__all__ = ["estimate_trace"]

SAME_RANGE = 1e-12
"""Relative size below which a product adds nothing to the range of the earlier ones."""


def estimate_trace(
    product: Product, size: int, n_products: int, draw: np.random.Generator
) -> tuple[float, float]:
    """Estimate a trace by XTrace.

    Parameters
    ----------
    product : callable
        Products of a symmetric matrix with vectors, called twice.
    size : int
        Rows and columns of the matrix, more than half of `n_products`.
    n_products : int
        Number of products, at least 4; an odd one leaves one unused.
    draw : numpy.random.Generator
        Source of the test vectors.

    Returns
    -------
    trace : float
        Unbiased estimate.
    standard_error : float
        From the spread over the test vectors, taken as independent, which makes it somewhat too
        small; 0 if the products span the range of the matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.optimization.trace_estimate import estimate_trace
    >>> A = np.diag([5.0, 2.0, *np.zeros(20)])
    >>> trace, error = estimate_trace(A.__matmul__, 22, 10, np.random.default_rng(0))
    >>> round(trace, 10), error
    (7.0, 0.0)
    """
    m = n_products // 2
    tests = draw.standard_normal((size, m))
    images = product(tests)
    Q, R, order = qr(images, mode="economic", pivoting=True)
    tests, images = tests[:, order], images[:, order]
    diagonal = np.abs(np.diag(R))
    rank = int((diagonal > SAME_RANGE * max(diagonal[0], np.finfo(float).tiny)).sum())
    Q, R = Q[:, :rank], R[:rank]
    inner = Q.T @ product(Q) if rank else np.zeros((0, 0))
    whole = float(np.trace(inner))
    if rank < m:
        # Fewer directions than test vectors: they are the whole range of the matrix.
        return whole, 0.0
    # Column i of S is the unit direction within Q that the other images do not reach.
    S = solve_triangular(R, np.eye(m), trans="T")
    S /= np.linalg.norm(S, axis=0)
    W = Q.T @ tests
    X = W - S * (S * W).sum(axis=0)
    lengths = (tests**2).sum(axis=0) - (X**2).sum(axis=0)
    rest = (tests * images).sum(axis=0) - 2 * (X * R).sum(axis=0) + (X * (inner @ X)).sum(axis=0)
    # Gaussian in the complement of the range: only its direction matters, so its length is set to
    # the expected one, which lowers the variance.
    estimates = whole - (S * (inner @ S)).sum(axis=0) + rest * (size - m + 1) / lengths
    return float(estimates.mean()), float(estimates.std(ddof=1) / np.sqrt(m))
