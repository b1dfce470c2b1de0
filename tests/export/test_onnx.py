"""Models as ONNX: onnxruntime gives the engine's predictions."""

import numpy as np
import pytest

from deepgen.export import to_onnx
from export.random_models import LABELS, REGRESSORS, ROWS, classifier, regressor

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
    got = run(to_onnx(model), {"X": ROWS})["variable"]
    size = np.abs(expected - np.mean(expected)).max()
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5 * size)


@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("name", LABELS)
def test_predictions_of_classifiers(name, n_members):
    model = classifier(name, n_members=n_members)
    got = run(to_onnx(model), {"X": ROWS})
    np.testing.assert_allclose(got["probabilities"], model.predict_proba(ROWS), atol=1e-5)
    np.testing.assert_array_equal(got["label"], model.predict(ROWS))


def test_the_file_states_its_opset():
    opsets = {own.domain: own.version for own in to_onnx(regressor("members")).opset_import}
    assert opsets == {"": 17, "ai.onnx.ml": 3}
