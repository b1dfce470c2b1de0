"""The divergence of two coins, and the largest chance that is still credible: kl and its inverse.

Sources: T. M. Cover, J. A. Thomas, "Elements of information theory", 2006, section 2.3; A. Maurer,
"A note on the PAC Bayesian theorem", arXiv:cs/0411099, 2004.
"""

from __future__ import annotations

import numpy as np

__all__ = ["binary_kl", "kl_inverse"]


def binary_kl(q: float, p: float) -> float:
    r"""Return the divergence of a coin with chance p from one with chance q.

    .. math:: kl(q \| p) = q \ln (q / p) + (1 - q) \ln ((1 - q) / (1 - p))

    Parameters
    ----------
    q, p : float
        Chances, in [0, 1].

    Returns
    -------
    kl : float
        Divergence in nats, at least 0, infinite where p rules out what q allows.

    Examples
    --------
    >>> from deepgen.generalization.random_weights.binary_kl import binary_kl
    >>> binary_kl(0.0, 0.5).hex() == __import__("math").log(2).hex()
    True
    """
    from scipy.special import rel_entr

    return float(rel_entr(q, p) + rel_entr(1.0 - q, 1.0 - p))


def kl_inverse(q: float, c: float) -> float:
    r"""Return the largest p with :math:`kl(q \| p) \le c`.

    Parameters
    ----------
    q : float
        Observed share, in [0, 1].
    c : float
        Budget in nats, at least 0.

    Returns
    -------
    p : float
        Upper limit, in [q, 1]; rounding makes it larger rather than smaller.

    Examples
    --------
    >>> from deepgen.generalization.random_weights.binary_kl import kl_inverse
    >>> round(kl_inverse(0.0, 0.1), 12) == round(1 - 2.718281828459045**-0.1, 12)
    True
    """
    from scipy.optimize import brentq

    if q <= 0.0:
        return float(-np.expm1(-c))
    most = float(np.nextafter(1.0, 0.0))
    if q >= most or binary_kl(q, most) <= c:
        return 1.0
    if c <= 0.0:
        return float(q)
    # Pinsker's inequality gives a place above the root.
    above = min(q + float(np.sqrt(c / 2)) + 1e-15, most)
    root = brentq(lambda p: binary_kl(q, p) - c, q, above, xtol=1e-15, rtol=1e-15)
    return float(min(1.0, root + 4e-15))
