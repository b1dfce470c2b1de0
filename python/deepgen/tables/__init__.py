"""Tables: from CSV or Parquet files to features, and models that remember how."""

from __future__ import annotations

from deepgen.tables.encoder import TableEncoder
from deepgen.tables.files import read_table, write_table
from deepgen.tables.model import TableModel

__all__ = ["TableEncoder", "TableModel", "read_table", "write_table"]
