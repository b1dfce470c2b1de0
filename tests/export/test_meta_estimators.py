"""Classifiers inside of calibration, stacks and searches, and with options, by skl2onnx."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsOneClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from deepgen.export import register_skl2onnx
from export.random_models import quietly

skl2onnx = pytest.importorskip("skl2onnx", reason="the gate's stage 'exports' installs skl2onnx")
ort = pytest.importorskip("onnxruntime", reason="the gate's stage 'exports' installs onnxruntime")

ROWS = np.random.default_rng(0).normal(size=(120, 4)).astype(np.float32)
HEIGHT = 1 + 3 * ROWS[:, 0]
LABELS = {
    "one": np.full(len(ROWS), "only"),
    "two": np.where(HEIGHT > 0, "a", "b"),
    "three": np.where(HEIGHT > 2, "a", np.where(HEIGHT > 0, "b", "c")),
    "several": np.stack([HEIGHT > 0, ROWS[:, 1] > 0], axis=1).astype(int),
}
NET = {"hidden_layer_sizes": (8,), "max_iter": 20, "random_state": 0}
INNER = {
    "network": lambda: MLPClassifier(**NET),
    "members": lambda: MLPClassifier(n_members=2, **NET),
    "table": lambda: TabularClassifier(preset="fast", network={"max_iter": 10}, random_state=0),
    "pipeline": lambda: make_pipeline(StandardScaler(), MLPClassifier(**NET)),
    "pipeline in a pipeline": lambda: make_pipeline(
        StandardScaler(), make_pipeline(StandardScaler(), MLPClassifier(**NET))
    ),
    "stack in a pipeline": lambda: make_pipeline(
        StandardScaler(),
        StackingClassifier([("line", LogisticRegression())], MLPClassifier(**NET), cv=2),
    ),
    "search": lambda: GridSearchCV(MLPClassifier(**NET), {"alpha": [0.1]}, cv=2),
}


def fitted(model, y):
    with quietly():
        return model.fit(ROWS, y)


def converted(model, options=None):
    register_skl2onnx()
    made = skl2onnx.to_onnx(model, ROWS[:1], target_opset=17, options=options)
    session = ort.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"X": ROWS})


def check(model, *, tolerance=1e-5):
    label, probabilities = converted(model, {"zipmap": False})
    np.testing.assert_allclose(probabilities, model.predict_proba(ROWS), atol=tolerance)
    np.testing.assert_array_equal(label, model.predict(ROWS))


@pytest.mark.parametrize("name", INNER)
@pytest.mark.parametrize("labels", ["two", "three"])
def test_sigmoid_calibration(name, labels):
    check(fitted(CalibratedClassifierCV(INNER[name](), cv=2), LABELS[labels]))


@pytest.mark.parametrize("name", ["network", "members"])
@pytest.mark.parametrize("labels", ["two", "three"])
def test_isotonic_calibration(name, labels):
    model = CalibratedClassifierCV(INNER[name](), method="isotonic", cv=2)
    fitted(model, LABELS[labels])
    _, probabilities = converted(model, {"zipmap": False})
    np.testing.assert_allclose(probabilities, by_nearest_steps(model), atol=1e-5)


def by_nearest_steps(model):
    """The probabilities of skl2onnx, which takes the nearest step, not the line between two."""
    means = []
    for own in model.calibrated_classifiers_:
        values = own.estimator.decision_function(ROWS).reshape(len(ROWS), -1)
        columns = []
        for steps, z in zip(own.calibrators, values.T, strict=True):
            inside = np.clip(z, steps.X_min_, steps.X_max_)
            nearest = np.abs(inside[:, None] - steps.X_thresholds_).argmin(axis=1)
            columns.append(steps.y_thresholds_[nearest])
        p = np.stack(columns, axis=1)
        if p.shape[1] == 1:
            p = np.hstack([1 - p, p])
        total = p.sum(axis=1, keepdims=True)
        means.append(np.where(total == 0, 1 / p.shape[1], p / np.where(total == 0, 1, total)))
    return np.mean(means, axis=0)


@pytest.mark.parametrize("name", INNER)
@pytest.mark.parametrize("method", ["decision_function", "predict_proba"])
def test_stacks_of_three_classes(name, method):
    members = [("own", INNER[name]()), ("line", LogisticRegression())]
    stack = StackingClassifier(members, LogisticRegression(), stack_method=method, cv=2)
    check(fitted(stack, LABELS["three"]))


def test_calibration_of_a_stack_with_a_network_on_top():
    stack = StackingClassifier([("own", INNER["network"]())], INNER["network"](), cv=2)
    check(fitted(CalibratedClassifierCV(stack, cv=2), LABELS["two"]))


@pytest.mark.parametrize("name", ["network", "pipeline", "search"])
@pytest.mark.parametrize(
    ("method", "labels"),
    [("decision_function", "two"), ("predict", "two"), ("predict", "three")],
)
def test_stacks_that_skl2onnx_converts_wrongly_are_refused(name, method, labels):
    stack = StackingClassifier([("own", INNER[name]())], stack_method=method, cv=2)
    fitted(stack, LABELS[labels])
    with pytest.raises(ValueError, match=f"stack_method='{method}' wrongly: it takes one column"):
        converted(stack)


@pytest.mark.parametrize("name", ["network", "members"])
def test_pairs_of_classes(name):
    model = fitted(OneVsOneClassifier(INNER[name]()), np.arange(len(ROWS)) % 3)
    np.testing.assert_array_equal(converted(model)[0].ravel(), model.predict(ROWS))


def test_several_outputs():
    model = fitted(MultiOutputClassifier(INNER["network"]()), LABELS["several"])
    label, probabilities = converted(model, {"zipmap": False})
    np.testing.assert_array_equal(label, model.predict(ROWS))
    np.testing.assert_allclose(probabilities, model.predict_proba(ROWS), atol=1e-5)


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("name", ["network", "members"])
def test_raw_scores_are_the_decision_values(name, labels):
    model = fitted(INNER[name](), LABELS[labels])
    label, scores = converted(model, {"raw_scores": True})
    values = model.decision_function(ROWS)
    expected = np.stack([-values, values], axis=1) if values.ndim == 1 else values
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(label, model.predict(ROWS))


def test_raw_scores_of_certain_members_stay_finite():
    model = fitted(INNER["members"](), LABELS["two"])
    for member in model.members_:
        member.network_.parameters[...] *= 100
    values = model.decision_function(ROWS)
    assert np.abs(values).max() > 1000
    _, scores = converted(model, {"raw_scores": True})
    np.testing.assert_allclose(scores[:, 1], values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["network", "members", "table", "pipeline"])
@pytest.mark.parametrize("key", ["name", "id", "class"])
def test_options_reach_classifiers(name, key):
    model = fitted(INNER[name](), LABELS["three"])
    last = model[-1] if name == "pipeline" else model
    own = {"zipmap": False}
    named = {type(last).__name__.lower(): own} if name == "pipeline" else own
    options = {"name": named, "id": {id(last): own}, "class": {type(last): own}}[key]
    _, probabilities = converted(model, options)
    np.testing.assert_allclose(probabilities, model.predict_proba(ROWS), atol=1e-5)


@pytest.mark.parametrize("kind", [MLPRegressor, TabularRegressor])
def test_options_of_others_pass_by_regressors(kind):
    parameters = {"max_iter": 2} if kind is MLPRegressor else {"network": {"max_iter": 2}}
    model = fitted(make_pipeline(StandardScaler(), kind(**parameters)), HEIGHT)
    (got,) = converted(model, {StandardScaler: {"div": "div_cast"}})
    np.testing.assert_allclose(got.ravel(), model.predict(ROWS), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("option", ["nocl", "output_class_labels"])
def test_other_options_are_refused_by_name(option):
    model = fitted(INNER["network"](), LABELS["two"])
    with pytest.raises(NameError, match=f"Option '{option}' not in"):
        converted(model, {id(model): {option: True}})
