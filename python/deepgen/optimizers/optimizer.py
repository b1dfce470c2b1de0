"""Optimizer: how a gradient becomes a change of the weights; the bases of the family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deepgen import _core
from deepgen._component import Component

__all__ = ["FirstOrder", "Optimizer", "convention"]


@dataclass(repr=False)
class Optimizer(Component):
    """Base of all optimizers.

    Examples
    --------
    >>> from deepgen.optimizers import SGD, Optimizer
    >>> isinstance(SGD(), Optimizer)
    True
    """


@dataclass(repr=False)
class FirstOrder(Optimizer):
    """Base of the optimizers that step along the gradient of one batch.

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

    def settings(self) -> dict[str, Any]:
        """Return the settings under the engine's names.

        Returns
        -------
        settings : dict of str to float
            All fields but the learning rate, which reaches the engine step by step.
        """
        settings = super().settings()
        settings.pop("learning_rate_init", None)
        return settings

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


def convention(optimizer: Any, *known: str) -> str:
    """Return whose convention an optimizer follows.

    Parameters
    ----------
    optimizer : Optimizer
        Whose ``eps_mode`` is read.
    *known : str
        The conventions that there are.

    Returns
    -------
    convention : str
        One of them.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    mode: str = optimizer.eps_mode
    if mode not in known:
        raise ValueError(
            f"{type(optimizer).__name__}: unknown eps_mode {mode!r}; known: {', '.join(known)}"
        )
    return mode
