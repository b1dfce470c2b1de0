"""Wrappers that give a first-order optimizer the gradient at perturbed weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from deepgen import _core
from deepgen._names import hint
from deepgen.optimizers.adam import Adam
from deepgen.optimizers.optimizer import FirstOrder

__all__ = ["PerturbedGradient"]


@dataclass(repr=False)
class PerturbedGradient(FirstOrder):
    """Base of the wrappers that give a first-order optimizer the gradient at perturbed weights.

    Parameters
    ----------
    base : FirstOrder, default=Adam()
        Wrapped optimizer.

    Examples
    --------
    >>> from deepgen.optimizers import SAM, SGD
    >>> SAM(base=SGD(learning_rate_init=0.1)).rate(default=0.001)
    0.1
    """

    family: ClassVar[str] = "wrappers"

    base: FirstOrder = field(default_factory=Adam)

    def check(self) -> None:
        """Refuse fields that are out of range, and a base that cannot be wrapped."""
        if not isinstance(self.base, FirstOrder) or isinstance(self.base, PerturbedGradient):
            raise ValueError(
                f"{type(self).__name__}: base must be a first-order optimizer that wraps no other, "
                f"such as Adam(), got {self.base!r}.{hint(self.base, ())}"
            )
        self.base.check()
        super().check()

    def rate(self, default: float) -> float:
        """Return the learning rate of the wrapped optimizer."""
        return self.base.rate(default)

    def rule(self) -> FirstOrder:
        """Return the wrapped optimizer."""
        return self.base

    def wrappers(self) -> tuple[_core.Component, ...]:
        """Return this wrapper."""
        return (self.to_core(),)
