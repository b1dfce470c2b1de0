"""Real tables bundled with the package, available without a network."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._optional import load_extra

__all__ = [
    "CALIFORNIA_HOUSING_FEATURES",
    "load_abalone",
    "load_adult",
    "load_california_housing",
]

CALIFORNIA_HOUSING_FEATURES: Final = (
    "MedInc",
    "HouseAge",
    "AveRooms",
    "AveBedrms",
    "Population",
    "AveOccup",
    "Latitude",
    "Longitude",
)
"""Names of the columns of `load_california_housing`, as in scikit-learn."""


MISSING: Final = 255
"""Code of a missing category in the files."""
ABALONE_UNITS: Final = dict.fromkeys(
    (
        *("length", "diameter", "height"),
        *("whole_weight", "shucked_weight", "viscera_weight", "shell_weight"),
    ),
    2000,
)
"""Divisors of the whole numbers in the file, which give the source's numbers."""


def load_california_housing(*, as_frame: bool = False) -> tuple[Any, Any]:
    """Load the California housing table of the 1990 US census.

    Each row has eight numbers of a block group (some 1,400 people) and the median value of its
    houses: regression by numbers alone.

    Parameters
    ----------
    as_frame : bool, default=False
        Whether to return a data frame and a series of pandas (extra ``tables``), with names.

    Returns
    -------
    X : ndarray or DataFrame of shape (20640, 8)
        Columns named by `CALIFORNIA_HOUSING_FEATURES`: median income in 10,000 dollars, median age
        of the houses in years, rooms, bedrooms and people per household, the population, latitude
        and longitude in degrees.
    y : ndarray or Series of shape (20640,)
        Median house value in 100,000 dollars, capped at 5.00001.

    Raises
    ------
    ImportError
        If a frame is asked for and pandas is not installed.

    See Also
    --------
    load_abalone : Regression with a category.
    load_adult : Two classes, with categories and missing values.

    Notes
    -----
    These are the eight features of ``sklearn.datasets.fetch_california_housing``, which downloads
    them. Each call reads the file, which takes some 10 ms.

    References
    ----------
    .. [1] R. K. Pace and R. Barry, "Sparse spatial autoregressions", Statistics & Probability
       Letters 33, pp. 291-297, 1997.

    Examples
    --------
    >>> from deepgen.datasets import load_california_housing
    >>> X, y = load_california_housing()
    >>> X.shape, y.shape
    ((20640, 8), (20640,))
    >>> float(y.max())
    5.00001
    """
    columns = {name: values.astype(np.float64) for name, values in _read("california_housing")}
    households = columns["households"]
    features = [
        columns["median_income"] / 10_000,
        columns["housing_median_age"],
        columns["total_rooms"] / households,
        columns["total_bedrooms"] / households,
        columns["population"],
        columns["population"] / households,
        columns["latitude"] / 100,
        columns["longitude"] / 100,
    ]
    target = columns["median_house_value"] / 100_000
    if as_frame:
        named = dict(zip(CALIFORNIA_HOUSING_FEATURES, features, strict=True))
        return _frame({**named, "MedHouseVal": target})
    return np.column_stack(features), target


def load_abalone(*, as_frame: bool = False) -> tuple[Any, Any]:
    """Load a table of abalones, sea snails whose age shows in the rings of their shells.

    Regression with one category. Rings are counted under a microscope; the table asks how far size
    and weight tell their number.

    Parameters
    ----------
    as_frame : bool, default=False
        Whether to return a data frame and a series of pandas (extra ``tables``), with names.

    Returns
    -------
    X : ndarray of objects or DataFrame of shape (4177, 8)
        The columns ``sex`` ('F', 'M', or 'I' for infant; a frame has a categorical column),
        ``length``, ``diameter``, ``height`` in units of 200 mm, ``whole_weight``,
        ``shucked_weight``, ``viscera_weight`` and ``shell_weight`` in units of 200 g.
    y : ndarray or Series of shape (4177,)
        Number of rings, 1 to 29; the age in years is about 1.5 more.

    Raises
    ------
    ImportError
        If a frame is asked for and pandas is not installed.

    See Also
    --------
    load_california_housing : Regression by numbers alone.
    load_adult : Two classes, with categories and missing values.

    References
    ----------
    .. [1] W. Nash, T. Sellers, S. Talbot, A. Cawthorn and W. Ford, "Abalone", UCI Machine Learning
       Repository, 1994, https://doi.org/10.24432/C55C7W.

    Examples
    --------
    >>> from deepgen.datasets import load_abalone
    >>> X, y = load_abalone()
    >>> X[0].tolist(), int(y[0])
    (['M', 0.455, 0.365, 0.095, 0.514, 0.2245, 0.101, 0.15], 15)
    """
    return _table("abalone", "rings", ABALONE_UNITS, as_frame)


def load_adult(*, as_frame: bool = False) -> tuple[Any, Any]:
    """Load a table of people and their incomes of the 1994 US census.

    Does a person earn more than 50,000 dollars a year? Two classes, one of which has 24 % of the
    rows, with six columns of numbers and eight of categories, in three of which values are missing.
    The first 32,561 rows are the training rows of the source, the others its test rows.

    Parameters
    ----------
    as_frame : bool, default=False
        Whether to return a data frame and a series of pandas (extra ``tables``), with names.

    Returns
    -------
    X : ndarray of objects or DataFrame of shape (48842, 14)
        The columns ``age`` in years, ``workclass``, ``fnlwgt`` (number of people that the row
        stands for), ``education``, ``education-num``, ``marital-status``, ``occupation``,
        ``relationship``, ``race``, ``sex``, ``capital-gain`` and ``capital-loss`` in dollars,
        ``hours-per-week`` and ``native-country``. Missing values are None, in a frame NaN;
        categories are text, in a frame categorical columns.
    y : ndarray or Series of shape (48842,)
        Labels '<=50K' and '>50K'.

    Raises
    ------
    ImportError
        If a frame is asked for and pandas is not installed.

    See Also
    --------
    load_abalone : Regression with a category.

    Notes
    -----
    Race, sex and country are in the table because the census asked for them. A model of it repeats
    the incomes of 1994, and must not decide about anybody.

    References
    ----------
    .. [1] B. Becker and R. Kohavi, "Adult", UCI Machine Learning Repository, 1996,
       https://doi.org/10.24432/C5XW20.

    Examples
    --------
    >>> from deepgen.datasets import load_adult
    >>> X, y = load_adult()
    >>> X.shape, sum(value is None for value in X[:, 6]), y[7].item()
    ((48842, 14), 2809, '>50K')
    """
    return _table("adult", "income", {}, as_frame)


def _read(name: str) -> list[tuple[str, NDArray[Any]]]:
    """Return the names and arrays of a file."""
    path = resources.files("deepgen") / "data" / f"{name}.npz"
    with path.open("rb") as file, np.load(file) as stored:
        return [(own, stored[own]) for own in stored.files]


def _table(name: str, target: str, units: Mapping[str, int], as_frame: bool) -> tuple[Any, Any]:
    """Return the features and the target of a file with numbers and categories."""
    stored = dict(_read(name))
    columns: dict[str, Any] = {}
    for own, values in stored.items():
        if own.endswith(" levels"):
            continue
        levels = stored.get(f"{own} levels")
        if levels is not None:
            columns[own] = _Categories(values, levels)
        else:
            columns[own] = values / units[own] if own in units else values.astype(np.int64)
    if as_frame:
        return _frame(columns, target)
    y = columns.pop(target)
    lists = [own.objects() if isinstance(own, _Categories) else own for own in columns.values()]
    X = np.empty((len(lists[0]), len(lists)), dtype=object)
    for place, values in enumerate(lists):
        X[:, place] = values.tolist()
    return X, y.objects().astype(str) if isinstance(y, _Categories) else y


class _Categories:
    """A column of codes, and the levels that they stand for."""

    def __init__(self, codes: NDArray[np.uint8], levels: NDArray[Any]) -> None:
        self.codes = np.where(codes == MISSING, -1, codes.astype(np.intp))
        self.levels = levels

    def objects(self) -> NDArray[Any]:
        """Return text, None where missing."""
        return np.array([*self.levels.tolist(), None], dtype=object)[self.codes]


def _frame(columns: Mapping[str, Any], target: str | None = None) -> tuple[Any, Any]:
    """Return a frame of the columns but the target, by default the last one, and the target."""
    pandas = load_extra("pandas", "tables", "as_frame=True")
    table = pandas.DataFrame(
        {
            name: pandas.Categorical.from_codes(own.codes, own.levels.tolist())
            if isinstance(own, _Categories)
            else own
            for name, own in columns.items()
        }
    )
    y = table.pop(target or table.columns[-1])
    return table, y
