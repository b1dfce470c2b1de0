"""Fits on shards: one shard is an ordinary fit, many are one step of all where they should be."""

import numpy as np
import pytest
from sklearn.base import clone

from deepgen.distributed import Rows, SerialExecutor, fit_shards
from deepgen.distributed.fit import local_batch, steps_of_round
from deepgen.losses import Quantile
from deepgen.optimizers import SAM, SGD, AdaGrad, Adam, AdamW
from deepgen.schedules import FlatCos, Scaled
from shards.rows import (
    SEVERAL,
    THREE,
    WEIGHTS,
    N,
    X,
    Y,
    classifier,
    fitted_on,
    parts_of,
    regressor,
    weights_of,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

WHOLE = parts_of(1)
FITS = {
    "plain": (regressor(), Y, None),
    "drawn": (regressor(dropout=0.2, mixup=0.3, augmentation="jitter"), Y, None),
    "clipped": (regressor(clip_norm=0.5, adaptive_clip=0.1, learning_rate="cosine"), Y, None),
    "weighted": (regressor(clip_predictions=True), Y, WEIGHTS + 0.5),
    "sgd": (regressor(solver="sgd", learning_rate="invscaling", dtype="float64"), Y, None),
    "moving": (regressor(solver=Adam(weight_decay=Scaled(FlatCos(), 0.1))), Y, None),
    "sharpness": (regressor(solver=SAM(), dropout=Scaled(FlatCos(), 0.2)), Y, None),
    "quantiles": (regressor(loss=Quantile([0.1, 0.9])), Y, None),
    "two targets": (regressor(), np.column_stack([Y, -Y]), None),
    "classes": (classifier(normalization="batch", class_weight="balanced"), THREE, None),
    "two classes": (classifier(skip="highway", class_weight={1: 3.0}), SEVERAL[:, 0], WEIGHTS + 1),
    "labels": (classifier(class_weight="balanced"), SEVERAL, None),
}


@pytest.mark.parametrize("name", FITS)
def test_one_shard_has_the_bits_of_an_ordinary_fit(name):
    template, y, weights = FITS[name]
    plain = clone(template).fit(X, y, weights)
    for local_steps in (1, 5, "auto"):
        model, course = fitted_on(WHOLE, clone(template), y, weights, local_steps=local_steps)
        assert course.n_shards == 1
        np.testing.assert_array_equal(weights_of(model), weights_of(plain))
        np.testing.assert_array_equal(model.predict(X), plain.predict(X))
        np.testing.assert_allclose(model.loss_curve_, plain.loss_curve_, rtol=1e-12)
        assert model.t_ == plain.t_
        assert model.history_["learning_rate"].tolist() == plain.history_["learning_rate"].tolist()


def test_early_stopping_is_that_of_an_ordinary_fit():
    settings = dict(early_stopping=True, max_iter=30, n_iter_no_change=2, learning_rate_init=0.03)
    held = X[:100] + 0.5, Y[:100], WEIGHTS[:100]
    names = ("X_val", "y_val", "sample_weight_val")
    plain = regressor(**settings).fit(X, Y, **dict(zip(names, held, strict=True)))
    model, _ = fitted_on(WHOLE, regressor(**settings), held_out=held)
    assert model.n_iter_ == plain.n_iter_ < 30
    assert model.best_validation_score_ == plain.best_validation_score_
    np.testing.assert_array_equal(weights_of(model), weights_of(plain))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_shards", [2, 4])
def test_rounds_of_one_step_are_steps_of_all_rows(n_shards, weighted):
    """The average by rows of steps along local gradients is the step along that of all rows."""
    # The penalty is that of the whole batch too; as many rows in each shard.
    settings = dict(
        solver=SGD(momentum=0.0),
        learning_rate_init=0.05,
        alpha=30.0,
        dtype="float64",
        batch_size=400,
        max_iter=3,
        activation="tanh",
    )
    weights = WEIGHTS[:400] + 0.5 if weighted else None
    plain = regressor(**settings).fit(X[:400], Y[:400], weights)
    model, course = fitted_on(
        parts_of(n_shards, 400), regressor(**settings), weights=weights, local_steps=1
    )
    assert (course.n_shards, course.local_batch) == (n_shards, 400 // n_shards)
    np.testing.assert_allclose(weights_of(model), weights_of(plain), rtol=0, atol=1e-12)
    np.testing.assert_allclose(model.loss_curve_, plain.loss_curve_, rtol=1e-12)


def test_targets_are_those_of_all_rows():
    parts = parts_of(5)
    plain = regressor(clip_predictions=True).fit(X, Y, WEIGHTS)
    model, _ = fitted_on(parts, regressor(clip_predictions=True), weights=WEIGHTS)
    np.testing.assert_allclose(model.target_mean_, plain.target_mean_, rtol=1e-12)
    np.testing.assert_allclose(model.target_scale_, plain.target_scale_, rtol=1e-12)
    assert model._targets.lowest == plain._targets.lowest
    assert model._targets.highest == plain._targets.highest
    # Shards that lack classes know them all.
    some = [np.flatnonzero(THREE != "low"), np.flatnonzero(THREE == "low")]
    with pytest.warns(UserWarning, match="sorted"):
        model, _ = fitted_on(some, classifier(class_weight="balanced"), THREE)
    plain = classifier(class_weight="balanced").fit(X, THREE)
    assert model.classes_.tolist() == ["high", "low", "middle"]
    np.testing.assert_array_equal(model._targets.weights.tables, plain._targets.weights.tables)
    model, _ = fitted_on(parts, classifier(class_weight="balanced"), SEVERAL)
    plain = classifier(class_weight="balanced").fit(X, SEVERAL)
    np.testing.assert_array_equal(model._targets.weights.tables, plain._targets.weights.tables)


def test_rows_of_weight_0_change_nothing():
    used = WEIGHTS > 0
    template = dict(learning_rate="cosine", dropout=0.1)
    model, _ = fitted_on(parts_of(3), regressor(**template), weights=WEIGHTS)
    places = np.cumsum(used) - 1
    parts = [places[part[used[part]]] for part in parts_of(3)]
    without, _ = fitted_on(parts, regressor(**template), Y[used], WEIGHTS[used], X=X[used])
    np.testing.assert_array_equal(weights_of(model), weights_of(without))


@pytest.mark.parametrize("sizes", [[400, 3], [1, 2, 400], [100, 303]])
def test_unequal_shards_take_equal_steps(sizes):
    ends = np.cumsum([0, *sizes])
    parts = [np.arange(*pair) for pair in zip(ends, ends[1:], strict=False)]
    model, course = fitted_on(parts, regressor(max_iter=60), local_steps=3)
    assert course.steps_per_epoch == -(-N // (course.local_batch * len(sizes)))
    assert model.score(X, Y) > 0.8
    assert model.t_ == model.n_iter_ * N


def test_settings_of_rounds_are_worked_out():
    """The batch is that of all shards, and the rounds follow from arithmetic alone."""
    assert [local_batch(200, n) for n in (1, 3, 4, 16, 64)] == [200, 67, 50, 16, 16]
    assert [local_batch(8, n) for n in (1, 2, 4)] == [8, 8, 8]
    assert steps_of_round(148_000, 64, 10**6) == 1024
    assert steps_of_round(10**9, 64, 10**6) == 1
    assert [steps_of_round(100, 64, steps) for steps in (250, 8, 9)] == [32, 1, 2]
    for n in (3, 40_000, 148_000):
        steps = steps_of_round(n, 50, 10**9)
        assert steps & (steps - 1) == 0
        assert steps / 2 * 6 * n * 50 < 50e9 <= steps * 6 * n * 50
    # More shards than the batch can be divided by, and enough rounds that are long enough.
    chosen = [
        fitted_on(
            parts_of(n_shards),
            regressor(batch_size=batch_size, max_iter=n_epochs),
            local_steps=local_steps,
        )[1]
        for n_shards, batch_size, n_epochs, local_steps in (
            (4, 64, 60, 1),
            (3, 32, 60, 8),
            (3, 32, 60, 7),
            (3, 32, 20, 8),
            (8, 64, 8, "auto"),
        )
    ]
    assert [course.outer for course in chosen] == ["mean", "nesterov", "mean", "mean", "mean"]
    assert [course.local_batch for course in chosen] == [16] * 5
    factors = [2.0, 1.0, np.sqrt(2), np.sqrt(2), 2.0]
    assert [course.rate_factor for course in chosen] == factors
    assert fitted_on(parts_of(2), regressor(), outer="nesterov")[1].outer == "nesterov"


@pytest.mark.parametrize(
    ("outer", "rule", "factor"),
    [("mean", Adam, 2.0), ("mean", AdaGrad, 2.0), ("mean", SGD, 1.0), ("nesterov", Adam, 1.0)],
)
def test_adaptive_rules_of_smaller_batches_have_larger_rates(outer, rule, factor):
    """By the root of the ratio of the batches; what the history tells are the user's rates."""
    asked = []

    class Recording(SerialExecutor):
        def advance(self, work, shares, state, steps):
            asked.extend(steps.rates)
            return super().advance(work, shares, state, steps)

    model = regressor(solver=rule(), learning_rate="cosine", learning_rate_init=1e-3)
    plain = clone(model).fit(X[:384], Y[:384])
    shards = [Rows.read(model, X[part], Y[part]) for part in parts_of(4, 384)]
    course = fit_shards(model, Recording(shards), local_steps=2, outer=outer)
    assert course.rate_factor == factor
    assert len(asked) == 4 * course.steps_per_epoch
    told = plain.history_["learning_rate"]
    assert model.history_["learning_rate"].tolist() == told.tolist()
    assert asked[course.steps_per_epoch - 1 :: course.steps_per_epoch] == (factor * told).tolist()


@pytest.mark.parametrize("decay", [0.5, 1, np.float32(0.5), np.int64(1), Scaled(FlatCos(), 0.5)])
def test_decoupled_weight_decay_is_that_of_one_shard(decay):
    """Under an epsilon beside which gradients are nothing, weights do nothing but decay."""
    settings = dict(solver=AdamW(weight_decay=decay, epsilon=1e30), batch_size=64, dtype="float64")
    plain = regressor(**settings).fit(X[:384], Y[:384])
    model, course = fitted_on(parts_of(4, 384), regressor(**settings), local_steps=4)
    assert course.rate_factor == 2.0
    for shrunk, expected in zip(model.coefs_, plain.coefs_, strict=True):
        np.testing.assert_allclose(shrunk, expected, rtol=1e-12)


def test_a_fit_that_diverges_says_so_and_returns():
    with pytest.warns(match="diverged in epoch [1-9]"):
        model, _ = fitted_on(
            parts_of(2),
            regressor(solver="sgd", learning_rate_init=2.0, max_iter=60, tol=0.0),
            local_steps=2,
        )
    assert np.isfinite(weights_of(model)).all()
    assert np.isnan(model.loss_curve_[-1])
