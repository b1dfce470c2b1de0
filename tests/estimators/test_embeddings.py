"""Embeddings of features and the input scale, from the estimators' parameters on."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

import deepgen
from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.embeddings import NUMERICAL_EMBEDDINGS, PBLD, CategoryEmbedding, PiecewiseLinear
from deepgen.expressivity import breakpoints

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
Y = np.sin(3.0 * X[:, 0]) + X[:, 1] * (X[:, 2] > 0)
LABELS = np.array(["no", "yes"])[(Y > 0).astype(int)]
SMALL = dict(hidden_layer_sizes=(7,), max_iter=4, random_state=0, tol=0.0)
FRONTS = [
    {"input_scale": True},
    *({"numerical_embedding": name} for name in NUMERICAL_EMBEDDINGS),
    {"numerical_embedding": PBLD(features=[0, 2], size=3), "input_scale": True},
]
every_front = pytest.mark.parametrize("front", FRONTS, ids=str)


def front_of(model):
    """The front's numbers after a fit, by name."""
    return {b.kind: view.copy() for b, view in model.network_.views() if b.layer < 0}


@every_front
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_fit_trains_the_front(front, dtype):
    model = MLPRegressor(**SMALL, **front, dtype=dtype).fit(X, Y)
    start = front_of(clone(model).set_params(learning_rate_init=1e-30).fit(X, Y))
    for name, numbers in front_of(model).items():
        assert numbers.dtype == dtype and (numbers != start[name]).all()
    assert model.coefs_[0].shape[0] >= 4
    labelled = MLPClassifier(**SMALL, **front).fit(X, LABELS)
    assert set(labelled.predict(X)) <= {"no", "yes"}


def test_starts_are_drawn_as_documented():
    wide = MLPRegressor(**SMALL, numerical_embedding=PBLD(sigma=0.5), input_scale=True)
    wide.set_params(learning_rate_init=1e-30)
    front = front_of(wide.fit(RNG.normal(size=(120, 300)), Y))
    assert front["embedding_frequencies"].std() == pytest.approx(0.5, rel=0.05)
    for name, bound in (("phases", np.pi), ("weights", 0.25), ("intercepts", 0.25)):
        largest = np.abs(front[f"embedding_{name}"]).max()
        assert 0.9 * bound < largest <= bound * (1 + 1e-6)
    assert (front["input_scale"] == 1.0).all()
    again = front_of(clone(wide).set_params(random_state=1).fit(X, Y))
    assert (again["embedding_phases"] != front["embedding_phases"][:4]).all()


def test_other_weights_start_as_without_a_front():
    plain = MLPRegressor(**SMALL).set_params(learning_rate_init=1e-30).fit(X, Y)
    scaled = clone(plain).set_params(input_scale=True).fit(X, Y)
    np.testing.assert_array_equal(scaled.coefs_[0], plain.coefs_[0])
    np.testing.assert_array_equal(scaled.predict(X), plain.predict(X))


@every_front
def test_two_fits_with_a_file_between_equal_one_to_the_bit(front, tmp_path):
    whole = MLPRegressor(**SMALL, **front, warm_start=True).fit(X, Y)
    half = clone(whole).set_params(max_iter=2).fit(X, Y)
    half.save(tmp_path / "model.dgn")
    for copy in (deepgen.load(tmp_path / "model.dgn"), pickle.loads(pickle.dumps(half))):
        np.testing.assert_array_equal(copy.predict(X), half.predict(X))
        copy.fit(X, Y)
        np.testing.assert_array_equal(copy.network_.parameters, whole.network_.parameters)


@every_front
def test_bits_do_not_depend_on_threads_and_members_are_single_fits(front):
    model = MLPRegressor(**SMALL, **front, n_members=2, n_jobs=1).fit(X, Y)
    other = clone(model).set_params(n_jobs=3).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), other.predict(X))
    starts = [front_of(member) for member in model.members_]
    assert all((starts[0][name] != starts[1][name]).any() for name in starts[0])


@every_front
@pytest.mark.parametrize(
    "other",
    [
        {"solver": "lbfgs"},
        {"solver": "adamw"},
        {"solver": deepgen.optimizers.SAM(), "averaging": "ema"},
        {"normalization": "batch", "dropout": 0.2},
        {"normalization": "weight"},
        {"averaging": "subspace"},
        {"mixup": 0.2, "augmentation": "jitter"},
        {"early_stopping": True, "clip_norm": 1.0, "adaptive_clip": 0.1},
        {"initializer": "data_dependent"},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (5, 5), "skip": "highway"},
    ],
    ids=str,
)
def test_a_front_goes_with_the_other_parameters(front, other):
    model = MLPRegressor(**{**SMALL, **front, **other})
    with np.errstate(all="raise"):
        model.fit(X, Y, np.linspace(0.5, 1.5, len(Y)))
    assert np.isfinite(model.predict(X)).all()


@every_front
def test_partial_fits_equal_a_fit(front):
    model = MLPRegressor(**SMALL, **front).fit(X, Y)
    parts = clone(model)
    for _ in range(4):
        parts.partial_fit(X, Y)
    np.testing.assert_array_equal(parts.network_.parameters, model.network_.parameters)


@every_front
def test_a_probe_measures_the_front(front):
    model = MLPRegressor(**SMALL, **front, activation="tanh", dtype="float64").fit(X, Y)
    probe = Probe(model, X, Y)
    rng = np.random.default_rng(1)
    v, step = rng.normal(size=probe.n_parameters), 1e-5
    ahead, behind = (probe.at(probe.parameters + sign * step * v) for sign in (1, -1))
    slope = (ahead.loss() - behind.loss()) / (2 * step)
    assert probe.gradient() @ v == pytest.approx(slope, rel=1e-6)
    turned = (ahead.gradient() - behind.gradient()) / (2 * step)
    np.testing.assert_allclose(probe.hvp(v), turned, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(probe.per_sample_gradients().mean(axis=0), probe.gradient())
    for k in range(4):
        moved = step * np.eye(4)[k]
        outputs = [model.network_.outputs(X + sign * moved) for sign in (1, -1)]
        expected = (outputs[0] - outputs[1]) / (2 * step)
        np.testing.assert_allclose(probe.jacobian(X)[:, :, k], expected, rtol=1e-6, atol=1e-8)


def test_scales_fold_into_the_first_layer():
    model = MLPRegressor(**SMALL, input_scale=True, dtype="float64").fit(X, Y)
    folded = model.network_.fold()
    assert not folded.core.spec.input_scale
    np.testing.assert_allclose(folded.outputs(X), model.network_.outputs(X), rtol=1e-12)


def test_settings_are_reached_by_name():
    model = clone(MLPRegressor(**SMALL, numerical_embedding=PBLD()))
    model.set_params(numerical_embedding__size=2, numerical_embedding__n_frequencies=3).fit(X, Y)
    assert front_of(model)["embedding_weights"].shape == (4 * 3, 1)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"numerical_embedding": PBLD(features=[0, 4])}, "0 to 3, got 4"),
        ({"numerical_embedding": PBLD(features=[0, 0])}, "different columns"),
        ({"numerical_embedding": PBLD(features=[])}, "different columns"),
        ({"numerical_embedding": PBLD(features="x")}, "got 'x'"),
        ({"numerical_embedding": PBLD(features=[0.5])}, "got 0.5"),
        ({"numerical_embedding": PBLD(sigma=0.0)}, "sigma must be in"),
        ({"numerical_embedding": PBLD(size=1)}, "size must be in"),
        ({"numerical_embedding": PiecewiseLinear(n_bins=0)}, "n_bins must be in"),
        ({"category_embedding": CategoryEmbedding([0])}, "must hold codes"),
        ({"category_embedding": "codes"}, "category_embedding"),
        (
            {"category_embedding": CategoryEmbedding([0]), "mixup": 0.1},
            "category_embedding does not support mixup",
        ),
        (
            {"category_embedding": CategoryEmbedding([0]), "augmentation": "jitter"},
            "category_embedding does not support mixup, 'jitter'",
        ),
        ({"numerical_embedding": "plr"}, "numerical_embedding"),
        ({"input_scale": "yes"}, "input_scale"),
        ({"input_scale": True, "solver": "kfac"}, "no factors for embeddings"),
        ({"numerical_embedding": "pbld", "solver": "shampoo"}, "no factors for"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_by_name(params, message):
    with pytest.raises(ValueError, match=message):
        MLPRegressor(**{**SMALL, **params}).fit(X, Y)


@every_front
def test_sparse_features_are_refused_by_name(front):
    with pytest.raises(ValueError, match="do not support sparse X"):
        MLPRegressor(**SMALL, **front).fit(sparse.csr_matrix(X), Y)
    model = MLPRegressor(**SMALL, **front).fit(X, Y)
    with pytest.raises(ValueError, match="do not support sparse X"):
        model.predict(sparse.csr_matrix(X))


def test_a_warm_start_with_another_front_is_refused():
    model = MLPRegressor(**SMALL, numerical_embedding=PBLD(features=[0]), warm_start=True)
    model.fit(X, Y)
    for other in (PBLD(features=[1]), PBLD(features=[0, 1]), None):
        with pytest.raises(ValueError, match="start afresh"):
            clone(model).fit(X, Y).set_params(numerical_embedding=other).fit(X, Y)


def test_linear_pieces_are_refused_behind_an_embedding():
    one = MLPRegressor(**SMALL, numerical_embedding="pbld").fit(X[:, :1], Y)
    with pytest.raises(ValueError, match="embeds its features"):
        breakpoints(one, -1.0, 1.0)
    scaled = MLPRegressor(**SMALL, input_scale=True).fit(X[:, :1], Y)
    assert breakpoints(scaled, -1.0, 1.0).n_pieces >= 1


def test_bins_are_quantiles_of_the_training_rows_of_the_first_call():
    embedding = PiecewiseLinear(features=[1], n_bins=4, size=3)
    model = MLPRegressor(**SMALL, numerical_embedding=embedding, warm_start=True).fit(X, Y)
    (own,) = model.network_.core.spec.embeddings
    expected = np.quantile(X[:, 1], [0, 0.25, 0.5, 0.75, 1.0])
    assert own.features == [1]
    np.testing.assert_allclose(own.constants[0], expected, rtol=1e-6)
    model.fit(2.0 * X, Y)
    assert model.network_.core.spec.embeddings[0].constants == own.constants
    ties = np.where(X > 0, 1.0, 0.0) * [[1.0, 0.0, 1.0, 50.0]]
    model = MLPRegressor(**SMALL, numerical_embedding=PiecewiseLinear(n_bins=4)).fit(ties, Y)
    edges = model.network_.core.spec.embeddings[0].constants
    assert edges[:2] == [[0.0, 1.0], [0.0, 1.0]]
    assert np.isfinite(model.network_.parameters).all()


def test_a_piecewise_linear_start_is_the_network_without():
    model = MLPRegressor(**SMALL, numerical_embedding="pwl", learning_rate_init=1e-30).fit(X, Y)
    front = front_of(model)
    assert max(np.abs(numbers).max() for numbers in front.values()) < 1e-20
    network = model.network_
    z = X.astype("f4") @ network.coefs()[0][:4] + network.intercepts()[0]
    expected = np.maximum(z, 0) @ network.coefs()[1] + network.intercepts()[1]
    np.testing.assert_allclose(network.outputs(X.astype("f4")), expected, rtol=1e-5, atol=1e-6)


CODES = np.column_stack([X[:, 0], np.arange(120) % 11, X[:, 1], np.arange(120) % 9])
EFFECTS = RNG.normal(size=11)


def test_categories_are_learned_and_unknown_ones_count_as_the_first():
    y = EFFECTS[CODES[:, 1].astype(int)]
    embedding = CategoryEmbedding([1, 3], size=2)
    model = MLPRegressor(
        hidden_layer_sizes=(16,),
        category_embedding=embedding,
        numerical_embedding="pbld",
        learning_rate_init=0.02,
        max_iter=150,
        random_state=0,
    ).fit(CODES, y)
    assert model.score(CODES, y) > 0.99
    levels, numbers = model.network_.core.spec.embeddings
    assert (levels.features, levels.constants) == ([1, 3], [[11.0], [9.0]])
    assert numbers.features == [0, 2]
    assert model.coefs_[0].shape[0] == 2 * 2 + 2 * 4
    strange, first = CODES.copy(), CODES.copy()
    strange[:, 1], first[:, 1] = 11.0, 0.0
    np.testing.assert_array_equal(model.predict(strange), model.predict(first))
    assert (Probe(model, CODES, y).jacobian(CODES)[:, :, [1, 3]] == 0.0).all()


def test_categories_go_on_with_their_levels_and_swap_noise(tmp_path):
    model = MLPRegressor(
        **SMALL,
        category_embedding=CategoryEmbedding([1, 3]),
        augmentation="swap",
        warm_start=True,
    ).fit(CODES, Y)
    half = clone(model).set_params(max_iter=2).fit(CODES, Y)
    half.save(tmp_path / "model.dgn")
    again = deepgen.load(tmp_path / "model.dgn").fit(CODES, Y)
    np.testing.assert_array_equal(again.network_.parameters, model.network_.parameters)
    more = CODES.copy()
    more[:, 1] += 5.0
    assert again.fit(more, Y).network_.core.spec.embeddings[0].constants == [[11.0], [9.0]]
