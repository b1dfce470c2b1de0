"""Tables from and to files: CSV (also compressed) and Parquet, through pandas."""

from __future__ import annotations

import io
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from deepgen._optional import load_extra
from deepgen._replace_file import replace_file
from deepgen.tables.dates import read_dates

__all__ = ["is_parquet", "read_table", "write_table"]


def is_parquet(path: str | Path) -> bool:
    """Return whether a file's name ends like that of a Parquet file.

    Parameters
    ----------
    path : str or path
        Path; the file need not exist.

    Returns
    -------
    parquet : bool
        True for ``.parquet`` and ``.pq``.

    Examples
    --------
    >>> from deepgen.tables.files import is_parquet
    >>> is_parquet("ages.parquet"), is_parquet("ages.csv.gz")
    (True, False)
    """
    return Path(path).suffix.lower() in (".parquet", ".pq")


def read_table(path: str | Path, text_columns: Iterable[str] = ()) -> Any:
    r"""Read a table from a file.

    Parameters
    ----------
    path : str or path
        A file that ends in ``.parquet`` or ``.pq`` is Parquet; every other is CSV with a line of
        column names, which may be compressed (``.gz``, ``.bz2``, ``.xz``, ``.zip``, ``.zst``).
    text_columns : iterable of str, default=()
        Columns whose values stay text even if all look like numbers.

    Returns
    -------
    table : pandas.DataFrame
        Empty cells and the usual words for "not there" (NA, NaN, null ...) are missing values;
        a column of a CSV whose every value is a date (2024-02-29, with or without a time of day)
        is one of dates.

    Raises
    ------
    ValueError
        If the file cannot be read, or is no table with rows and with one name per column: a name is
        blank or a duplicate (surrounding blanks do not count), or a line has more fields than there
        are names, or the first line has one less and no line has as many. The message says where.

    Notes
    -----
    Needs pandas, and for Parquet pyarrow; if one is missing, an ImportError says so.

    A line of a CSV that ends early lacks its last values, which are then missing.

    Examples
    --------
    >>> import os, tempfile
    >>> from deepgen.tables import read_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "ages.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("name,age\nAda,36\n")
    ...     read_table(path).shape
    (1, 2)
    """
    pandas = load_extra("pandas", "tables", "reading a table")
    parquet, text_columns = is_parquet(path), list(text_columns)
    if parquet:
        load_extra("pyarrow", "tables", "reading Parquet")
    try:
        if parquet:
            table = pandas.read_parquet(path)
            table.columns = [str(name) for name in table.columns]
            _check_names(list(table.columns))
        else:
            text: dict[str, type] = dict.fromkeys(text_columns, str)
            table = _read_csv(pandas, path, text)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}") from None
    except pandas.errors.EmptyDataError:
        raise ValueError(f"{path} is empty") from None
    except (ValueError, pandas.errors.ParserError, EOFError) as error:
        problem = _too_many_fields(str(error)) or error
        raise ValueError(f"{path} is no table that can be read: {problem}") from None
    if not len(table):
        raise ValueError(f"{path} has no rows below the line of column names")
    nested = [name for name, values in table.items() if parquet and values.map(_is_nested).any()]
    if nested:
        raise ValueError(f"{path} holds lists or structures in column '{nested[0]}'")
    for name, values in table.items():
        if parquet and values.map(lambda value: isinstance(value, bytes)).any():
            raise ValueError(f"{path} holds bytes in column '{name}': write them as text")
    return table if parquet else read_dates(table, text_columns)


def write_table(table: Any, to: str | Path | TextIO) -> None:
    r"""Write a table to a file that `read_table` reads.

    Parameters
    ----------
    table : pandas.DataFrame
        Table to be written, without its index.
    to : str, path or text stream
        A path that ends in ``.parquet`` or ``.pq`` gives Parquet; other paths and streams give CSV
        with a line of column names, compressed according to the name. An existing file is replaced
        in one step and keeps its mode.

    Raises
    ------
    BrokenPipeError
        If the reader of the stream has closed it.
    ValueError
        If the file cannot be written, is read-only, or is no regular file.

    Examples
    --------
    >>> import pandas, sys
    >>> from deepgen.tables import write_table
    >>> write_table(pandas.DataFrame({"name": ["Ada"], "age": [36]}), sys.stdout)
    name,age
    Ada,36
    """
    try:
        if isinstance(to, (str, Path)) and is_parquet(to):
            load_extra("pyarrow", "tables", "writing Parquet")
            content = io.BytesIO()
            table.to_parquet(content, index=False)
            replace_file(to, content.getvalue())
        elif isinstance(to, (str, Path)):
            content = io.BytesIO()
            table.to_csv(content, index=False, lineterminator="\n", compression=_compression(to))
            replace_file(to, content.getvalue())
        else:
            table.to_csv(to, index=False, lineterminator="\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        where = getattr(to, "name", to)
        raise ValueError(f"cannot write {where}: {error.strerror or error}") from None


def _compression(path: str | Path) -> Any:
    """Return pandas' name of the compression that a file's name implies; None for none."""
    ending = Path(path).suffix.lower()
    if ending == ".zip":
        return {"method": "zip", "archive_name": Path(path).stem}
    return {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd"}.get(ending)


def _read_csv(pandas: Any, path: str | Path, text: dict[str, type]) -> Any:
    """Read a CSV with unique column names."""
    source = _readable_twice(path)
    # pandas renames columns without a name or with one that stands twice, and takes the first
    # columns of a table with too few names for its index. Read as data, the names show.
    names = _first_rows(pandas, source, 2).iloc[0].tolist()
    _check_names(names)
    table = pandas.read_csv(_start(source), skipinitialspace=True, low_memory=False, dtype=text)
    if len(table) and table.iloc[:, -1].isna().all():
        found = _first_rows(pandas, source, 1, skiprows=1).shape[1]
        if found < len(names):
            raise ValueError(
                f"its first row has {found} fields, but its line of column names has {len(names)}, "
                f"and no row reaches column {len(names)} ('{names[-1]}')"
            )
    return table


def _first_rows(pandas: Any, source: Any, n_rows: int, **options: Any) -> Any:
    """Return rows of a CSV as text, the line of column names included."""
    options = {"skipinitialspace": True, "dtype": str, "keep_default_na": False, **options}
    return pandas.read_csv(_start(source), header=None, nrows=n_rows, **options)


def _readable_twice(path: str | Path) -> Any:
    """Return a file that can be read twice, unlike a pipe."""
    try:
        regular = stat.S_ISREG(Path(path).stat().st_mode)
    except OSError:
        # Not there: pandas says so, or knows what is meant.
        return path
    return path if regular else io.BytesIO(Path(path).read_bytes())


def _start(source: Any) -> Any:
    if isinstance(source, io.BytesIO):
        source.seek(0)
    return source


def _check_names(names: list[str]) -> None:
    """Refuse columns without a name or with duplicate names."""
    places: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        bare = name.strip()
        if not bare:
            raise ValueError(
                f"column {place} has no name in the line of column names (if pandas wrote its "
                "index there, to_csv(..., index=False) leaves it out)"
            )
        if bare in places:
            raise ValueError(
                f"several columns have the name '{bare}' in the line of column names: columns "
                f"{places[bare]} and {place}"
            )
        places[bare] = place


def _too_many_fields(message: str) -> str | None:
    """Translate pandas' message about a line that is too long; None for another message."""
    found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message)
    if found is None:
        return None
    expected, line, fields = map(int, found.groups())
    return (
        f"line {line} has {fields} fields, but the line of column names has {expected}: column "
        f"{expected + 1} has no name"
    )


def _is_nested(value: Any) -> bool:
    return isinstance(value, (dict, list, tuple, np.ndarray))
