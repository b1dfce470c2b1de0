"""Fits that a search gives up: scores of each epoch, the end, and what cannot be pruned."""

import numpy as np
import pytest
import sklearn
from sklearn.utils.fixes import parse_version

from deepgen import MLPClassifier, MLPRegressor
from deepgen.callbacks import Pruning
from deepgen.optimizers import LBFGS

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.skipif(
        parse_version(sklearn.__version__) < parse_version("1.9"),
        reason="callbacks need scikit-learn 1.9",
    ),
]

X = np.random.default_rng(0).normal(size=(80, 3))
Y = np.sin(X[:, 0]) + X[:, 1]


class Trial:
    """Reports in order, and the end after some epochs."""

    def __init__(self, last):
        self.last, self.reports = last, []

    def report(self, score, epoch):
        self.reports.append((epoch, score))

    def should_prune(self):
        return len(self.reports) == self.last


def fitted(trial, kind=MLPRegressor, **settings):
    settings = {"early_stopping": True, "max_iter": 8, "random_state": 0, "tol": 0.0, **settings}
    model, pruning = kind(hidden_layer_sizes=(4,), **settings), Pruning(trial)
    return model.set_callbacks(pruning).fit(X, Y if kind is MLPRegressor else Y > 0), pruning


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("kind", [MLPRegressor, MLPClassifier])
def test_a_pruned_fit_ends_there_with_the_weights_of_a_shorter_one(kind, solver):
    trial = Trial(last=3)
    model, pruning = fitted(trial, kind, solver=solver)
    assert pruning.pruned
    assert model.n_iter_ == 3
    assert [epoch for epoch, _ in trial.reports] == [1, 2, 3]
    assert [score for _, score in trial.reports] == model.validation_scores_
    shorter, _ = fitted(Trial(last=99), kind, solver=solver, max_iter=3)
    assert np.array_equal(model.network_.parameters, shorter.network_.parameters)


def test_a_fit_that_nobody_prunes_is_that_without_the_callback():
    trial = Trial(last=99)
    model, pruning = fitted(trial)
    assert not pruning.pruned
    assert len(trial.reports) == model.n_iter_ == 8
    alone = MLPRegressor(**model.get_params()).fit(X, Y)
    assert np.array_equal(model.network_.parameters, alone.network_.parameters)


def test_validation_rows_of_ones_own_will_do():
    trial = Trial(last=2)
    model = MLPRegressor(max_iter=5, random_state=0).set_callbacks(Pruning(trial))
    assert model.fit(X[:60], Y[:60], X_val=X[60:], y_val=Y[60:]).n_iter_ == 2


def test_without_validation_rows_there_is_nothing_to_prune_by():
    with pytest.raises(ValueError, match="Pruning needs validation scores: set early_stopping"):
        fitted(Trial(last=2), early_stopping=False)


@pytest.mark.filterwarnings("ignore:early_stopping has no effect")
@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize("solver", ["lbfgs", LBFGS()])
@pytest.mark.parametrize("kind", [MLPRegressor, MLPClassifier])
def test_lbfgs_holds_out_no_rows_to_prune_by(kind, solver, early_stopping):
    own = "Pruning needs validation scores: solver='lbfgs' holds out no rows, so give X_val and"
    with pytest.raises(ValueError, match=own):
        fitted(Trial(last=2), kind, solver=solver, early_stopping=early_stopping)
    trial, y = Trial(last=2), Y if kind is MLPRegressor else Y > 0
    model = kind(solver=solver, max_iter=5, random_state=0).set_callbacks(Pruning(trial))
    assert model.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:]).n_iter_ == 2


def test_members_have_no_epochs_in_common():
    with pytest.raises(ValueError, match="callbacks follow the epochs of one network"):
        fitted(Trial(last=2), n_members=2)


@pytest.mark.parametrize("trial", [None, object(), "trial"])
def test_what_is_no_trial_is_refused(trial):
    with pytest.raises(TypeError, match="trial must have the method report, got"):
        Pruning(trial)


def test_a_class_is_no_trial():
    with pytest.raises(TypeError, match="trial must be an object, got the class Trial"):
        Pruning(Trial)
