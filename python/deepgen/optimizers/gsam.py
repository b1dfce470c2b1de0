"""GSAM: SAM that also minimizes the gap between the perturbed loss and the loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen.optimizers.gradient_wrapper import PerturbedGradient

__all__ = ["GSAM"]


@dataclass(repr=False)
class GSAM(PerturbedGradient):
    r"""Surrogate-gap SAM: also minimizes the gap between the perturbed loss and the loss.

    Parameters
    ----------
    base : FirstOrder, default=Adam()
        Wrapped optimizer; any but another wrapper and 'lbfgs'.
    rho : float, default=0.05
        Radius of the neighbourhood, >= 0; constant, while the paper's follows the learning rate.
    alpha : float, default=0.4
        Weight of the gap, >= 0; 0 gives the bits of `SAM`.

    Notes
    -----
    With :math:`g_p` the gradient at the perturbed point of `SAM` and :math:`g_\perp` the part of g
    orthogonal to it, the base steps along :math:`g_p - \alpha g_\perp`. To first order the
    orthogonal part does not change the perturbed loss, but raises the loss at w, which narrows the
    gap. Needs two gradients per step and three numbers per parameter. Treatment of dropout and
    batch norm is that of `SAM`.

    References
    ----------
    .. [1] J. Zhuang, B. Gong, L. Yuan, Y. Cui, H. Adam, N. Dvornek, S. Tatikonda, J. Duncan and
       T. Liu, "Surrogate gap minimization improves sharpness-aware training", ICLR 2022,
       algorithm 1.

    Examples
    --------
    >>> from deepgen.optimizers import GSAM
    >>> GSAM(alpha=0.2)
    GSAM(alpha=0.2)
    """

    name: ClassVar[str] = "gsam"

    rho: float = 0.05
    alpha: float = 0.4
