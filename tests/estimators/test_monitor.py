"""What is printed while training runs, and the clock that ends it."""

import io
import re
import time
from contextlib import redirect_stdout

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor as ScikitLearnsRegressor

from deepgen import MLPClassifier, MLPRegressor
from deepgen._training.monitor import duration
from deepgen.schedules import InvScaling
from estimators.samples import curve, features, same_bits

X = features()
Y = curve(X)
X_NEW = features(seed=9)
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
NUMBER = r"-?\d+\.\d+"


def printed(model, *data, **more):
    out = io.StringIO()
    with redirect_stdout(out):
        model.fit(*data, **more)
    return out.getvalue().splitlines()


@quiet
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_line_for_each_epoch_begins_as_scikit_learns(solver):
    ours = printed(MLPRegressor(solver=solver, max_iter=3, verbose=True), X, Y)
    assert [line.split(",")[0] for line in ours] == ["Iteration 1", "Iteration 2", "Iteration 3"]
    for line in ours:
        assert re.match(r"Iteration \d+, loss = \d+\.\d{8}(,|$)", line)
    theirs = printed(ScikitLearnsRegressor(solver="sgd", max_iter=1, verbose=True), X, Y)
    assert re.fullmatch(r"Iteration \d+, loss = \d+\.\d{8}", theirs[0])


@quiet
def test_the_line_holds_what_the_history_holds():
    model = MLPRegressor(max_iter=4, verbose=True, learning_rate=InvScaling(), random_state=0)
    lines = printed(model, X, Y, X_val=X_NEW, y_val=curve(X_NEW))
    history = model.history_
    for row, line in enumerate(lines):
        numbers = [float(text) for text in re.findall(rf"= ({NUMBER})", line)]
        expected = [history[name][row] for name in ("loss", "val_loss", "val_score")]
        np.testing.assert_allclose(numbers[:3], expected, atol=1e-6)
        assert f"learning rate = {history['learning_rate'][row]:.3g}" in line


@quiet
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_both_solvers_print_the_same_fields(solver):
    model = MLPRegressor(solver=solver, max_iter=3, verbose=True)
    lines = printed(model, X, Y, X_val=X_NEW, y_val=curve(X_NEW))
    pattern = (
        rf"Iteration \d, loss = {NUMBER}, validation loss = {NUMBER}, validation score = {NUMBER}"
    )
    assert all(re.fullmatch(pattern + "(, less than 1 s left)?", line) for line in lines)
    assert lines[0].endswith("left") and not lines[-1].endswith("left")


@quiet
def test_time_left_is_that_of_max_iter_or_of_max_time_whichever_is_nearer():
    lines = printed(MLPRegressor(max_iter=10**7, verbose=True, max_time=0.05), X, Y)
    assert lines[0].endswith("less than 1 s left")
    lines = printed(MLPRegressor(max_iter=10**12, verbose=True, max_time=7200, tol=1e9), X, Y)
    assert re.search(r"at most (2 h|1 h 59 min|1 h 60 min) left$", lines[0])
    lines = printed(MLPRegressor(max_iter=10**10, verbose=True, tol=1e9), X, Y)
    assert re.search(r"at most \d+ d( \d+ h)? left$", lines[0])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1 s"), (59.6, "1 min"), (60, "1 min"), (61, "1 min 1 s"), (3600, "1 h"), (86400, "1 d")],
)
def test_durations_are_in_units_for_people(seconds, text):
    assert duration(seconds) == text


def test_stopping_is_said_as_scikit_learn_says_it():
    lines = printed(MLPRegressor(tol=1e9, n_iter_no_change=2, verbose=True), X, Y)
    assert lines[-1] == (
        "Training loss did not improve more than tol=1000000000.000000 for 2 consecutive epochs. "
        "Stopping."
    )


@quiet
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_every_third_line_and_the_last_are_printed_where_verbose_is_3(solver):
    model = MLPRegressor(solver=solver, max_iter=7, verbose=3, random_state=0, warm_start=True)
    lines = printed(model, X, Y)
    assert [line.split(",")[0] for line in lines] == ["Iteration 3", "Iteration 6", "Iteration 7"]
    # A warm start counts on; the line of the last epoch is printed once.
    again = printed(model.set_params(max_iter=2), X, Y)
    assert [line.split(",")[0] for line in again] == ["Iteration 9"]
    stopped = printed(model.set_params(max_iter=100, max_time=1e-9), X, Y)
    assert [line.split(",")[0] for line in stopped] == ["Iteration 10"]
    numbers = [float(re.search(f"loss = ({NUMBER})", line)[1]) for line in [*lines, *again]]
    np.testing.assert_allclose(numbers, np.array(model.loss_curve_)[[2, 5, 6, 8]], atol=1e-8)


def test_the_line_of_an_epoch_that_ends_training_stands_before_the_reason():
    lines = printed(MLPRegressor(tol=1e9, n_iter_no_change=2, verbose=100), X, Y)
    assert [line.split(",")[0][:13] for line in lines] == ["Iteration 4", "Training loss"]


@quiet
def test_partial_fit_prints_each_third_call_where_verbose_is_3(capsys):
    model = MLPRegressor(verbose=3)
    for _ in range(7):
        model.partial_fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == ["Iteration 3", "Iteration 6"]


@quiet
def test_nothing_is_printed_unless_asked_for():
    assert printed(MLPRegressor(max_iter=2), X, Y) == []


@quiet
def test_partial_fit_prints_a_line_without_time_left(capsys):
    model = MLPRegressor(verbose=True)
    model.partial_fit(X, Y).partial_fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert [re.sub(NUMBER, "#", line) for line in lines] == [
        "Iteration 1, loss = #",
        "Iteration 2, loss = #",
    ]


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "lbfgs"}])
def test_max_time_ends_training_at_the_end_of_an_epoch(settings):
    model = MLPRegressor(
        hidden_layer_sizes=(64, 64),
        max_iter=10**6,
        n_iter_no_change=np.inf,
        tol=0,
        max_time=0.3,
        random_state=0,
        **{"max_fun": 10**9, **settings},
    )
    began = time.perf_counter()
    with pytest.warns(ConvergenceWarning, match=r"max_time=0.3 seconds used up after \d+ of"):
        model.fit(features(n=2000), curve(features(n=2000)))
    assert 0.3 <= time.perf_counter() - began < 10
    assert 1 <= model.n_iter_ == len(model.loss_curve_) < 10**6
    assert model.history_["time"][-1] >= 0.3
    if model.n_iter_ > 1:
        assert model.history_["time"][-2] < 0.3
    assert np.isfinite(model.predict(X)).all()


def test_one_epoch_runs_however_short_the_time():
    with pytest.warns(ConvergenceWarning, match="max_time"):
        assert MLPRegressor(max_time=1e-9).fit(X, Y).n_iter_ == 1


def test_time_that_suffices_changes_nothing():
    settings = dict(max_iter=500, tol=1e-2, n_iter_no_change=2, random_state=0)
    plain = MLPRegressor(**settings).fit(X, Y)
    assert same_bits(plain, MLPRegressor(max_time=1e6, **settings).fit(X, Y))
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        MLPRegressor(max_iter=1, max_time=1e-9).fit(X, Y)


def test_max_time_is_a_budget_of_fit_alone():
    model = MLPClassifier(max_time=1e-9)
    assert model.partial_fit(X, Y > 0, classes=[False, True]).n_iter_ == 1
