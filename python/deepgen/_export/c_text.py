"""Numbers, arrays and text as C99."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

__all__ = ["CArrays", "literal", "quoted", "remark"]

PLAIN = frozenset(string.ascii_letters + string.digits + " _-.,:;=+()")


def literal(value: float, *, single: bool) -> str:
    """Return a number with as many digits as its type has."""
    text = format(float(value), ".9g" if single else ".17g")
    if not any(letter in text for letter in ".e"):
        text += ".0"
    return f"{text}f" if single else text


def quoted(text: str, what: str) -> str:
    """Return a string literal; bytes that C or its trigraphs could read otherwise are octal."""
    if "\0" in text:
        raise ValueError(f"{what} holds NUL, at which a text of C ends: {text!r}")
    letters = (
        chr(byte) if chr(byte) in PLAIN else f"\\{byte:03o}" for byte in text.encode("utf-8")
    )
    return '"' + "".join(letters) + '"'


def remark(text: str) -> str:
    """Return text that can stand in a comment."""
    return "".join(letter if letter in PLAIN else "_" for letter in text)


class CArrays:
    """Constant arrays of a file, each under a name of its own."""

    def __init__(self, *, single: bool) -> None:
        self.single = single
        self.lines: list[str] = []

    def add(self, name: str, values: Any) -> str:
        """Add an array of weights, row by row; return its name."""
        return self._add("real", name, np.ravel(values), single=self.single)

    def add_doubles(self, name: str, values: Any) -> str:
        """Add an array of doubles; return its name."""
        return self._add("double", name, np.ravel(values), single=False)

    def add_texts(self, name: str, texts: Any, what: str) -> str:
        """Add an array of strings, each of which errors call ``what``; return its name."""
        return self._write("char *const", name, [quoted(str(text), what) for text in texts])

    def _add(self, kind: str, name: str, values: Any, *, single: bool) -> str:
        return self._write(kind, name, [literal(value, single=single) for value in values])

    def _write(self, kind: str, name: str, items: list[str]) -> str:
        self.lines.append(f"static const {kind} {name}[{len(items)}] = {{")
        line = "   "
        for item in items:
            if len(line) + len(item) > 98:
                self.lines.append(line)
                line = "   "
            line += f" {item},"
        self.lines += [line, "};"]
        return name
