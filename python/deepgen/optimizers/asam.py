"""ASAM: SAM with a neighbourhood scaled by the size of each weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen.optimizers.gradient_wrapper import PerturbedGradient

__all__ = ["ASAM"]


@dataclass(repr=False)
class ASAM(PerturbedGradient):
    r"""Adaptive sharpness-aware minimization: SAM with a neighbourhood scaled by each weight.

    Parameters
    ----------
    base : FirstOrder, default=Adam()
        Wrapped optimizer; any but another wrapper and 'lbfgs'.
    rho : float, default=0.1
        Radius of the neighbourhood, in sizes of the weights, >= 0; 0 is the base itself. The paper
        uses 0.5 for images [1]_; on the tables of ``benchmarks/methods.py`` that costs up to 15 %,
        and 0.1 is the largest tried value that costs none of them 2 %.
    eta : float, default=0.01
        Number added to the sizes, so that weights of 0 can change, >= 0.

    Notes
    -----
    The base steps from w along the gradient at :math:`w + \rho T^2 g / \|T g\|` with :math:`T = |w|
    + \eta` for weights and 1 for biases, scales and shifts, as in the authors' code. With ``eta=0``
    the perturbation is invariant to rescaling neurons against each other. Cost, and treatment of
    dropout and batch norm, are those of `SAM`.

    References
    ----------
    .. [1] J. Kwon, J. Kim, H. Park and I. K. Choi, "ASAM: adaptive sharpness-aware minimization
       for scale-invariant learning of deep neural networks", ICML 2021.

    Examples
    --------
    >>> from deepgen.optimizers import ASAM
    >>> ASAM(rho=1.0).settings()
    {'rho': 1.0, 'eta': 0.01}
    """

    name: ClassVar[str] = "asam"

    rho: float = 0.1
    eta: float = 0.01
