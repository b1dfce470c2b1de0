"""Predictions that stay within the range of the training targets."""

import pickle

import numpy as np
import pytest

import deepgen
from deepgen import MLPRegressor, Probe
from deepgen.losses import Quantile
from estimators.samples import curve, features, same_bits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
FAR = 1000 * X


def model_of(**settings):
    own = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, "clip_predictions": True}
    return MLPRegressor(**{**own, **settings})


def test_predictions_are_those_without_clipped():
    clipped, free = model_of().fit(X, Y), model_of(clip_predictions=False).fit(X, Y)
    assert same_bits(clipped, free)
    values = free.predict(FAR)
    assert values.min() < Y.min() and values.max() > Y.max()
    assert np.array_equal(clipped.predict(FAR), np.clip(values, Y.min(), Y.max()))


def test_each_target_has_its_range():
    both = np.column_stack([Y, 5 - 100 * Y])
    predicted = model_of().fit(X, both).predict(FAR)
    assert np.array_equal(predicted.min(axis=0), both.min(axis=0))
    assert np.array_equal(predicted.max(axis=0), both.max(axis=0))


def test_quantiles_stay_within_and_in_order():
    predicted = model_of(loss=Quantile([0.1, 0.5, 0.9])).fit(X, Y).predict(FAR)
    assert (np.diff(predicted, axis=1) >= 0).all()
    assert predicted.min() >= Y.min() and predicted.max() <= Y.max()


def test_rows_without_a_weight_and_rows_set_aside_do_not_count():
    weights, odd = np.ones(len(Y)), Y.copy()
    odd[:3], weights[:3] = [50, -50, 80], 0
    predicted = model_of().fit(X, odd, weights).predict(FAR)
    assert (predicted.min(), predicted.max()) == (Y[3:].min(), Y[3:].max())
    alone = model_of(early_stopping=True, validation_fraction=0.9).fit(X, Y)
    assert alone._targets.highest < Y.max() or alone._targets.lowest > Y.min()


def test_later_calls_widen_the_range():
    model = model_of().partial_fit(X, Y)
    assert model.predict(FAR).max() == Y.max()
    model.partial_fit(X, Y + 1)
    assert (model._targets.lowest, model._targets.highest) == (Y.min(), (Y + 1).max())
    warm = model_of(warm_start=True).fit(X, Y).fit(X, Y - 1)
    assert (warm._targets.lowest, warm._targets.highest) == ((Y - 1).min(), Y.max())
    warm.set_params(clip_predictions=False).fit(X, Y)
    assert warm.predict(FAR).max() > Y.max()


def test_a_mean_of_members_is_that_of_their_clipped_predictions():
    model = model_of(n_members=3, early_stopping=True).fit(X, Y)
    alone = [member.predict(FAR) for member in model.members_]
    assert len({values.max() for values in alone}) > 1
    np.testing.assert_allclose(model.predict(FAR), np.mean(alone, axis=0), rtol=1e-14)


@pytest.mark.parametrize("members", [1, 2])
def test_a_model_in_a_file_clips_as_before(members, tmp_path):
    model = model_of(n_members=members).fit(X, Y)
    model.save(tmp_path / "model.dgn")
    for copy in (deepgen.load(tmp_path / "model.dgn"), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(copy.predict(FAR), model.predict(FAR))
        assert Y.min() <= copy.predict(FAR).min() and copy.predict(FAR).max() <= Y.max()


def test_a_probe_looks_at_the_network():
    model, free = model_of().fit(X, Y), model_of(clip_predictions=False).fit(X, Y)
    assert Probe(model, FAR, Y).loss() == Probe(free, FAR, Y).loss()
