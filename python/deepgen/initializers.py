"""Initializers with settings: starts from the training rows.

The other rules are names that ``initializer`` accepts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen._component import Component
from deepgen._settings import one_of

__all__ = ["DataDependent"]


@dataclass(repr=False)
class DataDependent(Component):
    r"""Scale each unit's weights and set its intercept by its pre-activations on training rows.

    Parameters
    ----------
    intercepts : {'mean', 'hull'}, default='mean'
        Point at which a unit is 0 before its activation: 'mean' is the mean of the training rows,
        as with the name 'data_dependent'; 'hull' is a random convex combination of five training
        rows, drawn for each unit, so that the kinks of a layer lie among the rows and apart from
        each other.

    Notes
    -----
    Layer by layer, each unit's weights are drawn from N(0, 1) and divided by the standard deviation
    of its pre-activations :math:`z = w^\top x` over at most 2048 training rows (those with a
    weight). With 'mean' :math:`b = -\bar z`, with 'hull' :math:`b = -\sum_{k=1}^5 s_k z_{i_k}`
    with rows :math:`i_k` drawn from those and shares s drawn uniformly from the simplex. This
    applies to all layers, the output layer included; layers without intercepts are only scaled.
    Each member of an ensemble draws its own points. The cost is two forward passes, with 'hull'
    three.

    References
    ----------
    .. [1] T. Salimans and D. P. Kingma, "Weight normalization: a simple reparameterization to
       accelerate training of deep neural networks", NeurIPS 2016, section 3.
    .. [2] D. Holzmueller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs
       and boosted trees on tabular data", NeurIPS 2024, appendix A (there 'he+5').

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor
    >>> from deepgen.initializers import DataDependent
    >>> X = np.linspace(0, 1, 50).reshape(-1, 1)
    >>> start = DataDependent(intercepts="hull")
    >>> model = MLPRegressor(initializer=start, random_state=0).partial_fit(X, X[:, 0])
    >>> model.initializer
    DataDependent(intercepts='hull')
    """

    name: ClassVar[str] = "data_dependent"

    intercepts: str = one_of("mean", "mean", "hull")
