"""Activations with settings: a trained slope per unit.

Activations without settings are given by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen._component import Component
from deepgen._settings import activation_names, one_of

__all__ = ["Parametric"]


@dataclass(repr=False)
class Parametric(Component):
    r"""An activation with one trained slope per unit.

    Parameters
    ----------
    activation : str, default='mish'
        Name of the activation f, as in the estimators' ``activation``, except 'identity'.

    Notes
    -----
    The output of a unit is :math:`z + a (f(z) - z)`. The slope a is trained, initially 1; with 0
    the unit is linear. The slopes are blocks of kind 'slope' in ``network_`` and have the role
    'slope' in ``rate_factors``; neither ``alpha`` nor weight decay applies to them. 'relu' gives
    PReLU, with slope 1 - a for negative inputs.

    References
    ----------
    .. [1] D. Holzmueller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs
       and boosted trees on tabular data", NeurIPS 2024, appendix A.
    .. [2] K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", ICCV 2015, for ReLU.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.activations import Parametric
    >>> model = MLPRegressor(hidden_layer_sizes=(3,), activation=Parametric("silu"))
    >>> model.partial_fit([[0.0], [1.0]], [0.0, 1.0]).network_.blocks()["slope_0"].shape
    (3,)
    """

    name: ClassVar[str] = "parametric"

    activation: str = one_of("mish", *activation_names(linear=False))
