"""EncodedRows: rows of a table in files, which an encoder turns into features as they are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deepgen._engine.arrays import AnyArray
from deepgen._optional import load_extra
from deepgen._parquet import FileStamp, ParquetReader, ParquetRows, RowBatch
from deepgen.preprocessing import TableEncoder

__all__ = ["EncodedReader", "EncodedRows", "as_table", "encoded_rows"]


class EncodedReader(ParquetReader):
    """Reader whose features are those of an encoder.

    Parameters
    ----------
    path : str, path-like, or sequence of these
        Files, as those of `ParquetRows`.
    features : sequence of str or None
        Columns of the table.
    target : str or sequence of str
        Columns of the targets.
    buffer_rows : int
        Number of rows of a buffer.

    Examples
    --------
    >>> from deepgen.tabular.encoded_rows import EncodedReader
    >>> EncodedReader.feature_names.fget(None) is None
    True
    """

    encoder: TableEncoder

    @property
    def n_features(self) -> int:
        return len(self.encoder.feature_kinds_)

    @property
    def feature_names(self) -> None:
        """None, as of an encoded array."""
        return None

    @property
    def block(self) -> int:
        """Number of columns, since an encoder takes them together."""
        return len(self.names)

    def check_features(self) -> None:
        """Refuse nothing: the encoder has seen the columns."""

    def write_features(self, batch: RowBatch, out: AnyArray, places: slice = slice(None)) -> None:
        """Write the encoder's features of a batch."""
        try:
            out[...] = self.encoder.transform(as_table(self, batch))
        except ValueError as error:
            raise ValueError(f"{batch.file}: {error}") from error

    def refuse_gaps(self, batch: RowBatch, features: AnyArray) -> None:
        """Refuse nothing: the encoder fills gaps, and refuses infinity."""


@dataclass(frozen=True)
class EncodedRows(ParquetRows):
    """Rows in files with the encoder of their columns.

    Parameters
    ----------
    path : str, path-like, or sequence of these
        Files, as those of `ParquetRows`.
    features : sequence of str or None
        Columns of the table.
    target : str or sequence of str
        Columns of the targets.
    buffer_rows : int, default=524288
        Number of rows of a buffer.
    encoder : TableEncoder
        Fitted encoder.
    stamps : dict from str to FileStamp
        The files that the encoder has seen.

    Examples
    --------
    >>> from deepgen import ParquetRows
    >>> from deepgen.tabular.encoded_rows import EncodedRows
    >>> issubclass(EncodedRows, ParquetRows)
    True
    """

    encoder: TableEncoder = field(kw_only=True)
    stamps: dict[str, FileStamp] = field(kw_only=True)

    def open(self) -> EncodedReader:
        reader = EncodedReader(self.path, self.features, self.target, self.buffer_rows)
        reader.refuse_other_files(self.stamps)
        reader.encoder = self.encoder
        return reader


def encoded_rows(rows: ParquetRows, reader: ParquetReader, encoder: TableEncoder) -> EncodedRows:
    """Return rows in files with the encoder of their columns.

    Parameters
    ----------
    rows : ParquetRows
        The rows.
    reader : ParquetReader
        Reader by which the encoder has seen them.
    encoder : TableEncoder
        Fitted encoder.

    Returns
    -------
    encoded : EncodedRows
        The same rows, whose features are those of the encoder.
    """
    return EncodedRows(
        rows.path,
        rows.features,
        rows.target,
        rows.buffer_rows,
        encoder=encoder,
        stamps=reader.stamps,
    )


def as_table(reader: ParquetReader, batch: RowBatch) -> Any:
    """Return the feature columns of a batch as an Arrow table.

    Parameters
    ----------
    reader : ParquetReader
        Reader of the batch.
    batch : RowBatch
        Rows of a file.

    Returns
    -------
    table : pyarrow.Table
        The columns in the order of the reader's names.
    """
    arrow = load_extra("pyarrow", "parquet", "ParquetRows")
    return arrow.Table.from_batches([batch.table]).select(reader.names)
