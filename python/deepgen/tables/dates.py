"""Dates in files without types: columns of text in which every value is a date."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import numpy as np

__all__ = ["read_dates"]

ISO: Final = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?"
"""Year, month, day and, optionally, a time of day, in the format of ISO 8601."""


def read_dates(table: Any, text_columns: Collection[str] = ()) -> Any:
    """Convert columns of text to dates if every value is one.

    Parameters
    ----------
    table : pandas.DataFrame
        Table read from a CSV.
    text_columns : collection of str, default=()
        Columns that stay text.

    Returns
    -------
    table : pandas.DataFrame
        Table with columns of datetime64, for any year; missing values stay missing.

    Examples
    --------
    >>> import pandas
    >>> from deepgen.tables.dates import read_dates
    >>> table = pandas.DataFrame({"day": ["1850-02-03", None], "code": ["3-4", "5-6"]})
    >>> read_dates(table)["day"].dt.year.tolist()[0], read_dates(table)["code"].tolist()
    (1850.0, ['3-4', '5-6'])
    """
    found = {}
    for name, values in table.items():
        present = values.dropna()
        # The type or the first value is enough for most columns.
        if name in text_columns or values.dtype.kind != "O" or not len(present):
            continue
        if not isinstance(present.iloc[0], str) or not present.iloc[:1].str.fullmatch(ISO).all():
            continue
        if present.map(lambda value: isinstance(value, str)).all():
            if present.str.fullmatch(ISO).all():
                try:
                    dates = np.array(values.where(values.notna(), "NaT").tolist(), "datetime64[s]")
                except ValueError:
                    continue  # such as a thirteenth month
                found[name] = dates
    return table.assign(**found) if found else table
