"""Dropout's effect on a linear model is known in closed form."""

import numpy as np
import pytest

from engine.building import trainer_of
from reference import Component, LayerSpec, NetworkSpec

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.8])
def test_dropout_of_a_linear_model_is_in_expectation_ridge(probability):
    """E ||y - (X * m) w||^2 = ||y - X w||^2 + p / (1 - p) sum_j w_j^2 ||X_j||^2."""
    rng = np.random.default_rng(0)
    n, width = 64, 7
    X, w = rng.normal(size=(n, width)), rng.normal(size=width)
    y = X @ w + rng.normal(size=n)
    hidden = LayerSpec(width=width, activation="identity", dropout=probability)
    spec = NetworkSpec(width, [hidden, LayerSpec(width=1, activation="identity")], bias=False)
    trainer = trainer_of(spec, Component("sgd"), batch_size=n)
    trainer.set_data(X, y[:, None])
    trainer.load(np.concatenate([np.eye(width).ravel(), w]))
    losses = []
    for epoch in range(4000):
        trainer.begin_epoch(epoch)
        losses.append(2.0 * trainer.run(np.zeros(1)).loss)
    ridge = probability / (1.0 - probability) * (w**2 * (X**2).sum(axis=0)).sum()
    standard_error = np.std(losses) / np.sqrt(len(losses))
    assert ridge > 20.0 * standard_error
    expected = ((y - X @ w) ** 2).sum() + ridge
    assert np.mean(losses) == pytest.approx(expected, abs=4.0 * standard_error)
