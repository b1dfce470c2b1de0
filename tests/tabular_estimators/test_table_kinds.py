"""Tables and labels of pandas, Polars and Arrow."""

import pandas as pd
import pytest

from deepgen import TabularClassifier, TabularRegressor

from .frames import TINY, frame, labels, numbers

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")

TABLE = frame()


def regressor():
    return TabularRegressor(network=TINY, random_state=0)


def classifier():
    return TabularClassifier(network=TINY, random_state=0)


@pytest.mark.parametrize("convert", [lambda table: table, pl.from_pandas, pa.Table.from_pandas])
def test_tables_of_three_libraries_give_the_same_bits(convert):
    model = regressor().fit(convert(TABLE), numbers(TABLE))
    expected = regressor().fit(TABLE, numbers(TABLE)).predict(TABLE)
    assert model.predict(convert(TABLE)).tolist() == expected.tolist()
    assert model.feature_names_in_.tolist() == list(TABLE.columns)
    assert model.n_features_in_ == len(TABLE.columns)


@pytest.mark.parametrize(
    "y",
    [
        labels(TABLE),
        labels(TABLE).astype(object),
        pd.Series(labels(TABLE)),
        pd.Categorical(labels(TABLE)),
        pd.Series(labels(TABLE), dtype="string"),
        pl.Series(labels(TABLE).tolist()),
        pl.Series(labels(TABLE).tolist(), dtype=pl.Categorical),
        pa.array(labels(TABLE)),
        pa.chunked_array([pa.array(labels(TABLE)).dictionary_encode()]),
        labels(TABLE).tolist(),
    ],
)
def test_words_are_labels_in_any_form(y):
    model = classifier().fit(TABLE, y)
    assert model.classes_.tolist() == ["low", "middle", "top"]
    expected = classifier().fit(TABLE, labels(TABLE)).predict_proba(TABLE)
    assert model.predict_proba(TABLE).tolist() == expected.tolist()


@pytest.mark.parametrize(
    "y",
    [
        TABLE["new"],
        TABLE["new"].astype(object),
        TABLE["new"].astype("boolean"),
        pl.Series(TABLE["new"].tolist()),
        pa.array(TABLE["new"]),
    ],
)
def test_truth_values_are_labels_in_any_form(y):
    assert classifier().fit(TABLE, y).classes_.tolist() == [False, True]
