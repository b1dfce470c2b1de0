"""The encoder of raw tables as C: a struct for a row, and the features that it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from deepgen._export.c_dates import DATES_END, days_of_field, parts_of_date
from deepgen._export.c_quantiles import quantile_functions
from deepgen._export.c_text import CArrays, literal, remark
from deepgen._export.levels_table import levels_table
from deepgen.preprocessing.date import DateColumn
from deepgen.preprocessing.number import NumberColumn
from deepgen.preprocessing.scales import FARTHEST, QuantileScale, RobustScale

__all__ = ["encoder_function", "row_struct"]

KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if"
    " inline int long register restrict return short signed sizeof static struct switch typedef"
    " union unsigned void volatile while"
    # of C23 and GNU C
    " alignas alignof asm bool constexpr false nullptr static_assert thread_local true typeof"
    " typeof_unqual".split()
)

TAKEN = re.compile(r"[^a-z]*|[0-9_].*|M_\w+|math_errhandling|linux|unix")
"""No identifiers, and what a macro of the headers or the compiler may be: mostly capitals."""


def row_struct(encoder: Any, name: str) -> str:
    """Return the struct of a row, with a field per column."""
    lines = ["typedef struct {"]
    for field, column in _fields(encoder):
        is_text = getattr(column, "is_text", False)
        kind, missing = ("const char *", "NULL") if is_text else ("double ", "NAN")
        what = f"column {remark(str(column.name))}; {missing}: missing"
        if isinstance(column, DateColumn):
            clock = "on its clock" if column.zone is None else f"on the clock of {column.zone}"
            what += f"; seconds since 1970 {remark(clock)}"
        lines.append(f"    {kind}{field}; /* {what} */")
    return "\n".join([*lines, f"}} {name}_row;", ""])


def encoder_function(arrays: CArrays, encoder: Any, name: str) -> str:
    """Return the function that writes the features of a row."""
    lines = [f"static void encode(const {name}_row *row, double *x) {{"]
    for field, column in _fields(encoder):
        if isinstance(column, NumberColumn):
            lines += _number(arrays, column, column.start, f"row->{field}")
        elif isinstance(column, DateColumn):
            lines += _number(arrays, column.days, column.start, days_of_field(field))
            lines += parts_of_date(arrays, column, field)
            lines += _refused(column, f"fabs(row->{field}) >= {DATES_END}.0")
        else:
            lines += _levels(arrays, column, field)
        if not isinstance(column, DateColumn) and not getattr(column, "is_text", False):
            lines += _refused(column, f"isinf(row->{field})")
    body = "\n".join([*lines, "}", ""])
    text = any(getattr(column, "is_text", False) for column in encoder.columns_)
    numbers = any(hasattr(c, "is_text") and not c.is_text for c in encoder.columns_)
    ranks = any(isinstance(getattr(c, "scale", None), QuantileScale) for c in encoder.columns_)
    functions = [FIND_TEXT] * text + [FIND_NUMBER] * numbers
    functions += [quantile_functions()] if ranks else []
    return "\n".join([*functions, body])


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
    """Return each column with an identifier of its own, which C has not taken."""
    taken: set[str] = set()
    fields = []
    for column in encoder.columns_:
        field = re.sub(r"[^0-9A-Za-z_]", "_", str(column.name))
        if field in KEYWORDS or TAKEN.fullmatch(field):
            field = f"column_{field.lstrip('_')}"
        while field in taken:
            field = f"{field}_{column.place}"
        taken.add(field)
        fields.append((field, column))
    return fields


def _number(arrays: CArrays, column: NumberColumn, place: int, value: str) -> Iterator[str]:
    """Yield the lines of numbers from a feature on, rounded to float as by the encoder."""
    unit, median = (literal(own, single=False) for own in (column.unit, column.median))
    scale: Any = column.scale
    yield "    {"
    yield f"        double value = {value};"
    yield "        int missing = isnan(value);"
    if scale is not None or column.bins is not None:
        yield f"        double filled = missing ? {median} : value / {unit};"
    if isinstance(scale, QuantileScale):
        own = arrays.add_doubles(f"column{column.place}_quantiles", scale.quantiles)
        yield f"        double z = normal_of(filled, {own}, {len(scale.quantiles)});"
    elif scale is not None:
        center, width = (literal(value, single=False) for value in (scale.center, scale.width))
        far = literal(FARTHEST, single=False)
        yield f"        double z = fmin(fmax((filled - {center}) / {width}, -{far}), {far});"
        if isinstance(scale, RobustScale):
            yield "        z = z / sqrt(1.0 + (z / 3.0) * (z / 3.0));"
    if scale is not None:
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


def _refused(column: Any, condition: str) -> Iterator[str]:
    """Yield the lines that make the predictions NaN where `predict` refuses the number."""
    yield f"    if ({condition})"
    yield f"        x[{column.start}] = NAN;"


def _levels(arrays: CArrays, column: Any, field: str) -> Iterator[str]:
    table = levels_table(column)
    own, n_levels, width = f"column{column.place}", len(column.levels), table.shape[1]
    values = arrays.add_doubles(f"{own}_features", table)
    if column.is_text:
        what = f"a level of column {column.name!r}"
        levels, find = arrays.add_texts(f"{own}_levels", column.levels, what), "find_text"
    else:
        numbers = np.array([float(level) for level in column.levels])
        levels, find = arrays.add_doubles(f"{own}_levels", numbers), "find_number"
    yield "    {"
    yield f"        int level = {find}(row->{field}, {levels}, {n_levels});"
    yield f"        for (int j = 0; j < {width}; j++)"
    yield f"            x[{column.start} + j] = {values}[level * {width} + j];"
    yield "    }"
