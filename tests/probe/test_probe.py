"""The probe itself: what it freezes, its operators, its bits, what it refuses."""

import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.sparse.linalg import aslinearoperator, cg, eigsh
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from threadpoolctl import threadpool_limits

from deepgen import MLPClassifier, MLPRegressor, Probe
from probe.fitted_models import data_of, features, fitted, probe_of, smooth_target

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def probe():
    return probe_of("squared error")


@pytest.fixture
def v(probe):
    return np.random.default_rng(5).normal(size=probe.n_parameters)


def test_data_weights_and_network_are_frozen():
    X, y, weights = data_of("squared error")
    model = MLPRegressor(hidden_layer_sizes=(5,), max_iter=3, random_state=0)
    for given in (X, csr_array(X), pd.DataFrame(X)):
        model.fit(X, y, weights)
        probe = Probe(model, given, (own := y.copy()), (own_weights := weights.copy()))
        loss, gradient = probe.loss(), probe.gradient()
        if isinstance(given, pd.DataFrame):
            given.iloc[:] = 0.0
        elif isinstance(given, csr_array):
            given.data[:] = 0.0
        own[:], own_weights[:] = 0.0, 1.0
        model.coefs_[0][:] = 0.0
        model.fit(X + 1.0, y)
        assert probe.loss() == loss
        np.testing.assert_array_equal(probe.gradient(), gradient)
    probe = Probe(model, X, y, weights)
    loss = probe.loss()
    X[:] = 0.0
    assert probe.loss() == loss


def test_parameters_cannot_be_written(probe):
    with pytest.raises(ValueError, match="read-only"):
        probe.parameters[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        probe.network.coefs()[0][0, 0] = 1.0


def test_at_moves_the_parameters_and_nothing_else(probe, v):
    loss, given = probe.loss(), probe.parameters + v
    moved = probe.at(given)
    expected = moved.loss()
    given[:] = np.nan
    assert moved.loss() == expected != loss
    assert probe.loss() == loss
    assert moved.data is probe.data
    back = moved.at(probe.parameters)
    assert back.loss() == loss
    np.testing.assert_array_equal(back.hvp(v), probe.hvp(v))


def test_at_keeps_the_statistics_of_batch_norm():
    probe = probe_of("batch norm")
    moved = probe.at(np.zeros(probe.n_parameters))
    P = probe.n_parameters
    assert len(probe.network.parameters) > P
    np.testing.assert_array_equal(moved.network.parameters[P:], probe.network.parameters[P:])


def test_the_model_of_a_probe_predicts_at_its_parameters(probe):
    X = features(5, seed=9)
    model = fitted("squared error")
    np.testing.assert_allclose(probe.model.predict(X), model.predict(X), rtol=1e-5)
    moved = probe.at(0.0 * probe.parameters)
    np.testing.assert_allclose(moved.model.predict(X), model.target_mean_[0], rtol=1e-12)
    np.testing.assert_allclose(probe.model.predict(X), model.predict(X), rtol=1e-5)
    before = len(model.loss_curve_)
    trained = probe.model
    trained.network_ = model.network_
    trained.partial_fit(*data_of("squared error")[:2])
    assert len(model.loss_curve_) == before


def test_sizes_and_repr(probe):
    assert (probe.n_samples, probe.n_parameters, probe.n_outputs) == (40, 79, 1)
    assert repr(probe) == "Probe(4-6-6-1, 79 parameters, 40 samples)"
    assert probe.hessian.shape == probe.gauss_newton_operator.shape == (79, 79)
    assert probe.per_sample_operator.shape == (40, 79)


@pytest.mark.parametrize("name", ["hessian", "gauss_newton_operator"])
def test_operators_work_with_scipy(probe, v, name):
    operator = getattr(probe, name)
    product = {"hessian": probe.hvp, "gauss_newton_operator": probe.gauss_newton}[name]
    assert operator.dtype == np.float64
    matrix = operator @ np.eye(probe.n_parameters)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-13 * np.abs(matrix).max())
    np.testing.assert_array_equal(matrix[:, 3], product(np.eye(probe.n_parameters)[3]))
    np.testing.assert_array_equal(operator @ v, product(v))
    np.testing.assert_array_equal(operator.T @ v, product(v))
    np.testing.assert_array_equal(operator.matvec(v[:, None]), product(v)[:, None])
    np.testing.assert_array_equal(operator @ v[:, None], product(v)[:, None])
    np.testing.assert_array_equal(operator.rmatmat(v[:, None]), product(v)[:, None])
    assert (operator @ np.zeros((probe.n_parameters, 0))).shape == (probe.n_parameters, 0)

    eigenvalues = np.linalg.eigvalsh(matrix)
    largest = eigsh(operator, k=3, which="LA", return_eigenvectors=False, v0=v)
    np.testing.assert_allclose(np.sort(largest), eigenvalues[-3:], rtol=1e-8)

    shift = 0.1 + abs(eigenvalues.min())
    solution, info = cg(operator + shift * aslinearoperator(np.eye(len(v))), v, rtol=1e-10)
    assert info == 0
    np.testing.assert_allclose(matrix @ solution + shift * solution, v, atol=1e-8)


def test_gauss_newton_of_a_convex_loss_has_no_negative_eigenvalue():
    for kind in ("squared error", "three classes", "poisson", "several labels"):
        operator = probe_of(kind).gauss_newton_operator
        eigenvalues = np.linalg.eigvalsh(operator @ np.eye(operator.shape[0]))
        assert eigenvalues.min() >= -1e-14 * eigenvalues.max()


def test_gauss_newton_of_a_linear_network_is_the_hessian():
    probe = probe_of("linear")
    H = probe.hessian @ np.eye(5)
    np.testing.assert_allclose(probe.gauss_newton_operator @ np.eye(5), H, rtol=1e-13, atol=1e-15)
    X1 = np.column_stack([data_of("linear")[0], np.ones(40)])
    weights = data_of("linear")[2]
    np.testing.assert_allclose(H, (X1.T * weights) @ X1 / weights.sum(), rtol=1e-12, atol=1e-14)


def test_chunks_of_rows_leave_the_bits_alone(probe, v, monkeypatch):
    X = np.tile(features(), (40, 1))
    many = Probe(fitted("layer norm"), X, smooth_target(X))

    def measured():
        w = np.linspace(-1, 1, many.n_parameters)
        G = many.per_sample_gradients()
        return [many.hvp(w), many.gauss_newton(w), many.gradient(), G, many.per_sample_operator @ w]

    whole = measured()
    monkeypatch.setattr("deepgen._engine.row_chunks.CHUNK_WORK", 1.0)
    for actual, expected in zip(measured(), whole, strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_threads_leave_the_bits_alone(monkeypatch):
    X = np.tile(features(), (40, 1))
    results = []
    monkeypatch.setattr("deepgen.probe.held_network.worthwhile_threads", lambda limit, work: limit)
    for n_jobs in (1, 2, 3):
        model = fitted("layer norm").set_params(n_jobs=n_jobs)
        probe = Probe(model, X, smooth_target(X))
        w = np.linspace(-1, 1, probe.n_parameters)
        results.append([probe.hvp(w), probe.gauss_newton(w), probe.gradient(), probe.jacobian(X)])
    fitted("layer norm").set_params(n_jobs=None)
    for result in results[1:]:
        for actual, expected in zip(result, results[0], strict=True):
            np.testing.assert_array_equal(actual, expected)


def test_thread_limits_of_others_are_heeded(probe, v):
    expected = probe.hvp(v)
    with threadpool_limits(1):
        np.testing.assert_array_equal(probe.hvp(v), expected)


@pytest.mark.slow
def test_ctrl_c_is_answered_between_slices():
    X = np.random.default_rng(0).normal(size=(60_000, 50))
    model = MLPRegressor(hidden_layer_sizes=(200, 200), max_iter=1, random_state=0)
    probe = Probe(model.fit(X[:100], X[:100, 0]), X, X[:, 0])
    v = np.ones(probe.n_parameters)
    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
    began = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        for _ in range(1000):
            probe.hvp(v)
    assert time.perf_counter() - began < 20  # all would take minutes


def test_a_single_sample_and_a_single_unit_can_be_measured():
    model = MLPRegressor(hidden_layer_sizes=(1,), max_iter=2)
    model.fit([[1.0], [2.0]], [0.0, 1.0])
    probe = Probe(model, [[3.0]], [0.5])
    assert probe.per_sample_gradients().shape == (1, 4)
    np.testing.assert_allclose(probe.per_sample_gradients()[0], probe.gradient(), rtol=1e-14)
    assert probe.jacobian([3.0]).shape == (1, 1)


def test_frames_and_rows_of_frames_are_taken():
    frame = pd.DataFrame(features(), columns=list("abcd"))
    y = smooth_target(features())
    model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2)
    probe = Probe(model.fit(frame, y), frame, y)
    np.testing.assert_array_equal(probe.jacobian(frame.iloc[3]), probe.jacobian(frame)[3])


def test_what_is_no_fitted_estimator_of_ours_is_refused():
    X, y, _ = data_of("squared error")
    with pytest.raises(NotFittedError, match="MLPRegressor instance is not fitted"):
        Probe(MLPRegressor(), X, y)
    with pytest.raises(NotFittedError, match="MLPClassifier"):
        Probe(MLPClassifier(), X, y)
    with pytest.raises(TypeError, match="needs an MLPRegressor or MLPClassifier, got Linear"):
        Probe(LinearRegression().fit(X, y), X, y)
    with pytest.raises(TypeError, match="got the class MLPRegressor"):
        Probe(MLPRegressor, X, y)


def test_of_several_members_one_is_measured():
    X, y, _ = data_of("squared error")
    model = MLPRegressor(hidden_layer_sizes=(3,), n_members=2, max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match=r"MLPRegressor averages 2: take model.members_\[0\]"):
        Probe(model, X, y)
    assert Probe(model.members_[0], X, y).loss() != Probe(model.members_[1], X, y).loss()


def test_data_that_do_not_fit_the_model_are_refused():
    X, y, weights = data_of("squared error")
    model = fitted("squared error")
    with pytest.raises(ValueError, match="X has 3 features, but MLPRegressor is expecting 4"):
        Probe(model, X[:, :3], y)
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[40, 39\]"):
        Probe(model, X, y[:39])
    with pytest.raises(ValueError, match="sample_weight"):
        Probe(model, X, y, weights[:39])
    with pytest.raises(ValueError, match="zero"):
        Probe(model, X, y, 0.0 * weights)
    with pytest.raises(ValueError, match="Negative"):
        Probe(model, X, y, -weights)
    with pytest.raises(ValueError, match="NaN"):
        Probe(model, np.where(X > 2, np.nan, X), y)
    with pytest.raises(ValueError, match="0 sample"):
        Probe(model, X[:0], y[:0])
    with pytest.raises(ValueError):
        Probe(model, X, np.column_stack([y, y]))
    with pytest.raises(ValueError):
        Probe(fitted("three classes"), X, np.full(40, "dog"))


@pytest.mark.parametrize("measure", ["hvp", "gauss_newton", "at"])
def test_vectors_that_are_no_directions_are_refused(probe, v, measure):
    method = getattr(probe, measure)
    with pytest.raises(ValueError, match=r"must have shape \(79,\), .*, got \(78,\)"):
        method(v[1:])
    with pytest.raises(ValueError, match=r"got \(79, 1, 1\)"):
        method(v[:, None, None])
    with pytest.raises(ValueError, match="finite"):
        method(np.where(np.arange(79) == 7, np.nan, v))
    with pytest.raises(ValueError, match="finite"):
        method(np.where(np.arange(79) == 7, np.inf, v))
    with pytest.raises(TypeError, match="real numbers, got dtype complex128"):
        method(v + 0j)
    with pytest.raises(TypeError, match="real numbers, got dtype <U"):
        method(["1"] * 79)
    with pytest.raises(TypeError, match="real numbers, got dtype object"):
        method([None] * 79)


def test_vectors_of_other_real_types_are_taken(probe):
    ones = np.ones(79)
    expected = probe.hvp(ones)
    for given in (ones.astype(np.float32), ones.astype(int), [1] * 79, np.ones(158)[::2]):
        np.testing.assert_array_equal(probe.hvp(given), expected)


def test_weights_of_samples_are_checked(probe):
    G = probe.per_sample_operator
    with pytest.raises(ValueError, match="dimension mismatch"):
        G.T @ np.ones(39)
    with pytest.raises(ValueError, match="u must be finite, entry 0 is nan"):
        G.T @ np.full(40, np.nan)
    with pytest.raises(TypeError, match="real numbers"):
        G @ (np.ones(79) + 1j)


def test_points_of_a_jacobian_are_checked(probe):
    with pytest.raises(ValueError, match="X has 3 features, but MLPRegressor is expecting 4"):
        probe.jacobian(np.zeros(3))
    with pytest.raises(ValueError, match="X has 5 features"):
        probe.jacobian(np.zeros((2, 5)))
    with pytest.raises(ValueError, match="NaN"):
        probe.jacobian([0.0, 0.0, 0.0, np.nan])
    with pytest.raises(ValueError):
        probe.jacobian(np.zeros((2, 2, 4)))
    with pytest.raises(ValueError):
        probe.jacobian(1.0)


MEMORY = """
import resource
import numpy as np
from deepgen import MLPRegressor, Probe
from deepgen.probe import held_network

held_network.KEPT_BYTES = {limit}
rng = np.random.default_rng(0)
X = rng.normal(size=({n}, 20))
model = MLPRegressor(hidden_layer_sizes=(100, 100, 100), activation="tanh", max_iter=1)
probe = Probe(model.fit(X[:50], X[:50, 0]), X, X[:, 0])
v, u = rng.normal(size=probe.n_parameters), rng.normal(size={n})
# A child begins with its parent's maximum, which must not hide what is taken here.
ballast = np.ones(60_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
probe.hvp(v), probe.gauss_newton(v), probe.gradient(), probe.per_sample_gradient_norms()
probe.per_sample_operator @ v, probe.per_sample_operator.T @ u
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("limit", [0, 2**24])
def test_memory_does_not_grow_with_data_times_units(limit):
    """Sixteen times the samples: their activations alone would take 100 MB more.

    What is kept between products takes its limit and no more.
    """

    def kilobytes(n):
        code = MEMORY.format(n=n, limit=limit)
        return int(
            subprocess.run(
                [sys.executable, "-W", "ignore", "-c", code],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )

    assert kilobytes(50_000) < kilobytes(3_000) + 10_000 + limit / 1024
