"""averaging='batch_ensemble': members that share matrices, as ordinary estimators."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import get_scorer

import deepgen
from deepgen import MLPClassifier, MLPRegressor, Probe, TabularRegressor
from deepgen.averaging import BatchEnsemble
from deepgen.optimizers import KFAC, LPFSGD, SAM, Adam
from estimators.samples import curve, features, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)


def model_of(estimator=MLPRegressor, **settings):
    common = dict(hidden_layer_sizes=(8, 8), batch_size=32, random_state=3, tol=0.0, max_iter=6)
    common |= dict(n_iter_no_change=np.inf, learning_rate_init=0.01)
    common |= dict(n_members=4, averaging="batch_ensemble")
    return estimator(**{**common, **settings})


def bits(model):
    return [member.network_.parameters.tobytes() for member in model.members_]


def test_members_are_ordinary_estimators_whose_mean_predicts():
    model = model_of().fit(X, Y, weights())
    assert len(set(bits(model))) == 4
    mean = np.mean([member.predict(X) for member in model.members_], axis=0)
    np.testing.assert_allclose(model.predict(X), mean, rtol=1e-6)
    for member in model.members_:
        assert (member.n_members, member.averaging) == (1, None)
        assert Probe(member, X, Y).n_samples == len(X)
        assert [w.shape for w in member.coefs_] == [(5, 8), (8, 8), (8, 1)]
    with pytest.raises(AttributeError, match=r"members_\[0\].coefs_"):
        _ = model.coefs_
    assert bits(model) == bits(model_of(averaging=BatchEnsemble()).fit(X, Y, weights()))


def test_matrices_are_shared_between_scalings_and_the_last_layers_are_not():
    """The ratio of two members' matrices has rank one."""
    model = model_of(dtype="float64").fit(X, Y)
    first, second = (member.coefs_ for member in model.members_[:2])
    for one, two in zip(first[:2], second[:2], strict=True):
        singular = np.linalg.svd(one / two, compute_uv=False)
        assert singular[1:].sum() < 1e-9 * singular[0]
    assert not np.allclose(first[-1] / second[-1], (first[-1] / second[-1])[0])
    start = model_of(dtype="float64", learning_rate_init=1e-300, max_iter=1).fit(X, Y)
    one, *others = (member.coefs_ for member in start.members_)
    for other in others:
        np.testing.assert_allclose(np.abs(one[0]), np.abs(other[0]))
        np.testing.assert_allclose(one[1], other[1])
    signs = np.array([np.sign(one[0] / other[0])[:, 0] for other in others])
    assert len(np.unique(signs, axis=0)) > 1 and set(signs.ravel()) == {-1.0, 1.0}


@pytest.mark.parametrize("way", ["pickle", "file"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"normalization": "layer", "dropout": 0.2, "solver": "sgd"},
        {"dtype": "float64", "clip_norm": 0.5},
        {"early_stopping": True, "n_iter_no_change": 100, "learning_rate_init": 0.05},
    ],
)
def test_training_goes_on_to_the_bit(way, settings, tmp_path):
    once = model_of(**settings).fit(X, Y, weights())
    twice = model_of(**settings, warm_start=True, max_iter=3).fit(X, Y, weights())
    if way == "pickle":
        twice = pickle.loads(pickle.dumps(twice))
    else:
        twice.save(tmp_path / "model")
        twice = deepgen.load(tmp_path / "model")
    twice.fit(X, Y, weights())
    assert bits(once) == bits(twice)
    assert once.members_[0].loss_curve_ == twice.members_[0].loss_curve_


def test_partial_fits_equal_one_fit():
    once, pieces = model_of().fit(X, Y), model_of()
    for _ in range(6):
        pieces = pickle.loads(pickle.dumps(pieces.partial_fit(X, Y)))
    assert bits(once) == bits(pieces)


def test_a_saved_model_predicts_the_same_bits(tmp_path):
    model = model_of(MLPClassifier).fit(X, Y > 0)
    model.save(tmp_path / "model")
    loaded = deepgen.load(tmp_path / "model")
    assert bits(loaded) == bits(model)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_threads_do_not_change_the_bits():
    one, *others = (model_of(n_jobs=n, batch_size=128).fit(X, Y) for n in (1, 2, 3))
    assert all(bits(one) == bits(other) for other in others)


@pytest.mark.parametrize("scoring", [None, "loss", "neg_mean_absolute_error"])
@pytest.mark.parametrize("n_calls", [1, 3])
def test_members_are_those_of_their_own_best_epochs(scoring, n_calls):
    """The mean prediction's score is measured in each epoch, and ends the training."""
    settings = dict(scoring=scoring, learning_rate_init=0.05)
    side = dict(X_val=X[100:], y_val=Y[100:])
    alone = {None: "r2", "loss": "neg_mean_squared_error"}.get(scoring, scoring)
    scorer = get_scorer(alone)
    epochs = model_of(**settings)
    each, together = [], []
    for _ in range(12):
        epochs.partial_fit(X[:100], Y[:100])
        each.append([scorer(member, X[100:], Y[100:]) for member in epochs.members_])
        together.append(scorer(epochs, X[100:], Y[100:]))
    model = model_of(**settings, early_stopping=True, max_iter=12 // n_calls, warm_start=True)
    for _ in range(n_calls):
        model.fit(X[:100], Y[:100], **side)
    best = [scorer(member, X[100:], Y[100:]) for member in model.members_]
    np.testing.assert_allclose(best, np.max(each, axis=0), rtol=1e-5)
    assert len(set(np.argmax(each, axis=0))) > 1
    scores = model.members_[0].validation_scores_
    assert len(scores) == 12 and model.members_[0].best_validation_score_ == max(scores)
    if scoring == "loss":
        scale = model.members_[0].target_scale_[0] ** 2
        np.testing.assert_allclose(scores, 0.5 * np.mean(each, axis=1) / scale, rtol=1e-5)
    else:
        np.testing.assert_allclose(scores, together, rtol=1e-5)


def test_classes_are_validated_by_the_mean_probabilities():
    model = model_of(MLPClassifier, max_iter=1)
    model.fit(X[:100], Y[:100] > 0, X_val=X[100:], y_val=Y[100:] > 0)
    score = model.members_[0].history_["val_score"][-1]
    assert model.score(X[100:], Y[100:] > 0) == score
    three = np.digitize(Y, [-0.5, 0.5])
    assert model_of(MLPClassifier, early_stopping=True).fit(X, three).predict(X).shape == (157,)


def test_weights_of_samples_and_sparse_rows_serve():
    some = np.where(np.arange(len(X)) < 100, 1.0, 0.0)
    whole = model_of(dtype="float64", shuffle=False, batch_size=50)
    weighted, fewer = whole.fit(X, Y, some).predict(X), whole.fit(X[:100], Y[:100]).predict(X)
    np.testing.assert_allclose(weighted, fewer, rtol=1e-9)
    rows = sparse.csr_matrix(np.where(np.abs(X) > 1, X, 0))
    dense, csr = (model_of(dtype="float64").fit(r, Y) for r in (rows.toarray(), rows))
    np.testing.assert_allclose(csr.predict(rows), dense.predict(rows), rtol=1e-7)


@pytest.mark.parametrize(
    "settings",
    [
        {"skip": "residual", "normalization": "layer", "hidden_layer_sizes": (8, 8, 8)},
        {"numerical_embedding": "pbld", "input_scale": True},
        {"solver": SAM(Adam())},
        {"initializer": "data_dependent", "activation": "mish"},
        {"hidden_layer_sizes": (12, 3), "n_members": 2},
        {"mixup": 0.2, "augmentation": "jitter"},
    ],
    ids=str,
)
def test_other_parts_serve(settings):
    model = model_of(**settings).fit(X, Y)
    assert np.isfinite(model.predict(X)).all()


def test_tables_take_it():
    network = {"averaging": "batch_ensemble", "max_iter": 3}
    model = TabularRegressor(preset="fast", n_members=3, random_state=0, network=network)
    model.fit(X, Y)
    assert model.n_members_ == 3 and np.isfinite(model.predict(X)).all()
    with pytest.raises(ValueError, match="averaging='batch_ensemble' makes all members in one"):
        model.set_params(max_time=10).fit(X, Y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_members": 1}, r"n_members must be in \[2, 1024\], such as 16, got 1"),
        ({"n_members": 2000}, r"n_members must be in \[2, 1024\]"),
        ({"hidden_layer_sizes": ()}, r"hidden_layer_sizes=\(\) has none"),
        ({"solver": "lbfgs"}, "solver='lbfgs' does not support averaging"),
        ({"solver": KFAC()}, "does not support solver='kfac'"),
        ({"solver": "shampoo"}, "does not support solver='shampoo'"),
        ({"solver": LPFSGD(Adam())}, r"does not support solver=LPFSGD\(\)"),
        ({"adaptive_clip": 0.1}, "does not support adaptive_clip: .*use clip_norm"),
        ({"normalization": "batch"}, "does not support normalization='batch'"),
        ({"skip": "highway"}, "does not support skip='highway'"),
    ],
    ids=str,
)
def test_what_cannot_share_is_refused_by_name(settings, message):
    with pytest.raises(ValueError, match=message):
        model_of(**settings).fit(X, Y)


def test_starting_weights_of_one_network_are_refused():
    coefs = model_of(averaging=None, n_members=1).fit(X, Y).coefs_
    with pytest.raises(ValueError, match="coefs_init and intercepts_init are for one network"):
        model_of().fit(X, Y, coefs_init=coefs)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda model: model.set_params(n_members=5), "has 4 members, n_members now asks for 5"),
        (lambda model: model.set_params(solver="sgd"), "cannot change their solver"),
        (lambda model: model.set_params(dtype="float64"), "cannot change their dtype"),
        (lambda model: model.members_[2].coefs_[0].fill(1.0), "were changed since the last call"),
    ],
)
def test_a_change_that_shared_matrices_cannot_follow_is_refused(change, message):
    model = model_of(warm_start=True).fit(X, Y)
    change(model)
    before = bits(model)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert bits(model) == before


def test_only_what_was_kept_can_be_continued():
    with pytest.raises(ValueError, match="shared matrices were not kept"):
        model_of().fit(X, Y).partial_fit(X, Y)
    with pytest.raises(ValueError, match="do not share matrices"):
        model_of(averaging=None, warm_start=True).fit(X, Y).set_params(
            averaging="batch_ensemble"
        ).fit(X, Y)
    model = model_of().partial_fit(X, Y)
    with pytest.raises(ValueError, match="the scaling of the targets changes"):
        model.partial_fit(X, 100 * Y)
    assert np.isfinite(model.partial_fit(X, Y).predict(X)).all()


def test_a_training_that_diverges_leaves_the_members_of_its_best_epoch():
    model = model_of(solver="sgd", learning_rate_init=0.01, warm_start=True).fit(X, Y)
    model.set_params(learning_rate_init=1e6)
    with pytest.warns(Warning, match="diverged"):
        model.fit(X, Y)
    assert all(np.isfinite(member.network_.parameters).all() for member in model.members_)
    assert len(set(bits(model))) == 4
    with pytest.raises(ValueError, match="training diverged"):
        model.fit(X, Y)


@pytest.mark.claims
def test_sharing_members_beat_their_single_member_and_one_network():
    """As TabM: the mean of 16 members is better than each, and than a network alone."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 8)).astype("float32")
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.5 * rng.normal(size=len(X))
    train, test = slice(0, 700), slice(700, None)
    settings = dict(hidden_layer_sizes=(64, 64), early_stopping=True, max_iter=200, tol=0.0)
    settings |= dict(n_iter_no_change=16, learning_rate_init=0.003, batch_size=64)
    gains = []
    for seed in range(3):
        alone = MLPRegressor(**settings, random_state=seed).fit(X[train], y[train])
        model = MLPRegressor(
            **settings, random_state=seed, n_members=16, averaging="batch_ensemble"
        ).fit(X[train], y[train])
        score = model.score(X[test], y[test])
        assert score > max(member.score(X[test], y[test]) for member in model.members_)
        gains.append(score - alone.score(X[test], y[test]))
    assert np.mean(gains) > 0.02
