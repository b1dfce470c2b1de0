"""Settings: types, ranges and defaults of the fields of components.

Ranges, integer types and names come from the engine's catalog. A field that only Python knows
states them in its default, by `real`, `whole` or `one_of`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from math import inf
from numbers import Integral, Real
from typing import Any

import numpy as np

from deepgen import _core

__all__ = [
    "Range",
    "Setting",
    "activation_names",
    "catalog",
    "engine_settings",
    "moving",
    "numbers_by_name",
    "one_of",
    "real",
    "settings_of",
    "whole",
]


@dataclass(frozen=True)
class Range:
    """The numbers between two bounds; open and infinite bounds are excluded."""

    low: float
    high: float
    open_low: bool = False
    open_high: bool = False

    @classmethod
    def of(cls, text: str) -> Range:
        """Return the range of a text such as '[0, 1)'."""
        low, high = text[1:-1].split(",")
        return cls(float(low), float(high), text[0] == "(", text[-1] == ")")

    def __contains__(self, number: Any) -> bool:
        # The largest float is infinite beside a number of NumPy's with fewer bits.
        number = number.item() if isinstance(number, np.generic) else number
        above = self.low < number if self.open_low else self.low <= number
        below = number < self.high if self.open_high else number <= self.high
        # Integers may be too large for a float.
        return bool(above and below and abs(number) <= sys.float_info.max)

    def __str__(self) -> str:
        left = "(" if self.open_low or self.low == -inf else "["
        right = ")" if self.open_high or self.high == inf else "]"
        return f"{left}{self.low:g}, {self.high:g}{right}"


@dataclass(frozen=True)
class Setting:
    """Type, range and default of one field of a component; None is allowed if it is optional.

    ``kind`` is float, int, bool, str for one of the names in ``choices``, or dict for numbers by
    these names. With ``moves`` a component that gives a number per step is allowed too.
    ``engine_name`` is empty for a field that only Python knows.
    """

    kind: type
    allowed: Range | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False
    default: Any = None
    moves: bool = False
    engine_name: str = ""
    engine_default: float = 0.0

    def refusal(self, key: str, value: Any, shown: Any = None) -> str:
        """Return why ``value`` is no valid ``key``, or ''; messages show ``shown`` instead."""
        shown = value if shown is None else shown
        if value is None and self.optional:
            return ""
        if self.kind is str:
            if isinstance(value, str) and value in self.choices:
                return ""
            return f"unknown {key} {value!r}; known: {', '.join(self.choices)}"
        if self.kind is dict:
            return self._refusal_of_numbers(key, value)
        if self.kind is bool and not isinstance(value, bool | np.bool_):
            return f"{key} must be True or False, got {shown!r}"
        if self.kind is int and not isinstance(value, Integral):
            return f"{key} must be an integer, got {shown!r}"
        if self.kind is float and not isinstance(value, Real):
            return f"{key} must be a number, got {shown!r}"
        if self.allowed is not None and value not in self.allowed:
            return f"{key} must be in {self.allowed}, got {shown!r}"
        return ""

    def _refusal_of_numbers(self, key: str, value: Any) -> str:
        """Return why a value cannot be numbers by some of the names in ``choices``, or ''."""
        if not isinstance(value, Mapping):
            return f"{key} must be a dict of {', '.join(self.choices)} to numbers, got {value!r}"
        for name, number in value.items():
            if name not in self.choices:
                return f"unknown {name!r} in {key}; known: {', '.join(self.choices)}"
            if refusal := Setting(float, self.allowed).refusal(f"{key}[{name!r}]", number):
                return refusal
        return ""


def real(default: float | None, allowed: str = "", *, optional: bool = False) -> Any:
    """Return a dataclass field for a number in a range such as '[0, 1)'.

    None is allowed if it is the default, or if the field is ``optional``. Without a range the
    engine's range applies.
    """
    bounds = Range.of(allowed) if allowed else None
    return _stated(default, Setting(float, bounds, optional=optional))


def moving(default: float) -> Any:
    """Return a dataclass field that is a number in the engine's range, or moves by a schedule."""
    return _stated(default, Setting(float, moves=True))


def whole(default: int | None, allowed: str) -> Any:
    """Return a dataclass field for an integer in a range such as '[1, inf)'."""
    return _stated(default, Setting(int, Range.of(allowed)))


def one_of(default: str, *choices: str) -> Any:
    """Return a dataclass field for one of several names."""
    return _stated(default, Setting(str, choices=choices))


def numbers_by_name(choices: Callable[[], list[str]], allowed: str) -> Any:
    """Return a dataclass field that is None, or a dict of some names to numbers in a range."""
    setting = Setting(dict, Range.of(allowed), choices=tuple(choices()), optional=True)
    return _stated(None, setting)


def _stated(default: Any, setting: Setting) -> Any:
    return field(default=default, metadata={"setting": setting})


catalog = cache(_core.catalog)
"""The engine's families of members with their settings, read on first use."""


def activation_names(*, linear: bool = True) -> tuple[str, ...]:
    """Return the engine's activations, perhaps without 'identity'."""
    return tuple(name for name in catalog()["activations"] if linear or name != "identity")


@cache
def engine_settings(family: str, member: str) -> Mapping[str, Setting]:
    """Return the engine's settings of a member, by name."""
    parameters = catalog().get(family, {}).get(member, {})
    return {name: _of_engine(name, parameter) for name, parameter in parameters.items()}


def _of_engine(name: str, parameter: _core.Parameter) -> Setting:
    bounds = Range(parameter.low, parameter.high, parameter.open_low, parameter.open_high)
    number = int if parameter.integer else float
    return Setting(
        kind=str if parameter.choices else number,
        allowed=bounds,
        choices=tuple(parameter.choices),
        engine_name=name,
        engine_default=parameter.default,
    )


def _read(kind: Any) -> Mapping[str, Setting]:
    known = engine_settings(kind.family, kind.name)
    settings = {}
    for own in fields(kind):
        stated = own.metadata.get("setting")
        setting = known.get(kind.engine_names.get(own.name, own.name), stated)
        if isinstance(own.default, bool):
            setting = replace(setting or Setting(bool), kind=bool)
        if setting is not None:
            optional = own.default is None or (stated is not None and stated.optional)
            moves = stated is not None and stated.moves
            settings[own.name] = replace(
                setting, default=own.default, optional=optional, moves=moves
            )
    return settings


settings_of: Callable[[Any], Mapping[str, Setting]] = cache(_read)
"""Settings of the fields of a component class, by field.

Fields without an entry in the catalog or in their default are omitted: their class checks them.
"""
