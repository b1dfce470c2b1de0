"""GSAM: SAM that also narrows the gap between the worst point near by and here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen.optimizers.gradient_wrapper import PerturbedGradient

__all__ = ["GSAM"]


@dataclass(repr=False)
class GSAM(PerturbedGradient):
    r"""Surrogate-gap SAM: also narrows the gap between the loss at the worst point and here.

    Parameters
    ----------
    base : FirstOrder, default=Adam()
        The optimizer that moves the weights; any but another wrapper and 'lbfgs'.
    rho : float, default=0.05
        How far away the point is, >= 0; constant, where the paper lets it follow the learning rate.
    alpha : float, default=0.4
        Weight of the gap, >= 0; 0 is `SAM` bit by bit.

    Notes
    -----
    With :math:`g_p` the gradient at the point of `SAM` and :math:`g_\perp` the part of g that is
    orthogonal to it, the base steps along :math:`g_p - \alpha g_\perp`: across :math:`g_p` the loss
    there stays as it is to first order while the loss here rises. Two gradients a step, three extra
    numbers a parameter. Treatment of dropout and batch norm as for `SAM`.

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
