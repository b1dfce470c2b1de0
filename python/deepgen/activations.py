"""Activations with settings: those whose units train a slope of their own.

The other activations are names that ``activation`` takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen._component import Component
from deepgen._settings import activation_names, one_of

__all__ = ["Parametric"]


@dataclass(repr=False)
class Parametric(Component):
    r"""An activation whose strength each unit trains.

    Parameters
    ----------
    activation : str, default='mish'
        Which one: any name that the estimators' ``activation`` takes but 'identity'.

    Notes
    -----
    A unit gives :math:`z + a (f(z) - z)` with a trained slope a of its own, which begins at 1 and
    makes the unit linear at 0. The slopes stand in ``network_`` as blocks of the kind 'slope' and
    have a role of that name in ``rate_factors``; neither ``alpha`` nor weight decay acts on them.
    With 'relu' it is PReLU, whose slope of the negative side is 1 - a.

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
