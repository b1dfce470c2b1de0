"""Dropout and weight decay that move by schedules."""

import pickle

import numpy as np
import pytest

import deepgen
from deepgen import MLPClassifier, MLPRegressor
from deepgen.losses import Huber
from deepgen.optimizers import KFAC, SAM, SGD, AdamW
from deepgen.schedules import (
    Adaptive,
    Constant,
    FlatCos,
    InvScaling,
    Plateau,
    Scaled,
    Warmup,
)
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
FALLING = Scaled(FlatCos(n_epochs=8), 0.4)


def model_of(**settings):
    common = dict(hidden_layer_sizes=(8, 8), batch_size=32, random_state=3, tol=0.0, max_iter=8)
    return MLPRegressor(**{**common, "n_iter_no_change": np.inf, **settings})


@pytest.mark.parametrize("activation", ["relu", "mish"])
def test_constant_schedules_give_the_bits_of_numbers(activation):
    common = dict(activation=activation)
    still = model_of(dropout=0.3, solver=AdamW(weight_decay=0.2), **common).fit(X, Y)
    moving = AdamW(weight_decay=Scaled(Constant(), 0.2))
    moved = model_of(dropout=Scaled(Constant(), 0.3), solver=moving, **common).fit(X, Y)
    assert same_bits(still, moved)
    assert not same_bits(still, model_of(dropout=FALLING, solver=moving, **common).fit(X, Y))


CASES = {
    "dropout": dict(dropout=FALLING),
    "decay": dict(solver=AdamW(weight_decay=FALLING)),
    "both in sam": dict(
        dropout=Scaled(Warmup(FlatCos(n_epochs=6), epochs=2), 0.4),
        solver=SAM(base=SGD(weight_decay=FALLING)),
    ),
    "kfac": dict(solver=KFAC(weight_decay=FALLING)),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("way", ["pickle", "file"])
def test_training_goes_on_to_the_bit(case, way, tmp_path):
    once = model_of(**CASES[case]).fit(X, Y, weights())
    twice = model_of(max_iter=4, warm_start=True, **CASES[case]).fit(X, Y, weights())
    if way == "pickle":
        twice = pickle.loads(pickle.dumps(twice))
    else:
        twice.save(tmp_path / "model")
        twice = deepgen.load(tmp_path / "model")
    assert same_bits(once, twice.fit(X, Y, weights()))


@pytest.mark.parametrize("case", CASES)
def test_partial_fits_members_and_threads_are_as_of_numbers(case):
    once = model_of(**CASES[case]).fit(X, Y)
    assert same_bits(once, model_of(n_jobs=3, **CASES[case]).fit(X, Y))
    pieces = model_of(**CASES[case])
    for _ in range(8):
        pieces.partial_fit(X, Y)
    assert same_bits(once, pieces)
    first = model_of(n_members=2, n_jobs=1, **CASES[case]).fit(X, Y).members_[0]
    assert same_bits(first, model_of(**CASES[case], random_state=first.random_state).fit(X, Y))


def test_a_fitted_network_knows_the_largest_dropout_and_predicts_without():
    model = model_of(dropout=FALLING).fit(X, Y)
    assert [layer.dropout for layer in model.network_.core.spec.layers] == [0.4, 0.4, 0.0]
    assert np.array_equal(model.predict(X), model.predict(X))


def test_sizes_can_be_searched():
    model = model_of(dropout=Scaled(FlatCos(), 0.1), solver=AdamW(weight_decay=FALLING))
    model.set_params(dropout__factor=0.2, solver__weight_decay__factor=0.3)
    assert (model.dropout.factor, model.solver.weight_decay.factor) == (0.2, 0.3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            dict(dropout=FlatCos()),
            r"dropout=FlatCos\(\) reaches 1, and must stay below 1; give its",
        ),
        (dict(dropout=Scaled(Plateau(), 0.1)), "only schedules that go by steps alone move it"),
        (dict(dropout=Scaled(InvScaling(), 0.1)), "only schedules that go by steps alone"),
        (dict(dropout=Scaled(FlatCos(flat=2), 0.1)), "FlatCos: flat must be in"),
        (dict(dropout=Scaled("cosine", 0.1)), "Scaled: schedule must be a schedule object"),
        (dict(dropout="flat_cos"), "The 'dropout' parameter of MLPClassifier must be"),
        (dict(solver=AdamW(weight_decay=Adaptive())), "weight_decay=Adaptive.*go by steps alone"),
        (dict(solver=AdamW(weight_decay=Huber())), "weight_decay must be a number or a schedule"),
        (dict(solver=AdamW(weight_decay="much")), "AdamW: weight_decay must be a number"),
        (dict(solver="lbfgs", dropout=FALLING), "'lbfgs' does not support dropout"),
    ],
    ids=str,
)
def test_what_cannot_move_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        MLPClassifier(**settings).fit(X, Y > 0)


def test_a_learning_rate_may_be_scaled_too():
    scaled = model_of(learning_rate=Scaled(FlatCos(), 0.5), learning_rate_init=0.01).fit(X, Y)
    assert same_bits(scaled, model_of(learning_rate=FlatCos(), learning_rate_init=0.005).fit(X, Y))
