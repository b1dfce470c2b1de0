"""The encoder is a transformer of scikit-learn's kind."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from deepgen import MLPRegressor
from deepgen.preprocessing import TableEncoder

pandas = pytest.importorskip("pandas")


CHECKS = parametrize_with_checks(
    [TableEncoder(), TableEncoder("quantile", "ple", 4, category_encoding="codes")]
)
# scikit-learn before 1.8 hands pytest a generator, which pytest is about to refuse.
NAMES, CASES = CHECKS.args


@pytest.mark.parametrize(NAMES, list(CASES), ids=CHECKS.kwargs["ids"])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def make_table(n=60):
    rng = np.random.default_rng(0)
    return pandas.DataFrame({
        "size": rng.normal(size=n),
        "town": rng.choice(["Ulm", "Bonn", None], n),
        "since": pandas.Timestamp("1999-12-30") + pandas.to_timedelta(np.arange(n) * 13, unit="h"),
    })  # fmt: skip


def test_tags_tell_what_is_taken():
    tags = TableEncoder().__sklearn_tags__()
    assert tags.input_tags.allow_nan and tags.input_tags.categorical and tags.input_tags.string
    assert not tags.target_tags.required


def test_the_target_is_not_looked_at():
    X = make_table()
    once = TableEncoder(numerical_encoding="ple", n_bins=4).fit(X).transform(X)
    other = TableEncoder(numerical_encoding="ple", n_bins=4).fit(X, object()).transform(X)
    np.testing.assert_array_equal(once, other)


def test_pipelines_searches_and_frames_out_work():
    X, y = make_table(), np.arange(60.0)
    network = MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, tol=1.0, n_iter_no_change=1)
    pipeline = make_pipeline(TableEncoder(), network)
    grid = {"tableencoder__numbers": ["robust", "quantile"]}
    with np.errstate(all="ignore"):
        search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert search.predict(X).shape == (60,)
    frame = TableEncoder().set_output(transform="pandas").fit_transform(X)
    assert list(frame.columns)[:2] == ["size", "town = Bonn"]
    assert frame.index.equals(X.index) and (frame.dtypes == "float32").all()
    trees = make_pipeline(TableEncoder(), HistGradientBoostingRegressor(max_iter=2)).fit(X, y)
    assert trees.predict(X).shape == (60,)
    parts = ColumnTransformer([("raw", TableEncoder(), ["size", "town"])])
    names = parts.fit(X).get_feature_names_out()
    assert names.tolist()[:2] == ["raw__size", "raw__town = Bonn"]


def test_copies_and_pickles_give_the_same_bits():
    X = make_table()
    encoder = TableEncoder(numerical_encoding="ple", n_bins=4).fit(X)
    again = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(again.transform(X), encoder.transform(X))
    np.testing.assert_array_equal(clone(encoder).fit(X).transform(X), encoder.transform(X))
    assert repr(encoder) == "TableEncoder(n_bins=4, numerical_encoding='ple')"


@pytest.mark.parametrize("parameters", [
    {"numbers": "minmax"}, {"numerical_encoding": "pbl"}, {"n_bins": 1}, {"n_bins": "many"},
    {"max_levels": 0}, {"dates": "yes"}, {"category_encoding": "target"},
    {"categorical_features": 3}, {"categorical_features": "dtype"},
    {"categorical_features": ["nowhere"]}, {"categorical_features": [7]},
    {"categorical_features": [True]},
])  # fmt: skip
def test_parameters_out_of_range_are_refused(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        TableEncoder(**parameters).fit(make_table())
