"""fit_many: copies of estimators on splits, side by side, with the bits of single fits."""

import threading

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris, make_friedman1
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import deepgen._display.progress_bar as progress_bar
from deepgen import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from deepgen._engine.threads import effective_threads
from deepgen.callbacks import Trajectory
from deepgen.search import fit_many

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = make_friedman1(200, random_state=0)
IRIS = load_iris(return_X_y=True)
GROUPS = np.arange(150) % 7
SPLITS = list(ShuffleSplit(3, random_state=0).split(X))
SETTINGS = {"hidden_layer_sizes": (16,), "max_iter": 6, "batch_size": 32, "random_state": 0}
FRAME = pd.DataFrame(X).add_prefix("column ")
TOWNS = pd.DataFrame({"size": X[:, 0], "town": np.where(X[:, 1] > 0.5, "Ulm", "Bonn")})
REGRESSORS = {
    "adam": MLPRegressor(**SETTINGS),
    "sgd": MLPRegressor(solver="sgd", learning_rate="adaptive", **SETTINGS),
    "lbfgs": MLPRegressor(solver="lbfgs", **SETTINGS),
    "stopping": MLPRegressor(early_stopping=True, dropout=0.1, **SETTINGS),
    "members": MLPRegressor(n_members=3, n_jobs=2, **SETTINGS),
    "packed": MLPRegressor(averaging="batch_ensemble", n_members=2, **SETTINGS),
    "warm": MLPRegressor(warm_start=True, **SETTINGS),
    "pipeline": make_pipeline(StandardScaler(), MLPRegressor(**SETTINGS)),
    "scaled target": TransformedTargetRegressor(
        MLPRegressor(**SETTINGS), func=np.log1p, inverse_func=np.expm1
    ),
    "linear": LinearRegression(),
}


def networks(model):
    """The fitted MLPs of a model, of a pipeline and of what encloses one."""
    model = getattr(model, "regressor_", model)
    model = model[-1] if hasattr(model, "steps") else model
    return getattr(model, "mlp_", model).members_


def assert_same(found, expected):
    assert type(found) is type(expected)
    assert len(networks(found)) == len(networks(expected))
    for one, other in zip(networks(found), networks(expected), strict=True):
        for ours, theirs in ((one.coefs_, other.coefs_), (one.intercepts_, other.intercepts_)):
            for a, b in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(a, b)
        assert one.history_.keys() == other.history_.keys()
        for name in one.history_.keys() - {"time"}:
            np.testing.assert_array_equal(one.history_[name], other.history_[name])


def single(estimator, X, y, train, **weights):
    """The fit that each copy must equal."""
    rows = X.iloc[train] if hasattr(X, "iloc") else X[train]
    return clone(estimator).fit(rows, y[train], **weights)


@pytest.mark.parametrize("n_jobs", [1, 2, 3, -1, None])
def test_copies_have_the_bits_of_single_fits(n_jobs):
    estimators = [REGRESSORS[name] for name in ("adam", "stopping", "lbfgs", "pipeline")]
    fits = fit_many(estimators, X, Y, SPLITS, n_jobs=n_jobs)
    assert [len(copies) for copies in fits] == [3] * 4
    for estimator, copies in zip(estimators, fits, strict=True):
        for (train, _), copy in zip(SPLITS, copies, strict=True):
            assert_same(copy, single(estimator, X, Y, train))
    # Each fit differs from the others, so none stands in another one's place.
    predictions = {copy.predict(X).tobytes() for copies in fits for copy in copies}
    assert len(predictions) == 12


@pytest.mark.parametrize("kind", REGRESSORS)
def test_every_kind_of_estimator_is_fitted_as_alone(kind):
    estimator = REGRESSORS[kind]
    [copies] = fit_many([estimator], X, Y, SPLITS, n_jobs=2)
    for (train, test), copy in zip(SPLITS, copies, strict=True):
        alone = single(estimator, X, Y, train)
        np.testing.assert_array_equal(copy.predict(X[test]), alone.predict(X[test]))
        if kind != "linear":
            assert_same(copy, alone)
        assert copy.get_params(deep=False).keys() == estimator.get_params(deep=False).keys()
    assert not hasattr(estimator, "n_features_in_")


def test_parameters_stay_those_of_the_estimator():
    estimator = MLPRegressor(n_jobs=5, verbose=False, **SETTINGS)
    [[copy]] = fit_many([estimator], X, Y, SPLITS[:1], n_jobs=2)
    assert copy.get_params() == estimator.get_params()


@pytest.mark.parametrize("form", ["frame", "sparse", "sparse columns", "float32", "list"])
def test_rows_of_every_form_of_features(form):
    forms = {
        "frame": FRAME,
        "sparse": sparse.csr_array(np.where(X > 0.5, X, 0)),
        "sparse columns": sparse.csc_array(np.where(X > 0.5, X, 0)),
        "float32": X.astype(np.float32),
        "list": X.tolist(),
    }
    given = forms[form]
    [copies] = fit_many(
        [REGRESSORS["stopping"]], given, Y.tolist() if form == "list" else Y, SPLITS
    )
    plain = X if form == "list" else given.tocsr() if form.startswith("sparse") else given
    for (train, _), copy in zip(SPLITS, copies, strict=True):
        assert_same(copy, single(REGRESSORS["stopping"], plain, Y, train))
        assert hasattr(copy, "feature_names_in_") == (form == "frame")


def test_raw_tables():
    settings = {"preset": "fast", "random_state": 0, "network": {"max_iter": 4}}
    for model, y in ((TabularRegressor(**settings), Y), (TabularClassifier(**settings), Y > 14)):
        [copies] = fit_many([model], TOWNS, y, SPLITS, n_jobs=2)
        for (train, _), copy in zip(SPLITS, copies, strict=True):
            alone = single(model, TOWNS, y, train)
            assert_same(copy, alone)
            np.testing.assert_array_equal(copy.predict(TOWNS), alone.predict(TOWNS))


@pytest.mark.parametrize("kind", ["adam", "members", "pipeline", "scaled target", "linear"])
def test_weights_go_to_their_rows(kind):
    estimator = REGRESSORS[kind]
    weights = np.random.default_rng(0).random(len(X))
    name = "mlpregressor__sample_weight" if kind == "pipeline" else "sample_weight"
    [copies] = fit_many([estimator], X, Y, SPLITS, sample_weight=weights)
    for (train, _), copy in zip(SPLITS, copies, strict=True):
        alone = single(estimator, X, Y, train, **{name: weights[train]})
        np.testing.assert_array_equal(copy.predict(X), alone.predict(X))
        assert not np.array_equal(copy.predict(X), single(estimator, X, Y, train).predict(X))


def test_with_metadata_routing_the_steps_ask_for_weights():
    weights = np.random.default_rng(0).random(len(X))
    train = SPLITS[0][0]
    with sklearn.config_context(enable_metadata_routing=True):
        last = MLPRegressor(**SETTINGS).set_fit_request(sample_weight=True)
        first = StandardScaler().set_fit_request(sample_weight=False)
        asking = make_pipeline(first, last)
        [[copy]] = fit_many([asking], X, Y, SPLITS[:1], sample_weight=weights)
        assert_same(copy, single(asking, X, Y, train, sample_weight=weights[train]))


@pytest.mark.parametrize(
    ("splits", "pairs"),
    [
        (3, StratifiedKFold(3).split(*IRIS)),
        (None, StratifiedKFold().split(*IRIS)),
        (KFold(2), KFold(2).split(*IRIS)),
        (GroupKFold(2).split(*IRIS, GROUPS), GroupKFold(2).split(*IRIS, GROUPS)),
    ],
    ids=["number", "None", "splitter", "generator"],
)
def test_splits_are_those_of_cross_validation(splits, pairs):
    model = MLPClassifier(**SETTINGS)
    [copies] = fit_many([model], *IRIS, splits)
    for (train, _), copy in zip(pairs, copies, strict=True):
        assert_same(copy, single(model, *IRIS, train))


def test_folds_by_number_are_not_stratified_for_regressors_or_mixtures():
    for estimators in ([REGRESSORS["adam"]], [MLPClassifier(**SETTINGS), REGRESSORS["adam"]]):
        fits = fit_many(estimators, X, (Y > 14).astype(int), 2)
        train = next(KFold(2).split(X))[0]
        assert_same(fits[-1][0], single(REGRESSORS["adam"], X, (Y > 14).astype(int), train))


def test_training_rows_may_be_masks_or_repeat():
    mask = np.arange(200) < 150
    repeated = np.tile(np.arange(60), 2)
    last = [*range(100), -1]
    [copies] = fit_many([REGRESSORS["adam"]], X, Y, [(mask, ~mask), (repeated, []), (last, None)])
    for rows, copy in zip((mask, repeated, last), copies, strict=True):
        assert_same(copy, single(REGRESSORS["adam"], X, Y, rows))


class Meeting(BaseEstimator):
    """An estimator whose fit ends when ``n`` fits are at the same place."""

    places = threading.Barrier(2)

    def fit(self, X, y):
        self.places.wait(timeout=30)
        self.n_threads_ = effective_threads(None), effective_threads(64), effective_threads(-1)
        return self


def test_fits_run_at_the_same_time_with_their_share_of_the_threads():
    [copies] = fit_many([Meeting()], X, Y, [*SPLITS, SPLITS[0]], n_jobs=2)
    assert [copy.n_threads_ for copy in copies] == [(1, 1, 1)] * 4
    [copies] = fit_many([Meeting()], X, Y, SPLITS[:2], n_jobs=7)
    assert [copy.n_threads_ for copy in copies] == [(3, 3, 3)] * 2


def test_without_a_seed_each_copy_draws_its_own():
    [copies] = fit_many([MLPRegressor(max_iter=1)], X, Y, [SPLITS[0]] * 4, n_jobs=2)
    assert len({copy.coefs_[0].tobytes() for copy in copies}) == 4


@pytest.mark.skipif(not hasattr(MLPRegressor, "set_callbacks"), reason="needs scikit-learn 1.9")
def test_fits_with_callbacks_take_turns():
    trajectory = Trajectory()
    watched = make_pipeline(StandardScaler(), MLPRegressor(**SETTINGS).set_callbacks(trajectory))
    [copies] = fit_many([watched], X, Y, SPLITS, n_jobs=2)
    assert trajectory.epochs.tolist() == list(range(7))
    # It holds the last fit, as after fits in turn.
    own = copies[-1][-1].network_.parameters
    np.testing.assert_array_equal(trajectory.weights[-1], own)


def test_the_callers_configuration_holds_in_the_fits():
    names = [f"column {place}" for place in range(10)]
    with sklearn.config_context(transform_output="pandas"):
        model = make_pipeline(StandardScaler(), MLPRegressor(**SETTINGS))
        [copies] = fit_many([model], FRAME, Y, SPLITS, n_jobs=2)
    assert all(list(copy[-1].feature_names_in_) == names for copy in copies)


def test_a_bar_on_a_terminal_and_silence_elsewhere(monkeypatch, capsys):
    fit_many([REGRESSORS["adam"]], X, Y, SPLITS, verbose=True)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(progress_bar, "is_watched", lambda: True)
    monkeypatch.setattr(progress_bar, "find_spec", lambda name: None)
    fit_many([REGRESSORS["adam"]], X, Y, SPLITS)
    assert "fit_many" not in capsys.readouterr().err
    fit_many([REGRESSORS["adam"]], X, Y, SPLITS, verbose=True)
    assert "] fit 3/3" in capsys.readouterr().err
