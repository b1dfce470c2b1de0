"""Columns of categories as whole numbers, for networks that learn a vector for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._inputs.raw_column import RawColumn
from deepgen.preprocessing.category import positions
from deepgen.preprocessing.column import Column

__all__ = ["FEWEST_LEVELS", "CodeColumn"]

FEWEST_LEVELS: Final = 8
"""Levels from which a column becomes codes; one of fewer stays one feature per level."""
RARE: Final = 5
"""Rows below which a level shares its code with the others that are as rare."""


@dataclass(frozen=True, eq=False)
class CodeColumn(Column):
    """Categories as codes 0 to ``n_codes - 1``.

    Code 0 is that of missing values. A level that training did not see counts as missing; where
    training had no missing value, it counts as rare if levels were.

    Parameters
    ----------
    name : str or int
        Of the column.
    place : int
        Its position in the training table.
    start : int
        The one feature.
    levels : tuple of str, int, float or bool
        Those of the training rows, sorted.
    codes : ndarray of shape (n_levels,)
        The code of each.
    n_codes : int
        How many codes there are.
    has_missing, has_rare : bool
        Whether values were missing in training, and whether the last code is that of rare levels.
    is_text : bool
        Whether the levels are text.

    Examples
    --------
    >>> from deepgen.preprocessing import TableEncoder
    >>> X = [[letter] for letter in "abcdefgh" * 5 + "xyz"]
    >>> encoder = TableEncoder(category_encoding="codes").fit(X)
    >>> encoder.transform([["a"], ["h"], ["x"], ["?"], [None]])[:, 0].tolist()
    [1.0, 8.0, 9.0, 9.0, 0.0]
    """

    kind: ClassVar[str] = "code"

    levels: tuple[Any, ...]
    codes: NDArray[np.int64]
    n_codes: int
    has_missing: bool
    has_rare: bool
    is_text: bool

    @classmethod
    def learn(
        cls,
        name: Any,
        place: int,
        levels: tuple[Any, ...],
        counts: NDArray[np.int64],
        n_missing: int,
        is_text: bool,
    ) -> CodeColumn:
        """Give each level its code.

        Parameters
        ----------
        name : str or int
            Of the column.
        place : int
            Its position in the table.
        levels : tuple
            Sorted.
        counts : ndarray of shape (n_levels,)
            How often each occurs in training.
        n_missing : int
            How many values are missing.
        is_text : bool
            Whether levels are text.

        Returns
        -------
        column : CodeColumn
            Rare levels share a code where there are two and others that are not.
        """
        rare = counts < RARE
        has_rare = bool(rare.sum() > 1 and not rare.all())
        codes = np.arange(1, len(levels) + 1, dtype=np.int64)
        if has_rare:
            codes = np.cumsum(~rare, dtype=np.int64)
            codes[rare] = codes.max() + 1
        return cls(
            name, place, 0, levels, codes, int(codes.max()) + 1, n_missing > 0, has_rare, is_text
        )

    @property
    def feature_kinds(self) -> tuple[str, ...]:
        return ("code",)

    @property
    def feature_names(self) -> tuple[str, ...]:
        return (f"{self.name} code",)

    def write(self, raw: RawColumn, out: NDArray[np.float32]) -> None:
        unknown = self.n_codes - 1 if self.has_rare and not self.has_missing else 0
        places = positions(self, raw)
        codes = np.append(self.codes, unknown)[places]
        codes[raw.missing()] = 0
        out[:, 0] = codes

    def describe(self) -> str:
        return f"{len(self.levels)} categories as {self.n_codes} codes"
