"""Constant: the learning rate as it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen.schedules.schedule import Schedule

__all__ = ["Constant"]


@dataclass(repr=False)
class Constant(Schedule):
    """The learning rate stays as it is.

    Examples
    --------
    >>> from deepgen.schedules import Constant
    >>> Constant()
    Constant()
    """

    name: ClassVar[str] = "constant"
