"""The Gauss-Newton matrix's diagonal and Kronecker factors against the matrix itself."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.activations import Parametric
from probe.fitted_models import KINDS, classes, data_of, features, fitted, probe_of, smooth_target

every_kind = pytest.mark.parametrize("kind", KINDS)
REPARAMETRIZED = [kind for kind in KINDS if "weight" in kind and kind != "weighted labels"]
REPARAMETRIZED += ["fixup"]


def matrix_of(probe):
    return probe.gauss_newton(np.eye(probe.n_parameters))


def assert_near(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())


@every_kind
def test_the_diagonal_is_that_of_the_matrix(kind):
    probe = probe_of(kind)
    assert_near(probe.gauss_newton_diagonal(), np.diag(matrix_of(probe)))


@pytest.mark.parametrize("activation", [Parametric("relu"), Parametric("silu"), "silu"])
@pytest.mark.parametrize("normalization", [None, "layer", "batch"])
def test_slopes_and_norms_are_in_the_diagonal(activation, normalization):
    X = features()
    model = MLPRegressor(
        hidden_layer_sizes=(17, 5),
        activation=activation,
        normalization=normalization,
        max_iter=1,
        random_state=0,
    )
    probe = Probe(model.partial_fit(X, smooth_target(X)), X, smooth_target(X))
    assert_near(probe.gauss_newton_diagonal(), np.diag(matrix_of(probe)))


@pytest.mark.parametrize("front", [{"numerical_embedding": "pbld"}, {"input_scale": True}])
def test_fronts_are_in_the_diagonal(front, monkeypatch):
    monkeypatch.setattr("deepgen.probe.gauss_newton_blocks.JACOBIAN_SIZE", 1000)
    X, labels = features(), classes(features())
    model = MLPClassifier((5,), max_iter=1, random_state=0, **front).partial_fit(
        X, labels, classes=np.unique(labels)
    )
    probe = Probe(model, X, labels)
    assert_near(probe.gauss_newton_diagonal(), np.diag(matrix_of(probe)))
    assert len(probe.kronecker_factors()) == 2


def blocks_of(probe):
    """Of each layer the places of weights and bias, (n_inputs + 1, width), in the parameters."""
    for layer in range(len(probe.network.core.spec.layers)):
        own = {b.kind: b for b in probe.network.core.layout if b.layer == layer}
        places = []
        for kind in ("coefs", "intercepts"):
            if kind in own:
                block = own[kind]
                at = np.arange(block.offset, block.offset + block.size)
                places.append(at.reshape(block.rows, block.columns))
        yield np.concatenate(places)


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in REPARAMETRIZED and k != "highway"])
def test_kronecker_factors_are_exact_for_one_sample(kind):
    X, y, weights = data_of(kind)
    whole = probe_of(kind)
    y = y if np.ndim(y) == 1 else np.asarray(y)
    probe = Probe(fitted(kind), X[:1], y[:1], weights[:1])
    GN = matrix_of(probe)
    for (A, G), places in zip(probe.kronecker_factors(), blocks_of(probe), strict=True):
        at = places.ravel()
        np.testing.assert_allclose(
            np.kron(A, G), GN[np.ix_(at, at)], rtol=1e-8, atol=1e-12 * (1e-12 + np.abs(GN).max())
        )
    assert len(whole.kronecker_factors()) == len(whole.network.core.spec.layers)


@pytest.mark.parametrize("kind", ["three classes", "squared error", "layer norm, residual"])
def test_kronecker_factors_are_weighted_means(kind):
    X, y, weights = data_of(kind)
    model, shares = fitted(kind), weights / weights.sum()
    sums = None
    for i, share in enumerate(shares):
        one = Probe(model, X[[i]], y[[i]]).kronecker_factors()
        parts = [(share * A, share * G) for A, G in one]
        sums = (
            parts
            if sums is None
            else [(A + a, G + g) for (A, G), (a, g) in zip(sums, parts, strict=True)]
        )
    for (A, G), (a, g) in zip(probe_of(kind).kronecker_factors(), sums, strict=True):
        assert_near(A, a)
        assert_near(G, g)
        np.testing.assert_array_equal(G, G.T)


def test_sparse_features_and_threads(monkeypatch):
    X = np.tile(features(), (30, 1))
    X = np.where(np.abs(X) > 0.5, X, 0.0)
    y, model = classes(X), fitted("three classes")
    expected = Probe(model, X, y)
    diagonal, factors = expected.gauss_newton_diagonal(), expected.kronecker_factors()
    thin = Probe(model, csr_array(X), y)
    assert_near(thin.gauss_newton_diagonal(), diagonal)
    for pair, other in zip(thin.kronecker_factors(), factors, strict=True):
        assert_near(pair.A, other.A)
        assert_near(pair.G, other.G)
    monkeypatch.setattr("deepgen.probe.held_network.worthwhile_threads", lambda limit, work: limit)
    monkeypatch.setattr("deepgen._engine.row_chunks.CHUNK_WORK", 1.0)
    for n_jobs in (1, 2, 3):
        probe = Probe(model, X, y)
        probe._estimator.set_params(n_jobs=n_jobs)
        np.testing.assert_array_equal(probe.gauss_newton_diagonal(), diagonal)
        for pair, other in zip(probe.kronecker_factors(), factors, strict=True):
            np.testing.assert_array_equal(pair.A, other.A)
            np.testing.assert_array_equal(pair.G, other.G)


@pytest.mark.parametrize("kind", [*REPARAMETRIZED, "highway"])
def test_layers_without_kronecker_factors_are_refused_by_name(kind):
    with pytest.raises(ValueError, match="highway" if kind == "highway" else "weight norm, fixup"):
        probe_of(kind).kronecker_factors()
