"""Tables to files: CSV (also compressed) and Parquet, through pandas."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

from deepgen._optional import load_extra
from deepgen.tables.reading import is_parquet

__all__ = ["write_table"]


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
