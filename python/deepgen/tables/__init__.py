"""Tables: CSV and Parquet files, and models with the encoding of their columns."""

from __future__ import annotations

from deepgen.tables.files import read_table, write_table
from deepgen.tables.model import TableModel

__all__ = ["TableModel", "read_table", "write_table"]
