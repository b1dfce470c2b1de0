import numpy as np
import pytest
from scipy import sparse

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.optimization import gradient_flow

DRAW = np.random.RandomState(0)
X = DRAW.randn(30, 4)
Y = np.sin(X[:, 0]) + X[:, 1]


def tower(widths, gain, seed, **parameters):
    """A network of variance gain / fan-in, without intercepts."""
    draw = np.random.RandomState(seed)
    shapes = list(zip(widths[:-1], widths[1:], strict=True))
    coefs = [draw.randn(a, b) * np.sqrt(gain / a) for a, b in shapes]
    zeros = [np.zeros(b) for _, b in shapes]
    return regressor_from_layers(coefs, zeros, bias=False, **parameters)


def by_hand(model, x, y):
    """dL/dz of each layer of a ReLU network, the weight gradients and the Jacobian, by NumPy."""
    a, activations = x, [x]
    for W, b in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        a = np.maximum(a @ W + b, 0)
        activations.append(a)
    residual = a @ model.coefs_[-1] + model.intercepts_[-1] - y[:, None]
    deltas = [residual]
    for W, h in zip(model.coefs_[:0:-1], activations[:0:-1], strict=True):
        deltas.insert(0, (deltas[0] @ W.T) * (h > 0))
    gradients = [h.T @ d / len(x) for h, d in zip(activations, deltas, strict=True)]
    J = np.repeat(model.coefs_[-1].T[None], len(x), axis=0)
    for W, h in zip(model.coefs_[-2::-1], activations[:0:-1], strict=True):
        J = (J * (h > 0)[:, None]) @ W.T
    return deltas, gradients, J


def test_every_number_equals_numpy():
    draw = np.random.RandomState(2)
    shapes = [(4, 7), (7, 6), (6, 1)]
    model = regressor_from_layers(
        [draw.randn(*s) for s in shapes], [draw.randn(s[1]) for s in shapes]
    )
    flow = gradient_flow(Probe(model, X, Y))
    deltas, gradients, J = by_hand(model, X, Y)
    close = {"rtol": 1e-11}
    signal = [np.sqrt(np.mean(np.sum(d**2, axis=1))) for d in deltas]
    np.testing.assert_allclose(flow.signal, signal, **close)
    norms = [np.linalg.norm(g) for g in gradients]
    np.testing.assert_allclose(flow.weight_gradient, norms, **close)
    np.testing.assert_allclose(
        flow.intercept_gradient, [np.linalg.norm(d.mean(axis=0)) for d in deltas], **close
    )
    weights = [np.linalg.norm(W) for W in model.coefs_]
    np.testing.assert_allclose(flow.weight_norm, weights, **close)
    np.testing.assert_allclose(flow.weight_ratio, np.divide(norms, weights), **close)
    np.testing.assert_allclose(flow.singular_values[:, 0], np.linalg.norm(J[:, 0], axis=1), **close)
    squares = 2 * np.log2(signal[:2])
    assert flow.slope == pytest.approx(squares[1] - squares[0], rel=1e-9)
    assert flow.slope_interval == (-np.inf, np.inf)
    assert repr(flow).startswith("GradientFlow(3 layers")


def test_sample_weights_average_the_squares():
    model = tower([4, 5, 5, 5, 1], 2, 0)
    weights = np.arange(30.0)
    flow = gradient_flow(Probe(model, X, Y, weights))
    squares = [np.average(np.sum(d**2, 1), weights=weights) for d in by_hand(model, X, Y)[0]]
    np.testing.assert_allclose(flow.signal**2, squares, rtol=1e-11)


def test_weight_gradients_cannot_show_it_in_a_homogeneous_network():
    # <W_l, dL/dW_l> is the same for all layers, though the signal falls by the gain.
    model = tower([4, 32, 32, 32, 1], 0.5, 1)
    probe = Probe(model, X, Y)
    products = [np.sum(W * G) for W, G in zip(model.coefs_, by_hand(model, X, Y)[1], strict=True)]
    np.testing.assert_allclose(products, products[0], rtol=1e-10)
    blocks = [slice(b.offset, b.offset + b.size) for b in probe.network.core.layout]
    ours = [probe.parameters[part] @ probe.gradient()[part] for part in blocks]
    np.testing.assert_allclose(ours, products, rtol=1e-10)
    assert np.isnan(gradient_flow(probe).intercept_gradient).all()


@pytest.mark.parametrize(
    ("activation", "gain", "bits", "tolerance"),
    [("relu", 1, 0.982, 0.06), ("relu", 2, -0.018, 0.06), ("tanh", 1, 0.22, 0.05)],
)
def test_the_signal_changes_by_half_the_gain_per_layer(activation, gain, bits, tolerance):
    # Ten networks of 20 layers of 256 units: the mean of squares, and its slope in powers of two.
    squares = []
    for seed in range(10):
        model = tower([256] * 20 + [1], gain, seed, activation=activation)
        x = np.random.RandomState(100 + seed).randn(1, 256)
        squares.append(gradient_flow(Probe(model, x, [0.0]), n_points=0).signal[:-1] ** 2)
    slope = np.polyfit(np.arange(19), np.log2(np.mean(squares, axis=0)), 1)[0]
    assert slope == pytest.approx(bits, abs=tolerance + (activation == "relu") * 0.09)


def test_the_slope_has_an_interval_over_layers():
    flow = gradient_flow(Probe(tower([64] * 12 + [1], 1, 0), DRAW.randn(5, 64), np.zeros(5)))
    low, high = flow.slope_interval
    assert 0.3 < low < flow.slope < high < 1.8


def test_dead_units_are_counted():
    model = regressor_from_layers([[[1.0, -1.0, 1.0, 1.0]], np.ones((4, 1))], [[0, 0, -9, 9], [0]])
    probe = Probe(model, [[1.0], [2.0]], [0.0, 0.0])
    # The second unit is off for positive inputs, the third for all below 9.
    assert gradient_flow(probe).dead.tolist() == [0.5, 0.0]
    dead = gradient_flow(probe.at(np.r_[np.zeros(4), -np.ones(4), np.ones(4), 1]))
    assert dead.dead.tolist() == [1.0, 0.0] and dead.signal[0] == 0 < dead.signal[1]


def test_a_zero_signal_has_no_slope():
    flow = gradient_flow(Probe(tower([4, 3, 3, 1], 0, 0), X, Y))
    assert np.isnan(flow.slope) and np.isnan(flow.slope_interval).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"normalization": "batch"},
        {"normalization": "layer", "skip": "residual"},
        {"normalization": "weight"},
        {"skip": "highway"},
        {"activation": "gelu"},
    ],
)
def test_networks_of_every_kind(settings):
    model = MLPRegressor(hidden_layer_sizes=(6, 6, 6), random_state=0, **settings)
    flow = gradient_flow(Probe(model.partial_fit(X, Y), X, Y))
    assert (flow.signal > 0).all() and flow.singular_values.shape == (30, 1)
    assert (flow.dead < 0.7).all()


def test_sparse_rows_and_classes_equal_dense_ones():
    thin = X * (DRAW.rand(*X.shape) < 0.5)
    labels = np.digitize(Y, [-0.5, 0.5])
    model = MLPClassifier((8,), dtype="float64", random_state=0)
    model.partial_fit(thin, labels, classes=[0, 1, 2])
    dense = gradient_flow(Probe(model, thin, labels), n_points=7)
    ours = gradient_flow(Probe(model, sparse.csr_array(thin), labels), n_points=7)
    np.testing.assert_allclose(ours.signal, dense.signal, rtol=1e-12)
    np.testing.assert_allclose(ours.singular_values, dense.singular_values, rtol=1e-10)
    assert dense.singular_values.shape == (7, 3)


def test_the_plot_is_logarithmic():
    pytest.importorskip("matplotlib")
    axes = gradient_flow(Probe(tower([4, 3, 1], 1, 0), X, Y)).plot()
    assert axes.get_yscale() == "log" and len(axes.lines) == 3


@pytest.mark.parametrize("n_points", [-1, 1.5, True])
def test_bad_numbers_of_points_are_refused(n_points):
    with pytest.raises(ValueError, match="n_points must be an integer of at least 0"):
        gradient_flow(Probe(tower([4, 3, 1], 1, 0), X, Y), n_points=n_points)
