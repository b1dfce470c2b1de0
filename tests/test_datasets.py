import numpy as np
import pandas as pd

from deepgen.datasets import CALIFORNIA_HOUSING_FEATURES, load_california_housing


def test_bundled_housing_is_the_table_it_came_from(shared_data):
    table = pd.read_csv(shared_data / "california_housing.csv.gz")
    X, y = load_california_housing()
    features = np.c_[
        table.median_income,
        table.housing_median_age,
        table.total_rooms / table.households,
        table.total_bedrooms / table.households,
        table.population,
        table.population / table.households,
        table.latitude,
        table.longitude,
    ]
    np.testing.assert_array_equal(X, features)
    np.testing.assert_array_equal(y, table.target / 100_000)


def test_housing_has_a_name_for_every_column():
    X, y = load_california_housing()
    assert X.shape == (20_640, len(CALIFORNIA_HOUSING_FEATURES))
    assert X.dtype == y.dtype == np.float64
    assert np.isfinite(X).all() and np.isfinite(y).all()
