"""The features of a column of categories, looked up by the position of the level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepgen._inputs.raw_column import RawColumn
from deepgen.preprocessing.category import CategoryColumn
from deepgen.preprocessing.code import CodeColumn

__all__ = ["levels_table"]


def levels_table(column: CategoryColumn | CodeColumn) -> NDArray[np.float32]:
    """Return the features of an unknown level, of each level, and of a missing value.

    (n_levels + 2, n_features), in this order, as the column itself writes them.
    """
    n_levels = len(column.levels)
    codes = np.array([n_levels, *range(n_levels), -1], dtype=np.intp)
    unknown = object()
    kind = "text" if column.is_text else "boolean"
    raw = RawColumn(column.name, kind, len(codes), codes=codes, levels=(*column.levels, unknown))
    table = np.zeros((len(codes), len(column.feature_kinds)), dtype=np.float32)
    column.write(raw, table)
    return table
