"""Lanczos and XTrace on matrices that are known."""

import numpy as np
import pytest

from deepgen.optimization import lanczos as module
from deepgen.optimization.lanczos import dense_spectrum, lanczos, largest_eigenvalue
from deepgen.optimization.trace_estimate import estimate_trace


def symmetric(size, seed=0):
    A = np.random.default_rng(seed).normal(size=(size, size))
    return A + A.T


def low_rank(size, rank, seed=0):
    B = np.random.default_rng(seed).normal(size=(size, rank))
    return B @ B.T


def draw(seed=0):
    return np.random.default_rng(seed)


def test_as_many_steps_as_rows_give_all_eigenvalues_and_the_spectral_measure():
    A, start = symmetric(30), draw(1).normal(size=(30, 1))
    values = lanczos(A.__matmul__, start, 30, draw())
    expected, vectors = np.linalg.eigh(A)
    np.testing.assert_allclose(values.nodes[0], expected, rtol=0, atol=1e-11)
    shares = (vectors.T @ start[:, 0]) ** 2 / (start**2).sum()
    np.testing.assert_allclose(values.weights[0], shares, rtol=1e-7, atol=1e-13)
    assert values.errors.max() < 1e-10


@pytest.mark.parametrize("n_iter", [2, 3, 10])
def test_weights_sum_to_one_and_the_first_moments_are_exact(n_iter):
    A, starts = symmetric(50), draw(2).normal(size=(50, 3))
    values = lanczos(A.__matmul__, starts, n_iter, draw())
    units = starts / np.linalg.norm(starts, axis=0)
    np.testing.assert_allclose(values.weights.sum(axis=1), 1, rtol=1e-13)
    first = (values.weights * values.nodes).sum(axis=1)
    np.testing.assert_allclose(first, (units * (A @ units)).sum(axis=0), rtol=1e-10, atol=1e-12)
    second = (values.weights * values.nodes**2).sum(axis=1)
    np.testing.assert_allclose(second, ((A @ units) ** 2).sum(axis=0), rtol=1e-12)


def test_an_eigenvalue_lies_within_the_error_of_every_node():
    A = symmetric(60)
    values = lanczos(A.__matmul__, draw(1).normal(size=(60, 2)), 15, draw())
    distance = np.abs(values.nodes[:, :, None] - np.linalg.eigvalsh(A)).min(axis=2)
    assert (distance <= values.errors * (1 + 1e-9)).all()
    # From inside: the k-th value from either end is not beyond the k-th eigenvalue.
    top, _ = values.from_above(5)
    bottom, _ = values.from_below(5)
    expected = np.linalg.eigvalsh(A)
    assert (top <= expected[::-1][:5] + 1e-10).all() and (bottom >= expected[:5] - 1e-10).all()
    assert (np.diff(top) <= 0).all() and (np.diff(bottom) >= 0).all()


def test_orthogonality_is_kept_where_eigenvalues_converge_early():
    """Without it, copies of the large eigenvalues appear."""
    A = np.diag([1e6, 1e5, *np.linspace(0, 1, 98)])
    values = lanczos(A.__matmul__, draw(1).normal(size=(100, 1)), 60, draw())
    assert (values.nodes > 2).sum() == 2


def test_a_basis_that_is_complete_goes_on_in_new_directions():
    A = low_rank(40, 3)
    values = lanczos(A.__matmul__, draw(1).normal(size=(40, 1)), 20, draw())
    expected = np.linalg.eigvalsh(A)
    np.testing.assert_allclose(values.from_above(3)[0], expected[::-1][:3], rtol=1e-12)
    np.testing.assert_allclose(values.nodes[0, :-3], 0, atol=1e-10)
    assert values.weights.sum() == pytest.approx(1, rel=1e-12)
    # An eigenvalue of multiplicity 5 has one copy per start, and new directions find the others.
    A = np.diag([2.0] * 5 + [1.0] * 5)
    nodes = lanczos(A.__matmul__, draw(1).normal(size=(10, 1)), 10, draw()).nodes[0]
    np.testing.assert_allclose(nodes, [1] * 5 + [2] * 5, rtol=1e-12)
    zero = lanczos(lambda V: 0 * V, draw(1).normal(size=(10, 1)), 5, draw())
    assert not zero.nodes.any() and not zero.errors.any()


def test_starts_beyond_the_memory_follow_one_another(monkeypatch):
    A, starts = symmetric(30), draw(2).normal(size=(30, 5))
    together = lanczos(A.__matmul__, starts, 6, draw())
    monkeypatch.setattr(module, "BASIS_BYTES", 2 * 8 * 6 * 30)
    widths = []

    def product(V):
        widths.append(V.shape[1])
        return A @ V

    parted = lanczos(product, starts, 6, draw())
    assert widths == [2] * 12 + [1] * 6
    np.testing.assert_allclose(parted.nodes, together.nodes, rtol=1e-12)
    np.testing.assert_allclose(parted.weights, together.weights, rtol=1e-9)


def test_the_dense_route_gives_eigenvectors_and_equal_weights():
    A = symmetric(12)
    values, vectors = dense_spectrum(A.__matmul__, 12)
    np.testing.assert_allclose(A @ vectors, vectors * values.nodes[0], atol=1e-12)
    assert (values.weights == 1 / 12).all() and values.errors.max() < 1e-12


def test_a_warm_start_needs_fewer_steps_to_the_largest_eigenvalue():
    A = np.diag(np.r_[np.linspace(0, 1, 199), 1.2])
    calls = []

    def product(V):
        calls.append(None)
        return A @ V

    start = draw().normal(size=200)
    value, vector, error = largest_eigenvalue(product, start, tol=1e-4, n_iter=100)
    assert abs(value - 1.2) <= error <= 1e-4 * value
    assert np.linalg.norm(A @ vector - value * vector) == pytest.approx(error, rel=1e-6)
    cold = len(calls)
    calls.clear()
    again, _, _ = largest_eigenvalue(product, vector + 0.01 * start, tol=1e-4, n_iter=100)
    assert again == pytest.approx(value, rel=1e-6) and len(calls) < 0.8 * cold
    # The largest is meant, not that of the largest size.
    assert largest_eigenvalue(lambda V: -product(V), start, tol=1e-6, n_iter=200)[0] < 1e-9


def estimates(A, n_products, n_runs=200):
    runs = [estimate_trace(A.__matmul__, len(A), n_products, draw(seed)) for seed in range(n_runs)]
    return np.array(runs).T


@pytest.mark.parametrize("n_products", [4, 10])
@pytest.mark.parametrize(
    "eigenvalues",
    [np.ones(20), 2.0 ** -np.arange(20), np.r_[-30.0, np.linspace(-1, 1, 19)]],
    ids=["flat", "decaying", "one outlier"],
)
def test_the_trace_is_unbiased_and_knows_its_error(eigenvalues, n_products):
    Q = np.linalg.qr(draw().normal(size=(20, 20)))[0]
    traces, errors = estimates((Q * eigenvalues) @ Q.T, n_products)
    spread = traces.std(ddof=1)
    assert abs(traces.mean() - eigenvalues.sum()) <= 4 * spread / np.sqrt(len(traces)) + 1e-9
    # The estimates of one run share their range, which hides up to a third of the spread.
    rms = np.sqrt((errors**2).mean())
    assert 0.65 * spread - 1e-9 <= rms <= 1.35 * spread + 1e-9


def test_decaying_eigenvalues_need_few_products():
    Q = np.linalg.qr(draw().normal(size=(200, 200)))[0]
    A = (Q * 2.0 ** -np.arange(200)) @ Q.T
    traces, _ = estimates(A, 20, 20)
    starts = draw(1).choice([-1.0, 1.0], size=(200, 400))
    hutchinson = (starts * (A @ starts)).sum(axis=0).reshape(20, 20).mean(axis=0)
    assert np.abs(traces - 2).mean() < 0.05 * np.abs(hutchinson - 2).mean()


def test_the_range_of_a_matrix_of_low_rank_gives_its_trace_exactly():
    A = low_rank(50, 3)
    trace, error = estimate_trace(A.__matmul__, 50, 10, draw())
    assert trace == pytest.approx(np.trace(A), rel=1e-12) and error == 0
    assert estimate_trace(lambda V: 0 * V, 50, 10, draw()) == (0, 0)
    # One test vector more than the rank is enough, and as many as the rank are not.
    trace, error = estimate_trace(A.__matmul__, 50, 8, draw())
    assert trace == pytest.approx(np.trace(A), rel=1e-12) and error == 0
    assert estimate_trace(A.__matmul__, 50, 6, draw())[1] > 0
