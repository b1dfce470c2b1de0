"""ParquetReader: the rows of Parquet files in batches, by row groups in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepgen._counts import checked_count
from deepgen._engine.arrays import AnyArray
from deepgen._engine.random_streams import DRAWN_ROWS, generator
from deepgen._names import hint, listed
from deepgen._parquet.columns import (
    column_names,
    is_number,
    is_target,
    numbers,
    shown_type,
    target_values,
)
from deepgen._parquet.files import find_files
from deepgen._parquet.open_files import FileStamp, OpenFiles, changed

__all__ = ["ParquetReader", "RowBatch"]

# Rows of a batch: its numbers stay in the cache while they are transposed.
BATCH_NUMBERS, FEWEST_ROWS, MOST_ROWS = 2**20, 2**8, 2**14
# Of each column that is read, Arrow holds a page and a dictionary: of all columns at once these can
# take as much memory as a buffer.
BLOCK = 8
NOT_READ = "partitions (name=value) are not read; write such columns into the files"


class RowBatch(NamedTuple):
    """Some rows of one file: an Arrow record batch, and the file's name for messages."""

    table: Any
    file: str

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.table.num_rows)

    def part(self, start: int, n_rows: int) -> RowBatch:
        """Return some of the rows, without a copy."""
        return RowBatch(self.table.slice(start, n_rows), self.file)


class ParquetReader:
    """Rows of Parquet files, of which only the wanted columns are read.

    ``group_rows`` are the numbers of rows of the row groups, in the order of the files; a row group
    is known by its position there. Empty files and row groups count as none.
    """

    def __init__(
        self, path: Any, features: Sequence[str] | None, target: Any, buffer_rows: int
    ) -> None:
        self.buffer_rows = checked_count("buffer_rows", buffer_rows)
        self.targets = _names("target", [target] if isinstance(target, str) else target)
        self._several = len(self.targets) > 1
        self._files = OpenFiles()
        chosen = None if features is None else _names("features", features)
        if chosen is not None and (both := set(chosen) & set(self.targets)):
            raise ValueError(f"{listed(both)} is a target and cannot be a feature too")
        self.names: tuple[str, ...] = ()
        self._types: dict[str, Any] = {}
        self._groups: list[tuple[str, int, int]] = []
        first = ""
        files = find_files(path)
        self._partitions = files.partitions
        for file in files.names:
            opened = self._files.get(file)
            schema, metadata = opened.schema_arrow, opened.metadata
            sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
            # The first file with rows tells the types: pandas gives a column without rows any.
            if not self._types or (any(sizes) and not self._groups):
                first = file
                self.names = chosen or self._others(schema)
                self._types = self._found(schema, file)
            else:
                types = self._found(schema, file)
                if any(sizes):
                    self._compare(types, file, first)
            if chosen is None and any(sizes):
                self._refuse_others(column_names(schema), file, first)
            self._groups += [(file, i, n) for i, n in enumerate(sizes) if n]
        if not self.names:
            raise ValueError(f"{first} has no column besides the target")
        if not self._groups:
            raise ValueError(f"the files have no rows: {first}" + " and others" * (first != file))
        self._check_target()
        self.group_rows = np.array([n for _, _, n in self._groups], dtype=np.int64)
        self.n_rows = int(self.group_rows.sum())

    @property
    def n_features(self) -> int:
        """Number of features that `write_features` writes."""
        return len(self.names)

    @property
    def block(self) -> int:
        """Number of columns that are read at once in training."""
        return BLOCK

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """Names of the features, if they have any."""
        return self.names

    @property
    def stamps(self) -> dict[str, FileStamp]:
        """What tells whether the files are the same for another reader."""
        return self._files.stamps

    def refuse_other_files(self, stamps: dict[str, FileStamp]) -> None:
        """Refuse files that another reader of these rows has not found so."""
        for file in [*stamps, *self.stamps]:
            if self.stamps.get(file) != stamps.get(file):
                raise changed(file)

    def drawn_batches(self, most: int) -> Iterator[tuple[RowBatch, NDArray[np.int64]]]:
        """Yield all rows in the order of the files, and which rows of each batch `drawn_rows` has.

        The positions are those within the batch.
        """
        drawn, start, n_taken = self.drawn_rows(most), 0, 0
        for batch in self.batches():
            end = start + batch.n_rows
            n_until = int(np.searchsorted(drawn, end))
            yield batch, drawn[n_taken:n_until] - start
            start, n_taken = end, n_until

    def drawn_rows(self, most: int) -> NDArray[np.int64]:
        """Return the positions of rows to draw: all, or one of each of ``most`` equal stretches."""
        if self.n_rows <= most:
            return np.arange(self.n_rows, dtype=np.int64)
        ends = np.arange(most + 1, dtype=np.int64) * self.n_rows // most
        return generator(0, DRAWN_ROWS).integers(ends[:-1], ends[1:])

    def batches(self) -> Iterator[RowBatch]:
        """Yield all rows, in the order of the files."""
        for file, group, n_rows in self._groups:
            yield from self._batches(file, group, n_rows, [*self._types])
        self._files.free_memory()

    def read(self, group: int, start: int, stop: int, out: AnyArray) -> AnyArray:
        """Write the features of rows of a row group into ``out`` (stop - start, n_features).

        Returns their targets in the user's form.
        """
        file, number, n_rows = self._groups[group]
        for first in range(0, len(self.names), self.block):
            places = slice(first, first + self.block)
            for batch, at in self._within(file, number, n_rows, start, stop, self.names[places]):
                self.write_features(batch, out[at : at + batch.n_rows], places)
        targets = [
            self.read_targets(batch)
            for batch, _ in self._within(file, number, n_rows, start, stop, self.targets)
        ]
        self._files.refuse_change(file)
        return np.concatenate(targets)

    def close(self) -> None:
        """Close the files, and free the memory that Arrow keeps."""
        self._files.close()

    def check_features(self) -> None:
        """Refuse features that are no numbers."""
        for name in self.names:
            if not is_number(self._types[name]):
                raise TypeError(
                    f"column {name!r} holds {shown_type(self._types[name])}, and MLPs take "
                    "numbers; TabularRegressor and TabularClassifier take ParquetRows with text, "
                    "categories and dates"
                )

    def write_features(self, batch: RowBatch, out: AnyArray, places: slice = slice(None)) -> None:
        """Write features of a batch as numbers into ``out`` (n_rows, n_features)."""
        # A number too large for the type becomes infinite, which `refuse_gaps` refuses.
        with np.errstate(over="ignore", invalid="ignore"):
            for place in range(*places.indices(len(self.names))):
                out[:, place] = numbers(batch.table.column(self.names[place]))

    def refuse_gaps(self, batch: RowBatch, features: AnyArray) -> None:
        """Refuse features (n_rows, n_features) that are not finite."""
        # As in scikit-learn: a finite sum has finite terms.
        if np.isfinite(features.sum()) or np.isfinite(features).all():
            return
        wrong = np.flatnonzero(~np.isfinite(features).all(axis=0))
        names = [self.names[place] for place in wrong]
        raise ValueError(
            f"{batch.file} has missing or infinite numbers, or numbers too large for "
            f"{features.dtype}, in {listed(names)}; TabularRegressor and TabularClassifier take "
            "ParquetRows with missing numbers"
        )

    def read_targets(self, batch: RowBatch) -> AnyArray:
        """Return the targets of a batch, (n_rows,) or (n_rows, n_targets), none missing."""
        columns = []
        for name in self.targets:
            column = batch.table.column(name)
            values = target_values(column)
            has_gaps = values.dtype.kind == "f"
            n_missing = int(np.isnan(values).sum()) if has_gaps else column.null_count
            n_infinite = int(np.isinf(values).sum()) if has_gaps else 0
            for what, n_rows in (("NaN", n_missing), ("infinity", n_infinite)):
                if n_rows:
                    found = "missing" if what == "NaN" else "infinite"
                    raise ValueError(
                        f"Input y contains {what}: the target {name!r} is {found} in {n_rows} rows "
                        f"of {batch.file}; leave these rows out"
                    )
            columns.append(values)
        return np.column_stack(columns) if self._several else columns[0]

    def _within(
        self, file: str, group: int, n_rows: int, start: int, stop: int, names: Sequence[str]
    ) -> Iterator[tuple[RowBatch, int]]:
        """Yield columns of some rows of a row group, and their positions from ``start`` on."""
        end = 0
        for batch in self._batches(file, group, n_rows, names):
            begin, end = end, end + batch.n_rows
            first, last = max(begin, start), min(end, stop)
            if first < last:
                yield batch.part(first - begin, last - first), first - start
            if end >= stop:
                return

    def _batches(
        self, file: str, group: int, n_rows: int, names: Sequence[str]
    ) -> Iterator[RowBatch]:
        """Yield columns of the rows of a row group."""
        most, n_read = max(BATCH_NUMBERS // len(names), FEWEST_ROWS), 0
        opened = self._files.get(file)
        try:
            for table in opened.iter_batches(
                min(most, MOST_ROWS), row_groups=[group], columns=[*names], use_threads=False
            ):
                n_read += table.num_rows
                yield RowBatch(table, file)
        except (OSError, ValueError) as error:
            self._files.refuse_change(file)
            raise ValueError(f"{file} cannot be read: {error}") from None
        self._files.refuse_change(file)
        if n_read != n_rows:
            raise ValueError(f"{file} has other rows than it tells: {n_read} of {n_rows}")

    def _others(self, schema: Any) -> tuple[str, ...]:
        """Return the columns that are no target."""
        return tuple(name for name in column_names(schema) if name not in self.targets)

    def _found(self, schema: Any, file: str) -> dict[str, Any]:
        """Return the types of the wanted columns of a file."""
        wanted = (*self.names, *self.targets)
        if missing := [name for name in wanted if name not in schema.names]:
            why = hint(missing[0], schema.names)
            if missing[0] in self._partitions:
                why = f" It is in the names of folders: {NOT_READ}"
            raise ValueError(f"{file} has no column {listed(missing)}.{why}")
        if twice := [name for name in wanted if schema.names.count(name) > 1]:
            raise ValueError(f"{file} has several columns of the name {listed({*twice})}")
        return {name: schema.field(name).type for name in wanted}

    def _refuse_others(self, columns: list[str], file: str, first: str) -> None:
        """Refuse columns that would be left out though all are wanted."""
        if lost := [name for name in self._partitions if name not in columns]:
            raise ValueError(
                f"the names of the folders of {file} hold {listed(lost)}: {NOT_READ}, or name the "
                "features to do without them"
            )
        if others := [name for name in columns if name not in (*self.names, *self.targets)]:
            raise ValueError(
                f"the files differ: {file} has {listed(others)}, which {first} has not; name the "
                "features"
            )

    def _compare(self, types: dict[str, Any], file: str, first: str) -> None:
        """Refuse a file whose columns are of other types than those of the first one."""
        for name, found in types.items():
            if found != self._types[name]:
                raise ValueError(
                    f"the files differ: column {name!r} holds {shown_type(found)} in {file} and "
                    f"{shown_type(self._types[name])} in {first}"
                )

    def _check_target(self) -> None:
        for name in self.targets:
            if not is_target(self._types[name], several=self._several):
                wanted = "numbers" if self._several else "numbers, truth values or text"
                raise TypeError(
                    f"the target {name!r} holds {shown_type(self._types[name])}; a target is "
                    f"{wanted}"
                )


def _names(what: str, names: Any) -> tuple[str, ...]:
    """Return names of columns; refuse anything else."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise TypeError(f"{what} must be a list of names of columns, got {names!r}")
    given = tuple(names)
    if strange := [name for name in given if not isinstance(name, str)]:
        raise TypeError(f"{what} must be names of columns, got {strange[0]!r}")
    if not given:
        raise ValueError(f"{what} is empty: name at least one column")
    if len({*given}) < len(given):
        twice = {name for name in given if given.count(name) > 1}
        raise ValueError(f"{what} names {listed(twice)} more than once")
    return given
