"""Targets of the regressor: scaling, several outputs, and what each loss predicts."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.preprocessing import StandardScaler

from deepgen import MLPRegressor
from deepgen.losses import Gamma, Huber, Poisson, Quantile, SquaredError
from estimators.samples import curve, features, starting_weights, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
LOSSES = ["squared_error", "absolute_error", "huber", "quantile"]


def model_of(**settings):
    return MLPRegressor(**{"max_iter": 20, "random_state": 0, **settings})


@pytest.mark.parametrize("loss", [*LOSSES, "poisson", "gamma"])
def test_the_unit_of_the_targets_changes_nothing(loss):
    y = np.exp(Y)
    small, large = (model_of(loss=loss).fit(X, unit * y) for unit in (1.0, 2.0**20))
    assert np.array_equal(small.network_.parameters, large.network_.parameters)
    assert small.loss_curve_ == large.loss_curve_
    np.testing.assert_allclose(large.predict(X), 2.0**20 * small.predict(X), rtol=1e-6)


def test_a_million_times_the_targets_scores_the_same():
    small, large = (model_of(max_iter=100).fit(X, unit * Y) for unit in (1.0, 1e6))
    assert large.score(X, 1e6 * Y) == pytest.approx(small.score(X, Y), abs=1e-3)
    assert large.n_iter_ == small.n_iter_


def test_scaling_is_the_weighted_mean_and_deviation():
    model = model_of(max_iter=1).fit(X, Y, weights())
    mean = np.average(Y, weights=weights())
    deviation = np.sqrt(np.average((Y - mean) ** 2, weights=weights()))
    np.testing.assert_allclose(
        [model.target_mean_, model.target_scale_], [[mean], [deviation]], 1e-6
    )


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_positive_targets_are_divided_by_their_mean_only(loss):
    model = model_of(loss=loss, max_iter=1).fit(X, np.exp(Y))
    assert model.target_mean_.tolist() == [0.0]
    np.testing.assert_allclose(model.target_scale_, np.exp(Y).mean())
    assert model.predict(X).min() > 0


def test_scaling_looks_at_the_training_part_only():
    y = Y.copy()
    model = model_of(max_iter=1, early_stopping=True).fit(X, y)
    assert model.target_mean_[0] != y.mean()


def test_no_scaling_predicts_the_network_itself():
    model = model_of(target_scaling=None).fit(X, Y)
    assert (model.target_mean_.tolist(), model.target_scale_.tolist()) == ([0.0], [1.0])
    assert np.array_equal(model.predict(X), model.network_.means(X.astype(np.float32)).ravel())


DECODED = {
    "one": {},
    "double": {"dtype": "float64"},
    "several outputs": {},
    "members": {"n_members": 2, "early_stopping": True},
    "snapshots": {"n_members": 2, "averaging": "snapshot"},
    "quantiles": {"loss": Quantile([0.1, 0.5, 0.9])},
    "poisson": {"loss": "poisson"},
    "gamma": {"loss": "gamma"},
}


@pytest.mark.parametrize("kind", DECODED)
def test_predictions_are_decoded_in_float64(kind):
    y = np.exp(np.column_stack([Y, 10 * X[:, 0]]) if kind == "several outputs" else Y)
    model = model_of(**DECODED[kind]).fit(X, y)
    predicted = model.predict(X)
    assert predicted.dtype == np.float64
    each = []
    for member in model.members_:
        outputs = member.network_.outputs(X.astype(member.network_.dtype)).astype(np.float64)
        if kind == "quantiles":
            outputs[:, 1:] = np.logaddexp(0, outputs[:, 1:])
            outputs = np.cumsum(outputs, axis=1)
        means = np.exp(outputs) if kind in ("poisson", "gamma") else outputs
        each.append(means * member.target_scale_ + member.target_mean_)
    wanted = np.mean(each, axis=0).reshape(predicted.shape)
    np.testing.assert_allclose(predicted, wanted, rtol=1e-13, atol=1e-13 * np.abs(wanted).max())


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"n_members": 2}, {"loss": Quantile([0.2, 0.5])}])
def test_targets_far_from_zero_keep_their_digits(settings):
    # Float32 has a number every 128 there.
    near, far = (
        model_of(max_iter=100, early_stopping=True, **settings).fit(X, shift + 100 * Y)
        for shift in (0.0, 1.7e9)
    )
    assert far.score(X, 1.7e9 + 100 * Y) == pytest.approx(near.score(X, 100 * Y), abs=1e-3)
    np.testing.assert_allclose(far.predict(X) - 1.7e9, near.predict(X), atol=1.0)
    for one, other in zip(far.members_, near.members_, strict=True):
        np.testing.assert_allclose(
            one.validation_scores_, other.validation_scores_, atol=1e-3, rtol=0
        )


@pytest.mark.slow
@pytest.mark.parametrize("shift", [1e8, -1e8, 1e12])
@pytest.mark.parametrize("scoring", [None, "loss", "neg_mean_squared_error"])
def test_early_stopping_far_from_zero_ends_where_it_does_near_zero(shift, scoring):
    near, far = (
        model_of(max_iter=100, early_stopping=True, scoring=scoring).fit(X, away + Y)
        for away in (0.0, shift)
    )
    # At 1e12 the targets themselves are rounded to a few ten-thousandths.
    assert far.score(X, shift + Y) == pytest.approx(near.score(X, Y), abs=5e-3)
    assert abs(far.n_iter_ - near.n_iter_) <= 5


@pytest.mark.parametrize(
    "settings",
    [{"loss": "absolute_error"}, {"loss": "huber"}, {"loss": Quantile(0.5)}, {"solver": "lbfgs"}],
)
def test_losses_and_solvers_far_from_zero_score_as_near_zero(settings):
    near, far = (model_of(**settings).fit(X, shift + Y) for shift in (0.0, 1e8))
    assert far.score(X, 1e8 + Y) == pytest.approx(near.score(X, Y), abs=5e-3)


def test_one_target_far_from_zero_does_not_hide_the_other():
    both = np.column_stack([1e8 + Y, Y])
    model = model_of(max_iter=100).fit(X, both)
    scores = r2_score(both, model.predict(X), multioutput="raw_values")
    assert scores[0] == pytest.approx(scores[1], abs=0.05)
    assert scores.min() > 0.5


def test_predictions_in_other_hands_keep_their_digits():
    y = 1.7e9 + 100 * Y
    whole = TransformedTargetRegressor(model_of(), transformer=StandardScaler()).fit(X, y)
    assert whole.predict(X).dtype == np.float64
    assert len(np.unique(whole.predict(X))) == len(np.unique(X, axis=0))
    assert whole.score(X, y) == pytest.approx(model_of().fit(X, y).score(X, y), abs=0.01)


@pytest.mark.parametrize("loss", [*LOSSES, "poisson", Quantile([0.1, 0.9])])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_prediction_does_not_depend_on_the_other_rows(loss, dtype):
    model = model_of(loss=loss, dtype=dtype, max_iter=3).fit(X, np.exp(Y))
    many = np.tile(X, (6, 1))
    together = model.set_params(n_jobs=2).predict(many)
    np.testing.assert_array_equal(together, np.concatenate([model.predict(X)] * 6))
    for i in range(0, len(X), 7):
        np.testing.assert_array_equal(model.predict(X[i : i + 1])[0], together[i])


@pytest.mark.parametrize("level", [0.1, 1e5, -3.0])
def test_constant_targets_are_predicted(level):
    model = model_of(max_iter=1, alpha=0.0).fit(X, np.full(len(X), level))
    assert model.target_scale_.tolist() == [1.0]
    assert np.abs(model.predict(X) - level).max() < 10


def test_targets_of_any_size_stay_finite():
    for unit in (1e-150, 1e150):
        model = model_of(dtype="float64").fit(X, unit * Y)
        assert model.score(X, unit * Y) == pytest.approx(
            model_of(dtype="float64").fit(X, Y).score(X, Y)
        )


def test_targets_too_large_for_the_type_are_refused():
    for settings in ({"target_scaling": None}, {}, {"solver": "lbfgs"}):
        with pytest.raises(ValueError, match="y is too large for float32"):
            model_of(**settings).fit(X, 1e300 * Y)


def test_several_outputs():
    y = np.column_stack([Y, 1e3 * X[:, 0], X[:, 1]])
    model = model_of(max_iter=200).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.score(X, y) == pytest.approx(r2_score(y, model.predict(X)))
    assert model.score(X, y) > 0.8
    assert model.n_outputs_ == 3


def test_a_single_column_is_one_dimensional_and_warns():
    with pytest.warns(match="column-vector y was passed"):
        model = model_of().fit(X, Y.reshape(-1, 1))
    assert model.predict(X).shape == (len(X),)


def test_quantiles_do_not_cross_and_cover():
    levels = [0.1, 0.5, 0.9]
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (2000, 1))
    y = inputs[:, 0] + rng.normal(size=2000)
    model = model_of(loss=Quantile(levels), max_iter=100, n_iter_no_change=100).fit(inputs, y)
    predicted = model.predict(inputs)
    assert predicted.shape == (2000, 3)
    assert np.diff(predicted, axis=1).min() >= 0
    np.testing.assert_allclose((y[:, np.newaxis] <= predicted).mean(axis=0), levels, atol=0.04)
    expected = np.mean(
        [d2_pinball_score(y, predicted[:, i], alpha=level) for i, level in enumerate(levels)]
    )
    assert model.score(inputs, y) == pytest.approx(expected)


def test_a_single_level_in_a_sequence_keeps_its_column():
    assert model_of(loss=Quantile([0.5])).fit(X, Y).predict(X).shape == (len(X), 1)


def test_several_quantiles_of_several_outputs_are_refused():
    with pytest.raises(ValueError, match="several quantiles need y of one column, got 2"):
        model_of(loss=Quantile([0.1, 0.9])).fit(X, np.column_stack([Y, Y]))


@pytest.mark.parametrize("levels", [[0.9, 0.1], [0.5, 0.5], [], [0.0, 0.5], 1.0])
def test_levels_that_do_not_ascend_are_refused(levels):
    with pytest.raises(ValueError, match="quantile"):
        model_of(loss=Quantile(levels)).fit(X, Y)


def test_losses_differ_by_what_they_estimate():
    y = np.random.default_rng(0).exponential(size=4000)
    nothing = np.ones((4000, 1))
    settings = dict(
        hidden_layer_sizes=(), learning_rate_init=0.02, max_iter=100, tol=0, n_iter_no_change=1000
    )
    estimates = {
        loss: float(model_of(loss=loss, **settings).fit(nothing, y).predict(nothing[:1])[0])
        for loss in [*LOSSES, "poisson", "gamma"]
    }
    for loss in ("squared_error", "poisson", "gamma"):
        assert estimates[loss] == pytest.approx(y.mean(), rel=0.03), loss
    for loss in ("absolute_error", "quantile"):
        assert estimates[loss] == pytest.approx(np.median(y), rel=0.03), loss
    assert np.median(y) < estimates["huber"] < y.mean()


@pytest.mark.parametrize(
    ("name", "loss"),
    [("huber", Huber()), ("quantile", Quantile()), ("poisson", Poisson()), ("gamma", Gamma())]
    + [("squared_error", SquaredError())],
)
def test_a_name_stands_for_the_object_with_its_defaults(name, loss):
    y = np.exp(Y)
    first, second = (model_of(loss=given, max_iter=3).fit(X, y) for given in (name, loss))
    assert np.array_equal(first.network_.parameters, second.network_.parameters)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("poisson", "loss='poisson' needs y >= 0, the smallest is -1"),
        ("gamma", "loss='gamma' needs y > 0, the smallest is -1"),
    ],
)
def test_targets_that_a_loss_cannot_take_are_refused(loss, message):
    with pytest.raises(ValueError, match=message):
        model_of(loss=loss).fit(X, np.where(Y > 0, 1.0, -1.0))


def test_another_number_of_outputs_is_refused_in_partial_fit():
    model = model_of().partial_fit(X, Y)
    with pytest.raises(ValueError, match="y has 2 columns, the regressor was fitted with 1"):
        model.partial_fit(X, np.column_stack([Y, Y]))


def test_losses_are_summed_over_outputs_and_halved():
    y = np.stack([Y, 2 * Y, X[:, 0]], axis=1)
    settings = dict(hidden_layer_sizes=(6,), max_iter=1, alpha=0.0, batch_size=len(X))
    coefs, intercepts = starting_weights([5, 6, 3])
    ours = MLPRegressor(target_scaling=None, dtype="float64", **settings)
    ours.fit(X, y, coefs_init=coefs, intercepts_init=intercepts)
    hidden = np.maximum(X @ coefs[0] + intercepts[0], 0)
    mean = ((hidden @ coefs[1] + intercepts[1] - y) ** 2).mean() / 2
    assert ours.loss_ == pytest.approx(3 * mean)
