"""Real data bundled with the package, available without a network."""

from __future__ import annotations

from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["CALIFORNIA_HOUSING_FEATURES", "load_california_housing"]

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


def load_california_housing() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Load the California housing table of the 1990 US census.

    Each row has eight numbers of a block group (some 1,400 people) and the median value of its
    houses.

    Returns
    -------
    X : ndarray of shape (20640, 8)
        Columns named by `CALIFORNIA_HOUSING_FEATURES`: median income in 10,000 dollars, median age
        of the houses in years, rooms, bedrooms and people per household, the population, latitude
        and longitude in degrees.
    y : ndarray of shape (20640,)
        Median house value in 100,000 dollars, capped at 5.00001.

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
    path = resources.files("deepgen") / "data" / "california_housing.npz"
    with path.open("rb") as file, np.load(file) as stored:
        columns = {name: stored[name].astype(np.float64) for name in stored.files}
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
    return np.column_stack(features), columns["median_house_value"] / 100_000
