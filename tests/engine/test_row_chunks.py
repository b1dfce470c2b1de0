"""Measurements in chunks of rows equal those in one call."""

import itertools

import numpy as np
import pytest
from scipy import sparse
from small_networks import LAYER, scaled_problem
from small_networks import network_of as spec_of

from deepgen import _core
from deepgen._engine import row_chunks
from deepgen._inputs.features import as_matrix
from deepgen._network.network import Network
from engine.building import network_of
from reference import LayerSpec

SPEC = spec_of(LayerSpec(width=32, normalization=LAYER), LayerSpec(width=16), n_inputs=12)
N = 1500


def problem(kind, dtype="float64"):
    parameters, X, y, weights = scaled_problem(SPEC, N, 0)
    parameters, X, y, weights = (a.astype(dtype) for a in (parameters, X, y, weights))
    network = Network(network_of(SPEC, dtype), parameters)
    if kind == "sparse":
        X = np.where(X > 1, X, 0)
        return network, as_matrix(sparse.csr_matrix(X)), y, weights
    return network, X, y, weights


@pytest.fixture
def cut(monkeypatch):
    """Measures in one call, and in calls of 256 rows."""

    def measured(measure):
        whole = measure()
        with monkeypatch.context() as patch:
            patch.setattr(row_chunks, "CHUNK_WORK", 1.0)
            network, X, _, _ = problem("dense")
            assert len(row_chunks.row_chunks(network.core, X[:1300], None, 2)) == 6
            pieces = measure()
        return whole, pieces

    return measured


@pytest.mark.parametrize("rows", [None, np.arange(N - 1, 100, -1)])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outputs_are_the_same_to_the_bit(cut, kind, dtype, rows):
    network, X, _, _ = problem(kind, dtype)
    for compute in (network.outputs, network.means):
        np.testing.assert_array_equal(*cut(lambda compute=compute: compute(X, rows=rows)))
    np.testing.assert_array_equal(*cut(lambda: network.activations(X, 1, rows=rows)))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("rows", [None, np.arange(N - 1, 100, -1)])
def test_losses_and_gradients_are_those_of_all_rows(cut, kind, weighted, rows):
    network, X, y, weights = problem(kind)
    weights[:300] = 0  # a chunk without weight counts nothing
    weights = weights if weighted else None
    how = dict(rows=rows, alpha=3.0)
    np.testing.assert_allclose(*cut(lambda: network.loss(X, y, weights, **how)), rtol=1e-13)
    whole, pieces = cut(lambda: network.loss_and_gradient(X, y, weights, **how))
    assert pieces[0] == pytest.approx(whole[0], rel=1e-13)
    np.testing.assert_allclose(pieces[1], whole[1], rtol=1e-9, atol=1e-13)
    assert pieces[1].dtype == whole[1].dtype


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_moments_are_those_of_all_rows(cut, kind):
    network, X, _, _ = problem(kind)
    np.testing.assert_allclose(*cut(lambda: network.moments(X, 1)), rtol=1e-10, atol=1e-13)


def test_cuts_depend_on_the_shapes_only():
    network, X, _, _ = problem("dense")
    big = np.broadcast_to(np.zeros(1), (30_000_000, 12))
    of_one, of_many = (row_chunks.row_chunks(network.core, big, None, limit) for limit in (1, 64))
    assert len(of_one) == len(of_many) > 1
    assert [chunk.span for chunk in of_one] == [chunk.span for chunk in of_many]
    assert of_one[0].span.start == 0 and of_one[-1].span.stop == len(big)
    for one, other in itertools.pairwise(of_one):
        assert one.span.stop == other.span.start
    assert row_chunks.row_chunks(network.core, X, None, 1) == [row_chunks.RowChunk(None, None, 1)]


def test_a_sparse_matrix_counts_by_what_it_stores():
    spec = spec_of(LayerSpec(width=100), n_inputs=100_000)
    columns = np.arange(0, 20_000, 10) % 100_000
    matrix = sparse.csr_matrix((np.ones(2000), columns, np.arange(2001)), shape=(2000, 100_000))
    network = network_of(spec)
    assert len(row_chunks.row_chunks(network, as_matrix(matrix), None, 1)) == 1
    dense = np.broadcast_to(np.zeros(1), (2000, 100_000))
    assert len(row_chunks.row_chunks(network, dense, None, 1)) > 1
    assert as_matrix(matrix).n_stored == matrix.nnz
    assert isinstance(as_matrix(matrix), _core.SparseRows)
