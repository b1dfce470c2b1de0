"""The form of results in notebooks: their text, and a table of what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from html import escape
from typing import Any, Final

import numpy as np

from deepgen._display.html import table
from deepgen._display.text_table import Row, format_value

__all__ = ["ShownAsTable", "in_a_few_words"]

FEW: Final = 6
"""Largest number of entries that are listed one by one."""
LONGEST: Final = 160
"""Largest number of characters of a value's text."""


class ShownAsTable:
    """Mixin for results: in a notebook their ``repr`` stands above a table of their fields."""

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>\n{table(self._html_rows())}"

    def _html_rows(self) -> Sequence[Row]:
        """Return the rows of the table: fields and their values in a few words."""
        return [
            {"field": name, "value": in_a_few_words(getattr(self, name))}
            for name in self._html_fields()
        ]

    def _html_fields(self) -> Sequence[str]:
        """Return the names of the fields: the public ones of a dataclass."""
        dataclass: Any = self
        return [own.name for own in fields(dataclass) if not own.name.startswith("_")]


def in_a_few_words(value: Any) -> str:
    """Return a value as short text; arrays and lists of many entries as their size and range."""
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, Mapping):
        listed = [f"{name}: {in_a_few_words(entry)}" for name, entry in value.items()]
        return _listed(listed, "entries")
    if isinstance(value, list | tuple):
        if hasattr(value, "_fields"):
            pairs = zip(value._fields, value, strict=True)
            return _cut(", ".join(f"{name}: {in_a_few_words(entry)}" for name, entry in pairs))
        return _listed([in_a_few_words(entry) for entry in value], "entries")
    if callable(value) and not hasattr(value, "predict"):
        return "a function"
    return _cut(format_value(value))


def _array(values: np.ndarray[Any, Any]) -> str:
    """Return an array of few entries as a list, else its shape and range."""
    if values.ndim <= 1 and values.size <= FEW:
        return ", ".join(format_value(entry) for entry in values.ravel().tolist())
    shape = " x ".join(map(str, values.shape))
    if values.dtype.kind not in "iuf" or not np.isfinite(values).any():
        return f"{shape} values"
    finite = values[np.isfinite(values)]
    return f"{shape} numbers, {format_value(finite.min())} to {format_value(finite.max())}"


def _listed(texts: Sequence[str], what: str) -> str:
    return f"{len(texts)} {what}" if len(texts) > FEW else _cut(", ".join(texts))


def _cut(text: str) -> str:
    """Return the beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."
