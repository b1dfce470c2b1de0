"""Tables from and to files: CSV (also compressed) and Parquet, through pandas."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from deepgen._optional import load_extra

__all__ = ["is_parquet", "read_table", "write_table"]


def is_parquet(path: str | Path) -> bool:
    """Return whether a file's name ends as Parquet files' do.

    Parameters
    ----------
    path : str or path
        Need not exist.

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
        Columns whose values stay text even if all of them look like numbers.

    Returns
    -------
    table : pandas.DataFrame
        Empty cells and the usual words for "not there" (NA, NaN, null ...) are missing values.

    Raises
    ------
    ValueError
        If the file cannot be read, or is no table with rows and with a name for each column.

    Notes
    -----
    Needs pandas, and for Parquet pyarrow; where one is missing, an ImportError says so.

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
    parquet = is_parquet(path)
    if parquet:
        load_extra("pyarrow", "tables", "reading Parquet")
    try:
        if parquet:
            table = pandas.read_parquet(path)
        else:
            text = {name: str for name in text_columns}
            table = pandas.read_csv(path, skipinitialspace=True, low_memory=False, dtype=text)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}") from None
    except pandas.errors.EmptyDataError:
        raise ValueError(f"{path} is empty") from None
    except (ValueError, pandas.errors.ParserError, EOFError) as error:
        raise ValueError(f"{path} is no table that can be read: {error}") from None
    if not len(table):
        raise ValueError(f"{path} has no rows below the line of column names")
    table.columns = [str(name) for name in table.columns]
    repeated = sorted(set(table.columns[table.columns.duplicated()]))
    if repeated:
        raise ValueError(f"{path} has several columns of the name {', '.join(repeated)}")
    nested = [name for name, values in table.items() if parquet and values.map(_is_nested).any()]
    if nested:
        raise ValueError(f"{path} holds lists or structures in column '{nested[0]}'")
    return table


def write_table(table: Any, to: str | Path | TextIO) -> None:
    r"""Write a table to a file, as `read_table` reads it.

    Parameters
    ----------
    table : pandas.DataFrame
        What to write; its index is left out.
    to : str, path or text stream
        A file that ends in ``.parquet`` or ``.pq`` becomes Parquet; every other, and a stream,
        becomes CSV with a line of column names.

    Raises
    ------
    BrokenPipeError
        If the stream's reader has left.
    ValueError
        If the file cannot be written.

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
            table.to_parquet(to, index=False)
        else:
            table.to_csv(to, index=False, lineterminator="\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ValueError(f"cannot write {to}: {error.strerror or error}") from None


def _is_nested(value: Any) -> bool:
    return isinstance(value, (dict, list, tuple, np.ndarray))
