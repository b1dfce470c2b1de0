"""From raw tables to features: numbers, categories and dates in, float32 out.

`TableEncoder` is a transformer with scikit-learn's interface. The learned properties of each column
are a plain dataclass, one class per kind of column, which defines its features.
"""

from __future__ import annotations

from deepgen.preprocessing.category import CategoryColumn
from deepgen.preprocessing.code import CodeColumn
from deepgen.preprocessing.column import Column
from deepgen.preprocessing.date import DateColumn
from deepgen.preprocessing.encoder import TableEncoder
from deepgen.preprocessing.number import NumberColumn

__all__ = ["CategoryColumn", "CodeColumn", "Column", "DateColumn", "NumberColumn", "TableEncoder"]
