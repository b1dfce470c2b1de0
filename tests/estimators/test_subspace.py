"""averaging='subspace': a line of networks, its middle and its points."""

import pickle

import numpy as np
import pytest
from scipy import sparse

import deepgen
from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.averaging import LearnedLine
from deepgen.optimization import linear_path
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)


def model_of(estimator=MLPRegressor, **settings):
    common = dict(hidden_layer_sizes=(8, 8), batch_size=32, random_state=3, tol=0.0, max_iter=8)
    common |= dict(n_iter_no_change=np.inf, learning_rate_init=0.01, averaging="subspace")
    return estimator(**{**common, **settings})


def test_the_middle_is_what_predicts():
    model = model_of().fit(X, Y, weights())
    line = model.subspace_
    assert line.ends.shape == (2, len(model.network_.parameters))
    middle = (line.ends[0] + line.ends[1]) / 2
    np.testing.assert_allclose(model.network_.parameters, middle, rtol=1e-6)
    np.testing.assert_allclose(line.at(0.5).predict(X), model.predict(X), rtol=1e-5, atol=1e-6)
    for end in (0, 1):
        assert np.array_equal(line.at(end).network_.parameters, line.ends[end])
    assert not np.allclose(line.at(0).predict(X), line.at(1).predict(X))
    assert same_bits(model, model_of(averaging=LearnedLine()).fit(X, Y, weights()))


def test_points_can_be_averaged():
    line = model_of().fit(X, Y).subspace_
    both = line.ensemble((0.1, 0.9))
    each = [line.at(alpha).predict(X) for alpha in (0.1, 0.9)]
    np.testing.assert_allclose(both.predict(X), np.mean(each, axis=0), rtol=1e-5, atol=1e-6)
    assert len(both.members_) == 2
    with pytest.raises(ValueError, match="at least two points"):
        line.ensemble([0.5])
    for alpha in (-0.1, 1.1, "middle", None):
        with pytest.raises(ValueError, match=r"alpha must be in \[0, 1\]"):
            line.at(alpha)


@pytest.mark.parametrize("way", ["pickle", "file"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"normalization": "batch"},
        {"dtype": "float64", "clip_norm": 0.5},
        {"early_stopping": True, "n_iter_no_change": 100, "learning_rate_init": 0.05},
    ],
)
def test_training_goes_on_to_the_bit(way, settings, tmp_path):
    once = model_of(**settings).fit(X, Y, weights())
    twice = model_of(**settings, warm_start=True, max_iter=4).fit(X, Y, weights())
    if way == "pickle":
        twice = pickle.loads(pickle.dumps(twice))
    else:
        twice.save(tmp_path / "model")
        twice = deepgen.load(tmp_path / "model")
    twice.fit(X, Y, weights())
    assert same_bits(once, twice)
    assert np.array_equal(once.subspace_.ends, twice.subspace_.ends)
    assert once.loss_curve_ == twice.loss_curve_


def test_partial_fits_equal_one_fit():
    once, pieces = model_of().fit(X, Y), model_of()
    for _ in range(8):
        pieces = pickle.loads(pickle.dumps(pieces.partial_fit(X, Y)))
    assert same_bits(once, pieces)


def test_a_line_is_kept_without_the_optimizers_state(tmp_path):
    model = model_of().fit(X, Y)
    model.save(tmp_path / "model")
    assert np.array_equal(deepgen.load(tmp_path / "model").subspace_.ends, model.subspace_.ends)
    before = model.subspace_.ends.copy()
    model.set_params(warm_start=True, max_iter=1, learning_rate_init=1e-30).fit(X, Y)
    np.testing.assert_allclose(model.subspace_.ends, before, atol=1e-6)


def test_a_middle_that_the_user_moved_takes_the_ends_along():
    model = model_of(warm_start=True).fit(X, Y)
    between = model.subspace_.ends[1] - model.subspace_.ends[0]
    for layer in model.coefs_:
        layer[...] = 1.0
    model.set_params(max_iter=1, learning_rate_init=1e-30).fit(X, Y)
    assert all(np.allclose(layer, 1.0, atol=1e-5) for layer in model.coefs_)
    moved = model.subspace_.ends[1] - model.subspace_.ends[0]
    np.testing.assert_allclose(moved, between, atol=1e-5)


def test_the_line_is_low_where_that_between_independent_networks_is_not():
    settings = dict(max_iter=150, hidden_layer_sizes=(32, 32), n_iter_no_change=np.inf)
    line = model_of(**settings).fit(X, Y).subspace_
    ends = [Probe(line.at(alpha), X, Y) for alpha in (0, 1)]
    alone = [
        Probe(model_of(**settings | {"averaging": None, "random_state": seed}).fit(X, Y), X, Y)
        for seed in (3, 4)
    ]
    learned = linear_path(*ends, low=0, high=1, n_points=11)
    independent = linear_path(*alone, low=0, high=1, n_points=11)
    assert learned.barrier < 0.1 * independent.barrier
    assert learned.values.max() < 0.1 < independent.values.max()
    # The ends are two networks, not one.
    assert np.linalg.norm(line.ends[0] - line.ends[1]) > 0.5 * np.linalg.norm(line.ends[0])


def test_batch_norm_is_recalibrated_for_each_point():
    model = model_of(normalization="batch", dtype="float64").fit(X, Y)
    with pytest.raises(ValueError, match="give the features X"):
        model.subspace_.at(0.2)
    point = model.subspace_.at(0.2, X)
    mean, variance = point.network_.moments(X, 0)
    np.testing.assert_allclose(point.network_.blocks()["mean_0"], mean)
    np.testing.assert_allclose(point.network_.blocks()["variance_0"], variance)
    np.testing.assert_allclose(model.subspace_.at(0.5, X).predict(X), model.predict(X))


def test_threads_do_not_change_the_bits():
    one, two = (model_of(n_jobs=n).fit(X, Y) for n in (1, 2))
    assert same_bits(one, two)


def test_lines_serve_classes_outputs_members_and_sparse_features():
    labels = np.array(["low", "high"])[(Y > 0).astype(int)]
    model = model_of(MLPClassifier, class_weight="balanced", max_iter=20).fit(X, labels)
    assert model.score(X, labels) > 0.6
    assert model.subspace_.ensemble().predict_proba(X).shape == (157, 2)
    assert model_of().fit(X, np.stack([Y, -Y], axis=1)).predict(X).shape == (157, 2)
    rows = sparse.csr_matrix(np.where(np.abs(X) > 1, X, 0))
    dense = model_of(dtype="float64").fit(rows.toarray(), Y)
    csr = model_of(dtype="float64").fit(rows, Y)
    np.testing.assert_allclose(csr.predict(rows), dense.predict(rows), rtol=1e-7)
    several = model_of(n_members=2).fit(X, Y)
    assert len({member.subspace_.ends.tobytes() for member in several.members_}) == 2
    with pytest.raises(AttributeError, match="members_"):
        _ = several.subspace_


def test_there_is_no_line_without_one():
    assert not hasattr(model_of(averaging=None).fit(X, Y), "subspace_")
    with pytest.raises(AttributeError, match="with averaging='subspace' only"):
        _ = model_of(averaging="ema").fit(X, Y).subspace_


def test_a_negative_beta_is_refused():
    with pytest.raises(ValueError, match=r"LearnedLine: beta must be in \[0, inf\), got -1"):
        model_of(averaging=LearnedLine(beta=-1)).fit(X, Y)
