"""ParquetRows: training rows in Parquet files, for ``fit`` in place of X and y."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from deepgen._parquet.reader import ParquetReader

__all__ = ["ParquetRows"]


@dataclass(frozen=True)
class ParquetRows:
    """Training rows in Parquet files, which may be larger than memory.

    ``fit(rows)`` of the MLPs and of the estimators for tables takes them in place of ``X, y``. One
    pass reads all rows for statistics; each epoch then reads the row groups in an order of its own
    into two buffers, one of which is shuffled and trained on while a thread fills the other.

    Parameters
    ----------
    path : str, path-like, or sequence of these
        A file, a folder (its files that end in ``.parquet`` or ``.pq``, to any depth), a pattern
        such as ``rows-*.parquet``, or a list of these.
    features : sequence of str or None
        Columns of the features; None means all that are no target, which then must be the same in
        all files (an index that pandas wrote without a name is no column). MLPs take numbers and
        truth values, estimators for tables what they take as a table. Columns that only the names
        of folders hold (``year=2024/sales.parquet``) are not read.
    target : str or sequence of str
        Column of the targets, or columns of several.
    buffer_rows : int, default=524288
        Number of rows of a buffer, of which three quarters are filled. Two buffers are more than
        all rows take in memory, unless they are so small that Arrow's own memory, some 25 MB for
        128 columns, counts beside them. Must be large enough for two batches.

    See Also
    --------
    deepgen.MLPRegressor.fit : Training on these rows.

    Notes
    -----
    The same files and the same seed give the same bits, for any number of threads. Needs pyarrow
    (extra ``parquet``), when rows are read.

    Files must not change during a fit: one that has been replaced or written to is refused.

    Files in which neighbouring rows are alike are shuffled only as far as a buffer mixes row
    groups: in files sorted by the target, fewer than sixteen of them in a buffer cost quality.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import pandas
    >>> from deepgen import MLPRegressor, ParquetRows
    >>> table = pandas.DataFrame(np.random.default_rng(0).normal(size=(500, 2)), columns=["a", "b"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table.assign(y=table["a"]).to_parquet(os.path.join(folder, "rows-0.parquet"))
    ...     rows = ParquetRows(os.path.join(folder, "rows-*.parquet"), ["a", "b"], "y")
    ...     model = MLPRegressor(max_iter=50, random_state=0).fit(rows)
    >>> model.score(table, table["a"]) > 0.9
    True
    """

    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
    features: Sequence[str] | None
    target: str | Sequence[str]
    buffer_rows: int = 2**19

    def __post_init__(self) -> None:
        # A fit reads them more than once, and the next one again: an iterator would be used up.
        for name in ("path", "features", "target"):
            object.__setattr__(self, name, _kept(getattr(self, name)))

    def open(self) -> ParquetReader:
        """Read what the files say about themselves.

        Returns
        -------
        reader : ParquetReader
            Reader of the rows.

        Raises
        ------
        ImportError
            If pyarrow is missing.
        TypeError
            If the path, a name or a column is of a wrong type.
        ValueError
            If there are no files or rows, a file cannot be read, the files lack a column or differ
            in its type, or, with ``features=None``, some have columns that others have not.
        """
        return ParquetReader(self.path, self.features, self.target, self.buffer_rows)


def _kept(names: Any) -> Any:
    """Return a name as it is, and several as a tuple."""
    if isinstance(names, str | bytes | os.PathLike) or not isinstance(names, Iterable):
        return names
    return tuple(map(_kept, names))
