"""A scaling of targets that moves where later rows do not fit it, and predictions that stay."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import sklearn.neural_network

import deepgen
import deepgen.estimators.fit
from deepgen import MLPRegressor
from deepgen._network.network import Network
from deepgen._serialization.plain_data import Reader, Writer
from deepgen.losses import Huber, Quantile
from deepgen.optimizers import KFAC, SAM, AdaDelta, RMSProp
from deepgen.schedules import Plateau

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 3))
Y = 1.5 + np.sin(X[:, 0]) + 0.5 * X[:, 1]
FIRST, REST = slice(0, 40), slice(40, 120)
# The first rows are near each other and far from the others.
FAR = np.where(np.arange(120) < 40, 0.01 * Y, 30 + 4 * Y)
STILL = {"learning_rate_init": 1e-20, "random_state": 0}


def model_of(**settings):
    return MLPRegressor(**{"hidden_layer_sizes": (8,), "random_state": 0, **settings})


KINDS = {
    "plain": {},
    "absolute error": {"loss": "absolute_error"},
    "huber": {"loss": Huber(0.5)},
    "quantile": {"loss": Quantile(0.9)},
    "poisson": {"loss": "poisson"},
    "gamma": {"loss": "gamma"},
    "linear": {"hidden_layer_sizes": ()},
    "deep": {"hidden_layer_sizes": (6, 5), "activation": "tanh"},
    "double": {"dtype": "float64"},
    "members": {"n_members": 2},
    "ema": {"averaging": "ema"},
    "swa": {"averaging": "swa", "max_iter": 1},
    "line": {"averaging": "subspace"},
    "layer norm": {"normalization": "layer"},
    "residual": {"hidden_layer_sizes": (6, 6, 6), "skip": "residual"},
    "sgd": {"solver": "sgd"},
    "kfac": {"solver": KFAC(learning_rate_init=1e-20)},
    "shampoo": {"solver": "shampoo"},
}


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_predictions_stay_where_the_scaling_moves(kind, columns):
    settings = KINDS[kind] | STILL
    y = FAR if columns == 1 else np.c_[FAR, 0.1 * FAR[::-1] + FAR]
    model = model_of(**settings).partial_fit(X[FIRST], y[FIRST])
    before, scale = model.predict(X), model.members_[0].target_scale_
    model.partial_fit(X[REST], y[REST])
    one = model.members_[0]
    assert (one.target_scale_ > 2 * scale).all()
    np.testing.assert_allclose(model.predict(X), before, rtol=1e-4, atol=1e-4)
    if settings.get("loss") in ("poisson", "gamma"):
        np.testing.assert_allclose(one.target_scale_, y.mean(axis=0))
    else:
        np.testing.assert_allclose(one.target_mean_, y.mean(axis=0))
        np.testing.assert_allclose(one.target_scale_, y.std(axis=0))


def test_raw_columns_keep_the_units_of_their_outputs():
    model = model_of(**STILL).partial_fit(1e5 * X[FIRST], FAR[FIRST])
    before = model.predict(1e5 * X)
    ratio = model.target_scale_ / FAR[FIRST].std()
    model.partial_fit(1e5 * X[REST], FAR[REST])
    np.testing.assert_allclose(model.predict(1e5 * X), before, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(model.target_scale_ / FAR.std(), ratio)


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        (lambda y: y + 0.9, False),
        (lambda y: y + 1.1, True),
        (lambda y: 1.9 * y, False),
        (lambda y: 2.1 * y, True),
        (lambda y: y / 1.9, False),
        (lambda y: y / 2.1, True),
        (lambda y: np.full_like(y, 0.9), False),
        (lambda y: np.full_like(y, 1.1), True),
    ],
)
def test_rows_fit_within_one_scale_and_a_factor_of_two(change, moves):
    y = (Y - Y.mean()) / Y.std()
    model = model_of().partial_fit(X, y)
    own = model.target_mean_.copy(), model.target_scale_.copy()
    model.partial_fit(X, change(y))
    both = np.concatenate([y, change(y)])
    expected = ([both.mean()], [both.std()]) if moves else own
    np.testing.assert_allclose((model.target_mean_, model.target_scale_), expected, atol=1e-9)


def test_targets_that_fit_stay_beside_one_that_does_not():
    y = np.c_[Y, FAR]
    model = model_of().partial_fit(X[FIRST], y[FIRST])
    first = model.target_mean_[0], model.target_scale_[0]
    model.partial_fit(X[REST], y[REST])
    assert (model.target_mean_[0], model.target_scale_[0]) == first
    assert model.target_mean_[1] == pytest.approx(FAR.mean())


def test_single_rows_may_begin():
    model = model_of(**STILL)
    for row in range(12):
        model.partial_fit(X[row : row + 1], 1e-9 * FAR[row : row + 1])
    assert np.isfinite(model.predict(X)).all()
    for row in range(12, 120):
        model.partial_fit(X[row : row + 1], 1e9 * FAR[row : row + 1])
    assert model.target_scale_[0] > 1e9 and np.isfinite(model.predict(X)).all()


def test_weights_count():
    weights = rng.integers(0, 3, size=120).astype(float)
    model = model_of().partial_fit(X[FIRST], FAR[FIRST], weights[FIRST])
    model.partial_fit(X[REST], FAR[REST], weights[REST])
    expected = np.repeat(FAR, weights.astype(int))
    assert model.target_mean_[0] == pytest.approx(expected.mean())
    assert model.target_scale_[0] == pytest.approx(expected.std())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("early_stopping", [False, True])
def test_warm_starts_move_too(early_stopping):
    model = model_of(warm_start=True, max_iter=3, early_stopping=early_stopping).fit(X, Y)
    model.set_params(learning_rate_init=1e-20)
    before = model.predict(X)
    model.fit(X, 100 + Y)
    np.testing.assert_allclose(model.predict(X), before, atol=1e-2)
    assert 40 < model.target_mean_[0] < 60 and 40 < model.target_scale_[0] < 60


@pytest.mark.parametrize("settings", [{"bias": False}, {"loss": Quantile([0.1, 0.5, 0.9])}])
def test_what_cannot_be_made_up_for_warns_and_stays(settings):
    model = model_of(**settings).partial_fit(X[FIRST], FAR[FIRST])
    own = model.target_mean_[0], model.target_scale_[0]
    with pytest.warns(UserWarning, match="cannot make up for another scaling: it stays"):
        model.partial_fit(X[REST], FAR[REST])
    assert (model.target_mean_[0], model.target_scale_[0]) == own


@pytest.mark.parametrize("settings", [{"target_scaling": None}, {"loss": "binary_cross_entropy"}])
def test_targets_that_are_not_scaled_stay_so(settings):
    y = 0.01 + 0.9 * (np.arange(120) >= 40)
    model = model_of(**settings).partial_fit(X[FIRST], y[FIRST]).partial_fit(X[REST], y[REST])
    assert (model.target_mean_[0], model.target_scale_[0]) == (0, 1)


GRADIENTS = [
    ("squared_error", 1),
    ("squared_error", 2),
    ("absolute_error", 1),
    (Quantile(0.2), 1),
    ("poisson", 1),
    ("gamma", 1),
]


@pytest.mark.parametrize(("loss", "columns"), GRADIENTS)
def test_gradients_change_as_is_said(loss, columns):
    model = model_of(loss=loss, hidden_layer_sizes=(5, 4), dtype="float64", alpha=0.0)
    y = np.tile(3 + Y[:, None], (1, columns))
    model.partial_fit(X, y if columns > 1 else y.ravel())
    old, network = model._targets, model.network_
    scaling = replace(old.scaling, mean=old.scaling.mean + 2, scale=3 * old.scaling.scale)
    if old.loss.positive_link:
        scaling = replace(scaling, mean=old.scaling.mean)
    new = replace(old, scaling=scaling)
    change = new.change_from(old)
    moved = Network(network.core, change.of_weights(network.core, network.parameters))

    def gradient(targets, at):
        return at.loss_and_gradient(X, targets.encode(y, np.dtype(float)))[1]

    expected = change.of_gradients(network.core, gradient(old, network), 1)
    np.testing.assert_allclose(gradient(new, moved), expected, rtol=1e-6, atol=1e-9)


SOLVERS = {
    "adam": ("adam", {"adam_0": 1, "adam_1": 2}),
    "sgd": ("sgd", {"sgd_0": 1}),
    "adagrad": ("adagrad", {"adagrad_0": 2}),
    "rmsprop": (
        RMSProp(centered=True, momentum=0.5),
        {"centered_rmsprop_0": 2, "centered_rmsprop_1": 0, "centered_rmsprop_2": 1},
    ),
    "adadelta": (AdaDelta(), {"adadelta_0": 2, "adadelta_1": 0}),
    "sam": (SAM(), {"adam_0": 1, "adam_1": 2}),
}


@pytest.mark.parametrize("solver", SOLVERS)
def test_optimizers_know_gradients_of_the_new_units(solver):
    how, powers = SOLVERS[solver]
    model = model_of(solver=how, dtype="float64").partial_fit(X[FIRST], FAR[FIRST])
    state, core, old = model._training_state, model.network_.core, model._targets
    before = dict(state.optimizer_state)
    change = old.with_rows(FAR[REST], None).change_from(old)
    state.change_outputs(core, change)
    assert set(state.optimizer_state) == {*powers, "n_steps"} == set(before)
    for name, power in powers.items():
        expected = change.of_gradients(core, before[name], power) if power else before[name]
        assert np.array_equal(state.optimizer_state[name], expected)


def test_a_plateau_does_not_compare_losses_of_two_units():
    model = model_of(learning_rate=Plateau(patience=0)).partial_fit(X[FIRST], FAR[FIRST])
    best = model._training_state.schedule_state["best"]
    model.partial_fit(X[REST], FAR[REST])
    state = model._training_state.schedule_state
    assert state["best"] == model.loss_ > best


@pytest.mark.parametrize("averaging", [None, "ema", "subspace"])
def test_a_saved_model_goes_on_to_the_bit(averaging, tmp_path):
    whole, broken = (
        model_of(averaging=averaging).partial_fit(X[FIRST], FAR[FIRST]) for _ in range(2)
    )
    for part in (REST, FIRST, REST):
        whole.partial_fit(X[part], FAR[part])
        broken.save(tmp_path / "model")
        broken = deepgen.load(tmp_path / "model").partial_fit(X[part], FAR[part])
    assert np.array_equal(whole.predict(X), broken.predict(X))


def test_targets_of_an_older_file_begin_to_count():
    model = model_of().partial_fit(X[FIRST], FAR[FIRST])
    writer = Writer()
    data = writer.write(model._targets)
    for name in ("movable", "statistics", "seen"):
        del data["fields"][name]
    model._targets = Reader(writer.tensors).read(data)
    model.partial_fit(X[REST], FAR[REST])
    assert model.target_mean_[0] == pytest.approx(FAR[REST].mean())


@pytest.mark.parametrize("averaging", ["ema", "swa", "subspace"])
def test_a_call_that_fails_moves_nothing(averaging, monkeypatch):
    def fail(*_):
        raise RuntimeError("no training today")

    whole, broken = (
        model_of(averaging=averaging, max_iter=4).partial_fit(X[FIRST], FAR[FIRST])
        for _ in range(2)
    )
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(deepgen.estimators.fit, "train", fail)
        broken.partial_fit(X[REST], FAR[REST])
    for model in (whole, broken):
        model.partial_fit(X, Y).partial_fit(X[REST], FAR[REST])
    assert np.array_equal(whole.predict(X), broken.predict(X))


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_an_outlier_does_not_rule_the_first_call(loss):
    y = np.where(np.arange(120) == 7, 1e6, Y + 2)
    model = model_of(loss=loss).partial_fit(X[FIRST], y[FIRST])
    scale = np.std(Y) if loss == "squared_error" else np.mean(Y + 2)
    assert scale / 2 < model.target_scale_[0] < 2 * scale
    own = model.target_scale_[0]
    model.partial_fit(X[REST], y[REST]).partial_fit(X[FIRST], y[FIRST])
    assert model.target_scale_[0] == own


def stream(kind):
    """Return features, targets, those without an outlier, and an order that begins badly."""
    random = np.random.default_rng(0)
    features = random.normal(size=(2000, 5))
    clean = np.sin(features[:, 0]) + 0.5 * features[:, 1] + 0.3 * features[:, 2] ** 2
    clean += 0.3 * random.normal(size=2000)
    y, rows = clean.copy(), np.arange(2000)
    if kind == "near":
        near = np.argsort(np.abs(y - np.median(y)))[:20]
        rows = np.r_[near, np.setdiff1d(rows, near)]
    elif kind == "sorted":
        rows = np.argsort(y)
    else:
        y[0] = 1e6
    return features, y, clean, rows


def score(library, kind, passes, seed):
    features, y, clean, rows = stream(kind)
    model = library(random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in np.split(rows, 100) * passes:
            model.partial_fit(features[part], y[part])
    good = y == clean
    return model.score(features[good], clean[good])


@pytest.mark.claims
@pytest.mark.parametrize(
    ("kind", "passes", "seeds"),
    [
        ("near", 3, [0, 1]),
        ("outlier", 1, range(6)),
        pytest.param("sorted", 10, [0, 1], marks=pytest.mark.slow),
    ],
)
def test_streams_that_begin_badly_are_learned_as_by_scikit_learn(kind, passes, seeds):
    ours, theirs = (
        np.mean([score(library, kind, passes, seed) for seed in seeds])
        for library in (MLPRegressor, sklearn.neural_network.MLPRegressor)
    )
    assert ours > theirs - 0.02


@pytest.mark.parametrize("n_first", [1, 120])
@pytest.mark.parametrize("spread", [1e-3, 1.0, 1e3])
def test_equal_first_targets_teach_no_unit(n_first, spread):
    y = 5 + spread * X[:, 0]
    model = model_of(learning_rate_init=0.01)
    model.partial_fit(X[:n_first], y[:1] if n_first == 1 else np.full(120, 5.0))
    for _ in range(200):
        model.partial_fit(X, y)
    assert model.score(X, y) > 0.9


@pytest.mark.parametrize("spread", [1e-3, 1.0, 1e3])
def test_single_rows_come_to_a_scale(spread):
    y = 5 + spread * X[:, 0]
    model = model_of(learning_rate_init=0.01)
    for row in np.tile(np.arange(120), 5):
        model.partial_fit(X[row : row + 1], y[row : row + 1])
    assert model.target_scale_[0] == pytest.approx(y.std(), rel=0.5)
    assert model.score(X, y) > 0.8


@pytest.mark.parametrize("settings", [{"bias": False}, {"loss": Quantile([0.1, 0.5, 0.9])}])
def test_small_fair_samples_are_no_reason_to_warn(settings):
    y = rng.normal(size=120)
    model = model_of(**settings).partial_fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for start in range(0, 120, 5):
            model.partial_fit(X[start : start + 5], y[start : start + 5])
