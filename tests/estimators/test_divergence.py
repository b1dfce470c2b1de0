"""Training that fails or is interrupted leaves a usable model."""

import _thread
import io
import threading
import time
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from deepgen import MLPClassifier, MLPRegressor
from estimators.samples import curve, features

X = features()
Y = curve(X)


def diverging(**settings):
    """A linear model whose steps are too long: its loss grows past all bounds."""
    return MLPRegressor(
        **{
            **dict(hidden_layer_sizes=(), solver="sgd", momentum=0.0, learning_rate_init=3.0),
            **dict(max_iter=5000, n_iter_no_change=np.inf, random_state=0, batch_size=50),
            **settings,
        }
    )


def test_divergence_returns_to_the_best_epochs_start():
    with pytest.warns(ConvergenceWarning, match="diverged in epoch .*learning_rate_init"):
        model = diverging().fit(X, Y)
    losses = np.array(model.loss_curve_)
    assert np.isnan(losses[-1]) and np.isfinite(losses[:-1]).all()
    assert model.n_iter_ == len(losses) < 5000
    best = int(np.nanargmin(losses))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if best:
            there = diverging(max_iter=best).fit(X, Y)
            assert np.array_equal(model.network_.parameters, there.network_.parameters)
    assert np.isfinite(model.predict(X)).all()
    assert np.isnan(model.history_["gradient_norm"][-1])


def test_divergence_in_the_first_epoch_returns_to_the_start():
    with pytest.warns(ConvergenceWarning, match="diverged in epoch 1"):
        model = diverging(learning_rate_init=1e15, batch_size=10).fit(X, Y)
    assert np.abs(model.coefs_[0]).max() < 2
    assert np.isnan(model.loss_) and model.best_loss_ == np.inf


def test_early_stopping_keeps_the_best_weights_when_training_diverges():
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model = diverging(early_stopping=True).fit(X, Y)
    assert model.best_validation_score_ == np.nanmax(model.validation_scores_)
    assert np.isfinite(model.predict(X)).all()


def test_a_first_step_that_fails_is_an_error():
    model = MLPRegressor(target_scaling=None, max_iter=3)
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        model.fit(X, 1e30 * Y)
    assert not hasattr(model, "network_")


def test_lbfgs_without_a_finite_loss_is_an_error():
    model = MLPRegressor(solver="lbfgs", target_scaling=None, dtype="float64")
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        model.fit(X, 1e200 * Y)


def test_training_goes_on_after_a_divergence():
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model = diverging(warm_start=True).fit(X, Y)
    model.set_params(learning_rate_init=0.01, max_iter=20)
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        model.fit(X, Y)
    assert np.isfinite(model.loss_)


class PressesAfterTheFirstLine(io.StringIO):
    """Where progress is printed; presses Ctrl-C a little after training has begun to tell it.

    Counted from the call of ``fit``, a busy machine would be pressed before it trains.
    """

    pressed = False

    def write(self, text):
        if not self.pressed:
            self.pressed = True
            threading.Timer(0.3, _thread.interrupt_main).start()
        return super().write(text)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Training interrupted by user")
@pytest.mark.parametrize(
    ("solver", "early_stopping"), [("adam", False), ("adam", True), ("lbfgs", False)]
)
def test_interruption_leaves_a_usable_model(solver, early_stopping, monkeypatch):
    model = MLPClassifier(
        hidden_layer_sizes=(200, 200),
        solver=solver,
        max_iter=10**6,
        tol=0,
        n_iter_no_change=np.inf,
        early_stopping=early_stopping,
        random_state=0,
        max_fun=10**9,
        verbose=True,
    )
    inputs = features(n=3000)
    monkeypatch.setattr("sys.stdout", PressesAfterTheFirstLine())
    model.fit(inputs, curve(inputs) + np.random.default_rng(0).normal(size=3000) > 0)
    assert 0 < model.n_iter_ < 10**6
    assert len(model.loss_curve_) == model.n_iter_
    assert np.isfinite(model.predict_proba(inputs)).all()
    if early_stopping:
        assert model.best_validation_score_ == max(model.validation_scores_)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Training interrupted by user")
def test_interruption_within_the_first_epoch_is_answered_soon():
    model = MLPRegressor(hidden_layer_sizes=(512, 512), batch_size=64, max_iter=10, random_state=0)
    inputs = np.random.default_rng(0).normal(size=(200_000, 64)).astype(np.float32)
    pressed = []
    timer = threading.Timer(
        0.3, lambda: (pressed.append(time.perf_counter()), _thread.interrupt_main())
    )
    timer.start()
    model.fit(inputs, inputs[:, 0])
    assert time.perf_counter() - pressed[0] < 5
    assert np.isfinite(model.predict(inputs[:10])).all()
    assert model.n_iter_ == 0
