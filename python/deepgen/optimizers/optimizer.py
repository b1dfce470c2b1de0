"""Optimizer: how a gradient becomes a change of the weights; the bases of the family."""

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
    """Base of the optimizers that step along the gradient of one batch.

    Notes
    -----
    The rules have ``rate_factors``, which multiply the learning rate of some parameters by their
    role, as parameter groups of PyTorch do. The roles:

    - 'coefs': weight matrices, those of a highway's gates included;
    - 'first_coefs': the weight matrix of the first layer, which is one of 'coefs' where this role
      has no factor;
    - 'intercepts', those of gates included;
    - 'scale' and 'shift': of batch and layer norm;
    - 'gain': of reparametrized weights.

    A role that a network does not have is passed over; 0 leaves parameters as they are. Decoupled
    weight decay goes by the learning rate, and so by its factor.

    Examples
    --------
    >>> from deepgen.optimizers import Adam, FirstOrder
    >>> isinstance(Adam(), FirstOrder)
    True
    """

    def rate(self, default: float) -> float:
        """Return the learning rate before any schedule.

        Parameters
        ----------
        default : float
            The estimator's ``learning_rate_init``.

        Returns
        -------
        rate : float
            The field ``learning_rate_init`` of this object where it is set, else ``default``.
        """
        rate: float | None = getattr(self, "learning_rate_init", None)
        return default if rate is None else float(rate)

    def rule(self) -> FirstOrder:
        """Return what moves the weights.

        Returns
        -------
        rule : FirstOrder
            This object; the inner one where it is wrapped around another.
        """
        return self

    def wrappers(self) -> tuple[_core.Component, ...]:
        """Return what stands around the rule.

        Returns
        -------
        wrappers : tuple of deepgen._core.Component
            From the inside out; nothing.
        """
        return ()


def keras_defaults(optimizer: Any, **defaults: float) -> dict[str, float]:
    """Return the defaults of an optimizer that follows Keras.

    Parameters
    ----------
    optimizer : Optimizer
        With a field ``eps_mode``.
    **defaults : float
        What Keras takes for a field that is None.

    Returns
    -------
    settings : dict of str to float
        Those of fields that are None; empty where ``eps_mode`` is not 'keras'.
    """
    if optimizer.eps_mode != "keras":
        return {}
    return {key: defaults[key] for key in defaults if getattr(optimizer, key) is None}
