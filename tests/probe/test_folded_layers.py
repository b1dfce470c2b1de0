"""Folded layers compute the predictions of the network that they were taken from."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.activations import Parametric
from deepgen.probe.folded_layers import folded_layers
from tests.reference import activations

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def outputs(layers, X):
    """The obvious pass over the layers."""
    below, made = X, []
    for layer in layers:
        z = below @ layer.weights + layer.intercepts
        carried = made[layer.skip_from] if layer.skip_from >= 0 else None
        if layer.skip == "deepnorm":
            z = z + layer.alpha * carried
        if layer.normalized:
            centred = z - z.mean(axis=1, keepdims=True)
            deviation = np.sqrt((centred**2).mean(axis=1, keepdims=True) + layer.epsilon)
            z = layer.scale * centred / deviation + layer.shift
        below = activations.value(layer.activation, z, layer.slopes)
        if layer.skip == "residual":
            below = below + carried
        made.append(below)
    return below


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"normalization": "batch", "activation": "gelu"},
        {"normalization": "layer"},
        {"normalization": "weight"},
        {"skip": "residual", "normalization": "batch"},
        {"skip": "fixup"},
        {"skip": "deepnorm"},
        {"activation": Parametric("mish"), "input_scale": True},
        {"bias": False},
    ],
    ids=str,
)
def test_layers_predict_as_the_network(settings):
    random = np.random.default_rng(0)
    X = random.standard_normal((60, 3))
    y = 5.0 + 3.0 * np.sin(X[:, 0])
    model = MLPRegressor(
        hidden_layer_sizes=(6, 6, 6), dtype="float64", max_iter=3, tol=0, random_state=0, **settings
    )
    model.fit(X, y)
    layers = folded_layers(model)
    np.testing.assert_allclose(outputs(layers, X)[:, 0], model.predict(X), rtol=1e-10)
    again = folded_layers(Probe(model, X, y))
    np.testing.assert_array_equal(again[0].weights, layers[0].weights)


def test_outputs_of_a_classifier_are_logits():
    random = np.random.default_rng(0)
    X = random.standard_normal((60, 3))
    model = MLPClassifier(hidden_layer_sizes=(4,), dtype="float64", solver="lbfgs", random_state=0)
    model.fit(X, X[:, 0] > 0)
    logits = outputs(folded_layers(model), X)[:, 0]
    np.testing.assert_allclose(expit(logits), model.predict_proba(X)[:, 1], rtol=1e-10)


def test_a_pipeline_is_pointed_to_a_probe():
    X = np.random.default_rng(0).standard_normal((30, 2))
    pipeline = make_pipeline(StandardScaler(), MLPRegressor(solver="lbfgs", max_iter=5))
    pipeline.fit(X, X[:, 0])
    with pytest.raises(TypeError, match=r"got Pipeline; give Probe\(model, X, y\)"):
        folded_layers(pipeline)
    assert folded_layers(Probe(pipeline, X, X[:, 0]))[0].weights.shape == (2, 100)


def test_embedded_features_are_refused():
    X = np.random.default_rng(0).standard_normal((60, 3))
    model = MLPRegressor(numerical_embedding="pwl", max_iter=1, random_state=0)
    model.fit(X, X[:, 0])
    with pytest.raises(ValueError, match="embeds its features"):
        folded_layers(model)
