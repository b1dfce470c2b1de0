"""The law of a learning curve: loss = a + b n^-c, with the asymptote a.

Without a, a curve that levels off is taken for one that falls forever. The exponent is searched on
a grid; for each exponent a >= 0 and b >= 0 are the solution of a least-squares problem with signs
(Lawson and Hanson), so the fit has no local minima.

Source: C. Cortes, L. D. Jackel, S. A. Solla, V. Vapnik and J. S. Denker, "Learning curves:
asymptotic values and rate of convergence", NIPS 1993, equation 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["EXPONENTS", "OffsetLaw", "offset_law"]

EXPONENTS: Final = tuple(np.linspace(0.25, 1.5, 26))
"""Exponents among which the search chooses: slower and faster curves are not told from a line and
from a constant by a few points."""


@dataclass(frozen=True, eq=False, repr=False)
class OffsetLaw(ShownAsTable):
    """A fitted law, loss = a + b n^-c.

    Parameters
    ----------
    a : float
        Loss with infinitely many samples, >= 0.
    b : float
        Factor of the part that more samples remove, >= 0.
    c : float
        Exponent, > 0.
    n : ndarray of shape (k,)
        Numbers of samples of the fitted points.
    losses : ndarray of shape (k,)
        Losses of the fitted points.

    Examples
    --------
    >>> from deepgen.generalization import offset_law
    >>> offset_law([100, 200, 400], [2.0, 1.5, 1.25])
    OffsetLaw(loss = 1 + 100 n^-1, 3 points)
    """

    a: float
    b: float
    c: float
    n: FloatArray
    losses: FloatArray

    def __repr__(self) -> str:
        return (
            f"OffsetLaw(loss = {self.a:.4g} + {self.b:.4g} n^-{self.c:.3g}, {len(self.n)} points)"
        )

    def predict(self, n: ArrayLike) -> FloatArray:
        """Return the law's loss.

        Parameters
        ----------
        n : array-like
            Numbers of samples, > 0; infinity gives the asymptote.

        Returns
        -------
        loss : ndarray of the shape of ``n``
            Predicted loss.
        """
        return np.asarray(self.a + self.b * np.asarray(n, dtype=float) ** -self.c)

    @in_style
    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the points, the law up to four times as many samples, and its asymptote.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            The axes drawn on.
        """
        ax = axes_or_new(ax)
        grid = np.geomspace(self.n.min(), 4 * self.n.max(), 100)
        ax.plot(self.n, self.losses, "o", label="measured")
        ax.plot(grid, self.predict(grid), "--", label=f"law with exponent {self.c:.2g}")
        ax.axhline(self.a, color="black", linewidth=1, linestyle=":", label="asymptote")
        ax.set(xscale="log", xlabel="samples to train, n", ylabel="loss")
        ax.legend()
        return ax


def offset_law(
    n: ArrayLike,
    losses: ArrayLike,
    *,
    weights: Any = None,
    exponents: ArrayLike = EXPONENTS,
) -> OffsetLaw:
    """Fit loss = a + b n^-c with a, b >= 0 by weighted least squares.

    Parameters
    ----------
    n : array-like of shape (k,)
        Numbers of samples, > 0, at least two different ones.
    losses : array-like of shape (k,)
        Mean losses, >= 0.
    weights : array-like of shape (k,), default=None
        Weights of the squared residuals, >= 0, for example one over the squared standard errors;
        None means equal.
    exponents : array-like, default=EXPONENTS
        Exponents to be tried, > 0; a single one fixes c.

    Returns
    -------
    law : OffsetLaw
        The law of least squared error. A curve that does not fall has b = 0.

    Raises
    ------
    ValueError
        If there are fewer than two numbers of samples, or a number is out of range.

    Notes
    -----
    With fewer than four points the exponent is hardly determined: fix it, or compare several.

    References
    ----------
    .. [1] C. Cortes, L. D. Jackel, S. A. Solla, V. Vapnik and J. S. Denker, "Learning curves:
       asymptotic values and rate of convergence", NIPS 1993, equation 1.

    Examples
    --------
    >>> from deepgen.generalization import offset_law
    >>> law = offset_law([100, 200, 400, 800], [0.45, 0.35, 0.30, 0.275])
    >>> print(f"{law.a:.3f} {law.c:.2f} {law.predict(1600):.4f}")
    0.250 1.00 0.2625
    """
    from scipy.optimize import nnls

    n, losses = (np.asarray(values, dtype=float) for values in (n, losses))
    grid = np.atleast_1d(np.asarray(exponents, dtype=float))
    scale = np.ones(n.shape) if weights is None else np.asarray(weights, dtype=float)
    if n.ndim != 1 or n.shape != losses.shape or n.shape != scale.shape:
        raise ValueError(
            f"n, losses and weights must have one entry per point, got shapes {n.shape}, "
            f"{losses.shape} and {scale.shape}"
        )
    for name, values, positive in (
        ("n", n, True),
        ("losses", losses, False),
        ("weights", scale, False),
        ("exponents", grid, True),
    ):
        if (
            not np.isfinite(values).all()
            or (values < 0).any()
            or (positive and (values == 0).any())
        ):
            raise ValueError(
                f"{name} must be finite and {'> 0' if positive else '>= 0'}, got {values}"
            )
    if len(np.unique(n[scale > 0])) < 2:
        raise ValueError(f"a law needs two different numbers of samples, got {n}")
    # In units of the largest n, both columns have size 1.
    share, root = n / n.max(), np.sqrt(scale / scale.max())
    best = (np.inf, 0.0, 0.0, 1.0)
    for c in grid:
        columns = np.stack([np.ones_like(share), share**-c], axis=1)
        (a, b), error = nnls(columns * root[:, None], losses * root)
        # Rounding decides between exponents of equal error; the first stays.
        if error < best[0] * (1 - 1e-9) - 1e-15:
            best = (error, float(a), float(b * n.max() ** c), float(c))
    return OffsetLaw(*best[1:], n, losses)
