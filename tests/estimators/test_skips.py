"""Skips of the estimators: what they start as, what they refuse, and what dropping leaves alone."""

import warnings

import numpy as np
import pytest
from scipy import sparse

from deepgen import MLPClassifier, MLPRegressor, Probe, _core
from deepgen._network.initializers import initialize
from deepgen._network.network import Network
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.estimators.network_spec import network_spec
from deepgen.normalizations import LayerNorm
from deepgen.skips import SKIPS, DeepNorm, Fixup, Highway, Residual
from estimators.samples import curve, features, same_bits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
DEEP = [8] * 9


def model_of(**settings):
    common = {"hidden_layer_sizes": DEEP, "max_iter": 3, "random_state": 0}
    return MLPRegressor(**{**common, **settings})


def at_start(**settings):
    """A fitted estimator whose weights are those of the start: its steps are lost in rounding."""
    settings = {"dtype": "float64", "max_iter": 1, "learning_rate_init": 1e-300, **settings}
    return model_of(**settings).fit(X, Y)


def test_a_block_of_zeros_is_the_identity_and_so_is_its_jacobian():
    rng = np.random.default_rng(0)
    eye, zero = np.eye(4), np.zeros((4, 4))
    coefs = [eye, rng.normal(size=(4, 4)), zero, eye]
    X_4 = rng.normal(size=(7, 4))
    for skip in ("residual", "fixup"):
        model = regressor_from_layers(
            coefs, [np.zeros(4)] * 4, skip=skip, activation=["identity", "tanh", "relu"]
        )
        np.testing.assert_array_equal(model.predict(X_4), X_4)
        if skip == "residual":
            J = Probe(model, X_4, X_4).jacobian(X_4)
            np.testing.assert_array_equal(J, np.broadcast_to(eye, (7, 4, 4)))


@pytest.mark.parametrize("scale", [1.0, 1000.0])
@pytest.mark.parametrize(("skip", "depth"), [(None, 3), ("residual", 13), ("residual", 40)])
def test_targets_of_batch_normed_nets_keep_their_units_at_any_depth(skip, depth, scale):
    settings = {"normalization": "batch", "initializer": "he_normal", "max_iter": 1}
    model = model_of(skip=skip, hidden_layer_sizes=[8] * depth, **settings).fit(scale * X, Y)
    np.testing.assert_allclose(model._targets.scaling.scale, Y.std(), rtol=1e-6)


@pytest.mark.claims
@pytest.mark.parametrize("depth", [14, 30])
def test_deep_batch_normed_nets_fit_their_rows(depth):
    settings = {"normalization": "batch", "initializer": "he_normal", "max_iter": 60}
    model = model_of(skip="residual", hidden_layer_sizes=[32] * depth, **settings).fit(X, Y)
    assert model.score(X, Y) > 0.9


def test_fixup_starts_as_its_first_layer_and_gives_zeros():
    model = at_start(skip="fixup", initializer="he_normal")
    for layer in (2, 4, 8):
        np.testing.assert_array_equal(model.embed(X, layer), model.embed(X, 0))
    assert np.abs(model.network_.outputs(X)).max() < 1e-290
    blocks = model.network_.blocks()
    assert [blocks[f"gain_{layer}"].tolist() for layer in (2, 4, 6, 8)] == [[1.0]] * 4


def test_fixup_scales_the_first_layer_of_each_block_by_the_depth():
    plain = at_start(initializer="he_normal")
    fixed = at_start(skip="fixup", initializer="he_normal")
    for layer in (1, 3, 5, 7):
        np.testing.assert_allclose(fixed.coefs_[layer], plain.coefs_[layer] / 2.0, rtol=1e-12)
    np.testing.assert_array_equal(fixed.coefs_[0], plain.coefs_[0])


def test_deepnorm_scales_both_layers_of_each_block_by_beta():
    plain, deep = at_start(), at_start(skip="deepnorm")
    beta = (4 * 4) ** -0.25
    for layer in range(1, 9):
        np.testing.assert_allclose(deep.coefs_[layer], beta * plain.coefs_[layer], rtol=1e-12)
        np.testing.assert_allclose(
            deep.intercepts_[layer], beta * plain.intercepts_[layer], rtol=1e-12
        )
    np.testing.assert_array_equal(deep.coefs_[0], plain.coefs_[0])
    np.testing.assert_array_equal(deep.coefs_[9], plain.coefs_[9])


def test_deepnorm_normalizes_the_magnified_sum_of_each_block():
    model = at_start(skip=DeepNorm(), normalization=LayerNorm(eps=0.1))
    h, (W_1, W_2), (b_1, b_2) = model.embed(X, 0), model.coefs_[1:3], model.intercepts_[1:3]
    total = 4**0.25 * h + np.maximum(h @ W_1 + b_1, 0) @ W_2 + b_2
    centred = total - total.mean(axis=1, keepdims=True)
    normed = centred / np.sqrt(total.var(axis=1, keepdims=True) + 0.1)
    np.testing.assert_allclose(model.embed(X, 2), normed, rtol=1e-10, atol=1e-12)


def test_a_closed_gate_passes_and_an_open_one_replaces():
    for bias, layer in ((-100.0, 0), (100.0, None)):
        model = at_start(skip=Highway(gate_bias=bias))
        first = model.embed(X, 0)
        if layer is None:
            expected = np.maximum(first @ model.coefs_[1] + model.intercepts_[1], 0)
        else:
            expected = first
        np.testing.assert_allclose(model.embed(X, 1), expected, rtol=1e-12, atol=1e-12)


def test_a_highway_mixes_by_its_gates():
    model = model_of(skip="highway", dtype="float64").fit(X, Y)
    blocks, h = model.network_.blocks(), model.embed(X, 0)
    gate = 1 / (1 + np.exp(-(h @ blocks["gate_coefs_1"] + blocks["gate_intercepts_1"])))
    own = np.maximum(h @ model.coefs_[1] + model.intercepts_[1], 0)
    np.testing.assert_allclose(model.embed(X, 1), gate * own + (1 - gate) * h, rtol=1e-10)
    assert len(model.coefs_) == 10 and blocks["gate_coefs_1"].shape == (8, 8)
    start = at_start(skip="highway").network_.blocks()
    assert not np.array_equal(start["gate_coefs_1"], start["coefs_1"])
    np.testing.assert_array_equal(start["gate_intercepts_1"], -2.0)


@pytest.mark.parametrize("name", [*SKIPS, "residual with drop"])
def test_gates_gains_and_drops_change_no_other_starting_weight(name):
    skip = Residual(drop=0.5) if name == "residual with drop" else name
    plain, bridged = at_start().coefs_[0], at_start(skip=skip).coefs_[0]
    np.testing.assert_array_equal(plain, bridged)


def test_dropping_no_branch_changes_no_bit_and_dropping_some_does():
    plain = model_of(skip="residual", dropout=0.1).fit(X, Y)
    assert same_bits(plain, model_of(skip=Residual(drop=0.0), dropout=0.1).fit(X, Y))
    assert not same_bits(plain, model_of(skip=Residual(drop=0.3), dropout=0.1).fit(X, Y))


def test_measurements_and_predictions_know_nothing_of_dropped_branches():
    plain, dropping = at_start(skip="residual"), at_start(skip=Residual(drop=0.9))
    np.testing.assert_array_equal(plain.predict(X), dropping.predict(X))
    one, other = Probe(plain, X, Y), Probe(dropping, X, Y)
    assert one.loss() == other.loss()
    np.testing.assert_array_equal(one.gradient(), other.gradient())


@pytest.mark.parametrize("skip", SKIPS)
def test_sparse_features_train_as_dense_ones(skip):
    thin = np.where(np.random.default_rng(0).random(X.shape) < 0.5, X, 0.0)
    settings = {"skip": skip, "dtype": "float64"}
    dense = model_of(**settings).fit(thin, Y)
    other = model_of(**settings).fit(sparse.csr_matrix(thin), Y)
    np.testing.assert_allclose(dense.network_.parameters, other.network_.parameters, rtol=1e-9)


@pytest.mark.parametrize("skip", SKIPS)
def test_every_skip_works_with_classes_members_and_lbfgs(skip):
    y = np.digitize(Y, [-0.5, 0.5])
    settings = {"hidden_layer_sizes": DEEP, "skip": skip, "random_state": 0}
    model = MLPClassifier(n_members=2, max_iter=2, **settings).fit(X, y)
    assert model.predict_proba(X).shape == (len(X), 3)
    model = MLPClassifier(solver="lbfgs", max_iter=40, **settings).fit(X, y)
    assert model.score(X, y) > 0.6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(skip="fixup", normalization="batch"), "skip='fixup' stands in the place of a norm"),
        (dict(skip=Fixup(), normalization="layer"), r"normalization=None, got LayerNorm\(\)"),
        (dict(skip="fixup", initializer="data_dependent"), "skip='fixup' sets the scale"),
        (dict(skip="deepnorm", initializer="data_dependent"), "skip='deepnorm' sets the scale"),
        (dict(skip="deepnorm", normalization="batch"), r"or 'layer', got BatchNorm\(\)"),
        (dict(skip="highway", bias=False), "skip='highway' needs bias=True"),
        (dict(skip=Residual(drop=0.1), solver="lbfgs"), "lbfgs' does not support dropped branches"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_refused_by_name(settings, message):
    with pytest.raises(ValueError, match=message):
        model_of(**settings).fit(X, Y)


@pytest.mark.parametrize("skip", SKIPS)
def test_a_skip_that_no_width_fits_is_warned_about(skip):
    with pytest.warns(UserWarning, match=rf"{SKIPS[skip].__name__}\(\) has no effect.*\[8, 7, 6\]"):
        unbridged = model_of(skip=skip, hidden_layer_sizes=(8, 7, 6)).fit(X, Y)
    assert {layer.skip_from for layer in unbridged.network_.core.spec.layers} == {-1}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.filterwarnings("ignore", message="Stochastic Optimizer")
        model_of(skip=skip, hidden_layer_sizes=(8, 8, 8)).fit(X, Y)


def test_weights_of_ones_own_win_over_what_the_skip_starts_with():
    drawn = at_start(initializer="he_normal")
    given = model_of(skip="fixup", dtype="float64", max_iter=1, learning_rate_init=1e-300)
    given.fit(X, Y, coefs_init=drawn.coefs_, intercepts_init=drawn.intercepts_)
    for own, expected in zip(given.coefs_, drawn.coefs_, strict=True):
        np.testing.assert_array_equal(own, expected)


def sums_before_a_norm(depth, magnified):
    """Blocks norm(alpha h + f(h)) at their start; alpha = beta = 1 where not magnified."""
    widths = [16] * (2 * depth + 1)
    spec = network_spec(
        n_inputs=8,
        widths=widths,
        n_outputs=1,
        activations=["relu"] * len(widths),
        normalization=None,
        skip="deepnorm",
        dropout=0.0,
        bias=True,
        loss=_core.Component("squared_error"),
    )
    if not magnified:
        layers = [
            _core.LayerSpec(
                width=layer.width,
                activation=layer.activation,
                normalization=layer.normalization,
                skip_from=layer.skip_from,
                skip=_core.Component("deepnorm", {"alpha": 1.0}),
            )
            for layer in spec.layers
        ]
        spec = _core.NetworkSpec(n_inputs=8, layers=layers, loss=spec.loss)
    return Network(_core.Network(spec, dtype="float64"))


def output_move(depth, magnified, seed, rate=1e-4):
    """How far an SGD step on the weights moves the outputs, in rates, root mean square.

    The residuals are standard normal, so that only the network's own gain is seen.
    """
    rng = np.random.default_rng(seed)
    network = sums_before_a_norm(depth, magnified)
    initialize(network, "he_normal", rng, ["relu"] * network.n_layers)
    if magnified:
        DeepNorm().start(network)
    data = rng.normal(size=(64, 8))
    before = network.outputs(data)
    _, gradient = network.loss_and_gradient(data, before + rng.normal(size=before.shape))
    for block in network.core.layout:
        if block.kind == "coefs":
            part = slice(block.offset, block.offset + block.size)
            network.parameters[part] -= rate * gradient[part]
    return np.sqrt(np.mean((network.outputs(data) - before) ** 2)) / rate


@pytest.mark.slow
def test_a_first_step_of_deepnorm_moves_the_outputs_alike_at_any_depth():
    """The slope in log depth is near 0, and that of the plain sum before a norm is not."""
    depths = [4, 8, 16, 32, 64, 128]

    def slope(magnified):
        logs = [[np.log(output_move(d, magnified, seed)) for seed in range(8)] for d in depths]
        return np.polyfit(np.log(depths), np.mean(logs, axis=1), 1)[0]

    assert abs(slope(True)) < 0.2
    assert slope(False) > 0.5
