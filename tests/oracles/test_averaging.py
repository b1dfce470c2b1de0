"""Averages of weights against torch.optim.swa_utils, batch norm's statistics included."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from deepgen import MLPRegressor
from deepgen.averaging import EMA, SWA
from deepgen.optimizers import SGD

torch = pytest.importorskip("torch", reason="the oracle is PyTorch: install the oracles extra")
from torch.optim import swa_utils  # noqa: E402

RNG = np.random.default_rng(0)
N, BATCH, EPOCHS, RATE = 60, 16, 5, 0.05
X = RNG.normal(size=(N, 4))
Y = np.sin(X[:, 0]) + X[:, 1]


def start(batch_norm):
    coefs = [RNG.normal(size=shape) / 2 for shape in ((4, 6), (6, 1))]
    # Under batch norm an intercept has no effect, and the engine has none.
    return coefs, [np.zeros(6) if batch_norm else RNG.normal(size=6), RNG.normal(size=1)]


class Net(torch.nn.Module):
    def __init__(self, coefs, intercepts, batch_norm):
        super().__init__()
        layers = [torch.nn.Linear(4, 6), torch.nn.Linear(6, 1)]
        for layer, w, b in zip(layers, coefs, intercepts, strict=True):
            layer.weight = torch.nn.Parameter(torch.tensor(w.T))
            layer.bias = torch.nn.Parameter(torch.tensor(b))
        norm = torch.nn.BatchNorm1d(6, dtype=torch.float64) if batch_norm else torch.nn.Identity()
        self.layers = torch.nn.Sequential(layers[0], norm, torch.nn.Tanh(), layers[1])

    def forward(self, x):
        return self.layers(x)


def trained(coefs, intercepts, batch_norm, average, *, each_step, first=0):
    """An averaged model, moved as the training goes."""
    net = Net(coefs, intercepts, batch_norm)
    averaged = swa_utils.AveragedModel(net, **average)
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE, momentum=0.9)
    x, y = torch.tensor(X), torch.tensor(Y[:, None])
    for epoch in range(EPOCHS):
        for begin in range(0, N, BATCH):
            rows = slice(begin, begin + BATCH)
            optimizer.zero_grad()
            (0.5 * (net(x[rows]) - y[rows]) ** 2).mean().backward()
            optimizer.step()
            if each_step:
                averaged.update_parameters(net)
        if not each_step and epoch >= first:
            averaged.update_parameters(net)
    if batch_norm:
        # In one batch of all rows, so that its statistics are those of the data.
        swa_utils.update_bn([x], averaged)
    averaged.eval()
    return averaged


def assert_same_predictions(averaging, batch_norm, average, **when):
    coefs, intercepts = start(batch_norm)
    model = MLPRegressor(
        hidden_layer_sizes=(6,),
        activation="tanh",
        normalization="batch" if batch_norm else None,
        solver=SGD(momentum=0.9, nesterov=False),
        learning_rate_init=RATE,
        batch_size=BATCH,
        shuffle=False,
        max_iter=EPOCHS,
        target_scaling=None,
        alpha=0.0,
        dtype="float64",
        averaging=averaging,
    )
    with pytest.warns(ConvergenceWarning):
        model.fit(X, Y, coefs_init=coefs, intercepts_init=intercepts)
    oracle = trained(coefs, intercepts, batch_norm, average, **when)
    with torch.no_grad():
        expected = oracle(torch.tensor(X)).numpy()[:, 0]
    got = model.predict(X)
    if batch_norm:
        # PyTorch's running variance is the unbiased one.
        variance = model.network_.blocks()["variance_0"]
        variance *= N / (N - 1)
        got = model.predict(X)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.9, 0.99])
def test_the_exponential_average_equals_torch(decay, batch_norm):
    average = {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(decay)}
    assert_same_predictions(EMA(decay), batch_norm, average, each_step=True)


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("first", [0, 2, 4])
def test_the_mean_over_epochs_equals_torch(first, batch_norm):
    assert_same_predictions(SWA(first), batch_norm, {}, each_step=False, first=first)
