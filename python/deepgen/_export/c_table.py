"""The encoder of raw tables as C: a struct for a row, and the features that it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from deepgen._export.c_text import CArrays, literal, remark
from deepgen._export.levels_table import levels_table, refuse_columns
from deepgen.preprocessing.number import NumberColumn
from deepgen.preprocessing.scales import FARTHEST, RobustScale

__all__ = ["encoder_function", "row_struct"]

KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if"
    " inline int long register restrict return short signed sizeof static struct switch typedef"
    " union unsigned void volatile while".split()
)


def row_struct(encoder: Any, name: str) -> str:
    """Return the struct of a row, with a field per column."""
    refuse_columns(encoder.columns_, "C")
    lines = ["typedef struct {"]
    for field, column in _fields(encoder):
        is_text = getattr(column, "is_text", False)
        kind, missing = ("const char *", "NULL") if is_text else ("double ", "NAN")
        lines.append(
            f"    {kind}{field}; /* column {remark(str(column.name))}; {missing}: missing */"
        )
    return "\n".join([*lines, f"}} {name}_row;", ""])


def encoder_function(arrays: CArrays, encoder: Any, name: str) -> str:
    """Return the function that writes the features of a row."""
    lines = [f"static void encode(const {name}_row *row, double *x) {{"]
    for field, column in _fields(encoder):
        if isinstance(column, NumberColumn):
            lines += _number(arrays, column, field)
        else:
            lines += _levels(arrays, column, field)
    body = "\n".join([*lines, "}", ""])
    text = any(getattr(column, "is_text", False) for column in encoder.columns_)
    numbers = any(hasattr(c, "is_text") and not c.is_text for c in encoder.columns_)
    return "\n".join([FIND_TEXT] * text + [FIND_NUMBER] * numbers + [body])


FIND_TEXT = """\
/* 0 for an unknown level, n + 1 for a missing one. */
static int find_text(const char *value, const char *const *levels, int n) {
    if (value == NULL)
        return n + 1;
    for (int i = 0; i < n; i++)
        if (strcmp(value, levels[i]) == 0)
            return i + 1;
    return 0;
}
"""

FIND_NUMBER = """\
/* 0 for an unknown level, n + 1 for a missing one. */
static int find_number(double value, const double *levels, int n) {
    if (isnan(value))
        return n + 1;
    for (int i = 0; i < n; i++)
        if (!(value < levels[i]) && !(value > levels[i]))
            return i + 1;
    return 0;
}
"""


def _fields(encoder: Any) -> list[tuple[str, Any]]:
    """Return each column with an identifier of its own."""
    taken: set[str] = set()
    fields = []
    for column in encoder.columns_:
        field = re.sub(r"[^0-9A-Za-z_]", "_", str(column.name))
        if not field or field[0].isdigit() or field[0] == "_":
            field = f"column_{field.lstrip('_')}"
        if field in KEYWORDS or field in taken:
            field = f"{field}_{column.place}"
        taken.add(field)
        fields.append((field, column))
    return fields


def _number(arrays: CArrays, column: NumberColumn, field: str) -> Iterator[str]:
    """Yield the lines of a column of numbers, rounded to float as by the encoder."""
    place, unit = column.start, literal(column.unit, single=False)
    median = literal(column.median, single=False)
    yield "    {"
    yield f"        int missing = isnan(row->{field});"
    yield f"        double filled = missing ? {median} : row->{field} / {unit};"
    if column.scale is not None:
        scale: Any = column.scale
        center, width = (literal(value, single=False) for value in (scale.center, scale.width))
        far = literal(FARTHEST, single=False)
        yield f"        double z = fmin(fmax((filled - {center}) / {width}, -{far}), {far});"
        if isinstance(scale, RobustScale):
            yield "        z = z / sqrt(1.0 + (z / 3.0) * (z / 3.0));"
        yield f"        x[{place}] = (double)(float)z;"
        place += 1
    if column.bins is not None:
        n_bins = column.bins.n_features
        edges = arrays.add_doubles(f"column{column.place}_edges", column.bins.edges)
        weight = literal(2 * column.bins.weight, single=False)
        yield f"        for (int j = 0; j < {n_bins}; j++) {{"
        yield f"            double left = {edges}[j], right = {edges}[j + 1];"
        yield "            double share = fmin(fmax((filled - left) / (right - left), 0.0), 1.0);"
        yield f"            x[{place} + j] = (double)(float)((share - 0.5) * {weight});"
        yield "        }"
        place += n_bins
    if column.has_missing:
        yield f"        x[{place}] = missing ? 1.0 : 0.0;"
    yield "    }"


def _levels(arrays: CArrays, column: Any, field: str) -> Iterator[str]:
    table = levels_table(column)
    own, n_levels, width = f"column{column.place}", len(column.levels), table.shape[1]
    values = arrays.add_doubles(f"{own}_features", table)
    if column.is_text:
        levels, find = arrays.add_texts(f"{own}_levels", column.levels), "find_text"
    else:
        numbers = np.array([float(level) for level in column.levels])
        levels, find = arrays.add_doubles(f"{own}_levels", numbers), "find_number"
    yield "    {"
    yield f"        int level = {find}(row->{field}, {levels}, {n_levels});"
    yield f"        for (int j = 0; j < {width}; j++)"
    yield f"            x[{column.start} + j] = {values}[level * {width} + j];"
    yield "    }"
