"""Checkpoints: a course that is broken off goes on with the bits of one without a break."""

import numpy as np
import pandas as pd
import pytest

import deepgen
from deepgen.distributed import Rows, SerialExecutor, fit_shards
from shards.rows import X, Y, classifier, fitted_on, parts_of, regressor, weights_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS = {
    "cosine": dict(learning_rate="cosine", dropout=0.2),
    "plateau": dict(learning_rate="plateau", tol=0.5, n_iter_no_change=20),
    "statistics": dict(normalization="batch"),
    "stopping": dict(early_stopping=True, n_iter_no_change=3, learning_rate_init=0.02),
}
HELD = X[:80] + 0.1, Y[:80], None


class BrokenOff(SerialExecutor):
    """Its workers are lost in a round."""

    def __init__(self, shards, last):
        super().__init__(shards)
        self.last = last

    def advance(self, work, shares, state, steps):
        if steps.number == self.last:
            raise RuntimeError("the cluster is gone")
        return super().advance(work, shares, state, steps)


def shards_of(model):
    return [Rows.read(model, X[part], Y[part]) for part in parts_of(3)]


@pytest.mark.parametrize("outer", ["mean", "nesterov"])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_course_goes_on_from_its_checkpoint(name, outer, tmp_path):
    settings = {"max_iter": 8, **SETTINGS[name]}
    options = dict(local_steps=3, outer=outer, held_out=HELD)
    whole, _ = fitted_on(parts_of(3), regressor(**settings), **options)
    model, path = regressor(**settings), tmp_path / "course.dgn"
    with pytest.raises(RuntimeError, match="gone"):
        fit_shards(model, BrokenOff(shards_of(model), 8), checkpoint=path, **options)
    assert "network_" not in vars(model)
    kept = deepgen.load(path)
    assert 0 < kept._training_state.n_epochs < whole._training_state.n_epochs
    model = regressor(**settings)
    fit_shards(model, SerialExecutor(shards_of(model)), checkpoint=path, **options)
    np.testing.assert_array_equal(weights_of(model), weights_of(whole))
    assert model.loss_curve_ == whole.loss_curve_
    assert model.history_["val_score"].tolist() == whole.history_["val_score"].tolist()


def test_more_epochs_go_on_from_the_last_one(tmp_path):
    path = tmp_path / "course.dgn"
    whole, _ = fitted_on(parts_of(2), regressor(max_iter=6))
    fitted_on(parts_of(2), regressor(max_iter=2), checkpoint=path)
    model, _ = fitted_on(parts_of(2), regressor(max_iter=6, verbose=0), checkpoint=path)
    np.testing.assert_array_equal(weights_of(model), weights_of(whole))
    # All epochs are done already.
    again, _ = fitted_on(parts_of(2), regressor(max_iter=6), checkpoint=path)
    np.testing.assert_array_equal(weights_of(again), weights_of(whole))


def test_checkpoints_of_something_else_are_refused(tmp_path):
    path = tmp_path / "course.dgn"
    fitted_on(parts_of(2), regressor(), checkpoint=path)
    with pytest.raises(ValueError, match="a checkpoint with alpha=0.0001, and this call has 0.5"):
        fitted_on(parts_of(2), regressor(alpha=0.5), checkpoint=path)
    with pytest.raises(ValueError, match="is a checkpoint of another course: it has n_shards 2,"):
        fitted_on(parts_of(3), regressor(), checkpoint=path)
    rows = r"it has rows of the shards \[202, 201\].* and this call has rows of the shards \[200, "
    with pytest.raises(ValueError, match=rows):
        fitted_on(parts_of(2, 400), regressor(), checkpoint=path)
    with pytest.raises(ValueError, match="is no checkpoint of a MLPClassifier"):
        fitted_on(parts_of(2), classifier(), Y > 40, checkpoint=path)
    regressor().fit(X, Y).save(path)
    with pytest.raises(ValueError, match="is no checkpoint of a MLPRegressor"):
        fitted_on(parts_of(2), regressor(), checkpoint=path)
    path.write_bytes(b"no model")
    with pytest.raises(ValueError, match="course.dgn"):
        fitted_on(parts_of(2), regressor(), checkpoint=path)


CHANGED = {
    "targets": dict(y=Y * 1000 + 5),
    "features": dict(X=X * 100),
    "order of features": dict(X=X[:, ::-1]),
    "names": dict(X=pd.DataFrame(X, columns=list("abcde"))),
    "validation rows": dict(held_out=(X[:80] + 0.2, *HELD[1:])),
    "no validation rows": dict(held_out=(None, None, None)),
}


@pytest.mark.parametrize("name", CHANGED)
def test_checkpoints_of_other_values_are_refused(name, tmp_path):
    path = tmp_path / "course.dgn"
    given = dict(y=Y, X=X, held_out=HELD)

    def fit(y, X, held_out):
        model = regressor(max_iter=2)
        of = X.iloc if hasattr(X, "iloc") else X
        if hasattr(X, "columns") and held_out[0] is not None:
            held_out = pd.DataFrame(held_out[0], columns=X.columns), *held_out[1:]
        shards = [Rows.read(model, of[part], y[part]) for part in parts_of(2)]
        fit_shards(model, SerialExecutor(shards), held_out=held_out, checkpoint=path)

    fit(**given)
    fit(**given)
    with pytest.raises(ValueError, match="is a checkpoint of another course"):
        fit(**{**given, **CHANGED[name]})


def test_the_rule_between_rounds_does_not_change_with_more_epochs(tmp_path):
    settings = dict(batch_size=32, hidden_layer_sizes=(4,))
    path = tmp_path / "course.dgn"
    outer = []
    for n_epochs in (2, 30, 2):
        model = regressor(**settings, max_iter=n_epochs)
        _, course = fitted_on(parts_of(3), model, local_steps=8, checkpoint=path)
        outer.append(course.outer)
    assert outer == ["mean"] * 3
    assert fitted_on(parts_of(3), model.set_params(max_iter=30), local_steps=8)[1].outer != "mean"


def test_a_finished_fit_is_no_checkpoint(tmp_path):
    model, _ = fitted_on(parts_of(2), regressor(), checkpoint=tmp_path / "course.dgn")
    state = model._training_state
    assert state.optimizer_state is None
    assert state.data == ""
