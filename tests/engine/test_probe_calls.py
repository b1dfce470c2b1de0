"""The engine's probe as it is called: same bits however rows are shared, and what it refuses."""

import threading

import numpy as np
import pytest
from scipy import sparse
from small_networks import (
    BATCH,
    LAYER,
    NONE,
    describe,
    network_of,
    problem,
    scaled_problem,
    two_hidden,
)

import reference
from deepgen import _core
from engine.building import network_of as core_of
from engine.building import rows_of_csr
from engine.measuring import CHUNK, Measured
from engine.strategies import every_path
from reference import LayerSpec


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


@pytest.mark.slow
@every_path
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_bits_do_not_depend_on_the_number_of_threads(simd, normalization):
    spec = wide(normalization)
    measured = Measured(spec, scaled_problem(spec, CHUNK + 203, 0), simd=simd)
    expected = measured.everything()
    for n_threads in (2, 3):
        assert_same_bits(measured.everything(n_threads=n_threads), expected)


@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_any_number_of_threads_may_be_asked_for(normalization):
    spec = wide(normalization)
    measured = Measured(spec, scaled_problem(spec, CHUNK + 203, 0))
    assert_same_bits(measured.everything(n_threads=2**40), measured.everything())


@pytest.mark.slow
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


@pytest.mark.slow
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
    measured.core.norms(measured.point, norms, 3, 7)
    assert (norms[3:7] > 0).all() and (np.delete(norms, range(3, 7)) == -1.0).all()
    G = np.full((12, measured.P), -1.0)
    measured.core.gradients(measured.point, G, 3, 7)
    assert (G[:3] == -1.0).all() and (G[7:] == -1.0).all() and not (G[3:7] == -1.0).any()
    product = measured.sum("add_hvp", measured.v)
    twice = product[None].copy()
    measured.core.add_hvp(measured.point, measured.v[None], twice, 0, 12)
    np.testing.assert_allclose(twice[0], 2 * product, rtol=1e-12)
    measured.core.add_hvp(measured.point, measured.v[None], twice, 5, 5)
    np.testing.assert_allclose(twice[0], 2 * product, rtol=1e-12)


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
    product = np.zeros((1, 83))
    probe.add_hvp(probe.point(parameters), np.ones((1, 83)), product, 0, 12)
    del waste
    np.testing.assert_array_equal(product[0], kept)


def refused(kind, message, method, **changes):
    spec = two_hidden()
    parameters, X, y, weights = problem(spec)
    probe = _core.Probe(core_of(spec), X, y, weights)
    P = reference.n_trainable(spec)
    arguments = {
        "add_hvp": {"v": np.ones((1, P)), "out": np.zeros((1, P))},
        "add_gauss_newton": {"v": np.ones((1, P)), "out": np.zeros((1, P))},
        "add_gradients": {"v": np.ones((1, 12)), "out": np.zeros((1, P))},
        "add_output_gradients": {"v": np.ones((1, 36)), "out": np.zeros((1, P))},
        "directional": {"v": np.ones((1, P)), "out": np.zeros((1, 12))},
        "output_tangents": {"v": np.ones((1, P)), "out": np.zeros((1, 36))},
        "norms": {"out": np.zeros(12)},
        "gradients": {"out": np.zeros((12, P))},
    }[method]
    keywords = {"point": probe.point(parameters), **arguments, "begin": 0, "end": 12, **changes}
    with pytest.raises(kind, match=message):
        getattr(probe, method)(**keywords)


SUMS = ["add_hvp", "add_gauss_newton", "add_gradients", "add_output_gradients"]
ALONG = ["directional", "output_tangents"]
METHODS = [*SUMS, *ALONG, "norms", "gradients"]


@pytest.mark.parametrize("method", [*SUMS, *ALONG])
def test_directions_that_are_not_finite_numbers_in_place_are_refused(method):
    n = {"add_gradients": 12, "add_output_gradients": 36}.get(method, 83)
    wrong = np.ones((2, n))
    wrong[1, 5] = np.nan
    refused(ValueError, "v must be finite, entry 5 is nan", method, v=wrong[1:].copy())
    refused(ValueError, "v must be finite, entry 5 of vector 1 is nan", method, v=wrong)
    refused(ValueError, f"v has vectors of 7 numbers, {n} are wanted", method, v=np.ones((1, 7)))
    refused(TypeError, "v must be float64, got float32", method, v=np.ones((1, n), np.float32))
    refused(TypeError, "v must be C-contiguous", method, v=np.ones((1, 2 * n))[:, ::2])
    refused(TypeError, "v must be a NumPy array, got list", method, v=[[1.0] * n])
    refused(ValueError, "out has shape", method, v=np.ones((2, n)))


@pytest.mark.parametrize("method", METHODS)
def test_arguments_of_a_measurement_are_checked(method):
    refused(TypeError, "incompatible function arguments", method, point=np.zeros(3))
    refused(ValueError, "rows 0 to 13 are not within the 12", method, end=13)
    refused(ValueError, "rows -1 to 12", method, begin=-1)
    refused(ValueError, "rows 8 to 4", method, begin=8, end=4)
    refused(ValueError, "n_threads must be at least 1", method, n_threads=0)
    shapes = {
        "gradients": (12, 83),
        "norms": 12,
        "directional": (1, 12),
        "output_tangents": (1, 36),
    }
    out = np.zeros(shapes.get(method, (1, 83)))
    out.flags.writeable = False
    refused(ValueError, "out is read-only", method, out=out)
    refused(ValueError, "out has", method, out=np.zeros(2 if method == "norms" else (2, 2)))


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
    with pytest.raises(ValueError, match="parameters has 3 entries"):
        probe.point(np.zeros(3))
    point = probe.point(problem(spec)[0])
    with pytest.raises(ValueError, match="X has 3 columns"):
        probe.jacobian(point, X[:, :3].copy())
    assert probe.jacobian(point, X[:0].copy()).shape == (0, 3, 4)
    other = _core.Probe(core_of(spec), X, y, weights)
    with pytest.raises(ValueError, match="the point belongs to another network"):
        other.jacobian(point, X)
