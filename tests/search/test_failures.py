"""fit_many where something is wrong: arguments, fits, warnings, Ctrl-C."""

import os
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from deepgen import MLPRegressor
from deepgen.search import fit_many

X = np.random.default_rng(0).normal(size=(120, 4))
Y = X[:, 0] * X[:, 1]
SPLITS = list(KFold(3).split(X))
QUICK = MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", max_iter=500, tol=1e-2)
ENDLESS = MLPRegressor(
    hidden_layer_sizes=(8,), max_iter=10**9, tol=0.0, n_iter_no_change=np.inf, random_state=0
)


@pytest.mark.parametrize(
    ("estimators", "kind", "message"),
    [
        (QUICK, TypeError, "estimators must be a list of estimators, got MLPRegressor"),
        (make_pipeline(QUICK), TypeError, "must be a list of estimators, got Pipeline"),
        (3, TypeError, "must be a list of estimators, got 3"),
        ([], ValueError, "estimators is empty"),
        ([QUICK, "adam"], TypeError, r"estimators\[1\] must be an estimator, got 'adam'"),
        ([QUICK, MLPRegressor], TypeError, r"estimators\[1\] cannot be copied"),
    ],
)
def test_what_is_no_list_of_estimators(estimators, kind, message):
    with pytest.raises(kind, match=message):
        fit_many(estimators, X, Y, SPLITS)


@pytest.mark.parametrize(
    ("splits", "kind", "message"),
    [
        ("five", TypeError, "splits must be a number of folds.*got 'five'"),
        (2.5, TypeError, "splits must be a number of folds.*got 2.5"),
        ([], ValueError, "splits is empty"),
        ([SPLITS[0], (1, 2, 3)], ValueError, r"split 1 must be a pair.*got \(1, 2, 3\)"),
        ([7], ValueError, "split 0 must be a pair .train, test. of row numbers, got 7"),
        ([([], [1])], ValueError, "split 0 has no training rows"),
        ([(np.zeros(120, bool), None)], ValueError, "split 0 has no training rows"),
        ([([0.5, 1.0], None)], ValueError, "must be row numbers or a mask, got.*float64"),
        ([([[1, 2]], None)], ValueError, r"must be row numbers or a mask, got.*shape \(1, 2\)"),
        ([([0, 120], None)], ValueError, "split 0 trains on row 120, and X has 120 rows"),
        ([([0, -121], None)], ValueError, "split 0 trains on row -121, and X has 120 rows"),
        ([(np.ones(119, bool), None)], ValueError, "mask of split 0 has 119 entries for 120 rows"),
        (1, ValueError, "n_splits"),
    ],
)
def test_what_are_no_splits_of_these_rows(splits, kind, message):
    with pytest.raises(kind, match=message):
        fit_many([QUICK], X, Y, splits)


def test_arguments_of_other_lengths():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fit_many([QUICK], X, Y[:-1], SPLITS)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fit_many([QUICK], X, Y, SPLITS, sample_weight=np.ones(3))
    with pytest.raises(ValueError, match="n_jobs == 0"):
        fit_many([QUICK], X, Y, SPLITS, n_jobs=0)


def fails_from_row_40(X):
    """Fail for training rows that begin with the second fold."""
    if np.array_equal(X[:3], globals()["X"][40:43]):
        raise KeyError("a column")
    return X


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_names_the_fit_and_ends_the_others(n_jobs):
    refused = MLPRegressor(alpha=-1.0)
    estimators = [refused, ENDLESS] if n_jobs == 1 else [ENDLESS, refused]
    number, n_before = estimators.index(refused), threading.active_count()
    name = rf"^estimators\[{number}\] \(MLPRegressor\), split 0: The 'alpha' parameter"
    began = time.perf_counter()
    with pytest.raises(ValueError, match=name):
        fit_many(estimators, X, Y, SPLITS[:1], n_jobs=n_jobs)
    assert time.perf_counter() - began < 5
    assert threading.active_count() == n_before


def test_an_error_names_the_split():
    failing = make_pipeline(FunctionTransformer(fails_from_row_40), QUICK)
    name = r"^estimators\[1\] \(Pipeline\), split 0: 'a column'"
    with pytest.raises(RuntimeError, match=name) as told:
        fit_many([QUICK, failing], X, Y, SPLITS)
    assert isinstance(told.value.__cause__, KeyError)


def test_rows_that_only_some_splits_have():
    missing = X.copy()
    missing[0] = np.nan
    assert len(fit_many([QUICK], missing, Y, SPLITS[:1])[0]) == 1
    with pytest.raises(ValueError, match=r"estimators\[0\] \(MLPRegressor\), split 1: .*NaN"):
        fit_many([QUICK], missing, Y, SPLITS[:2])


class Fallback(BaseEstimator):
    """An estimator that trains two others inside, and forgives the first one's error."""

    def fit(self, X, y):
        try:
            fit_many([MLPRegressor(alpha=-1.0), ENDLESS], X, y, [(range(50), [])])
        except ValueError as error:
            self.error_ = str(error)
        [[self.fitted_]] = fit_many([QUICK], X, y, [(range(50), [])])
        return self


def test_what_ends_inside_of_a_fit_does_not_end_the_fits_around_it():
    fits = fit_many([Fallback(), QUICK], X, Y, SPLITS, n_jobs=2)
    assert all(copy.error_.startswith("estimators[0]") for copy in fits[0])
    assert all(copy.fitted_.n_iter_ > 0 for copy in fits[0])


def test_warnings_come_once_with_their_estimators_at_the_users_line():
    short = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0)
    shorter = MLPRegressor(hidden_layer_sizes=(4,), max_iter=1, random_state=0)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        fit_many([short, short, QUICK, short, shorter], X, Y, SPLITS, n_jobs=2)
    assert [str(one.message).partition("reached")[0] for one in told] == [
        "3 of 15 fits, estimator 4: Stochastic Optimizer: Maximum iterations (1) ",
        "9 of 15 fits, estimators 0-1, 3: Stochastic Optimizer: Maximum iterations (2) ",
    ]
    assert {one.category for one in told} == {ConvergenceWarning}
    assert {one.filename for one in told} == {__file__}


SCRIPT = """
import os, sys, threading, time, warnings
import numpy as np
from deepgen import MLPRegressor
from deepgen.search import fit_many

warnings.simplefilter("error")
X = np.random.default_rng(0).standard_normal((2000, 10))
endless = MLPRegressor(max_iter=10**9, tol=0.0, n_iter_no_change=np.inf, {settings})
pressed = []

def press():
    pressed.append(time.perf_counter())
    os.kill(os.getpid(), 2)

threading.Timer(1.0, press).start()
try:
    fit_many([endless] * 3, X, X[:, 0], 5, n_jobs={n_jobs})
except KeyboardInterrupt:
    assert time.perf_counter() - pressed[0] < 2.0, "late"
    print(threading.active_count(), "running")
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGINT of POSIX")
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("settings", ["n_jobs=1", "n_members=2, n_jobs=2", "solver='lbfgs'"])
def test_ctrl_c_ends_all_fits(n_jobs, settings):
    if "lbfgs" in settings:
        settings += ", hidden_layer_sizes=(256, 256), max_fun=10**9"
    code = SCRIPT.format(n_jobs=n_jobs, settings=settings)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "1 running\n", "")
