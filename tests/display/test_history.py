"""The figure of the history: what it shows for each kind of training."""

import sys

import numpy as np
import pytest
from estimators.samples import curve, features
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

import deepgen
from deepgen import MLPClassifier, MLPRegressor

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    plt.close("all")


def shown(ax):
    """What the legend names, and the line behind each name."""
    legend = ax.get_legend()
    ax.figure.canvas.draw()
    names = [text.get_text() for text in legend.get_texts()]
    lines = {line.get_label(): line for each in ax.figure.axes for line in each.get_lines()}
    return names, lines


def test_losses_score_and_kept_weights_of_early_stopping():
    model = MLPRegressor(early_stopping=True, learning_rate_init=0.05, max_iter=30, random_state=0)
    ax = deepgen.plot_history(model.fit(X, Y))
    names, lines = shown(ax)
    best = 1 + int(np.argmax(model.validation_scores_))
    kept = f"best validation score, weights kept ({best})"
    assert names == ["training loss", "validation loss", "validation score", kept]
    for name, column in (
        ("training loss", "loss"),
        ("validation loss", "val_loss"),
        ("validation score", "val_score"),
    ):
        np.testing.assert_array_equal(lines[name].get_xdata(), model.history_["epoch"])
        np.testing.assert_array_equal(lines[name].get_ydata(), model.history_[column])
    assert lines[kept].get_xdata() == [best]
    assert ax.get_xlabel() == "epoch" and ax.get_ylabel() == "loss (scaled units)"
    assert ax.get_title() == f"MLPRegressor: {model.n_iter_} epochs"
    right = [each for each in ax.figure.axes if each is not ax]
    assert [each.get_ylabel() for each in right] == ["validation score"]


def test_validation_that_is_only_watched_keeps_no_weights():
    model = MLPClassifier(max_iter=5).fit(X, Y > 0, X_val=X, y_val=Y > 0)
    names, _ = shown(deepgen.plot_history(model))
    best = 1 + int(np.argmin(model.history_["val_loss"]))
    assert names[-1] == f"best validation loss ({best})"


def test_a_loss_that_falls_far_has_a_logarithmic_axis():
    model = MLPRegressor(solver="lbfgs", max_iter=200).fit(X, X[:, 0])
    ax = deepgen.plot_history(model)
    assert ax.get_yscale() == "log" and ax.get_xlabel() == "iteration"
    assert shown(ax)[0] == ["training loss", f"best training loss ({model.n_iter_})"]
    short = MLPRegressor(max_iter=2).fit(X, Y)
    assert deepgen.plot_history(short).get_yscale() == "linear"


def test_cuts_of_the_learning_rate_are_marked():
    settings = dict(solver="sgd", learning_rate="adaptive", n_iter_no_change=1, tol=1.0)
    model = MLPRegressor(**settings, max_iter=10, learning_rate_init=0.1).fit(X, Y)
    rates = model.history_["learning_rate"]
    name = f"learning rate 0.1 to {rates[-1]:.3g}"
    line = shown(deepgen.plot_history(model))[1][name]
    np.testing.assert_array_equal(line.get_xdata(), 2 + np.flatnonzero(np.diff(rates)))


def test_a_rate_that_always_moves_is_told_not_marked():
    model = MLPRegressor(solver="sgd", learning_rate="invscaling", max_iter=30).fit(X, Y)
    names, lines = shown(deepgen.plot_history(model))
    assert names[-1].startswith("learning rate 0.001 to")
    assert len(lines[names[-1]].get_xdata()) == 0


def test_divergence_is_marked():
    settings = dict(hidden_layer_sizes=(), solver="sgd", momentum=0.0, learning_rate_init=3.0)
    model = MLPRegressor(**settings, max_iter=5000, batch_size=50, n_iter_no_change=np.inf)
    model.fit(X, Y)
    names, _ = shown(deepgen.plot_history(model))
    assert names[-1] == f"diverged in epoch {model.n_iter_}"
    model.set_params(learning_rate_init=1e15, batch_size=10).fit(X, Y)
    assert shown(deepgen.plot_history(model))[0] == ["training loss", "diverged in epoch 1"]


def test_one_call_of_partial_fit_is_a_point():
    model = MLPRegressor().partial_fit(X, Y)
    ax = deepgen.plot_history(model)
    assert shown(ax)[1]["training loss"].get_marker() == "o"
    assert ax.get_title() == "MLPRegressor: 1 epoch"
    ax = deepgen.plot_history(model.partial_fit(X, Y))
    assert len(shown(ax)[1]["training loss"].get_xdata()) == 2


def test_it_draws_into_axes_that_are_given(tmp_path):
    figure, (left, right) = plt.subplots(1, 2)
    assert deepgen.plot_history(MLPRegressor(max_iter=2).fit(X, Y), right) is right
    assert not left.lines and right.lines
    figure.savefig(tmp_path / "history.png")
    assert (tmp_path / "history.png").stat().st_size > 1000


def test_what_has_no_history_is_refused(monkeypatch):
    with pytest.raises(NotFittedError):
        deepgen.plot_history(MLPRegressor())
    model = MLPRegressor(max_iter=1).fit(X, Y)
    for column in model._training_state.history.columns.values():
        column.clear()
    with pytest.raises(ValueError, match="no history to draw"):
        deepgen.plot_history(model)


def test_a_pipeline_is_told_to_give_its_network():
    with pytest.raises(TypeError, match=r"got Pipeline; .* such as pipeline\[-1\]"):
        deepgen.plot_history(make_pipeline(MLPRegressor(max_iter=1)).fit(X, Y))


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    model = MLPRegressor(max_iter=1).fit(X, Y)
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'deepgen\[plot\]'"):
        deepgen.plot_history(model)
