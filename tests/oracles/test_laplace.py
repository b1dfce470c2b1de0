"""Laplace's approximation against laplace-torch, where it is installed."""

import numpy as np
import pytest

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.generalization import laplace

torch = pytest.importorskip("torch", reason="the oracle is PyTorch")
peer = pytest.importorskip("laplace", reason="the oracle is laplace-torch")


def torch_network(model):
    layers = []
    for coefs, intercepts in zip(model.coefs_, model.intercepts_, strict=True):
        layer = torch.nn.Linear(*coefs.shape, bias=model.bias).double()
        layer.weight.data = torch.tensor(coefs.T.copy())
        if model.bias:
            layer.bias.data = torch.tensor(np.array(intercepts))
        layers += [layer, torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])


def data(likelihood):
    draw = np.random.default_rng(0)
    X = draw.normal(size=(60, 3))
    score = X[:, 0] + 0.5 * X[:, 1] + 0.3 * draw.normal(size=60)
    return X, score if likelihood == "regression" else np.digitize(score, [-0.5, 0.5])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("hessian", ["last_layer", "kronecker", "diagonal"])
@pytest.mark.parametrize("likelihood", ["regression", "classification"])
def test_evidence_and_variance_are_those_of_laplace_torch(likelihood, hessian):
    X, y = data(likelihood)
    settings = {"activation": "tanh", "solver": "lbfgs", "dtype": "float64", "random_state": 0}
    settings |= {"hidden_layer_sizes": (5,), "alpha": 0.5, "max_iter": 1000}
    # There the factors of weights and of intercepts are apart, here they are one.
    settings["bias"] = hessian != "kronecker"
    if likelihood == "regression":
        model = MLPRegressor(**settings, target_scaling=None).fit(X, y)
        found = laplace(Probe(model, X, y), hessian, alpha=0.5, noise=0.3)
        rows = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(y[:, None]))
    else:
        model = MLPClassifier(**settings).fit(X, y)
        found = laplace(Probe(model, X, y), hessian, alpha=0.5)
        rows = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(y))
    which = "last_layer" if hessian == "last_layer" else "all"
    structure = {"last_layer": "full", "kronecker": "kron", "diagonal": "diag"}[hessian]
    noise = {"sigma_noise": 0.3} if likelihood == "regression" else {}
    other = peer.Laplace(
        torch_network(model), likelihood, which, structure, prior_precision=0.5, **noise
    )
    other.fit(torch.utils.data.DataLoader(rows, batch_size=60))
    evidence = float(other.log_marginal_likelihood())
    assert found.log_marginal_likelihood == pytest.approx(evidence, rel=1e-6)
    _, variance = other._glm_predictive_distribution(torch.tensor(X))
    variance = variance.detach().numpy()
    np.testing.assert_allclose(found.output_covariance(X), variance, rtol=1e-5, atol=1e-9)
