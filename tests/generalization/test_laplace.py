"""Laplace's approximation against closed forms of a linear model and dense matrices."""

import numpy as np
import pytest
from probe.fitted_models import data_of, features, fitted, probe_of, smooth_target
from scipy.linalg import block_diag
from scipy.special import expit
from scipy.stats import multivariate_normal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.generalization import laplace

STRUCTURES = ("last_layer", "kronecker", "diagonal")
KINDS = (
    "squared error",
    "two outputs",
    "three classes",
    "two classes",
    "several labels",
    "no bias",
)


def linear_model(alpha, s, seed=0, n=30):
    """A Bayesian linear model at its mode, with its design matrix F."""
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n, 3))
    y = X @ [1.0, -2.0, 0.5] + 0.3 + 0.4 * draw.normal(size=n)
    F = np.c_[X, np.ones(n)]
    precision = F.T @ F / s**2 + alpha * np.eye(4)
    w = np.linalg.solve(precision, F.T @ y / s**2)
    return Probe(regressor_from_layers([w[:3, None]], [w[3:]]), X, y), F, y, precision


@pytest.mark.parametrize("hessian", ["last_layer", "kronecker"])
@pytest.mark.parametrize(("alpha", "s"), [(0.7, 0.4), (30.0, 2.0), (1e-3, 0.1)])
def test_a_bayesian_linear_model(hessian, alpha, s):
    probe, F, y, precision = linear_model(alpha, s)
    posterior = laplace(probe, hessian, alpha=alpha, noise=s)
    exact = multivariate_normal(np.zeros(30), s**2 * np.eye(30) + F @ F.T / alpha).logpdf(y)
    assert posterior.log_marginal_likelihood == pytest.approx(exact, rel=1e-8)
    values = np.linalg.eigvalsh(F.T @ F / s**2)
    assert posterior.effective_dimension == pytest.approx((values / (values + alpha)).sum())
    if hessian == "last_layer":  # factors of several rows are no exact covariance
        X = np.random.default_rng(1).normal(size=(5, 3))
        new = np.c_[X, np.ones(5)]
        variance = np.einsum("ij,jk,ik->i", new, np.linalg.inv(precision), new)
        np.testing.assert_allclose(posterior.standard_deviation(X) ** 2, variance, rtol=1e-8)
        noisy = posterior.standard_deviation(X, noise=True)
        np.testing.assert_allclose(noisy**2, variance + s**2, rtol=1e-8)


def test_the_best_alpha_and_noise_satisfy_mackays_equations():
    probe, *_ = linear_model(0.7, 0.4, n=60)
    for hessian in STRUCTURES:
        found = laplace(probe, hessian)
        length = found.basis.mean @ found.basis.mean
        dimension = found.effective_dimension
        assert found.alpha * length == pytest.approx(dimension, rel=1e-4)
        residuals = 2 * 60 * probe.loss()
        assert found.noise[0] ** 2 == pytest.approx(residuals / (60 - dimension), rel=1e-4)
        assert found.log_marginal_likelihood >= found.log_marginal_likelihoods.max()


def test_units_of_the_targets():
    X = features()
    y = smooth_target(X)
    settings = {"hidden_layer_sizes": (6,), "activation": "tanh", "solver": "lbfgs", "alpha": 1.0}
    settings |= {"random_state": 0, "max_iter": 2000, "dtype": "float64"}
    posteriors = []
    for factor in (1.0, 1024.0):  # a power of two: the same weights, to the bit
        model = MLPRegressor(**settings).fit(X, factor * y)
        posteriors.append(laplace(Probe(model, X, factor * y)))
    one, scaled = posteriors
    assert one.alpha == pytest.approx(scaled.alpha, rel=1e-9)
    assert scaled.noise == pytest.approx(1024 * one.noise, rel=1e-9)
    density = one.log_marginal_likelihood - len(X) * np.log(1024)
    assert scaled.log_marginal_likelihood == pytest.approx(density, rel=1e-9)
    deviations = [posterior.standard_deviation(X) for posterior in posteriors]
    np.testing.assert_allclose(deviations[1], 1024 * deviations[0], rtol=1e-9)


def dense(probe, hessian, total):
    """The approximate Gauss-Newton matrix of the covered parameters, and their places."""
    matrix = total * probe.gauss_newton(np.eye(probe.n_parameters))
    places = np.arange(probe.n_parameters)
    if hessian == "diagonal":
        return np.diag(np.diag(matrix)), places
    if hessian == "kronecker":
        return block_diag(*(total * np.kron(A, G) for A, G in probe.kronecker_factors())), places
    last = probe.network.n_layers - 1
    places = places[min(b.offset for b in probe.network.core.layout if b.layer == last) :]
    return matrix[np.ix_(places, places)], places


@pytest.mark.parametrize("hessian", STRUCTURES)
@pytest.mark.parametrize("kind", KINDS)
def test_covariance_and_evidence_against_dense_matrices(kind, hessian):
    X, y, weights = data_of(kind)
    probe, alpha = probe_of(kind), 0.3
    found = laplace(probe, hessian, alpha=alpha)
    total = weights.sum()
    s = 1.0
    if found.noise is not None:
        s = found.noise[0] / fitted(kind).target_scale_[0]
    matrix, places = dense(probe, hessian, total)
    precision = matrix / s**2 + alpha * np.eye(len(places))
    J = probe.output_gradients()[:, :, places]
    covariance = J @ np.linalg.inv(precision) @ J.swapaxes(1, 2)
    np.testing.assert_allclose(
        found.output_covariance(probe), covariance, rtol=1e-7, atol=1e-10 * covariance.max()
    )
    np.testing.assert_allclose(found.output_covariance(X), covariance, rtol=1e-7, atol=1e-10)
    w = probe.parameters[places]
    exact = -total * probe.loss() / s**2 - alpha * (w @ w) / 2
    exact += (len(w) * np.log(alpha) - np.linalg.slogdet(precision)[1]) / 2
    if found.noise is not None:
        scales = fitted(kind).target_scale_
        exact -= total * np.log(np.sqrt(2 * np.pi) * s * scales).sum()
    assert found.log_marginal_likelihood == pytest.approx(exact, rel=1e-8)
    assert found.n_covered == len(places)


def test_the_last_layer_of_a_reparametrized_network_has_effective_weights():
    probe = probe_of("weight norm of classes")
    found = laplace(probe, alpha=1.0)
    plain = laplace(Probe(plain_copy(probe), *data_of("weight norm of classes")), alpha=1.0)
    assert found.log_marginal_likelihood == pytest.approx(plain.log_marginal_likelihood, rel=1e-8)


def plain_copy(probe):
    network = probe.network.effective()
    model = MLPClassifier((6, 6), activation="tanh", dtype="float64", max_iter=1, random_state=0)
    X, y, _ = data_of("weight norm of classes")
    model.partial_fit(X, y, classes=np.unique(y))
    model.coefs_, model.intercepts_ = network.coefs(), network.intercepts()
    return model


def test_probabilities_are_near_those_of_drawn_logits():
    X, y, _ = data_of("two classes")
    probe = probe_of("two classes")
    found = laplace(probe, alpha=0.1)
    logits = probe.network.outputs(X)[:, 0]
    deviation = found.standard_deviation(X)
    noise = np.random.default_rng(0).standard_normal(20_000)
    drawn = expit(logits[:, None] + deviation[:, None] * noise).mean(axis=1)
    assert deviation.max() > 1
    np.testing.assert_allclose(found.predict_proba(X)[:, 1], drawn, atol=0.02)
    plain = fitted("two classes").predict_proba(X)[:, 1]
    assert (np.abs(drawn - 0.5) < np.abs(plain - 0.5) + 0.01).all()


@pytest.mark.parametrize("kind", ["three classes", "several labels"])
def test_certain_weights_give_the_networks_own_probabilities(kind):
    X = features()
    model = fitted(kind)
    tight = laplace(probe_of(kind), alpha=1e14).predict_proba(X)
    np.testing.assert_allclose(tight, model.predict_proba(X), atol=1e-6)
    wide = laplace(probe_of(kind), alpha=1e-3).predict_proba(X)
    assert wide.max() < tight.max()
    if kind == "three classes":
        np.testing.assert_allclose(wide.sum(axis=1), 1.0, rtol=1e-12)


def test_blocks_of_rows_change_nothing(monkeypatch):
    probe = probe_of("three classes")
    whole = [laplace(probe, h, alpha=1.0).output_covariance(probe) for h in STRUCTURES]
    monkeypatch.setattr("deepgen.generalization.random_weights.curvature_basis.BLOCK_SIZE", 300)
    for hessian, expected in zip(STRUCTURES, whole, strict=True):
        again = laplace(probe, hessian, alpha=1.0).output_covariance(probe)
        np.testing.assert_allclose(again, expected, rtol=1e-10)


def test_pipelines_linear_networks_and_sparse_rows():
    from scipy.sparse import csr_array

    X = features()
    y = smooth_target(X)
    net = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", dtype="float64", max_iter=500)
    pipe = make_pipeline(StandardScaler(), net).fit(X, y)
    probe = Probe(pipe, X, y)
    found = laplace(probe)
    at = found.standard_deviation(pipe[0].transform(X))
    np.testing.assert_allclose(found.standard_deviation(probe), at, rtol=1e-9)
    thin = Probe(net.fit(csr_array(X), y), csr_array(X), y)
    with pytest.raises(ValueError, match="needs dense features"):
        laplace(thin)
    rows = laplace(thin, "diagonal").standard_deviation(csr_array(X))
    assert rows == pytest.approx(laplace(Probe(net, X, y), "diagonal").standard_deviation(X))


def test_repr_and_plot():
    pytest.importorskip("matplotlib")
    found = laplace(probe_of("squared error"))
    assert repr(found).startswith("Laplace(last_layer, 7 parameters, ")
    assert len(found.plot().lines) == 2
    Y = np.arange(1, 31) * features()[:, :1]
    many = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2).partial_fit(features(), Y)
    assert "\n" not in repr(laplace(Probe(many, features(), Y)))


def test_a_strength_alone_is_a_grid():
    probe = probe_of("three classes")
    assert laplace(probe, alphas=[2.0]).alpha == pytest.approx(2.0)


def test_what_has_no_posterior_is_refused_by_name(monkeypatch):
    for kind in ("absolute error", "quantiles", "focal", "poisson"):
        with pytest.raises(ValueError, match="needs a log loss or a squared error, got"):
            laplace(probe_of(kind))
    probe = probe_of("three classes")
    for settings, message in (
        ({"hessian": "full"}, "hessian must be one of last_layer, kronecker, diagonal"),
        ({"alpha": 0}, "alpha must be a finite number above 0"),
        ({"alphas": [1, -1]}, "alphas must be a list of finite numbers > 0"),
        ({"alphas": ["x"]}, "alphas must be a list of finite numbers > 0"),
        ({"noise": 1.0}, "noise is for regressors"),
    ):
        with pytest.raises(ValueError, match=message):
            laplace(probe, **settings)
    with pytest.raises(ValueError, match="noise is for one output, the network has 2"):
        laplace(probe_of("two outputs"), noise=1.0)
    net = MLPRegressor(hidden_layer_sizes=(3,), parametrization="ntk")
    y = smooth_target(features())
    thin = Probe(net.partial_fit(features(), y), features(), y)
    with pytest.raises(ValueError, match="have no Kronecker factors"):
        laplace(thin, "kronecker")
    found = laplace(probe)
    with pytest.raises(ValueError, match="another network"):
        found.standard_deviation(probe.at(2 * probe.parameters))
    with pytest.raises(ValueError, match="classes have no noise"):
        found.standard_deviation(probe, noise=True)
    with pytest.raises(ValueError, match="predict_proba is for classifiers"):
        laplace(probe_of("squared error")).predict_proba(features())
    monkeypatch.setattr("deepgen.generalization.random_weights.curvature_basis.MAX_SIZE", 10)
    with pytest.raises(ValueError, match="has 21 rows, and eigenvectors of at most 10"):
        laplace(probe)
