"""n_members: networks that differ in their seed alone, trained side by side, and their means."""

import os
import pickle
import signal
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.base import clone
from sklearn.datasets import load_iris, make_friedman1, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

import deepgen
from deepgen import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SETTINGS = {"hidden_layer_sizes": (16,), "max_iter": 8, "random_state": 0}

IRIS = load_iris(return_X_y=True)
BINARY = (IRIS[0], np.where(IRIS[1] > 0, "some", "none"))
MULTILABEL = make_multilabel_classification(150, 5, n_classes=3, random_state=0)
FRIEDMAN = make_friedman1(300, random_state=0)


def bits(model):
    return [member.network_.parameters.tobytes() for member in model.members_]


def classifier(data, **settings):
    return MLPClassifier(n_members=3, **SETTINGS | settings).fit(*data)


def regressor(**settings):
    return MLPRegressor(n_members=3, **SETTINGS | settings).fit(*FRIEDMAN)


@pytest.mark.parametrize("n_jobs", [1, 2, 5])
@pytest.mark.parametrize("settings", [{}, {"solver": "lbfgs"}, {"early_stopping": True}])
def test_members_are_the_networks_that_their_seeds_give_alone(n_jobs, settings):
    model = regressor(n_jobs=n_jobs, **settings)
    assert len({member.random_state for member in model.members_}) == 3
    alone = [clone(member).set_params(n_jobs=1).fit(*FRIEDMAN) for member in model.members_]
    assert bits(model) == [one.network_.parameters.tobytes() for one in alone]
    assert len(set(bits(model))) == 3


def test_predictions_are_means_in_the_targets_units():
    # Early stopping gives each member rows of its own, and so a scaling of its own.
    model = regressor(early_stopping=True)
    assert len({float(member.target_mean_[0]) for member in model.members_}) == 3
    each = [member.predict(FRIEDMAN[0]) for member in model.members_]
    got = model.predict(FRIEDMAN[0])
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, np.mean(each, axis=0), rtol=1e-14)


@pytest.mark.parametrize("data", [BINARY, IRIS, MULTILABEL], ids=["two", "three", "multilabel"])
def test_probabilities_are_means(data):
    model = classifier(data)
    mean = np.mean([member.predict_proba(data[0]) for member in model.members_], axis=0)
    np.testing.assert_allclose(model.predict_proba(data[0]), mean, atol=1e-6)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(data[0])), mean, atol=1e-6)
    if mean.ndim == 2 and len(model.classes_) == mean.shape[1] and data is not MULTILABEL:
        np.testing.assert_array_equal(model.predict(data[0]), model.classes_[mean.argmax(axis=1)])
    else:
        np.testing.assert_array_equal(model.predict(data[0]), (mean > 0.5).astype(int))


def test_decision_function_is_the_log_odds_of_the_mean():
    model = classifier(BINARY)
    mean = model.predict_proba(BINARY[0])[:, 1].astype(float)
    np.testing.assert_allclose(model.decision_function(BINARY[0]), logit(mean), rtol=1e-4)
    several = classifier(MULTILABEL)
    mean = several.predict_proba(MULTILABEL[0]).astype(float)
    np.testing.assert_allclose(several.decision_function(MULTILABEL[0]), logit(mean), atol=1e-4)
    logits = classifier(IRIS).decision_function(IRIS[0]).astype(float)
    odds = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(odds, classifier(IRIS).predict_proba(IRIS[0]), atol=1e-6)


def test_certain_members_have_finite_logits():
    model = classifier(BINARY)
    for member in model.members_:
        member.network_.parameters[...] *= 1000
    logits = model.decision_function(BINARY[0])
    assert np.isfinite(logits).all()
    assert np.abs(logits).max() > 100
    assert np.isfinite(model.predict_log_proba(BINARY[0])).all()


def test_what_belongs_to_one_network_points_to_the_members():
    model = regressor()
    for name in ("coefs_", "intercepts_", "history_", "loss_curve_", "network_", "n_iter_", "t_"):
        with pytest.raises(AttributeError, match=rf"{name} belongs to one network.*members_\[0\]"):
            getattr(model, name)
    for measure in (model.embed, lambda X: deepgen.plot_history(model)):
        with pytest.raises(AttributeError, match="members_"):
            measure(FRIEDMAN[0])
    with pytest.raises(AttributeError, match="'MLPRegressor' object has no attribute 'nothing'"):
        _ = model.nothing


def test_one_member_is_the_estimator_itself():
    model = MLPRegressor(**SETTINGS).fit(*FRIEDMAN)
    assert model.members_ == [model]


def test_a_fit_with_another_number_of_members_leaves_nothing_behind():
    model = MLPRegressor(**SETTINGS).fit(*FRIEDMAN)
    model.set_params(n_members=2).fit(*FRIEDMAN)
    assert not hasattr(model, "coefs_")
    model.set_params(n_members=1).fit(*FRIEDMAN)
    assert model.members_ == [model]


def test_training_goes_on_to_the_bit(tmp_path):
    whole = regressor(max_iter=6, tol=0.0)
    part = regressor(max_iter=3, tol=0.0, warm_start=True)
    part.save(tmp_path / "part")
    for half in (part, pickle.loads(pickle.dumps(part)), deepgen.load(tmp_path / "part")):
        if half is not part:
            half.set_params(max_iter=3)
        assert bits(clone(half).set_params(max_iter=3).fit(*FRIEDMAN)) != bits(whole)
    loaded = deepgen.load(tmp_path / "part")
    for half in (loaded, pickle.loads(pickle.dumps(part)), part):
        assert bits(half.fit(*FRIEDMAN)) == bits(whole)
    stepwise = MLPRegressor(n_members=3, **SETTINGS)
    for _ in range(6):
        stepwise.partial_fit(*FRIEDMAN)
    assert bits(stepwise) == bits(whole)


def test_another_number_of_members_cannot_go_on():
    model = regressor(warm_start=True).set_params(n_members=4)
    with pytest.raises(ValueError, match="fitted model has 3 members.*asks for 4"):
        model.fit(*FRIEDMAN)


def test_saved_and_loaded_models_predict_the_same(tmp_path):
    for model, data in ((regressor(), FRIEDMAN), (classifier(BINARY), BINARY)):
        model.save(tmp_path / "model")
        loaded = deepgen.load(tmp_path / "model")
        np.testing.assert_array_equal(loaded.predict(data[0]), model.predict(data[0]))
        assert bits(loaded) == bits(model)
        assert [m.random_state for m in loaded.members_] == [m.random_state for m in model.members_]


def test_frames_keep_their_names():
    X = pd.DataFrame(FRIEDMAN[0]).add_prefix("column ")
    model = MLPRegressor(n_members=2, **SETTINGS)
    model.fit(X, FRIEDMAN[1], X_val=X, y_val=FRIEDMAN[1])
    for one in (model, *model.members_):
        assert list(one.feature_names_in_) == list(X.columns)
        one.predict(X)
    model.partial_fit(X, FRIEDMAN[1])
    assert "val_loss" in model.members_[0].history_
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X.rename(columns={"column 0": "other"}))


def test_searches_take_members():
    search = GridSearchCV(MLPClassifier(**SETTINGS), {"n_members": [1, 2]}, cv=2, n_jobs=2)
    search.fit(*IRIS)
    assert len(search.best_estimator_.members_) == search.best_params_["n_members"]


def test_starting_weights_are_refused():
    with pytest.raises(ValueError, match="are for one network, and n_members=3"):
        MLPRegressor(n_members=3).fit(*FRIEDMAN, coefs_init=[])


def test_max_time_is_that_of_all_members():
    model = regressor(max_iter=10**6, tol=0.0, n_iter_no_change=np.inf, max_time=0.2, n_jobs=1)
    assert [member.n_iter_ for member in model.members_][1:] == [1, 1]


def test_a_line_a_member_tells_of_progress(capsys):
    regressor(verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.partition(":")[0] for line in lines) == [
        f"Member {number} of 3" for number in (1, 2, 3)
    ]


def test_what_members_warn_of_is_told_once_and_at_the_users_line():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        regressor(n_jobs=2)
    assert len(told) == 1
    assert str(told[0].message).startswith("3 of 3 members: Stochastic Optimizer: Maximum iter")
    assert told[0].category is ConvergenceWarning
    assert told[0].filename == __file__


SCRIPT = """
import os, threading, time, warnings
import numpy as np
from deepgen import MLPRegressor
X = np.random.default_rng(0).standard_normal((2000, 10))
model = MLPRegressor(n_members=4, n_jobs={n_jobs}, max_iter=10**6, tol=0.0, n_iter_no_change=np.inf)
threading.Timer(1.0, lambda: os.kill(os.getpid(), 2)).start()
with warnings.catch_warnings(record=True):
    warnings.simplefilter("always")
    start = time.perf_counter()
    model.fit(X, X[:, 0])
assert time.perf_counter() - start < 3.0, "late"
assert np.isfinite(model.predict(X)).all()
print([member.n_iter_ >= 0 for member in model.members_])
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ctrl_c_stops_all_members_and_leaves_them_usable(n_jobs):
    code = SCRIPT.format(n_jobs=n_jobs)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[True, True, True, True]"
