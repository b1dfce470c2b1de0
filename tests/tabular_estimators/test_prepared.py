"""Prepared estimators: the bits of tables for single rows, in a tuple or by name."""

import pickle
from collections import ChainMap, defaultdict
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from deepgen import TabularClassifier, TabularRegressor
from deepgen.losses import Quantile

from .frames import TINY, frame, labels, numbers

TABLE = frame()
ROWS = [tuple(row) for row in TABLE.astype(object).itertuples(index=False, name=None)]
# A town that training had not, and missing values in columns with and without an indicator.
ROWS.append((np.nan, None, "Trier", "a", True, pd.Timestamp("2001-02-03")))
ROWS.append((None, 3, None, "z", None, None))
QUERIES = pd.DataFrame(ROWS, columns=TABLE.columns, dtype=object)
BOTH = np.column_stack([numbers(TABLE), TABLE["count"]])
MODELS = [
    (TabularRegressor(network=TINY), numbers(TABLE)),
    (TabularRegressor(network=TINY, n_members=3), 1e6 + numbers(TABLE)),
    (TabularRegressor(network=TINY | {"dtype": "float64"}), numbers(TABLE)),
    (TabularRegressor(network=TINY, loss=Quantile([0.2, 0.8])), numbers(TABLE)),
    (TabularRegressor(network=TINY, loss="poisson"), TABLE["count"]),
    (TabularRegressor(network=TINY), BOTH),
    (TabularClassifier(network=TINY), labels(TABLE)),
    (TabularClassifier(network=TINY, n_members=2), labels(TABLE)),
    (TabularClassifier(network=TINY, n_members=2), TABLE["new"]),
    (TabularClassifier(network=TINY, preset="fast"), np.where(TABLE["count"] > 2, "a", "b")),
]  # fmt: skip
ignoring = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@ignoring
@pytest.mark.parametrize(("model", "y"), MODELS)
def test_a_row_is_predicted_as_in_a_table(model, y):
    model = clone(model).set_params(random_state=2).fit(TABLE, y)
    prepared = model.prepare()
    again = pickle.loads(pickle.dumps(prepared))
    for method in ("predict", "predict_proba"):
        if not hasattr(model, method):
            assert not hasattr(prepared, method)
            continue
        expected = getattr(model, method)(QUERIES)
        for row, wanted in zip(ROWS, expected, strict=True):
            for form in (row, list(row), dict(zip(TABLE.columns, row, strict=True))):
                np.testing.assert_array_equal(getattr(prepared, method)(form), wanted)
            np.testing.assert_array_equal(getattr(again, method)(row), wanted)
        one = getattr(prepared, method)(ROWS[0])
        assert np.shape(one) == np.shape(expected)[1:]
        assert type(one) is type(expected[0])


@ignoring
def test_names_may_come_in_any_order_and_later_training_changes_nothing():
    model = TabularRegressor(network=TINY, early_stopping=False, random_state=0)
    model.partial_fit(TABLE, numbers(TABLE))
    prepared, expected = model.prepare(), model.predict(TABLE)[5]
    model.partial_fit(TABLE, numbers(TABLE))
    row = dict(zip(TABLE.columns[::-1], ROWS[5][::-1], strict=True))
    assert prepared.predict(row) == expected != model.predict(TABLE)[5]
    assert repr(prepared) == "PreparedRegressor(6 columns, 1 network)"


def test_rows_that_do_not_fit_are_refused_by_name():
    prepared = TabularRegressor(network=TINY, random_state=0).fit(TABLE, numbers(TABLE)).prepare()
    row = dict(zip(TABLE.columns, ROWS[5], strict=True))
    for bad, error, words in (
        (ROWS[5][1:], ValueError, "row has 5 values, .* had 6 columns: columns 'size', 'count'"),
        ({**row, "more": 1}, ValueError, "the row has column 'more', which training had not"),
        ({"size": 1.0}, ValueError, "the row lacks columns 'count', 'town', 'kind', 'new', 'sold'"),
        ({**{k: v for k, v in row.items() if k != "size"}, "Size": 1.0}, ValueError,
         "the row lacks column 'size' and has column 'Size', which training had not"),
        ({**row, "size": "big"}, ValueError, "'size' holds numbers .* row 1 holds 'big'"),
        ({**row, "size": np.inf}, ValueError, "'size' holds infinity in row 1"),
        ({**row, "town": 5}, ValueError, "'town' holds text in the training data, .* holds 5"),
        ({**row, "town": ["Ulm"]}, ValueError, "'town' holds a value of type list in row 1"),
        (TABLE.iloc[0], TypeError, "a row must be a tuple, a list or a dict of values, got Series"),
        ("Ulm", TypeError, "got str"),
        (TABLE.iloc[[0]], TypeError, "got DataFrame"),
    ):  # fmt: skip
        with pytest.raises(error, match=words):
            prepared.predict(bad)


def test_a_dict_that_lacks_names_is_refused_and_stays_as_it_was():
    prepared = TabularRegressor(network=TINY, random_state=0).fit(TABLE, numbers(TABLE)).prepare()
    row = dict(zip(TABLE.columns, ROWS[5], strict=True))
    expected = prepared.predict(row)
    few = {name: row[name] for name in ("size", "town")}
    other = {**few, "a": 1, "b": 2, "c": 3, "d": 4}
    for made in (dict, lambda given: defaultdict(float, given), MappingProxyType, ChainMap):
        assert prepared.predict(made(dict(row))) == expected
        for given, words in (
            ({}, "the row lacks columns 'size', 'count', 'town', 'kind', 'new', 'sold'"),
            (few, "the row lacks columns 'count', 'kind', 'new', 'sold'"),
            (other, "the row lacks columns 'count', .* and has columns 'a', 'b', 'c', 'd'"),
        ):
            bad = made(dict(given))
            with pytest.raises(ValueError, match=words):
                prepared.predict(bad)
            assert dict(bad) == given


def test_a_model_of_an_array_takes_no_names():
    X = TABLE[["size", "count"]].to_numpy()
    model = TabularRegressor(network=TINY, random_state=0).fit(X, numbers(TABLE))
    prepared = model.prepare()
    assert prepared.predict(tuple(X[0])) == model.predict(X)[0]
    with pytest.raises(ValueError, match="had no names of columns: give a tuple of 2 values"):
        prepared.predict({"size": 1.0, "count": 2})
    with pytest.raises(ValueError, match=r"the row has 1 values, and .* had 2 columns$"):
        prepared.predict([1.0])


def test_an_estimator_that_is_not_fitted_cannot_be_prepared():
    for model in (TabularRegressor(), TabularClassifier()):
        with pytest.raises(NotFittedError):
            model.prepare()


@ignoring
def test_predictions_that_are_not_finite_warn():
    model = TabularRegressor(network=TINY, random_state=0).fit(TABLE, numbers(TABLE))
    model.mlp_.coefs_[-1] *= np.float32(1e38)
    model.mlp_.intercepts_[-1][:] = np.inf
    with pytest.warns(RuntimeWarning, match="outputs for 1 of 1 samples are not finite"):
        model.prepare().predict(ROWS[0])
