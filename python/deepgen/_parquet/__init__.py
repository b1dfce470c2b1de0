"""Parquet files larger than memory: which files and columns, and their rows in batches."""

from __future__ import annotations

from deepgen._parquet.file_columns import file_columns
from deepgen._parquet.open_files import FileStamp
from deepgen._parquet.reader import ParquetReader, RowBatch
from deepgen._parquet.rows import ParquetRows

__all__ = ["FileStamp", "ParquetReader", "ParquetRows", "RowBatch", "file_columns"]
