"""Products with several vectors at once, and a probe that packs its parameters once."""

import pickle
import threading

import numpy as np
import pytest

from deepgen import MLPRegressor, Probe
from probe.fitted_models import KINDS, data_of, features, fitted, probe_of, smooth_target

every_kind = pytest.mark.parametrize("kind", KINDS)
PRODUCTS = {
    "hvp": lambda probe: probe.hvp,
    "gauss_newton": lambda probe: probe.gauss_newton,
    "hessian": lambda probe: probe.hessian.matmat,
    "directional": lambda probe: probe.per_sample_operator.matmat,
    "output_jacobian": lambda probe: probe.output_jacobian.matmat,
}


def columns(size, k, seed=0):
    return np.random.default_rng(seed).normal(size=(size, k))


@every_kind
def test_each_column_has_the_bits_of_a_single_product(kind):
    probe = probe_of(kind)
    V = columns(probe.n_parameters, 3)
    for name, product in PRODUCTS.items():
        together = product(probe)(V)
        alone = [product(probe)(V[:, [j]])[:, 0] for j in range(3)]
        np.testing.assert_array_equal(together, np.column_stack(alone), err_msg=name)
    np.testing.assert_array_equal(probe.hvp(V)[:, 1], probe.hvp(V[:, 1]))
    for operator in (probe.per_sample_operator, probe.output_jacobian):
        U = columns(operator.shape[0], 3)
        alone = [operator.T @ U[:, j] for j in range(3)]
        np.testing.assert_array_equal(operator.T @ U, np.column_stack(alone))


@pytest.mark.parametrize("k", [0, 1, 8, 33])
@pytest.mark.parametrize("kind", ["three classes", "weight norm"])
def test_any_number_of_columns_is_taken(kind, k):
    probe = probe_of(kind)
    V = columns(probe.n_parameters, k)
    product = probe.hvp(V)
    assert product.shape == V.shape
    for j in range(0, k, 7):
        np.testing.assert_array_equal(product[:, j], probe.hvp(V[:, j]))


@pytest.mark.parametrize(
    ("hidden", "n"), [((), 1), ((1,), 1), ((17,), 3), ((5, 17, 1), 513), ((3,) * 5, 600)]
)
def test_odd_shapes(hidden, n, monkeypatch):
    X = features(n)
    model = MLPRegressor(hidden_layer_sizes=hidden, max_iter=1, random_state=0)
    probe = Probe(model.partial_fit(X, smooth_target(X)), X, smooth_target(X))
    V = columns(probe.n_parameters, 3)
    H, G = probe.hvp(V), probe.gauss_newton(V)
    J = probe.output_gradients().reshape(n, -1)
    np.testing.assert_allclose(G, J.T @ (J @ V) / n, rtol=1e-10, atol=1e-12 * np.abs(G).max())
    monkeypatch.setattr("deepgen.probe.held_network.worthwhile_threads", lambda limit, work: limit)
    for n_jobs in (1, 2, 3):
        probe._estimator.set_params(n_jobs=n_jobs)
        np.testing.assert_array_equal(probe.hvp(V), H)
        np.testing.assert_array_equal(probe.gauss_newton(V), G)


def test_a_probe_packs_its_parameters_once(monkeypatch):
    probe = probe_of("layer norm")
    v, packed = columns(probe.n_parameters, 1)[:, 0], []

    class Counting:
        def __init__(self, core):
            self.core = core

        def __getattr__(self, name):
            return getattr(self.core, name)

        def point(self, parameters):
            packed.append(parameters)
            return self.core.point(parameters)

    probe._core = Counting(probe._core)
    for _ in range(2):
        probe.hvp(v), probe.gradient(), probe.per_sample_gradient_norms()
        probe.jacobian(features(3)), probe.output_jacobian @ v
    assert len(packed) == 1
    moved = probe.at(probe.parameters + v)
    for _ in range(2):
        moved.hvp(v), moved.gauss_newton(v)
    assert len(packed) == 2


@pytest.mark.parametrize("kind", ["batch norm", "weight norm"])
def test_no_state_is_stale_where_probes_share_the_core(kind):
    probe, fresh = probe_of(kind), probe_of(kind)
    v = columns(probe.n_parameters, 1)[:, 0]
    before = probe.hvp(v)
    moved = probe.at(probe.parameters + 0.1 * v)
    expected = fresh.at(probe.parameters + 0.1 * v).hvp(v)
    np.testing.assert_array_equal(moved.hvp(v), expected)
    np.testing.assert_array_equal(probe.hvp(v), before)
    again = pickle.loads(pickle.dumps(moved))
    np.testing.assert_array_equal(again.hvp(v), expected)


def test_several_threads_share_a_probe():
    probe = probe_of("weight norm, residual")
    V = columns(probe.n_parameters, 4)
    expected = probe_of("weight norm, residual").hvp(V)
    results = [None] * 4

    def work(j):
        results[j] = [probe.hvp(V[:, j]) for _ in range(10)]

    threads = [threading.Thread(target=work, args=(j,)) for j in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for j in range(4):
        for result in results[j]:
            np.testing.assert_array_equal(result, expected[:, j])


def test_matrices_that_are_no_directions_are_refused():
    probe = probe_of("squared error")
    V = columns(79, 20)
    with pytest.raises(ValueError, match=r"must have shape \(79,\).*or \(79, k\), got \(20, 79\)"):
        probe.hvp(V.T)
    V[7, 13] = np.nan
    with pytest.raises(ValueError, match=r"v must be finite, entry \(7, 13\) is nan"):
        probe.hvp(V)
    with pytest.raises(ValueError, match=r"v must be finite, entry \(7, 13\) is nan"):
        probe.output_jacobian @ V
    with pytest.raises(TypeError, match="real numbers, got dtype complex128"):
        probe.gauss_newton(V + 0j)


def test_a_block_of_vectors_takes_integers_and_slices():
    probe = probe_of("squared error")
    V = np.eye(79)[:, ::10]
    np.testing.assert_array_equal(probe.hvp(V.astype(int)), probe.hvp(V.copy()))
    np.testing.assert_array_equal(probe.hvp(V), probe.hvp(np.asfortranarray(V)))


def test_curvature_of_sparse_features_keeps_the_bits():
    from scipy.sparse import csr_array

    X, y, weights = data_of("three classes")
    X = np.where(np.abs(X) > 0.5, X, 0.0)
    probe = Probe(fitted("three classes"), csr_array(X), y, weights)
    V = columns(probe.n_parameters, 3)
    np.testing.assert_array_equal(probe.hvp(V)[:, 2], probe.hvp(V[:, 2]))
    expected = Probe(fitted("three classes"), X, y, weights).output_gradients([3, -1])
    np.testing.assert_allclose(probe.output_gradients([3, -1]), expected, rtol=1e-12, atol=1e-14)
