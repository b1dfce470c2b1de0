"""From raw tables to features: numbers, categories and dates in, float32 out.

`TableEncoder` is a transformer of scikit-learn's kind. What it has learned of each column is a
plain dataclass, one class per kind of column, which says how many features it makes and which.
"""

from __future__ import annotations

from deepgen.preprocessing.category import CategoryColumn
from deepgen.preprocessing.code import CodeColumn
from deepgen.preprocessing.column import Column
from deepgen.preprocessing.date import DateColumn
from deepgen.preprocessing.encoder import TableEncoder
from deepgen.preprocessing.number import NumberColumn

__all__ = ["CategoryColumn", "CodeColumn", "Column", "DateColumn", "NumberColumn", "TableEncoder"]
