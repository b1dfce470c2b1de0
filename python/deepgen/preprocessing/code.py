"""Columns of categories as integer codes, for networks that learn a vector per code."""

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
"""Smallest number of levels that become codes; fewer levels are one feature each."""
RARE: Final = 5
"""Number of rows below which a level shares its code with other rare levels."""


@dataclass(frozen=True, eq=False)
class CodeColumn(Column):
    """Categories as codes 0 to ``n_codes - 1``.

    Code 0 means missing. A level that does not occur in training counts as missing; if training had
    no missing value, it counts as rare if there were rare levels.

    Parameters
    ----------
    name : str or int
        Name of the column.
    place : int
        Its position in the training table.
    start : int
        Index of its feature.
    levels : tuple of str, int, float or bool
        Levels of the training rows, sorted.
    codes : ndarray of shape (n_levels,)
        Code of each level.
    n_codes : int
        Number of codes.
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
            Name of the column.
        place : int
            Its position in the table.
        levels : tuple
            Sorted levels.
        counts : ndarray of shape (n_levels,)
            Number of training rows per level.
        n_missing : int
            Number of missing values.
        is_text : bool
            Whether the levels are text.

        Returns
        -------
        column : CodeColumn
            Column; rare levels share a code if there are at least two and other levels too.
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
