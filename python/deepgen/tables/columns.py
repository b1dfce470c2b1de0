"""One column of a table as features: what is learnt from it, and how its values become numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen._optional import load_extra

__all__ = ["CategoryColumn", "Column", "NumberColumn", "learn_column"]


MAX_CATEGORIES: Final = 100
"""Categories with a feature of their own; rarer ones share one."""


@dataclass(frozen=True)
class NumberColumn:
    """Numbers, truth values or dates: imputed, then brought to mean 0 and variance 1.

    Parameters
    ----------
    name : str
        Of the column.
    median : float
        Stands in for missing values.
    mean, scale : float
        Of the values after that.
    has_missing : bool
        Whether values were missing in training: then a second feature says where they are.

    Examples
    --------
    >>> import pandas
    >>> from deepgen.tables.columns import NumberColumn
    >>> column = NumberColumn.learn("age", pandas.Series([1.0, 3.0, None]))
    >>> column.encode(pandas.Series([None])).round(6).tolist()
    [[0.0, 1.0]]
    """

    kind: ClassVar[str] = "number"

    name: str
    median: float
    mean: float
    scale: float
    has_missing: bool

    @classmethod
    def learn(cls, name: str, values: Any) -> NumberColumn:
        """Learn from the training rows.

        Parameters
        ----------
        name : str
            Of the column.
        values : pandas.Series
            Its values.

        Returns
        -------
        column : NumberColumn
            With median, mean and scale.
        """
        numbers = _numbers(name, values)
        missing = np.isnan(numbers)
        median = float(np.median(numbers[~missing])) if not missing.all() else 0.0
        filled = np.where(missing, median, numbers)
        return cls(
            name, median, float(filled.mean()), float(filled.std()) or 1.0, bool(missing.any())
        )

    @property
    def features(self) -> list[str]:
        """Names of the features."""
        return [self.name, f"{self.name} is missing"] if self.has_missing else [self.name]

    def encode(self, values: Any) -> FloatArray:
        """Turn values into features.

        Parameters
        ----------
        values : pandas.Series
            The column of a table.

        Returns
        -------
        features : ndarray of shape (n, 1) or (n, 2)
            Standardised values and, if some were missing in training, 1 where they are.
        """
        numbers = _numbers(self.name, values)
        missing = np.isnan(numbers)
        scaled = (np.where(missing, self.median, numbers) - self.mean) / self.scale
        return np.column_stack([scaled, missing] if self.has_missing else [scaled])

    def describe(self) -> str:
        """Say in a few words what becomes of the column.

        Returns
        -------
        text : str
            Such as "number, missing values become 3.5 and are marked".
        """
        if not self.has_missing:
            return "number"
        return f"number, missing values become {self.median:.6g} and are marked"


@dataclass(frozen=True)
class CategoryColumn:
    """Text: one feature a category, 1 where the value is that category and 0 elsewhere.

    Parameters
    ----------
    name : str
        Of the column.
    categories : tuple of str
        Those with a feature of their own, sorted.
    has_missing, has_rare : bool
        Whether there were missing values, and categories beyond the hundred most frequent ones, in
        training: each has a feature as well. Categories never seen have none: all are 0.

    Examples
    --------
    >>> import pandas
    >>> from deepgen.tables.columns import CategoryColumn
    >>> column = CategoryColumn.learn("sex", pandas.Series(["m", "f", None]))
    >>> column.features
    ['sex = f', 'sex = m', 'sex is missing']
    >>> column.encode(pandas.Series(["m", None, "x"])).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """

    kind: ClassVar[str] = "category"

    name: str
    categories: tuple[str, ...]
    has_missing: bool
    has_rare: bool

    @classmethod
    def learn(cls, name: str, values: Any) -> CategoryColumn:
        """Learn from the training rows.

        Parameters
        ----------
        name : str
            Of the column.
        values : pandas.Series
            Its values.

        Returns
        -------
        column : CategoryColumn
            With the most frequent categories.
        """
        missing = values.isna()
        found, counts = np.unique(_text(values)[~missing.to_numpy()], return_counts=True)
        # The sort is stable, so that of equally frequent categories the first stay.
        frequent = np.argsort(-counts, kind="stable")[:MAX_CATEGORIES]
        categories = tuple(str(found[place]) for place in np.sort(frequent))
        return cls(name, categories, bool(missing.any()), len(found) > len(categories))

    @property
    def features(self) -> list[str]:
        """Names of the features."""
        names = [f"{self.name} = {category}" for category in self.categories]
        names += [f"{self.name} is rare"] * self.has_rare
        return names + [f"{self.name} is missing"] * self.has_missing

    def encode(self, values: Any) -> FloatArray:
        """Turn values into features.

        Parameters
        ----------
        values : pandas.Series
            The column of a table.

        Returns
        -------
        features : ndarray of shape (n, n_features)
            0 and 1.
        """
        missing = values.isna().to_numpy()
        text = _text(values)
        place = np.searchsorted(self.categories, text) if self.categories else np.zeros(len(text))
        place = np.minimum(place, max(len(self.categories) - 1, 0)).astype(int)
        learned = np.zeros(len(text), dtype=bool)
        if self.categories:
            learned = ~missing & (np.array(self.categories)[place] == text)
        features = np.zeros((len(text), len(self.features)))
        features[np.flatnonzero(learned), place[learned]] = 1.0
        if self.has_rare:
            features[:, len(self.categories)] = ~learned & ~missing
        if self.has_missing:
            features[:, -1] = missing
        return features

    def describe(self) -> str:
        """Say in a few words what becomes of the column.

        Returns
        -------
        text : str
            Such as "7 categories".
        """
        extras = ["rare ones together"] * self.has_rare + ["missing as one more"] * self.has_missing
        return ", ".join([f"{len(self.categories)} categories", *extras])


Column = NumberColumn | CategoryColumn


def learn_column(name: str, values: Any) -> Column | None:
    """Choose how a column becomes features, and learn what that needs.

    Parameters
    ----------
    name : str
        Of the column.
    values : pandas.Series
        Its training values.

    Returns
    -------
    column : Column or None
        None for a column that says nothing: without values, constant, or text that hardly repeats,
        such as names and identifiers.
    """
    types = load_extra("pandas", "tables", "reading a table").api.types
    present = values.dropna()
    if not len(present) or (len(present) == len(values) and present.nunique() == 1):
        return None
    if types.is_numeric_dtype(values) or types.is_datetime64_any_dtype(values):
        return NumberColumn.learn(name, values)
    if len(present) > MAX_CATEGORIES and present.nunique() > len(present) / 2:
        return None
    return CategoryColumn.learn(name, values)


def _text(values: Any) -> NDArray[np.str_]:
    """Return values as text, missing ones as empty."""
    missing = values.isna()
    pairs = zip(values.astype(object), missing, strict=True)
    return np.array(["" if gone else str(value) for value, gone in pairs], dtype=str)


def _numbers(name: str, values: Any) -> FloatArray:
    pandas = load_extra("pandas", "tables", "reading a table")
    if pandas.api.types.is_datetime64_any_dtype(values):
        seconds = (values - pandas.Timestamp(0, tz=values.dt.tz)).dt.total_seconds()
        return np.asarray(seconds.to_numpy(dtype=float, na_value=np.nan))
    numbers = pandas.to_numeric(values, errors="coerce")
    wrong = values[numbers.isna() & values.notna()]
    if len(wrong):
        raise ValueError(
            f"column '{name}' holds numbers in the training data, but row {wrong.index[0] + 1} "
            f"holds '{wrong.iloc[0]}'"
        )
    array = numbers.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(array).any():
        row = int(np.flatnonzero(np.isinf(array))[0]) + 1
        raise ValueError(f"column '{name}' holds infinity in row {row}")
    return np.asarray(array)


def to_data(column: Column) -> dict[str, Any]:
    """Turn a column's encoding into plain data.

    Parameters
    ----------
    column : Column
        What was learnt.

    Returns
    -------
    data : dict
        Of text, numbers, truth values and lists.
    """
    return {"kind": column.kind, **asdict(column)}


def from_data(data: dict[str, Any]) -> Column:
    """Turn plain data back into a column's encoding.

    Parameters
    ----------
    data : dict
        From `to_data`.

    Returns
    -------
    column : Column
        What was learnt.
    """
    fields = dict(data)
    if fields.pop("kind") == NumberColumn.kind:
        return NumberColumn(**fields)
    return CategoryColumn(**{**fields, "categories": tuple(fields["categories"])})
