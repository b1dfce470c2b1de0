"""Influence of training rows against training without them, and against dense matrices."""

import importlib

import numpy as np
import pandas as pd
import pytest
from probe.fitted_models import data_of, fitted, probe_of
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, Probe
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.generalization import influence

# The name of the module in its package is the function.
MODULE = importlib.import_module("deepgen.generalization.influence")
EXACT = {"solver": "lbfgs", "dtype": "float64", "tol": 1e-10, "max_iter": 5000, "random_state": 0}


def logistic_data(n=60, seed=0):
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n, 3))
    return X, (X @ [1.0, -1.0, 0.5] + 0.7 * draw.normal(size=n) > 0).astype(int)


def logistic_loss_without(i, share, X, y, X_new, y_new):
    """Loss on new rows and on row i of a net that learned row i with the weight 1 - share."""
    weights = np.ones(len(X))
    weights[i] -= share
    net = MLPClassifier((), alpha=1.0, **EXACT).fit(X, y, weights)
    own = -net.predict_log_proba(X[i : i + 1])[0, y[i]]
    return Probe(net, X_new, y_new).loss(), own


def test_leaving_rows_out_of_logistic_regression():
    X, y = logistic_data(300)
    new = logistic_data(200, seed=1)
    net = MLPClassifier((), alpha=1.0, **EXACT)
    probe = Probe(net.fit(X, y), X, y)
    found, own = influence(probe, *new, damping=0), influence(probe, damping=0)
    rows = range(0, 300, 6)
    before = np.array([logistic_loss_without(i, 0.0, X, y, *new) for i in rows])
    rises = np.array([logistic_loss_without(i, 1.0, X, y, *new) for i in rows]) - before
    predicted = np.column_stack([found.values, own.values])[::6]
    for k in (0, 1):
        assert np.corrcoef(predicted[:, k], rises[:, k])[0, 1] > 0.995
        # The next term is about a leverage (4 parameters of 300 rows, 0.05 at most) times as large.
        assert np.abs(predicted[:, k] - rises[:, k]).max() < 0.1 * np.abs(rises[:, k]).max()
    assert found.residual < 1e-8 and not found.own and own.own


def exact_minimum(probe):
    """Newton's method, since L-BFGS stops some 1e-5 away."""
    ridge = 1.0 / (probe.n_samples if probe.data.weights is None else probe.data.weights.sum())
    ridge = ridge * np.array([1.0, 1, 1, 0])
    for _ in range(10):
        curvature = probe.gauss_newton(np.eye(4)) + np.diag(ridge)
        slope = probe.gradient() + ridge * probe.parameters
        probe = probe.at(probe.parameters - np.linalg.solve(curvature, slope))
    return probe


def test_the_derivative_in_the_weight_of_a_row():
    X, y = logistic_data()
    new = logistic_data(200, seed=1)
    net = MLPClassifier((), alpha=1.0, **EXACT).fit(X, y)
    probe = exact_minimum(Probe(net, X, y))
    found, own = influence(probe, *new, damping=0), influence(probe, damping=0)
    for i in range(0, 60, 15):
        losses = []
        for share in (0.01, -0.01):
            weights = np.ones(60)
            weights[i] -= share
            w = exact_minimum(Probe(net, X, y, weights)).parameters
            row = Probe(net, X[i : i + 1], y[i : i + 1])
            losses.append([Probe(net, *new).at(w).loss(), row.at(w).loss()])
        slopes = (np.array(losses[0]) - losses[1]) / 0.02
        np.testing.assert_allclose([found.values[i], own.values[i]], slopes, rtol=1e-4)


@pytest.mark.parametrize("alpha", [0.0, 5.0])
def test_leaving_rows_out_of_linear_regression_in_closed_form(alpha):
    draw = np.random.default_rng(0)
    X, X_new = draw.normal(size=(40, 3)), draw.normal(size=(25, 3))
    y, y_new = X[:, 0] + draw.normal(size=40), X_new[:, 0] + draw.normal(size=25)
    F, new = np.c_[X, np.ones(40)], np.c_[X_new, np.ones(25)]
    A = F.T @ F + alpha * np.diag([1.0, 1, 1, 0])
    w = np.linalg.solve(A, F.T @ y)
    model = regressor_from_layers([w[:3, None]], [w[3:]], alpha=alpha)
    found = influence(Probe(model, X, y), X_new, y_new, damping=0, tol=1e-13)
    leverage = np.einsum("ij,jk,ik->i", F, np.linalg.inv(A), F)
    for i in range(40):
        kept = np.arange(40) != i
        without = np.linalg.solve(A - np.outer(F[i], F[i]), F[kept].T @ y[kept])
        loss = [np.mean((new @ v - y_new) ** 2) / 2 for v in (w, without)]
        bend = np.mean((new @ (without - w)) ** 2) / 2
        exact = (loss[1] - loss[0] - bend) * (1 - leverage[i])
        assert found.values[i] == pytest.approx(exact, rel=1e-8, abs=1e-12)


def dense_values(probe, damping, gradient=None):
    P = probe.n_parameters
    alpha, total = probe._estimator.alpha, 1.0
    u = np.ones(probe.n_samples) if probe.data.weights is None else probe.data.weights
    total = u.sum()
    weights = np.zeros(P)
    for block in probe.network.core.layout:
        if block.kind == "coefs":
            weights[block.offset : block.offset + block.size] = 1
    A = probe.gauss_newton(np.eye(P)) + np.diag(alpha * weights / total + damping)
    G = probe.per_sample_gradients()
    right = G if gradient is None else np.tile(gradient, (len(G), 1))
    return u * np.einsum("ip,pi->i", right, np.linalg.solve(A, G.T)) / total


@pytest.mark.parametrize("kind", ["three classes", "two outputs", "poisson", "balanced"])
def test_values_of_networks_against_dense_matrices(kind, monkeypatch):
    X, y, weights = data_of(kind)
    probe = Probe(fitted(kind, alpha=0.5), X, y, weights)
    gradient = Probe(fitted(kind, alpha=0.5), X[:9], y[:9]).gradient()
    found = influence(probe, X[:9], y[:9], damping=0.01, tol=1e-12)
    expected = dense_values(probe, 0.01, gradient)
    np.testing.assert_allclose(found.values, expected, rtol=1e-7, atol=1e-9 * abs(expected).max())
    own = influence(probe, damping=0.01)
    np.testing.assert_allclose(own.values, dense_values(probe, 0.01), rtol=1e-8)
    assert own.n_products == probe.n_parameters and (own.values >= 0).all()
    monkeypatch.setattr(MODULE, "MAX_DENSE", 0)
    searched = influence(probe, damping=0.01, tol=1e-12)
    np.testing.assert_allclose(searched.values, own.values, rtol=1e-7)


def test_the_default_damping_is_the_mean_of_the_diagonal():
    probe = probe_of("three classes")
    damping = np.trace(probe.gauss_newton(np.eye(probe.n_parameters))) / probe.n_parameters
    found = influence(probe)
    assert found.damping == pytest.approx(damping, rel=1e-9)
    np.testing.assert_allclose(found.values, dense_values(probe, damping), rtol=1e-8)


@pytest.mark.parametrize("kind", ["three classes", "highway", "layer norm", "no bias"])
def test_the_ridge_is_the_engines_l2(kind):
    probe = Probe(fitted(kind, alpha=0.5), *data_of(kind))
    data, network = probe.data, probe.network
    with_l2, without = (
        network.loss_and_gradient(data.X, data.y, data.weights, alpha=alpha)[1]
        for alpha in (0.5, 0.0)
    )
    difference = (with_l2 - without)[: probe.n_parameters]
    ridge = MODULE._ridge(probe, data.weights.sum())
    np.testing.assert_allclose(ridge * probe.parameters, difference, atol=1e-12)


def test_a_search_that_ends_early_is_told():
    probe = probe_of("three classes")
    X, y, _ = data_of("three classes")
    with pytest.warns(ConvergenceWarning, match="1 products left a residual of"):
        found = influence(probe, X, y, damping=1e-6, max_iter=1)
    assert found.residual > 0.01 and found.n_products == 1


def test_what_has_no_influence_is_refused_by_name(monkeypatch):
    probe = probe_of("three classes")
    X, y, _ = data_of("three classes")
    for arguments, settings, message in (
        ((X,), {}, "only one of them is given"),
        ((X, y), {"damping": -1.0}, "damping must be a finite number above 0"),
        ((X, y), {"tol": 0}, "tol must be a finite number above 0"),
        ((X, y), {"max_iter": 0}, "max_iter must be an integer of at least 1"),
        ((X, y[:-1]), {}, "inconsistent numbers of samples"),
    ):
        with pytest.raises(ValueError, match=message):
            influence(probe, *arguments, **settings)
    flat = Probe(fitted("three classes"), X[:5], y[:5])
    with pytest.raises(ValueError, match="not positive definite"):
        influence(flat, damping=0)
    monkeypatch.setattr(MODULE, "MAX_DENSE", 10)
    monkeypatch.setattr(MODULE, "MAX_WORK", 1000)
    with pytest.raises(ValueError, match="40 rows on themselves in a network of 93 parameters"):
        influence(probe)


def test_repr_and_plot():
    pytest.importorskip("matplotlib")
    found = influence(probe_of("three classes"))
    assert repr(found).startswith("Influence(40 rows on themselves, from ")
    (line,) = found.plot().lines
    assert (np.diff(line.get_ydata()) <= 0).all()


@pytest.mark.claims
def test_planted_wrong_labels_have_a_large_influence_on_themselves(shared_data):
    table = pd.read_csv(shared_data / "satimage.csv.gz")
    X, y = table.iloc[:, :-1].to_numpy(float), table.iloc[:, -1].to_numpy()
    hits = {"influence": [], "loss": []}
    for seed in range(3):
        draw = np.random.default_rng(seed)
        rows = draw.permutation(len(X))[:1000]
        features = StandardScaler().fit_transform(X[rows])
        classes, labels = np.unique(y[rows], return_inverse=True)
        wrong = draw.permutation(1000)[:100]
        labels[wrong] = (labels[wrong] + draw.integers(1, len(classes), 100)) % len(classes)
        net = MLPClassifier((32,), solver="lbfgs", alpha=1.0, max_iter=300, random_state=seed)
        with pytest.warns(ConvergenceWarning):
            net.fit(features, labels)
        losses = -net.predict_log_proba(features)[np.arange(1000), labels]
        ranked = {"influence": influence(Probe(net, features, labels)).values, "loss": losses}
        for name, values in ranked.items():
            hits[name].append(np.isin(np.argsort(-values)[:100], wrong).mean())
    # By chance a tenth; the loss alone finds fewer in a network that has learned wrong labels too.
    assert np.mean(hits["influence"]) > 0.6
    assert np.mean(hits["influence"]) > np.mean(hits["loss"])
