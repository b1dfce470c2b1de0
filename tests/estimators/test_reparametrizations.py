"""Weight norm, weight standardization and its scaled form as an estimator uses them."""

import numpy as np
import pytest
from scipy import integrate, sparse, stats

from deepgen import MLPClassifier, MLPRegressor
from deepgen._engine.activations import variance_gain
from deepgen._network.data_dependent import STANDARDIZING_ROWS
from deepgen.estimators.network_spec import ACTIVATIONS
from deepgen.normalizations import (
    ScaledWeightStandardization,
    WeightNorm,
    WeightStandardization,
)
from estimators.samples import curve, features, same_bits, weights
from reference import ACTIVATIONS as TWINS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
NAMES = ["weight", "weight_standardization", "scaled_weight_standardization"]
STILL = {"learning_rate_init": 1e-30, "alpha": 0.0, "max_iter": 1}

every_name = pytest.mark.parametrize("name", NAMES)


def model_of(**settings):
    common = {"hidden_layer_sizes": (8, 8, 8), "max_iter": 5, "random_state": 0}
    return MLPRegressor(**{**common, **settings})


def at_start(X, y=None, **settings):
    """A network before its first step, but for rates that float64 does not see."""
    settings = {"dtype": "float64", "normalization": "weight", **STILL, **settings}
    return model_of(**settings).fit(X, curve(X) if y is None else y).network_


@pytest.mark.parametrize("settings", [{}, {"skip": "residual"}, {"activation": "tanh"}], ids=str)
@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_weight_norm_begins_with_mean_0_and_variance_1(settings, scale):
    given = 5.0 + scale * X
    network = at_start(given, **settings)
    for layer in range(3):
        mean, variance = network.moments(given, layer)
        np.testing.assert_allclose(mean, 0.0, atol=1e-10)
        np.testing.assert_allclose(variance, 1.0, atol=1e-10)
    blocks = network.blocks()
    assert "gain_2" in blocks and "gain_3" not in blocks  # the output layer is plain
    directions = np.concatenate([blocks[f"coefs_{layer}"].ravel() for layer in range(3)])
    assert stats.kstest(directions / 0.05, "norm").pvalue > 1e-3


def test_without_intercepts_weight_norm_begins_with_variance_1():
    network = at_start(X, bias=False)
    for layer in range(3):
        np.testing.assert_allclose(network.moments(X, layer)[1], 1.0, atol=1e-10)


def test_of_many_rows_weight_norm_looks_at_some():
    many = features(n=3 * STANDARDIZING_ROWS)
    network = at_start(many, batch_size=STANDARDIZING_ROWS)
    for layer in range(3):
        mean, variance = network.moments(many, layer)
        # Six standard errors of mean and variance over the rows that were looked at; a unit's
        # pre-activations have heavier tails than a normal's, hence the factor 2.
        assert 1e-8 < np.abs(mean).max() < 12 / np.sqrt(STANDARDIZING_ROWS)
        assert np.abs(variance - 1).max() < 12 * np.sqrt(2 / STANDARDIZING_ROWS)


def test_rows_of_weight_zero_are_not_looked_at():
    ignored = np.r_[np.ones(100), np.zeros(57)]
    model = model_of(dtype="float64", normalization="weight", **STILL).fit(X, Y, ignored)
    for layer in range(3):
        np.testing.assert_allclose(model.network_.moments(X[:100], layer)[1], 1.0, atol=1e-10)


@pytest.mark.parametrize("initializer", ["glorot_uniform", "orthogonal"])
def test_without_data_weight_norm_begins_at_the_initializers_weights(initializer):
    plain = at_start(X, normalization=None, initializer=initializer)
    normed = at_start(X, normalization=WeightNorm(data_dependent=False), initializer=initializer)
    for own, expected in zip(normed.effective().coefs(), plain.coefs(), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-14, atol=1e-300)


def test_given_weights_are_where_weight_norm_begins():
    first = model_of(normalization=None, dtype="float64").fit(X, Y)
    second = model_of(normalization="weight", dtype="float64", **STILL)
    second.fit(X, Y, coefs_init=first.coefs_, intercepts_init=first.intercepts_)
    np.testing.assert_allclose(second.predict(X), first.predict(X), rtol=1e-10, atol=1e-12)
    for own, given in zip(second.coefs_, first.coefs_, strict=True):
        np.testing.assert_allclose(own, given, rtol=1e-14)


@every_name
def test_the_data_dependent_initializer_goes_with_every_member(name):
    network = at_start(X, normalization=name, initializer="data_dependent")
    for layer in range(4):
        mean, variance = network.moments(X, layer)
        np.testing.assert_allclose(mean, 0.0, atol=1e-10)
        if name != "weight_standardization":
            np.testing.assert_allclose(variance, 1.0, atol=1e-10)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_gain_of_an_activation_is_its_integral(activation):
    value = TWINS[activation][0]

    def moment(k):
        return sum(
            integrate.quad(
                lambda x: value(np.array([x]))[0] ** k * stats.norm.pdf(x), *ends, epsabs=1e-13
            )[0]
            for ends in ((-12, 0), (0, 12))
        )

    expected = 1 / np.sqrt(moment(2) - moment(1) ** 2)
    assert variance_gain(activation) == pytest.approx(expected, rel=1e-11)


def test_the_gain_of_relu_is_exact():
    assert variance_gain("relu") == pytest.approx(np.sqrt(2 / (1 - 1 / np.pi)), rel=1e-15)
    assert variance_gain("relu") == pytest.approx(1.7128585504496627, rel=1e-15)


@pytest.mark.claims
@pytest.mark.parametrize("activation", ["identity", "relu", "leaky_relu", "tanh", "gelu", "silu"])
def test_scaled_weight_standardization_keeps_the_variance(activation):
    """Six layers of 512 units on standard normal features: the variance over rows and units is 1.

    A layer is 512 draws, each of which may err by some 100 %, so some 4 % a layer; a gain of
    sqrt(2) in place of ReLU's would lose 32 % a layer.
    """
    rng = np.random.default_rng(0)
    given = rng.normal(size=(2000, 512))
    network = at_start(
        given[:50],
        hidden_layer_sizes=(512,) * 6,
        activation=activation,
        normalization=ScaledWeightStandardization(centre_features=True),
        initializer="lecun_normal",
        y=rng.normal(size=50),
    )
    for layer in range(6):
        mean, variance = network.moments(given, layer)
        assert abs(variance.mean() + mean.var() - 1) < 0.04 * np.sqrt(layer + 1)


def test_the_gain_goes_to_the_layers_on_top_of_an_activation():
    normalization = ScaledWeightStandardization(centre_features=True)
    network = at_start(X, hidden_layer_sizes=(8,) * 5, normalization=normalization, skip="residual")
    specs = network.core.spec.layers
    relu = variance_gain("relu")
    gammas = [spec.reparametrization.settings["gamma"] for spec in specs[:-1]]
    # On top of features, stem, first layer of a block, sum of layers, first layer of a block.
    np.testing.assert_allclose(gammas, [1.0, relu, relu, 1.0, relu], rtol=1e-14)
    assert specs[-1].reparametrization.name == "none"
    # SkipInit: a block begins as the identity.
    # Up to the step of 1e-30 that was made.
    np.testing.assert_allclose(network.activations(X, 4), network.activations(X, 0), atol=1e-25)


@pytest.mark.parametrize("kind", [WeightStandardization, ScaledWeightStandardization])
def test_centred_weights_of_a_single_input_are_refused(kind):
    """They would be 0 whatever is trained."""
    match = f"{kind.name} centres .* hidden layer 0 has a single input"
    with pytest.raises(ValueError, match=match):
        model_of(normalization=kind(centre_features=True)).fit(X[:, :1], Y)
    with pytest.raises(ValueError, match="hidden layer 2 has a single input"):
        model_of(normalization=kind(), hidden_layer_sizes=(8, 1, 8)).fit(X, Y)
    assert model_of(normalization="weight", hidden_layer_sizes=(8, 1, 8)).fit(X[:, :1], Y)


@pytest.mark.parametrize("kind", [WeightStandardization, ScaledWeightStandardization])
def test_without_centring_the_features_their_sum_is_seen(kind):
    target = X.sum(axis=1)
    common = {"hidden_layer_sizes": (16, 16), "solver": "lbfgs", "max_iter": 200}
    blind = model_of(normalization=kind(centre_features=True), **common).fit(X, target)
    seeing = model_of(normalization=kind(), **common).fit(X, target)
    assert np.abs(blind.network_.effective().coefs()[0].sum(axis=0)).max() < 1e-4
    fresh = features(seed=9)
    scores = [model.score(fresh, fresh.sum(axis=1)) for model in (blind, seeing)]
    assert scores[0] < 0.2 < 0.9 < scores[1]
    # A single feature can be seen, too.
    alone = model_of(normalization=kind()).fit(X[:, :1], X[:, 0])
    assert np.abs(alone.network_.effective().coefs()[0]).min() > 0


def test_features_that_are_not_centred_are_scaled_alike():
    start = at_start(X, normalization=ScaledWeightStandardization(), activation="tanh")
    for layer in range(3):
        gamma = 1.0 if layer == 0 else variance_gain("tanh")
        sizes = np.linalg.norm(start.effective().coefs()[layer], axis=0)
        np.testing.assert_allclose(sizes, gamma, rtol=1e-12)


@every_name
def test_coefs_are_the_stored_matrices(name):
    model = model_of(normalization=name).fit(X, Y)
    before = model.predict(X)
    model.coefs_[1][:, 0] *= -1.0
    assert not np.array_equal(model.predict(X), before)
    stored = model.network_.effective().coefs()[1]
    assert not np.allclose(stored, model.coefs_[1])


@every_name
@pytest.mark.parametrize("normalization", ["itself", "batch"])
@pytest.mark.parametrize("skip", [None, "residual"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
def test_folding_keeps_the_predictions(name, normalization, skip, bias, dtype, tolerance):
    """In float32, 5 layers of 16 products of 6e-8 each, magnified by a norm of small variance."""
    chosen = name if normalization == "itself" else "batch"
    settings = {"skip": skip, "bias": bias, "dtype": dtype, "dropout": 0.1}
    model = model_of(normalization=chosen, hidden_layer_sizes=(16,) * 5, **settings).fit(X, Y)
    given = X.astype(dtype)
    folded = model.network_.fold()
    expected = model.network_.outputs(given)
    size = np.abs(expected).max()
    np.testing.assert_allclose(folded.outputs(given), expected, atol=tolerance * size, rtol=0)
    assert all(
        (spec.normalization.name, spec.reparametrization.name, spec.dropout) == ("none", "none", 0)
        for spec in folded.core.spec.layers
    )
    folded.parameters[...] = 0.0
    np.testing.assert_array_equal(model.network_.outputs(given), expected)


def test_folding_leaves_layer_norm_and_plain_networks_as_they_are():
    for normalization in ("layer", None):
        model = model_of(normalization=normalization).fit(X, Y)
        folded = model.network_.fold()
        np.testing.assert_array_equal(folded.parameters, model.network_.parameters)
        assert folded.parameters is not model.network_.parameters


@every_name
def test_sparse_features_train_as_dense_ones(name):
    given = np.where(np.abs(X) > 0.7, X, 0.0)
    dense = model_of(normalization=name, dtype="float64").fit(given, Y, weights())
    csr = model_of(normalization=name, dtype="float64").fit(sparse.csr_array(given), Y, weights())
    np.testing.assert_allclose(csr.predict(given), dense.predict(given), rtol=1e-8, atol=1e-10)


@every_name
def test_members_have_starts_of_their_own(name):
    several = model_of(normalization=name, n_members=3).fit(X, Y)
    predictions = [member.predict(X) for member in several.members_]
    np.testing.assert_allclose(several.predict(X), np.mean(predictions, axis=0), rtol=1e-5)
    assert not np.allclose(predictions[0], predictions[1])


@every_name
def test_lbfgs_trains_the_stored_numbers(name):
    model = model_of(
        normalization=name, solver="lbfgs", activation="tanh", max_iter=200, hidden_layer_sizes=(8,)
    ).fit(X, Y)
    # Centred weights have a direction less, so eight units fit less than without.
    assert model.score(X, Y) > 0.8


@every_name
def test_classifiers_take_every_member(name):
    labels = np.where(Y > 0, "up", "down")
    model = MLPClassifier((16, 16), normalization=name, random_state=0, max_iter=100)
    assert model.fit(X, labels).score(X, labels) > 0.75


@every_name
def test_threads_leave_the_bits_alone(name):
    wide = {"hidden_layer_sizes": (256, 256), "normalization": name, "batch_size": 128}
    given = features(n=1000)
    one, two = (model_of(n_jobs=n, **wide).fit(given, curve(given)) for n in (1, 2))
    assert same_bits(one, two)


@every_name
def test_l2_falls_on_what_is_stored(name):
    weak = model_of(normalization=name, alpha=0.0, max_iter=50).fit(X, Y)
    strong = model_of(normalization=name, alpha=30.0, max_iter=50).fit(X, Y)
    for small, large in zip(strong.coefs_[:3], weak.coefs_[:3], strict=True):
        assert np.linalg.norm(small) < np.linalg.norm(large)


@every_name
@pytest.mark.parametrize(
    "settings",
    [
        {"clip_norm": 0.1, "mixup": 0.3},
        {"averaging": "ema"},
        {"averaging": "swa", "solver": "sgd"},
        {"solver": "rmsprop", "augmentation": "jitter"},
        {"early_stopping": True, "solver": "adamw"},
    ],
    ids=str,
)
def test_members_go_with_everything_else_that_trains(name, settings):
    """And stay exact: what a fit of 8 epochs gives, two of 4 give too, on any number of threads."""
    common = {"normalization": name, "batch_size": 32, "n_iter_no_change": 100, **settings}
    whole = model_of(**{**common, "max_iter": 8, "n_jobs": 2}).fit(X, Y)
    assert np.isfinite(whole.predict(X)).all()
    if settings.get("averaging") != "swa":  # its schedule has a horizon
        parts = model_of(**{**common, "max_iter": 4, "warm_start": True, "n_jobs": 1})
        assert same_bits(parts.fit(X, Y).fit(X, Y), whole)


def test_a_layer_of_64_units_has_128_numbers_of_batch_norm():
    def count(normalization):
        model = model_of(hidden_layer_sizes=(64,), normalization=normalization, bias=False)
        return model.partial_fit(X, Y).network_.core

    plain, normed, weight = count(None), count("batch"), count("weight")
    assert normed.n_trainable - plain.n_trainable == 2 * 64 == 128
    assert normed.n_parameters - normed.n_trainable == 2 * 64
    assert weight.n_trainable - plain.n_trainable == 64
