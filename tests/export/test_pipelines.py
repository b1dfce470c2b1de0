"""Pipelines with an MLP, converted by skl2onnx."""

import numpy as np
import pytest
from sklearn.ensemble import StackingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, MLPRegressor
from deepgen.export import register_skl2onnx
from export.random_models import LABELS, ROWS, TARGET, X, quietly

skl2onnx = pytest.importorskip("skl2onnx", reason="the gate's stage 'exports' installs skl2onnx")
ort = pytest.importorskip("onnxruntime", reason="the gate's stage 'exports' installs onnxruntime")

NET = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, "n_members": 2}


def run(model, rows):
    register_skl2onnx()
    made = skl2onnx.to_onnx(model, X[:1], target_opset=17)
    session = ort.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"X": rows})


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_regressor_in_a_pipeline(wrapped):
    net = MLPRegressor(normalization="layer", activation="gelu", **NET)
    if wrapped:
        net = StackingRegressor([("net", net), ("ridge", Ridge())], cv=2)
    with quietly():
        model = make_pipeline(StandardScaler(), net).fit(X, TARGET)
    (got,) = run(model, ROWS)
    np.testing.assert_allclose(got.ravel(), model.predict(ROWS), rtol=1e-5)


@pytest.mark.parametrize("name", ["two words", "odd words", "numbers", "several"])
def test_a_classifier_in_a_pipeline(name):
    with quietly():
        model = make_pipeline(StandardScaler(), MLPClassifier(**NET)).fit(X, LABELS[name])
    label, probabilities = run(model, ROWS)
    np.testing.assert_array_equal(label, model.predict(ROWS))
    np.testing.assert_allclose(probabilities, model.predict_proba(ROWS), atol=1e-5)


def test_other_labels_are_refused_by_name():
    with quietly():
        model = make_pipeline(StandardScaler(), MLPClassifier(**NET)).fit(X, LABELS["truth"])
    with pytest.raises(ValueError, match="labels of integers and text, these are bool"):
        run(model, ROWS)
