"""The engine's probe against its twin: curvature, single samples, Jacobians; and their bits."""

import threading
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import (
    BATCH,
    LAYER,
    LOSS_COMPONENTS,
    NONE,
    describe,
    network_of,
    problem,
    residual,
    scaled_problem,
    two_hidden,
)
from scipy import sparse

import reference
from deepgen import _core
from engine.building import network_of as core_of
from engine.building import rows_of_csr
from engine.strategies import (
    PATHS,
    assert_close,
    every_path,
    networks,
    property_test,
    towers,
)
from reference import ACTIVATIONS, Component, LayerSpec, NetworkSpec

# Float64 on both sides; some hundred products of order one, in another order.
TOLERANCE = 1e-11

CHUNK = _core.measured_rows


class Measured:
    """A probe of a problem, with a direction v and weights u, and all that it measures."""

    def __init__(self, spec, arrays, *, simd="", X=None):
        self.spec = spec
        self.parameters, self.X, self.y, self.weights = arrays
        self.n, self.P = len(self.X), reference.n_trainable(spec)
        rng = np.random.default_rng(1)
        self.v, self.w = rng.normal(size=(2, self.P))
        self.u = rng.normal(size=self.n)
        self.inputs = self.X if X is None else X
        network = core_of(spec, simd=simd)
        self.core = _core.Probe(network, self.inputs, self.y, self.weights)

    def rows(self, shape, method, *arguments, cuts=(), n_threads=1):
        out = np.full(shape, np.nan)
        self.run(out, method, arguments, cuts, n_threads)
        return out

    def sum(self, method, v, cuts=(), n_threads=1):
        out = np.zeros(self.P)
        self.run(out, method, (v,), cuts, n_threads)
        return out

    def run(self, out, method, arguments, cuts, n_threads):
        for begin, end in pairwise([0, *cuts, self.n]):
            call = getattr(self.core, method)
            call(self.parameters, *arguments, out, begin, end, n_threads=n_threads)

    def everything(self, **how):
        return {
            "hvp": self.sum("add_hvp", self.v, **how),
            "gauss_newton": self.sum("add_gauss_newton", self.v, **how),
            "weighted": self.sum("add_gradients", self.u, **how),
            "directional": self.rows(self.n, "directional", self.v, **how),
            "norms": self.rows(self.n, "norms", **how),
            "gradients": self.rows((self.n, self.P), "gradients", **how),
            "jacobian": self.core.jacobian(
                self.parameters, self.inputs, n_threads=how.get("n_threads", 1)
            ),
        }

    def expected(self):
        twin, data = reference.probe, (self.spec, self.parameters)
        G = twin.per_sample_gradients(*data, self.X, self.y)
        labelled = (self.X, self.y, self.weights)
        return {
            "hvp": twin.hvp(*data, self.v, *labelled),
            "gauss_newton": twin.gauss_newton_product(*data, self.v, *labelled),
            "weighted": G.T @ self.u,
            "directional": G @ self.v,
            "norms": np.linalg.norm(G, axis=1),
            "gradients": G,
            "jacobian": twin.input_jacobian(*data, self.X),
        }

    def assert_equals_twin(self):
        actual, expected = self.everything(), self.expected()
        for name, values in expected.items():
            assert_close(actual[name], values, TOLERANCE)


@every_path
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_activation_and_normalization_equals_the_twin(simd, activation, normalization):
    spec = two_hidden(activation, normalization)
    Measured(spec, problem(spec), simd=simd).assert_equals_twin()


@every_path
@pytest.mark.parametrize("loss", LOSS_COMPONENTS, ids=describe)
def test_every_loss_equals_the_twin(simd, loss):
    spec = two_hidden(loss=loss)
    Measured(spec, problem(spec), simd=simd).assert_equals_twin()


@every_path
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_every_normalization_and_skip_equals_the_twin(simd, normalization, bias):
    spec = residual(normalization, bias)
    Measured(spec, problem(spec), simd=simd).assert_equals_twin()


@pytest.mark.parametrize("loss", LOSS_COMPONENTS, ids=describe)
def test_a_linear_network_equals_the_twin(loss):
    spec = network_of(loss=loss)
    Measured(spec, problem(spec)).assert_equals_twin()


@property_test(max_examples=60)
@given(networks(smooth=True), st.integers(1, 20), st.sampled_from(PATHS))
def test_awkward_widths_equal_the_twin(spec, n, simd):
    Measured(spec, scaled_problem(spec, n, 0), simd=simd).assert_equals_twin()


@property_test(max_examples=40)
@given(towers(), st.sampled_from(PATHS))
def test_skips_over_any_distance_equal_the_twin(spec, simd):
    Measured(spec, problem(spec), simd=simd).assert_equals_twin()


@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_narrow_hidden_layers_equal_the_twin(normalization):
    """Layers of up to four units are stored by rows, with another product for their tangents."""
    hidden = [LayerSpec(width=w, activation="relu", normalization=normalization) for w in (9, 3, 2)]
    spec = network_of(*hidden, n_outputs=2)
    Measured(spec, scaled_problem(spec, 50, 0)).assert_equals_twin()


@every_path
@pytest.mark.parametrize("density", [0.0, 0.05, 0.5])
def test_sparse_rows_equal_the_twin(simd, density):
    spec = network_of(LayerSpec(width=70, activation="gelu"), LayerSpec(width=7), n_inputs=90)
    parameters, X, y, weights = scaled_problem(spec, 40, 0)
    X = sparse.random(40, 90, density=density, random_state=0, format="csr")
    dense = (parameters, X.toarray(), y, weights)
    Measured(spec, dense, simd=simd, X=rows_of_csr(X, "float64")).assert_equals_twin()


def test_more_rows_than_a_chunk_equal_the_twin():
    spec = two_hidden("silu", LAYER)
    measured = Measured(spec, scaled_problem(spec, 2 * CHUNK + 37, 0))
    data = (measured.X, measured.y, measured.weights)
    expected = reference.probe.hvp(spec, measured.parameters, measured.v, *data)
    assert_close(measured.sum("add_hvp", measured.v), expected, TOLERANCE)


def scalar_network(activation, loss=LOSS_COMPONENTS[0]):
    """Output = activation(w x) with w the first parameter, and the second one 1."""
    layers = [LayerSpec(width=1, activation=activation), LayerSpec(width=1, activation="identity")]
    return NetworkSpec(n_inputs=1, layers=layers, loss=loss, bias=False)


@every_path
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_second_derivatives_equal_the_twin_over_the_whole_line(simd, activation):
    """With x = 1 and an error of 1, d2L/dw2 = f'(w)^2 + f''(w)."""
    value, derivative, second = ACTIVATIONS[activation]
    network = core_of(scalar_network(activation), simd=simd)
    magnitudes = np.concatenate([np.geomspace(1e-3, 80, 40), [1e4, 1e200]])
    for w in np.concatenate([-magnitudes, [0.0], magnitudes]):
        if abs(w) > 1e100 and activation in ("gelu", "silu", "mish"):
            continue  # the twin's formula overflows
        y = np.full((1, 1), value(w) - 1.0)
        error = value(w) - y[0, 0]  # 1, but for the rounding of large values
        probe = _core.Probe(network, np.ones((1, 1)), y)
        product = np.zeros(2)
        probe.add_hvp(np.array([w, 1.0]), np.array([1.0, 0.0]), product, 0, 1)
        expected = derivative(w) ** 2 + second(w) * error
        assert product[0] == pytest.approx(expected, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("activation", ["gelu", "silu", "mish", "tanh", "logistic"])
def test_second_derivatives_vanish_far_out(activation):
    network = core_of(scalar_network(activation))
    for w in (-1e200, 1e200):
        probe = _core.Probe(network, np.ones((1, 1)), np.zeros((1, 1)))
        product = np.zeros(2)
        probe.add_hvp(np.array([w, 1e-200]), np.array([1.0, 0.0]), product, 0, 1)
        assert product[0] == pytest.approx(0.0, abs=1e-100)


CURVES = {
    "log_loss": ([[80.0, -80.0, 0.0], [-80.0, 80.0, 0.0], [0.3, 0.1, -2.0]], [0, 0, 2]),
    "focal": ([[30.0, -30.0, 0.0], [-80.0, 80.0, 0.0], [0.3, 0.1, -2.0]], [0, 0, 2]),
    "binary_log_loss": ([[80.0, -80.0, 0.2]], [[1.0, 1.0, 0.0]]),
    "binary_focal": ([[80.0, -80.0, 0.2]], [[1.0, 1.0, 0.0]]),
    "poisson": ([[80.0, -80.0, 0.2]], [[0.0, 3.0, 1.0]]),
    "gamma": ([[80.0, -80.0, 0.2]], [[0.5, 3.0, 1.0]]),
    "huber": ([[1e20, -1e20, 0.2]], [[0.0, 0.0, 0.0]]),
}


@pytest.mark.parametrize("name", sorted(CURVES))
def test_losses_keep_their_curvature_at_extreme_outputs(name):
    """With X the outputs and W = 1, the product with vec(V) is x (H V^T x)^T."""
    outputs, targets = (np.array(values) for values in CURVES[name])
    if reference.LOSSES[name].takes_classes:
        targets = targets.astype(np.int32)
    layers = [LayerSpec(width=3, activation="identity")]
    spec = NetworkSpec(n_inputs=3, layers=layers, loss=Component(name), bias=False)
    network, V = core_of(spec), np.diag([1.0, -0.5, 2.0])
    defaults = reference.LOSSES[name].defaults
    for x, y in zip(outputs, targets, strict=True):
        probe = _core.Probe(network, x[None], np.array(y)[None])
        product = np.zeros(9)
        probe.add_hvp(np.eye(3).ravel(), V.ravel(), product, 0, 1)
        H = reference.LOSSES[name].hessian(x[None], np.array(y)[None], **defaults)[0]
        expected = np.outer(x, H @ (x @ V))
        np.testing.assert_allclose(product.reshape(3, 3), expected, rtol=1e-9, atol=1e-20)


@pytest.mark.parametrize("settings", [{}, {"gamma": 0.5}], ids=str)
def test_a_class_that_is_certain_has_no_curvature(settings):
    """The others' probabilities have all underflowed; powers of them must not become NaN."""
    loss = Component("focal" if settings else "log_loss", settings)
    spec = NetworkSpec(2, [LayerSpec(width=2, activation="identity")], loss, bias=False)
    probe = _core.Probe(core_of(spec), np.array([[900.0, -900.0]]), np.zeros(1, np.int32))
    product = np.zeros(4)
    probe.add_hvp(np.eye(2).ravel(), np.ones(4), product, 0, 1)
    np.testing.assert_array_equal(product, 0.0)


def test_a_row_of_weight_zero_adds_no_curvature_even_where_it_overflows():
    spec = scalar_network("identity", Component("poisson"))
    X, y = np.array([[0.5], [800.0]]), np.ones((2, 1))
    weighted = _core.Probe(core_of(spec), X, y, np.array([1.0, 0.0]))
    alone = _core.Probe(core_of(spec), X[:1].copy(), y[:1].copy())
    for method in ("add_hvp", "add_gauss_newton"):
        actual, expected = np.zeros(2), np.zeros(2)
        getattr(weighted, method)(np.ones(2), np.ones(2), actual, 0, 2)
        getattr(alone, method)(np.ones(2), np.ones(2), expected, 0, 1)
        np.testing.assert_array_equal(actual, expected)


def wide(normalization=LAYER, n_inputs=17):
    return network_of(
        LayerSpec(width=70, activation="gelu", normalization=normalization),
        LayerSpec(width=33, activation="relu", normalization=normalization),
        LayerSpec(width=70, activation="identity", skip_from=0),
        n_inputs=n_inputs,
    )


def assert_same_bits(actual, expected):
    for name, values in expected.items():
        np.testing.assert_array_equal(actual[name], values)


@every_path
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_bits_do_not_depend_on_the_number_of_threads(simd, normalization):
    spec = wide(normalization)
    measured = Measured(spec, scaled_problem(spec, CHUNK + 203, 0), simd=simd)
    expected = measured.everything()
    for n_threads in (2, 3):
        assert_same_bits(measured.everything(n_threads=n_threads), expected)


def test_bits_do_not_depend_on_cuts_between_chunks():
    spec = wide()
    measured = Measured(spec, scaled_problem(spec, 2 * CHUNK + 101, 0))
    expected = measured.everything()
    for cuts in ([CHUNK], [CHUNK, 2 * CHUNK], [0, 2 * CHUNK]):
        assert_same_bits(measured.everything(cuts=cuts, n_threads=2), expected)


def test_bits_of_single_samples_do_not_depend_on_any_cut():
    spec = wide()
    measured = Measured(spec, scaled_problem(spec, 150, 0))
    expected, actual = measured.everything(), measured.everything(cuts=[1, 2, 77, 77])
    for name in ("directional", "norms", "gradients"):
        np.testing.assert_array_equal(actual[name], expected[name])


def test_sparse_rows_give_the_same_bits_on_any_number_of_threads():
    spec = wide(n_inputs=300)
    parameters, _, y, weights = scaled_problem(spec, CHUNK + 50, 0)
    X = sparse.random(CHUNK + 50, 300, density=0.05, random_state=0, format="csr")
    arrays = (parameters, X.toarray(), y, weights)
    measured = Measured(spec, arrays, X=rows_of_csr(X, "float64"))
    expected = measured.everything()
    for n_threads in (2, 3):
        assert_same_bits(measured.everything(n_threads=n_threads), expected)


def test_calls_write_the_rows_they_were_asked_for_and_add_to_sums():
    spec = two_hidden()
    measured = Measured(spec, problem(spec))
    norms = np.full(12, -1.0)
    measured.core.norms(measured.parameters, norms, 3, 7)
    assert (norms[3:7] > 0).all() and (np.delete(norms, range(3, 7)) == -1.0).all()
    G = np.full((12, measured.P), -1.0)
    measured.core.gradients(measured.parameters, G, 3, 7)
    assert (G[:3] == -1.0).all() and (G[7:] == -1.0).all() and not (G[3:7] == -1.0).any()
    product = measured.sum("add_hvp", measured.v)
    twice = product.copy()
    measured.core.add_hvp(measured.parameters, measured.v, twice, 0, 12)
    np.testing.assert_allclose(twice, 2 * product, rtol=1e-12)
    measured.core.add_hvp(measured.parameters, measured.v, product, 5, 5)
    np.testing.assert_allclose(twice, 2 * product, rtol=1e-12)


def test_one_probe_measures_in_several_threads_at_once():
    spec = wide()
    measured = Measured(spec, scaled_problem(spec, 300, 0))
    expected, results = measured.everything(), {}

    def work(name):
        results[name] = [measured.everything(n_threads=1 + name % 2) for _ in range(3)]

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for i in range(4):
        for result in results[i]:
            assert_same_bits(result, expected)


def test_a_probe_keeps_its_data_and_its_network_alive():
    spec = two_hidden()
    parameters, X, y, weights = problem(spec)
    kept = Measured(spec, (parameters, X, y, weights)).sum("add_hvp", np.ones(83))
    probe = _core.Probe(core_of(spec), X.copy(), y.copy(), weights.copy())
    waste = [np.full(n, np.nan) for n in range(1, 400) for _ in range(8)]
    product = np.zeros(83)
    probe.add_hvp(parameters, np.ones(83), product, 0, 12)
    del waste
    np.testing.assert_array_equal(product, kept)


def refused(kind, message, method, **changes):
    spec = two_hidden()
    parameters, X, y, weights = problem(spec)
    probe = _core.Probe(core_of(spec), X, y, weights)
    P = reference.n_trainable(spec)
    arguments = {
        "add_hvp": {"v": np.ones(P), "out": np.zeros(P)},
        "add_gauss_newton": {"v": np.ones(P), "out": np.zeros(P)},
        "add_gradients": {"v": np.ones(12), "out": np.zeros(P)},
        "directional": {"v": np.ones(P), "out": np.zeros(12)},
        "norms": {"out": np.zeros(12)},
        "gradients": {"out": np.zeros((12, P))},
    }[method]
    keywords = {"parameters": parameters, **arguments, "begin": 0, "end": 12, **changes}
    with pytest.raises(kind, match=message):
        getattr(probe, method)(**keywords)


SUMS = ["add_hvp", "add_gauss_newton", "add_gradients"]
METHODS = [*SUMS, "directional", "norms", "gradients"]


@pytest.mark.parametrize("method", [*SUMS, "directional"])
def test_directions_that_are_not_finite_numbers_in_place_are_refused(method):
    n = 12 if method == "add_gradients" else 83
    wrong = np.ones(n)
    wrong[5] = np.nan
    refused(ValueError, "v must be finite, entry 5 is nan", method, v=wrong)
    refused(ValueError, "v has 7 entries", method, v=np.ones(7))
    refused(TypeError, "v must be float64, got float32", method, v=np.ones(n, np.float32))
    refused(TypeError, "v must be C-contiguous", method, v=np.ones(2 * n)[::2])
    refused(TypeError, "v must be a NumPy array, got list", method, v=[1.0] * n)


@pytest.mark.parametrize("method", METHODS)
def test_arguments_of_a_measurement_are_checked(method):
    refused(ValueError, "parameters has 3 entries", method, parameters=np.zeros(3))
    refused(ValueError, "rows 0 to 13 are not within the 12", method, end=13)
    refused(ValueError, "rows -1 to 12", method, begin=-1)
    refused(ValueError, "rows 8 to 4", method, begin=8, end=4)
    refused(ValueError, "n_threads must be at least 1", method, n_threads=0)
    out = np.zeros((12, 83) if method == "gradients" else 12 if "add" not in method else 83)
    out.flags.writeable = False
    refused(ValueError, "out is read-only", method, out=out)
    refused(ValueError, "out has", method, out=np.zeros((2, 2) if method == "gradients" else 2))


def test_what_a_probe_is_made_of_is_checked():
    spec = two_hidden()
    _, X, y, weights = problem(spec)
    with pytest.raises(ValueError, match="measures in float64, the network is float32"):
        _core.Probe(core_of(spec, "float32"), X, y, weights)
    with pytest.raises(ValueError, match="X has 3 columns, the network expects 4"):
        _core.Probe(core_of(spec), X[:, :3].copy(), y, weights)
    with pytest.raises(ValueError, match="y has 11 rows, X has 12"):
        _core.Probe(core_of(spec), X, y[:11].copy(), weights)
    with pytest.raises(ValueError, match="sample weights sum to 0"):
        _core.Probe(core_of(spec), X, y, np.zeros(12))
    with pytest.raises(ValueError, match="at least one row"):
        _core.Probe(core_of(spec), X[:0].copy(), y[:0].copy())
    probe = _core.Probe(core_of(spec), X, y, weights)
    with pytest.raises(ValueError, match="X has 3 columns"):
        probe.jacobian(problem(spec)[0], X[:, :3].copy())
    assert probe.jacobian(problem(spec)[0], X[:0].copy()).shape == (0, 3, 4)
