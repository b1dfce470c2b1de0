"""Same seed, same bits: whatever the threads, the slices and the company of a row."""

from functools import partialmethod

import numpy as np
import pytest
from scipy import sparse

from deepgen import MLPClassifier, MLPRegressor
from deepgen._training.slice_sizer import SliceSizer
from deepgen.skips import Residual
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features(n=1000)
Y = curve(X)
KINDS = {
    "plain": {},
    "layer": dict(normalization="layer", activation="gelu"),
    "batch": dict(normalization="batch", skip="residual"),
    "dropout": dict(dropout=0.2, solver="sgd"),
    "double": dict(dtype="float64", loss="huber"),
    "lbfgs": dict(solver="lbfgs", max_iter=5),
    "early": dict(early_stopping=True),
    "stochastic depth": dict(skip=Residual(drop=0.4)),
    "deepnorm": dict(skip="deepnorm"),
    "fixup": dict(skip="fixup"),
    "highway": dict(skip="highway", hidden_layer_sizes=(64, 64, 64)),
}


def model_of(kind, **settings):
    common = dict(hidden_layer_sizes=(64, 48, 64), max_iter=3, random_state=0)
    return MLPRegressor(**{**common, **KINDS[kind], **settings})


@pytest.mark.parametrize("kind", KINDS)
def test_threads_do_not_change_a_bit(kind):
    one, two, three = (model_of(kind, n_jobs=n).fit(X, Y, weights(n=1000)) for n in (1, 2, 3))
    assert same_bits(one, two) and same_bits(one, three)
    assert one.loss_curve_ == two.loss_curve_ == three.loss_curve_
    assert np.array_equal(one.predict(X), three.predict(X))


@pytest.mark.parametrize("kind", ["plain", "batch", "dropout"])
@pytest.mark.parametrize("seconds", [0.0, 1e-4, 10.0])
def test_slices_do_not_change_a_bit(kind, seconds, monkeypatch):
    whole = model_of(kind, batch_size=32).fit(X, Y)
    monkeypatch.setattr(SliceSizer, "__init__", partialmethod(SliceSizer.__init__, seconds))
    sliced = model_of(kind, batch_size=32).fit(X, Y)
    assert same_bits(whole, sliced)
    assert whole.loss_curve_ == sliced.loss_curve_
    assert np.array_equal(whole.history_["gradient_norm"], sliced.history_["gradient_norm"])


@pytest.mark.parametrize("thin", [False, True], ids=["dense", "sparse"])
def test_a_row_is_predicted_alike_in_any_company(thin):
    model = MLPClassifier(max_iter=2, random_state=0).fit(X, np.digitize(Y, [-1, 0, 1]))
    given = sparse.csr_matrix(X) if thin else X
    for method in (model.predict_proba, model.predict_log_proba, model.decision_function):
        together = method(given)
        for rows in (slice(0, 1), slice(5, 22), slice(990, 1000)):
            assert np.array_equal(method(given[rows]), together[rows])


def test_seeds_differ():
    first, second = (model_of("plain", random_state=seed).fit(X, Y) for seed in (0, 1))
    assert not same_bits(first, second)


def test_a_generator_moves_on_between_fits():
    state = np.random.RandomState(0)
    first, second = (model_of("plain", random_state=state).fit(X, Y) for _ in range(2))
    assert not same_bits(first, second)


def test_a_feature_that_is_off_leaves_the_rest_alone():
    plain = model_of("plain", max_iter=1, shuffle=False).fit(X, Y)
    shuffled = model_of("plain", max_iter=1).fit(X, Y)
    assert plain.loss_curve_ != shuffled.loss_curve_
    start = [
        model_of("plain", learning_rate_init=1e-30, max_iter=1, dropout=p).fit(X, Y)
        for p in (0.0, 0.5)
    ]
    assert same_bits(*start)
