"""Components: plain dataclasses that name a member of an engine family and its settings.

An optimizer, a loss or a normalization is an object such as ``Adam(beta_2=0.95)``. Its constructor
converts and validates nothing, so that scikit-learn's ``clone`` and ``GridSearchCV`` can take it
apart; the engine checks names and ranges when a fit begins.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from math import inf
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from deepgen import _core

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Component", "Range", "resolve"]


@dataclass(frozen=True)
class Range:
    """The numbers between two bounds.

    Parameters
    ----------
    low, high : float
        The bounds; an infinite one never belongs.
    without : str, default=''
        'low', 'high' or 'both' for bounds that do not belong.

    Examples
    --------
    >>> from deepgen._component import Range
    >>> print(Range(0, 1, without="high"), 1.0 in Range(0, 1, without="high"))
    [0, 1) False
    """

    low: float = -inf
    high: float = inf
    without: str = ""

    @property
    def _open(self) -> tuple[bool, bool]:
        low = self.without in ("low", "both") or self.low == -inf
        return low, self.without in ("high", "both") or self.high == inf

    def __contains__(self, value: float) -> bool:
        low, high = self._open
        above = self.low < value if low else self.low <= value
        return above and (value < self.high if high else value <= self.high)

    def __str__(self) -> str:
        low, high = self._open
        return f"{'(' if low else '['}{self.low:g}, {self.high:g}{')' if high else ']'}"


@dataclass(repr=False)
class Component:
    """A named member of an engine family together with its settings.

    Examples
    --------
    >>> from deepgen.optimizers import Adam
    >>> Adam(beta_2=0.95)
    Adam(beta_2=0.95)
    >>> Adam().set_params(beta_1=0.8).get_params()["beta_1"]
    0.8
    """

    name: ClassVar[str] = ""
    ranges: ClassVar[dict[str, Range]] = {}
    """What the fields that are numbers may be."""
    flags: ClassVar[tuple[str, ...]] = ()
    """The fields that are True or False."""
    optional: ClassVar[tuple[str, ...]] = ()
    """The fields with a number for a default that may be None as well."""
    choices: ClassVar[dict[str, tuple[str, ...]]] = {}
    """What the fields that are names may be."""
    integers: ClassVar[tuple[str, ...]] = ()
    """The fields that are whole numbers, or None where that is the default."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the fields by name, as scikit-learn's ``clone`` asks for them.

        Parameters
        ----------
        deep : bool, default=True
            Whether fields of components inside this one are listed too, as ``base__rho``.

        Returns
        -------
        params : dict
            Field name to value.
        """
        params: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            params[field.name] = value
            if deep and isinstance(value, Component):
                inner = value.get_params()
                params.update({f"{field.name}__{key}": inner[key] for key in inner})
        return params

    def set_params(self, **params: Any) -> Self:
        """Change fields by name.

        Parameters
        ----------
        **params : dict
            Field name to value; ``base__rho`` reaches into a component inside this one.

        Returns
        -------
        self : Component
            This object.

        Raises
        ------
        ValueError
            If there is no such field.
        """
        known = [field.name for field in fields(self)]
        for key, value in params.items():
            name, _, rest = key.partition("__")
            inner = getattr(self, name, None)
            if name not in known or (rest and not isinstance(inner, Component)):
                raise ValueError(
                    f"{type(self).__name__} has no parameter '{key}'; known: {', '.join(known)}"
                )
            if rest:
                assert isinstance(inner, Component)
                inner.set_params(**{rest: value})
            else:
                setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        changed = []
        for field in fields(self):
            value, default = getattr(self, field.name), field.default
            if field.default_factory is not MISSING:
                default = field.default_factory()
            if default is MISSING or repr(value) != repr(default):
                changed.append(f"{field.name}={value!r}")
        return f"{type(self).__name__}({', '.join(changed)})"

    def check(self) -> None:
        """Refuse fields that are out of range.

        Raises
        ------
        ValueError
            If a field is no number, outside its range, no integer, neither True nor False, or no
            known name.
        """
        name, defaults = type(self).__name__, {field.name: field.default for field in fields(self)}
        for key in self.integers:
            value = getattr(self, key)
            if not isinstance(value, Integral) and (value is not None or defaults[key] is not None):
                raise ValueError(f"{name}: {key} must be an integer, got {value!r}")
        for key, allowed in self.ranges.items():
            value = getattr(self, key)
            if value is None and (defaults[key] is None or key in self.optional):
                continue
            if not isinstance(value, Real):
                raise ValueError(f"{name}: {key} must be a number, got {value!r}")
            # An integer may be too large for a float.
            number: Any = value
            if number not in allowed or abs(number) > sys.float_info.max:
                raise ValueError(f"{name}: {key} must be in {allowed}, got {value!r}")
        for key in self.flags:
            value = getattr(self, key)
            if not isinstance(value, bool | np.bool_):
                raise ValueError(f"{name}: {key} must be True or False, got {value!r}")
        for key, known in self.choices.items():
            value = getattr(self, key)
            if not isinstance(value, str) or value not in known:
                raise ValueError(f"{name}: unknown {key} {value!r}; known: {', '.join(known)}")

    def settings(self) -> dict[str, Any]:
        """Return the settings under the engine's names.

        Returns
        -------
        settings : dict of str to float or list of float
            What the engine is told; its catalog lists names and ranges.
        """
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def to_core(self) -> _core.Component:
        """Return the engine's description of this component.

        Returns
        -------
        component : deepgen._core.Component
            Name and settings, numbers converted to float.

        Raises
        ------
        ValueError
            If a field is out of range or not a number.
        """
        self.check()
        settings: dict[str, float | list[float]] = {}
        for key, value in self.settings().items():
            try:
                if hasattr(value, "__iter__") and not isinstance(value, str):
                    settings[key] = [float(number) for number in value]
                else:
                    settings[key] = float(value)
            except (TypeError, ValueError, OverflowError):
                raise ValueError(
                    f"{type(self).__name__}: {key} must be a number, got {value!r}"
                ) from None
        return _core.Component(self.name, settings)


Member = TypeVar("Member")


def resolve(value: Any, members: Mapping[str, type[Member]], what: str) -> Member:
    """Return the component that a constructor parameter names or already is.

    Parameters
    ----------
    value : str or Component
        A known name, which stands for the member with its defaults, or the component itself.
    members : mapping of str to type
        The names that are known.
    what : str
        Name of the parameter, for the message.

    Returns
    -------
    component : Component
        ``value`` itself where it is a component.

    Raises
    ------
    ValueError
        If the name is not known, or the component is only the base of those that are.
    """
    if not isinstance(value, str):
        kinds = set(members.values())
        if type(value) not in kinds and any(issubclass(kind, type(value)) for kind in kinds):
            names = ", ".join(sorted(kind.__name__ for kind in kinds))
            raise ValueError(
                f"{what} is a bare {type(value).__name__}, which stands for all of its kind; give "
                f"one of {names}"
            )
        component: Member = value
        return component
    if value not in members:
        raise ValueError(f"unknown {what} '{value}'; known: {', '.join(sorted(members))}")
    return members[value]()
