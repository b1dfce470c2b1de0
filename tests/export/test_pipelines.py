"""Pipelines with an MLP, an encoder or a tabular model, converted by skl2onnx."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tabular_estimators.frames import frame, labels, numbers

from deepgen import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from deepgen.export import register_skl2onnx
from deepgen.preprocessing import TableEncoder
from export.random_models import LABELS, ROWS, TARGET, X, quietly
from export.test_tables import TINY, seconds_of

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


def test_networks_in_float64_keep_all_digits_in_a_pipeline():
    with quietly():
        own = MLPRegressor(dtype="float64", **NET)
        net = make_pipeline(StandardScaler(), own).fit(X.astype(float), TARGET)
        table = TabularRegressor(preset="fast", network={"dtype": "float64", **TINY})
        table = make_pipeline(table).fit(X.astype(float), TARGET)
    types = skl2onnx.common.data_types
    kinds = [("X", types.DoubleTensorType([None, X.shape[1]]))]
    for model in (net, table):
        (got,) = converted(model, kinds, {"X": ROWS.astype(float)})
        np.testing.assert_allclose(got.ravel(), model.predict(ROWS.astype(float)), rtol=1e-12)


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


def typed(rows, dates=(), *, order=None):
    """Inputs of a table, and their types for skl2onnx."""
    types = skl2onnx.common.data_types
    kinds, inputs = [], {}
    for name in order or rows.columns:
        values = rows[name]
        if name in dates:
            inputs[name] = seconds_of(values)[:, None]
        elif values.dtype.kind in "iufb":
            inputs[name] = values.to_numpy(float)[:, None]
        else:
            inputs[name] = values.astype(object).fillna("").to_numpy(object)[:, None]
        is_text = inputs[name].dtype == object
        kind = types.StringTensorType if is_text else types.DoubleTensorType
        kinds.append((name, kind([None, 1])))
    return kinds, inputs


def converted(model, kinds, inputs):
    register_skl2onnx()
    made = skl2onnx.to_onnx(model, initial_types=kinds, target_opset=17)
    session = ort.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def mixed(n_rows=300):
    rows = frame(n_rows)
    rows["kind"] = rows["kind"].astype(str)
    return rows


@pytest.mark.parametrize("reverse", [False, True])
def test_tabular_models_in_a_pipeline(reverse):
    rows = mixed()
    order = list(rows.columns[::-1] if reverse else rows.columns)
    with quietly():
        model = TabularRegressor(preset="fast", network=TINY, n_members=2, random_state=0)
        model = make_pipeline(model).fit(rows, numbers(rows))
        net = TabularClassifier(preset="fast", network=TINY, random_state=0)
        net = make_pipeline(net).fit(rows, labels(rows))
    kinds, inputs = typed(rows, ["sold"], order=order)
    (got,) = converted(model, kinds, inputs)
    np.testing.assert_allclose(got.ravel(), model.predict(rows), rtol=1e-5, atol=1e-5)
    label, probabilities = converted(net, kinds, inputs)
    np.testing.assert_array_equal(label, net.predict(rows))
    np.testing.assert_allclose(probabilities, net.predict_proba(rows), atol=1e-5)


def test_the_pipeline_of_a_tabular_model_converts():
    rows = mixed().drop(columns="sold")
    with quietly():
        model = TabularRegressor(preset="fast", network=TINY, random_state=0)
        pipeline = model.fit(rows, numbers(rows)).to_pipeline().fit(rows, numbers(rows))
    (got,) = converted(pipeline, *typed(rows))
    np.testing.assert_allclose(got.ravel(), pipeline.predict(rows), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scale", ["robust", "standard", "quantile"])
def test_an_encoder_behind_a_scaler_takes_its_columns_by_position(scale):
    encoder = TableEncoder(numbers=scale, numerical_encoding="ple", n_bins=4)
    with quietly():
        model = make_pipeline(StandardScaler(), encoder, MLPRegressor(**NET)).fit(X, TARGET)
    (got,) = run(model, ROWS[:60])
    # The scaler's numbers are rounded to float32 in the graph.
    np.testing.assert_allclose(got.ravel(), model.predict(ROWS), rtol=1e-5)


def test_columns_of_another_type_or_number_are_refused():
    rows = mixed().drop(columns="sold")
    with quietly():
        model = make_pipeline(TabularRegressor(network=TINY)).fit(rows, numbers(rows))
    kinds, inputs = typed(rows)
    types = skl2onnx.common.data_types
    numbers_only = [(name, types.DoubleTensorType([None, 1])) for name, _ in kinds]
    with pytest.raises(ValueError, match="columns 'town', 'kind' held text: give StringTensorTyp"):
        converted(model, numbers_only, inputs)
    texts = [(name, types.StringTensorType([None, 1])) for name, _ in kinds]
    with pytest.raises(ValueError, match="columns 'size', 'count', 'new' held numbers: give Dou"):
        converted(model, texts, inputs)
    with pytest.raises(ValueError, match="skl2onnx has 4 columns for a table of 5"):
        converted(model, kinds[1:], inputs)


def plain(names):
    """A regressor of a table of numbers under these names."""
    rows = pd.DataFrame(X[:, : len(names)].astype(float), columns=names)
    with quietly():
        return TabularRegressor(preset="fast", network=TINY, random_state=0).fit(rows, TARGET), rows


def doubles(rows, names):
    """Inputs under other names, and their types."""
    kind = skl2onnx.common.data_types.DoubleTensorType([None, 1])
    columns = rows.to_numpy().T[:, :, None]
    return [(name, kind) for name in names], dict(zip(names, columns, strict=True))


@pytest.mark.parametrize("given", ["dcbA", "abcx", "xbyz"])
def test_inputs_of_which_only_some_have_names_of_columns_are_refused(given):
    model, rows = plain(list("abcd"))
    said = ", ".join(map(repr, given))
    with pytest.raises(
        ValueError, match=f"inputs are columns {said}, and .* had columns 'a', 'b', 'c', 'd'"
    ):
        converted(model, *doubles(rows, list(given)))
    types = skl2onnx.common.data_types
    wide = [(given[1], types.FloatTensorType([None, 1])), ("w", types.FloatTensorType([None, 3]))]
    with pytest.raises(ValueError, match=f"inputs are columns '{given[1]}', 'w', and"):
        converted(model, wide, {})


@pytest.mark.parametrize("names", [list("abcd"), [1, "1", "a", "b"]])
def test_inputs_without_names_of_columns_come_by_their_order(names):
    model, rows = plain(names)
    (got,) = converted(model, *doubles(rows, list("wxyz")))
    np.testing.assert_allclose(got.ravel(), model.predict(rows), rtol=1e-5)
    kinds = [(names[-1], skl2onnx.common.data_types.DoubleTensorType([None, 4]))]
    (got,) = converted(model, kinds, {names[-1]: rows.to_numpy()})
    np.testing.assert_allclose(got.ravel(), model.predict(rows), rtol=1e-5)


def test_columns_without_a_feature_are_among_the_inputs():
    rows = pd.DataFrame(X[:, :3].astype(float), columns=list("abc")).assign(a=1.0)
    with quietly():
        model = TabularRegressor(preset="fast", network=TINY, random_state=0).fit(rows, TARGET)
    assert model.encoder_.dropped_columns_ == ("a",)
    (got,) = converted(model, *doubles(rows, list("abc")))
    np.testing.assert_allclose(got.ravel(), model.predict(rows), rtol=1e-5)
    with pytest.raises(ValueError, match="has 2 columns for a table of 3: give each column"):
        converted(model, *doubles(rows[["b", "c"]], list("bc")))


def test_an_input_whose_columns_are_not_known():
    kinds = [("X", skl2onnx.common.data_types.FloatTensorType())]
    with quietly():
        model = StackingRegressor([("net", MLPRegressor(**NET))], MLPRegressor(**NET), cv=2)
        model.fit(X, TARGET)
        net = MLPClassifier(**NET).fit(X, LABELS["two words"])
    np.testing.assert_allclose(
        converted(model, kinds, {"X": ROWS})[0].ravel(), model.predict(ROWS), rtol=1e-5
    )
    np.testing.assert_array_equal(converted(net, kinds, {"X": ROWS})[0], net.predict(ROWS))
    with pytest.raises(ValueError, match="for a table of 4: give each column a name and a type"):
        converted(plain(list("abcd"))[0], kinds, {})


def test_an_encoder_per_type_in_a_column_transformer():
    y = numbers(mixed())
    rows = mixed()[["town", "size", "count"]]
    kinds, inputs = typed(rows)
    encoders = [("text", TableEncoder(), ["town"]), ("rest", TableEncoder(), ["size", "count"])]
    with quietly():
        model = make_pipeline(ColumnTransformer(encoders), MLPRegressor(**NET))
        model.fit(rows, y)
        joined = ColumnTransformer([("all", TableEncoder(), ["town", "size"])])
        joined = make_pipeline(joined, MLPRegressor(**NET)).fit(rows, y)
    (got,) = converted(model, kinds, inputs)
    np.testing.assert_allclose(got.ravel(), model.predict(rows), rtol=1e-5, atol=1e-5)
    with pytest.raises(
        ValueError, match=r"column 'size' .* joined with text .* one TableEncoder p"
    ):
        converted(joined, kinds, inputs)


@pytest.mark.parametrize("kind", [MLPRegressor, MLPClassifier, TabularRegressor, TableEncoder])
def test_the_lowest_target_opset_is_named(kind):
    parameters = {} if kind is TableEncoder else NET
    if kind is TabularRegressor:
        parameters = {"preset": "fast", "network": TINY}
    with quietly():
        model = kind(**parameters).fit(X, LABELS["numbers"])
    register_skl2onnx()
    with pytest.raises(ValueError, match=f"opset=16 is too low for {kind.__name__}: give 17 or"):
        skl2onnx.to_onnx(model, X[:1], target_opset=16)
