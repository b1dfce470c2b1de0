"""Models as ONNX: onnxruntime gives the engine's predictions."""

import numpy as np
import pytest

from deepgen import MLPRegressor
from deepgen.activations import Parametric
from deepgen.export import to_onnx
from export.random_models import LABELS, REGRESSORS, ROWS, classifier, quietly, regressor

pytest.importorskip("onnx", reason="onnx is in the extra 'onnx'; the gate's stage 'exports' has it")
ort = pytest.importorskip("onnxruntime", reason="the gate's stage 'exports' installs onnxruntime")


def run(made, inputs):
    session = ort.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(
        zip([o.name for o in session.get_outputs()], session.run(None, inputs), strict=True)
    )


@pytest.mark.parametrize("name", REGRESSORS)
def test_predictions_of_regressors(name):
    model = regressor(name)
    expected = model.predict(ROWS).reshape(len(ROWS), -1)
    got = run(to_onnx(model), {"X": ROWS.astype(model.dtype)})["variable"]
    size = np.abs(expected - np.mean(expected)).max()
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5 * size)


@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("name", LABELS)
def test_predictions_of_classifiers(name, n_members):
    model = classifier(name, n_members=n_members)
    got = run(to_onnx(model), {"X": ROWS})
    np.testing.assert_allclose(got["probabilities"], model.predict_proba(ROWS), atol=1e-5)
    np.testing.assert_array_equal(got["label"], model.predict(ROWS))


@pytest.mark.parametrize("name", REGRESSORS)
def test_networks_in_float64_keep_all_digits(name):
    model = regressor(name, dtype="float64")
    rows = ROWS.astype(np.float64)
    expected = model.predict(rows).reshape(len(rows), -1)
    got = run(to_onnx(model), {"X": rows})["variable"]
    size = np.abs(expected - np.mean(expected)).max()
    # onnxruntime has the error function of gelu in float32 only.
    tolerance = 1e-6 if model.activation in ("gelu", Parametric("gelu")) else 1e-12
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance * size)


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("n_members", [1, 2])
def test_classifiers_in_float64_keep_all_digits(name, n_members):
    model = classifier(name, n_members=n_members, dtype="float64")
    rows = ROWS.astype(np.float64)
    got = run(to_onnx(model), {"X": rows})
    np.testing.assert_allclose(got["probabilities"], model.predict_proba(rows), atol=1e-12)
    np.testing.assert_array_equal(got["label"], model.predict(rows))


def test_an_offset_costs_a_network_in_float64_no_digits():
    rows = np.random.default_rng(0).normal(1e6, 1, size=(200, 4))
    with quietly():
        model = MLPRegressor(dtype="float64", normalization="batch", max_iter=30, random_state=0)
        model.fit(rows, 3 * (rows[:, 0] - 1e6))
    (got,) = run(to_onnx(model), {"X": rows}).values()
    np.testing.assert_allclose(got.ravel(), model.predict(rows), atol=1e-8)


def test_the_file_states_its_opset():
    opsets = {own.domain: own.version for own in to_onnx(regressor("members")).opset_import}
    assert opsets == {"": 17, "ai.onnx.ml": 3}
