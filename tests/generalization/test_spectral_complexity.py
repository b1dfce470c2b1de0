import copy

import numpy as np
import pytest

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.activations import Parametric
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.generalization import spectral_complexity
from deepgen.generalization.norms.matrix_chain import matrix_chain
from deepgen.generalization.norms.starting_model import starting_model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def drawn(widths, *, seed=0, bias=False):
    draw = np.random.RandomState(seed)
    pairs = list(zip(widths[:-1], widths[1:], strict=True))
    coefs = [draw.randn(*shape) for shape in pairs]
    intercepts = [draw.randn(out) * bias for _, out in pairs]
    return coefs, intercepts


def network(widths, *, seed=0, bias=False, **parameters):
    coefs, intercepts = drawn(widths, seed=seed, bias=bias)
    return regressor_from_layers(coefs, intercepts, bias=bias, **parameters)


def direct(matrices, references, rho):
    """R_A as it is written down, matrices (out, in)."""
    total, product = 0.0, 1.0
    for A, M, r in zip(matrices, references, rho, strict=True):
        spectral = np.sqrt(np.linalg.eigvalsh(A @ A.T)[-1])
        columns = (A.T - M.T).T  # the columns of A^T - M^T are the rows of A - M
        two_one = sum(np.sqrt(sum(entry**2 for entry in column)) for column in columns)
        total += (two_one / spectral) ** (2 / 3)
        product *= r * spectral
    return product * total ** (3 / 2)


def test_it_is_the_formula_without_intercepts():
    coefs, _ = drawn([5, 7, 4, 3])
    matrices = [W.T for W in coefs]
    found = spectral_complexity(network([5, 7, 4, 3]))
    zeros = [0 * A for A in matrices]
    assert found.value == pytest.approx(direct(matrices, zeros, [1, 1, 1]), rel=1e-12)
    assert not found.has_constant and found.reference == "0" and found.largest_side == 7
    np.testing.assert_allclose(
        found.spectral_norms, [np.linalg.svd(A)[1][0] for A in matrices], rtol=1e-8
    )
    assert found.product == pytest.approx(np.prod(found.spectral_norms), rel=1e-14)


def test_intercepts_are_weights_of_a_constant_whose_row_is_its_own_reference():
    coefs, intercepts = drawn([3, 6, 2], bias=True)
    A = np.block([[coefs[0].T, intercepts[0][:, None]], [np.zeros((1, 3)), np.ones((1, 1))]])
    B = np.column_stack([coefs[1].T, intercepts[1]])
    M = np.zeros_like(A)
    M[-1, -1] = 1.0
    found = spectral_complexity(network([3, 6, 2], bias=True))
    assert found.value == pytest.approx(direct([A, B], [M, 0 * B], [1, 1]), rel=1e-12)
    assert found.has_constant and (found.spectral_norms >= 1).all()


def test_the_chain_computes_what_the_network_predicts():
    draw = np.random.RandomState(3)
    X = draw.randn(20, 3)
    model = MLPRegressor(
        hidden_layer_sizes=(6, 5, 6, 5, 6),
        skip="residual",
        normalization="batch",
        random_state=0,
        dtype="float64",
    )
    model = model.fit(X, np.sin(X[:, 0]))
    chain = matrix_chain(model)
    z = chain.inputs(X)
    for index, A in enumerate(chain.matrices):
        z = z @ A.T
        z = np.where(z > 0, z, chain.leaks(index) * z)
    np.testing.assert_allclose(z.ravel(), model.predict(X), rtol=1e-10, atol=1e-12)
    assert any(fixed.any() for fixed in chain.carried)


def test_residual_layers_carry_the_earlier_output_and_refer_to_the_identity():
    model = network([4, 4, 3, 4, 1], skip="residual")
    layers = matrix_chain(model)
    W = [layer.weights.T for layer in layers.layers]
    joined = [layer.skip_from for layer in layers.layers]
    assert joined == [-1, -1, 0, -1]
    eye, zero = np.eye(4), np.zeros
    matrices = [W[0], np.vstack([W[1], eye]), np.hstack([W[2], eye]), W[3]]
    references = [
        zero((4, 4)),
        np.vstack([zero((3, 4)), eye]),
        np.hstack([zero((4, 3)), eye]),
        zero((1, 4)),
    ]
    found = spectral_complexity(model)
    assert found.value == pytest.approx(direct(matrices, references, [1] * 4), rel=1e-12)


@pytest.mark.parametrize(
    ("activation", "rho"),
    [("tanh", 1.0), ("selu", 1.758099340847377), ("gelu", 1.1289041451851549), ("leaky_relu", 1.0)],
)
def test_activations_enter_by_their_lipschitz_constants(activation, rho):
    plain, bent = network([3, 4, 2]), network([3, 4, 2], activation=activation)
    ratio = spectral_complexity(bent).value / spectral_complexity(plain).value
    assert ratio == pytest.approx(rho, rel=1e-12)
    # No slope of the activation is larger: the network 1-1-1 shows it.
    one = regressor_from_layers([[[1.0]], [[1.0]]], [[0.0], [0.0]], activation=activation)
    x = np.linspace(-8, 8, 40001)
    slopes = np.diff(one.predict(x[:, None])) / np.diff(x)
    assert np.abs(slopes).max() <= rho + 1e-9
    assert np.abs(slopes).max() > rho - 1e-3


def test_a_parametric_activation_has_the_slope_of_its_units():
    model = network([2, 3, 1], activation=Parametric("relu"))
    model.network_.blocks_of("slope")[0][...] = [1.0, -1.0, 2.0]
    # z + a (f(z) - z) has the slopes 1 and 1 - a.
    assert spectral_complexity(model).lipschitz.tolist() == pytest.approx([2.0, 1.0], rel=1e-13)


def test_rescaled_units_change_it_and_a_scaled_layer_scales_it():
    coefs, zeros = drawn([4, 6, 3])
    value = spectral_complexity(regressor_from_layers(coefs, zeros, bias=False)).value
    rescaled = [coefs[0].copy(), coefs[1].copy()]
    rescaled[0][:, 0] *= 10.0
    rescaled[1][0] /= 10.0
    other = regressor_from_layers(rescaled, zeros, bias=False)
    x = np.random.RandomState(0).randn(5, 4)
    plain = regressor_from_layers(coefs, zeros, bias=False)
    np.testing.assert_allclose(other.predict(x), plain.predict(x), rtol=1e-12)
    assert abs(spectral_complexity(other).value / value - 1) > 0.1
    scaled = regressor_from_layers([3.7 * coefs[0], coefs[1]], zeros, bias=False)
    assert spectral_complexity(scaled).value == pytest.approx(3.7 * value, rel=1e-12)


def test_a_layer_of_zeros_is_no_division_by_zero():
    coefs, zeros = drawn([2, 3, 2])
    model = regressor_from_layers([0 * coefs[0], coefs[1]], zeros, bias=False)
    assert spectral_complexity(model).value == 0.0


def test_reference_arrays():
    coefs, _ = drawn([3, 4, 2])
    others, _ = drawn([3, 4, 2], seed=1)
    found = spectral_complexity(network([3, 4, 2]), reference=others)
    expected = direct([W.T for W in coefs], [W.T for W in others], [1, 1])
    assert found.value == pytest.approx(expected, rel=1e-12) and found.reference == "arrays"
    assert spectral_complexity(network([3, 4, 2]), reference=coefs).value == 0.0


def data(n=40):
    draw = np.random.RandomState(0)
    X = draw.randn(n, 3)
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


STARTS = {
    "default": {},
    "float64": dict(dtype="float64", hidden_layer_sizes=(5, 4)),
    "lbfgs": dict(solver="lbfgs"),
    "orthogonal": dict(initializer="orthogonal", hidden_layer_sizes=(6, 6, 6)),
    "batch": dict(normalization="batch"),
    "weight standardization": dict(normalization="weight_standardization"),
    "residual": dict(skip="residual", hidden_layer_sizes=(5, 4, 5)),
    "fixup": dict(skip="fixup", hidden_layer_sizes=(5, 4, 5)),
    "no bias": dict(bias=False, random_state=np.random.RandomState(7)),
    "ntk": dict(parametrization="ntk"),
    "early stopping": dict(early_stopping=True),
}


@pytest.mark.parametrize("settings", STARTS.values(), ids=STARTS.keys())
def test_the_starting_weights_are_those_of_the_training_to_the_bit(settings, monkeypatch):
    from deepgen.estimators import fit

    seen = []
    start_network = fit.start_network

    def watched(model, network, *arguments, **more):
        outputs = start_network(model, network, *arguments, **more)
        seen.append(network.parameters.copy())
        return outputs

    monkeypatch.setattr(fit, "start_network", watched)
    X, y = data()
    given = dict(hidden_layer_sizes=(5,), random_state=0, max_iter=3) | settings
    model = MLPClassifier(**copy.deepcopy(given)).fit(X, y)
    start = starting_model(model)
    assert np.array_equal(start.network_.parameters, seen[0])
    assert start.network_.parameters.dtype == seen[0].dtype
    assert not np.array_equal(start.network_.parameters, model.network_.parameters)
    own = spectral_complexity(model, "start")
    assert own.value > 0 and own.reference == "start"
    assert spectral_complexity(Probe(model, X, y), "start").value == own.value


def test_the_distance_to_the_start_is_the_formula():
    X, y = data()
    model = MLPRegressor(
        hidden_layer_sizes=(4,), bias=False, dtype="float64", random_state=1, max_iter=20
    )
    model = model.fit(X, X[:, 0], None)
    start = starting_model(model)
    scale = model.target_scale_
    matrices, references = ([one.coefs_[0].T, one.coefs_[1].T * scale] for one in (model, start))
    # The output layer of a regressor is in units of y, whose mean is an intercept.
    A = np.block([[matrices[0], np.zeros((4, 1))], [np.zeros((1, 3)), np.ones((1, 1))]])
    M = np.block([[references[0], np.zeros((4, 1))], [np.zeros((1, 3)), np.ones((1, 1))]])
    B, N = (np.column_stack([last, model.target_mean_]) for last in (matrices[1], references[1]))
    found = spectral_complexity(model, "start")
    assert found.value == pytest.approx(direct([A, B], [M, N], [1, 1]), rel=1e-10)


def continued(model, X, y):
    model = model.set_params(warm_start=True).fit(X, y)
    return model.fit(X, y)


REFUSED = {
    "no seed": (dict(random_state=None), lambda m, X, y: m.fit(X, y), "random_state=None"),
    "warm start": ({}, continued, "not known"),
    "partial_fit": (
        {},
        lambda m, X, y: m.partial_fit(X, y, classes=[0, 1]).partial_fit(X, y),
        "not known",
    ),
    "coefs_init": (
        {},
        lambda m, X, y: m.fit(X, y, coefs_init=[np.ones((3, 5)), np.ones((5, 1))]),
        "not known",
    ),
    "data-dependent": (
        dict(initializer="data_dependent"),
        lambda m, X, y: m.fit(X, y),
        "depend on the training rows",
    ),
    "subspace": (
        dict(averaging="subspace"),
        lambda m, X, y: m.fit(X, y),
        "cannot be built again",
    ),
    "changed": (
        {},
        lambda m, X, y: m.fit(X, y).set_params(initializer="he_normal"),
        "changed since",
    ),
}


@pytest.mark.parametrize(("settings", "fit", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_start_that_is_not_known_is_refused(settings, fit, message):
    X, y = data()
    given = dict(hidden_layer_sizes=(5,), random_state=0, max_iter=2) | settings
    model = fit(MLPClassifier(**given), X, y)
    with pytest.raises(ValueError, match=message):
        spectral_complexity(model, "start")


def test_a_first_call_of_partial_fit_and_a_saved_model_know_their_start(tmp_path):
    import deepgen

    X, y = data()
    model = MLPClassifier((5,), random_state=0).partial_fit(X, y, classes=[0, 1])
    model.save(tmp_path / "model.dgn")
    loaded = deepgen.load(tmp_path / "model.dgn")
    assert spectral_complexity(loaded, "start").value == spectral_complexity(model, "start").value


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(normalization="layer"), "layer norm"),
        (dict(skip="deepnorm", hidden_layer_sizes=(4, 4, 4)), "layer norm"),
        (dict(skip="highway", hidden_layer_sizes=(4, 4, 4)), "highway"),
        (dict(activation="logistic"), "not 0 at 0"),
    ],
)
def test_what_the_theorem_does_not_cover_is_refused_by_name(settings, message):
    X, y = data()
    model = MLPClassifier(**(dict(hidden_layer_sizes=(4,), max_iter=1) | settings)).fit(X, y)
    with pytest.raises(ValueError, match=message):
        spectral_complexity(model)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("begin", "must be 0, 'start' or arrays"),
        (1, "0, 'start' or 2 arrays"),
        ([np.zeros((3, 4))], "2 arrays"),
        ([np.zeros((4, 3)), np.zeros((4, 2))], "must have the shape"),
        ([np.zeros((3, 4)), np.full((4, 2), np.nan)], "NaN"),
    ],
)
def test_bad_references_are_refused(reference, message):
    with pytest.raises(ValueError, match=message):
        spectral_complexity(network([3, 4, 2]), reference)


def test_layers_too_large_for_their_singular_values_are_refused(monkeypatch):
    from deepgen.generalization.norms import matrix_chain as module

    monkeypatch.setattr(module, "MAX_WORK", 10.0)
    with pytest.raises(ValueError, match="multiply-adds"):
        spectral_complexity(network([3, 4, 2]))
