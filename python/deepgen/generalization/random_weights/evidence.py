"""The marginal likelihood of a normal approximation, as a function of the prior and the noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.generalization.random_weights.curvature_basis import total_weight

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["Evidence", "highest"]

NOISE_RANGE = 1e4
"""How far the noise is searched below and above the root mean square of the residuals."""


def highest(value: Callable[[float], float], grid: FloatArray, best: int) -> float:
    """Return the exponential of the place of a maximum.

    Parameters
    ----------
    value : callable
        Function of a logarithm.
    grid : ndarray of shape (n_points,)
        Logarithms, ascending.
    best : int
        Index of the highest point of the grid; the search is between its neighbours.

    Returns
    -------
    place : float
        Exponential of the place.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization.random_weights.evidence import highest
    >>> round(highest(lambda x: -((x - 0.5) ** 2), np.array([-1.0, 0.0, 1.0]), 1), 4)
    1.6487
    """
    from scipy.optimize import minimize_scalar

    low, high = grid[max(0, best - 1)], grid[min(len(grid) - 1, best + 1)]
    if low == high:
        return float(np.exp(low))
    found = minimize_scalar(
        lambda x: -value(float(x)), bounds=(low, high), method="bounded", options={"xatol": 1e-6}
    )
    return float(np.exp(found.x if -found.fun >= value(float(grid[best])) else grid[best]))


@dataclass(frozen=True)
class Evidence:
    """The log marginal likelihood as a function of alpha and the noise s in scaled units.

    Parameters
    ----------
    eigenvalues : ndarray of shape (n_covered,)
        Of the curvature at s = 1, summed over the rows.
    length : float
        Sum of squares of the covered parameters.
    loss : float
        Training loss, summed over the rows.
    n_observed : float
        Number of targets: rows, by weight, times outputs.
    log_scale : float
        Sum of the logarithms of the targets' units.
    is_regressor : bool
        Whether targets are normal around the network.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization.random_weights.evidence import Evidence
    >>> Evidence(np.array([0.0]), 2.0, 3.0, 5.0, 0.0, False).at(alpha=1.0, s=1.0)
    -4.0
    """

    eigenvalues: FloatArray
    length: float
    loss: float
    n_observed: float
    log_scale: float
    is_regressor: bool

    @classmethod
    def of(cls, probe: Probe, basis: Any, scale: FloatArray | None) -> Evidence:
        """Measure what the evidence needs.

        Parameters
        ----------
        probe : Probe
            Network with the rows of training.
        basis : DiagonalBasis, KroneckerBasis or LastLayerBasis
            Curvature.
        scale : ndarray of shape (n_outputs,) or None
            Units of a regressor's scaled targets; None for classes.

        Returns
        -------
        evidence : Evidence
            The function.
        """
        total = total_weight(probe)
        return cls(
            basis.eigenvalues,
            float(basis.mean @ basis.mean),
            total * probe.loss(),
            total * probe.n_outputs,
            0.0 if scale is None else total * float(np.log(scale).sum()),
            scale is not None,
        )

    def at(self, alpha: float, s: float) -> float:
        """Return the logarithm of the evidence.

        Parameters
        ----------
        alpha : float
            Precision of the prior.
        s : float
            Noise in scaled units; 1 for classes.

        Returns
        -------
        evidence : float
            Logarithm; the loss of a regressor is half its squared error.
        """
        fit = -self.loss / s**2
        if self.is_regressor:
            fit -= self.n_observed * np.log(2 * np.pi * s**2) / 2 + self.log_scale
        volume = np.log1p(self.eigenvalues / (s**2 * alpha)).sum()
        return float(fit - alpha * self.length / 2 - volume / 2)

    def best_noise(self, alpha: float, s: float | None) -> tuple[float, float]:
        """Return the largest evidence over the noise.

        Parameters
        ----------
        alpha : float
            Precision of the prior.
        s : float or None
            Noise that is kept; None searches it.

        Returns
        -------
        evidence, s : float
            Logarithm of the evidence, and the noise.
        """
        if s is not None:
            return self.at(alpha, s), s
        middle = np.log(max(2 * self.loss / self.n_observed, 1e-16)) / 2
        grid = middle + np.linspace(-1, 1, 19) * np.log(NOISE_RANGE)
        values = [self.at(alpha, float(np.exp(x))) for x in grid]
        at = highest(lambda x: self.at(alpha, float(np.exp(x))), grid, int(np.argmax(values)))
        return self.at(alpha, at), at
