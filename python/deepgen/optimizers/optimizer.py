"""Optimizer: the bases of the family of optimizers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from deepgen import _core
from deepgen._component import Component

__all__ = ["FirstOrder", "Optimizer", "keras_defaults"]


@dataclass(repr=False)
class Optimizer(Component):
    """Base of all optimizers.

    Examples
    --------
    >>> from deepgen.optimizers import SGD, Optimizer
    >>> isinstance(SGD(), Optimizer)
    True
    """

    family: ClassVar[str] = "optimizers"


@dataclass(repr=False)
class FirstOrder(Optimizer):
    """Base of the optimizers whose steps use the gradient of one batch.

    Notes
    -----
    The rules have ``rate_factors``, which multiply the learning rate of some parameters by their
    role, as parameter groups of PyTorch do. The roles:

    - 'coefs': weight matrices, those of a highway's gates included;
    - 'first_coefs': the weight matrix of the first layer, which belongs to 'coefs' if this role
      has no factor;
    - 'intercepts', those of gates included;
    - 'scale' and 'shift': of batch and layer norm;
    - 'gain': scale of reparametrized weights;
    - 'slope': trained slopes of activations;
    - 'embedding': all trained numbers of embeddings of features;
    - 'input_scale': factors of the first layer's inputs.

    Roles that a network does not have are ignored; with a factor of 0 parameters do not change.
    Decoupled weight decay is proportional to the learning rate, and so to its factor.

    Examples
    --------
    >>> from deepgen.optimizers import Adam, FirstOrder
    >>> isinstance(Adam(), FirstOrder)
    True
    """

    is_adaptive: ClassVar[bool] = True
    """Whether the gradient is divided by a measure of its size."""

    def rate(self, default: float) -> float:
        """Return the learning rate before any schedule.

        Parameters
        ----------
        default : float
            The estimator's ``learning_rate_init``.

        Returns
        -------
        rate : float
            The field ``learning_rate_init`` of this object if it is set, else ``default``.
        """
        rate: float | None = getattr(self, "learning_rate_init", None)
        return default if rate is None else float(rate)

    def rule(self) -> FirstOrder:
        """Return the optimizer that changes the weights.

        Returns
        -------
        rule : FirstOrder
            This object, or the wrapped one if this is a wrapper.
        """
        return self

    def wrappers(self) -> tuple[_core.Component, ...]:
        """Return the wrappers around the rule.

        Returns
        -------
        wrappers : tuple of deepgen._core.Component
            From the innermost to the outermost; empty for a plain rule.
        """
        return ()


def keras_defaults(optimizer: Any, **defaults: float) -> dict[str, float]:
    """Return Keras' values for the fields that are None.

    Parameters
    ----------
    optimizer : Optimizer
        Optimizer with a field ``eps_mode``.
    **defaults : float
        Keras' values by field.

    Returns
    -------
    settings : dict of str to float
        Values of the fields that are None; empty if ``eps_mode`` is not 'keras'.
    """
    if optimizer.eps_mode != "keras":
        return {}
    return {key: defaults[key] for key in defaults if getattr(optimizer, key) is None}
