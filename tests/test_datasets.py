"""The bundled tables: every cell as in the source, as arrays and as frames."""

import sys
import warnings
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from deepgen import TabularRegressor
from deepgen.datasets import (
    CALIFORNIA_HOUSING_FEATURES,
    load_abalone,
    load_adult,
    load_california_housing,
)


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


def plain(column):
    """The values of a column, None where missing."""
    values = column.astype(object)
    return values.where(values.notna(), None).tolist()


@pytest.mark.parametrize(("load", "file", "target"), [
    (load_abalone, "abalone.csv.gz", "rings"), (load_adult, "adult.csv.gz", "income"),
])  # fmt: skip
def test_bundled_tables_are_those_they_came_from(load, file, target, shared_data):
    table = pd.read_csv(shared_data / file, keep_default_na=False, na_values=[""])
    X, y = load(as_frame=True)
    assert [*X.columns, "target"] == list(table.columns)
    assert y.name == target
    np.testing.assert_array_equal(y.to_numpy(), table["target"].to_numpy())
    for name in X:
        if X[name].dtype.kind in "iuf":
            np.testing.assert_allclose(X[name], table[name], rtol=1e-14)
        else:
            assert plain(X[name]) == plain(table[name])


@pytest.mark.parametrize("load", [load_abalone, load_adult, load_california_housing])
def test_a_frame_holds_what_the_array_holds(load):
    (X, y), (frame, series) = load(), load(as_frame=True)
    assert X.shape == frame.shape and y.shape == series.shape
    np.testing.assert_array_equal(y, series.to_numpy())
    for place, name in enumerate(frame):
        assert plain(frame[name]) == X[:, place].tolist()


def test_the_tables_have_what_they_are_there_for():
    X, y = load_adult(as_frame=True)
    assert [name for name in X if X[name].isna().any()] == [
        "workclass", "occupation", "native-country",
    ]  # fmt: skip
    assert sum(X[name].dtype == "category" for name in X) == 8
    assert y.value_counts().to_dict() == {"<=50K": 37_155, ">50K": 11_687}
    X, y = load_abalone(as_frame=True)
    assert sorted(X["sex"].cat.categories) == ["F", "I", "M"] and y.between(1, 29).all()


def test_a_frame_without_pandas_is_refused_with_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert load_abalone()[0].shape == (4177, 8)
    with pytest.raises(ImportError, match=r"as_frame=True needs pandas: .*deepgen\[tables\]"):
        load_abalone(as_frame=True)


def test_all_bundled_files_are_small_and_listed():
    folder = resources.files("deepgen") / "data"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    files = [file for file in folder.iterdir() if file.name.endswith(".npz")]
    assert all(f"`{file.name}`" in listed for file in files)
    assert sum(len(file.read_bytes()) for file in files) < 1_000_000


def test_the_tables_can_be_learned():
    X, y = load_abalone()
    model = TabularRegressor(preset="fast", random_state=0, network={"max_iter": 8})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert model.fit(X[:3000], y[:3000]).score(X[3000:], y[3000:]) > 0.4
