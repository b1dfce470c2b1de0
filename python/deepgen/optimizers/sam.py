"""SAM: the gradient at the worst point of a neighbourhood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen.optimizers.gradient_wrapper import PerturbedGradient

__all__ = ["SAM"]


@dataclass(repr=False)
class SAM(PerturbedGradient):
    r"""Sharpness-aware minimization: steps along the gradient at the worst point nearby.

    Parameters
    ----------
    base : FirstOrder, default=Adam()
        Wrapped optimizer; any but another wrapper and 'lbfgs'.
    rho : float, default=0.05
        Radius of the neighbourhood, >= 0; 0 is the base itself.

    Notes
    -----
    With g the gradient over all parameters jointly, ``alpha`` included, the base steps from w along
    the gradient at :math:`w + \rho g / \|g\|`. Dropout masks are the same at both points; batch
    norm uses the batch's statistics at both and updates the running ones at w. Needs two gradients
    per step and two numbers per parameter. ``history_`` reports loss and gradient at w.

    References
    ----------
    .. [1] P. Foret, A. Kleiner, H. Mobahi and B. Neyshabur, "Sharpness-aware minimization for
       efficiently improving generalization", ICLR 2021, algorithm 1.

    Examples
    --------
    >>> from deepgen.optimizers import SAM, SGD
    >>> SAM(base=SGD(), rho=0.1).get_params()["base__momentum"]
    0.9
    """

    name: ClassVar[str] = "sam"

    rho: float = 0.05
