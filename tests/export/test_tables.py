"""Models of raw tables, exported with their encoder."""

import ctypes

import numpy as np
import pandas as pd
import pytest
from tabular_estimators.frames import frame, labels, numbers

import deepgen
from deepgen import TabularClassifier, TabularRegressor, cli
from deepgen._export.calendar import Arithmetic, turns
from deepgen.embeddings import CategoryEmbedding
from deepgen.export import to_c, to_onnx
from deepgen.preprocessing import TableEncoder
from deepgen.preprocessing.date import PARTS, part_of
from deepgen.tables import TableModel
from export.compiled import compiled, compiler  # noqa: F401
from export.random_models import quietly, randomize

TINY = {"hidden_layer_sizes": (6,), "max_iter": 2}
MODELS = {
    "fast": {"preset": "fast"},
    "balanced": {"preset": "balanced"},
    "codes": {"preset": "fast", "network": {"category_embedding": CategoryEmbedding(size=3)}},
    "members": {"preset": "fast", "n_members": 2},
    "quantiles": {"preset": "fast"},
}


def table(n_rows=400, seed=0):
    """All kinds of columns, with gaps, a large unit, a category of numbers, equal quantiles."""
    rng = np.random.default_rng(seed)
    made = frame(n_rows, seed)
    made.loc[rng.random(n_rows) < 0.1, "sold"] = pd.NaT
    made["seen"] = pd.Timestamp("1967-02-27 18:30:10") + pd.to_timedelta(
        rng.integers(0, 40_000, n_rows), "h"
    )
    made["equal"] = np.maximum(rng.integers(-3, 4, n_rows), 0) + rng.choice([0.0, 0.5], n_rows)
    made["large"] = rng.normal(size=n_rows) * 1e200
    made["double"] = rng.integers(0, 3, n_rows)  # a keyword of C
    made["many ü words"] = rng.choice([f"w{i}?" for i in range(12)], n_rows)
    return made


def strange(rows):
    """The rows with unknown levels, gaps and far numbers."""
    rows = rows.copy()
    rows["kind"] = rows["kind"].astype(object)
    rows.loc[rows.index[:2], "kind"] = "unseen"
    rows.loc[rows.index[1:4], "town"] = None
    rows.loc[rows.index[2:5], ["size", "large"]] = np.nan
    rows.loc[rows.index[5], ["size", "equal"]] = 1e30
    rows.loc[rows.index[6], ["size", "equal"]] = -1e30
    far = ["1600-02-29T23:59:59", "2400-02-29", "2100-03-01T00:00:01", "1969-12-31T23:59:59.500"]
    rows["sold"] = rows["sold"].astype("datetime64[ms]")
    rows.loc[rows.index[7:11], "sold"] = np.array(far, dtype="datetime64[ms]")
    return rows


def fitted(name, kind):
    own = MODELS[name]
    network = {**TINY, **own.get("network", {})}
    rows = table()
    rows["double"] = rows["double"].astype("category")
    y = numbers(rows) if kind is TabularRegressor else labels(rows)
    with quietly():
        model = kind(**{**own, "network": network, "random_state": 0}).fit(rows, y)
        if name == "quantiles":
            # No preset scales by quantiles: an encoder of one's own, and a network on it.
            model.encoder_ = TableEncoder(numbers="quantile", numerical_encoding="ple").fit(rows)
            model.mlp_.fit(model.encoder_.transform(rows), y)
    randomize(model.mlp_)
    return model, strange(rows)


def seconds_of(values):
    """Dates as seconds since 1970, NaN where missing."""
    exact = values.to_numpy("datetime64[ms]")
    return np.where(np.isnat(exact), np.nan, exact.astype(np.int64) / 1000)


def onnx_inputs(model, rows):
    inputs = {}
    for column in model.encoder_.columns_:
        values = rows[column.name]
        if getattr(column, "is_text", False):
            inputs[column.name] = values.astype(object).fillna("").to_numpy(object)[:, None]
        elif column.kind == "date":
            inputs[column.name] = seconds_of(values)[:, None]
        else:
            inputs[column.name] = values.astype(float).to_numpy()[:, None]
    return inputs


def struct_of(model):
    kinds = [
        ctypes.c_char_p if getattr(column, "is_text", False) else ctypes.c_double
        for column in model.encoder_.columns_
    ]
    names = [f"field{place}" for place in range(len(kinds))]
    return type("Row", (ctypes.Structure,), {"_fields_": list(zip(names, kinds, strict=True))})


def c_rows(model, rows):
    kind = struct_of(model)
    dates = [column.name for column in model.encoder_.columns_ if column.kind == "date"]
    rows = rows.assign(**{name: seconds_of(rows[name]) for name in dates})
    for _, row in rows.iterrows():
        values = []
        for column in model.encoder_.columns_:
            value = row[column.name]
            if getattr(column, "is_text", False):
                values.append(None if pd.isna(value) else str(value).encode())
            else:
                values.append(float(value))
        yield kind(*values)


@pytest.mark.parametrize("name", MODELS)
def test_a_regressor_as_onnx(name):
    pytest.importorskip("onnx", reason="the gate's stage 'exports' installs onnx")
    ort = pytest.importorskip("onnxruntime", reason="the gate's stage 'exports' installs it")
    model, rows = fitted(name, TabularRegressor)
    session = ort.InferenceSession(to_onnx(model).SerializeToString())
    expected = model.predict(rows)
    (got,) = session.run(None, onnx_inputs(model, rows))
    np.testing.assert_allclose(got.ravel(), expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", MODELS)
def test_a_classifier_as_onnx(name):
    pytest.importorskip("onnx", reason="the gate's stage 'exports' installs onnx")
    ort = pytest.importorskip("onnxruntime", reason="the gate's stage 'exports' installs it")
    model, rows = fitted(name, TabularClassifier)
    session = ort.InferenceSession(to_onnx(model).SerializeToString())
    label, probabilities = session.run(None, onnx_inputs(model, rows))
    np.testing.assert_allclose(probabilities, model.predict_proba(rows), atol=1e-5)
    np.testing.assert_array_equal(label, model.predict(rows))


@pytest.mark.parametrize("name", MODELS)
def test_both_as_c(name, tmp_path, compiler):  # noqa: F811
    model, rows = fitted(name, TabularRegressor)
    library = compiled(to_c(model), tmp_path, compiler)
    got = np.empty(len(rows))
    for place, row in enumerate(c_rows(model, rows)):
        library.model_predict(ctypes.byref(row), got[place:].ctypes.data_as(ctypes.c_void_p))
    expected = model.predict(rows)
    np.testing.assert_allclose(got, expected, atol=1e-6 * np.abs(expected).max())


def test_a_classifier_as_c(tmp_path, compiler):  # noqa: F811
    model, rows = fitted("codes", TabularClassifier)
    library = compiled(to_c(model), tmp_path, compiler)
    places = [library.model_predict(ctypes.byref(row)) for row in c_rows(model, rows)]
    np.testing.assert_array_equal(model.classes_[places], model.predict(rows))


def test_calendar_parts_are_those_of_numpy():
    dates = np.arange("1200-01-01", "2800-01-01", 7 * 3600 + 1, dtype="datetime64[s]")
    seconds = dates.astype(np.int64).astype(np.float64)
    for part in PARTS:
        np.testing.assert_array_equal(turns(Floats(), seconds, part), part_of(dates, part))


class Floats(Arithmetic):
    """The arithmetic of the exports, in NumPy."""

    def plus(self, a, b):
        return a + b

    def minus(self, a, b):
        return a - b

    def times(self, a, n):
        return a * n

    def over(self, a, n):
        return np.floor(a / n)


def test_a_struct_says_what_a_date_is():
    rows = frame()
    rows["sold"] = rows["sold"].dt.tz_localize("Europe/Berlin")
    with quietly():
        model = TabularRegressor(preset="fast", network=TINY).fit(rows, numbers(rows))
    said = "NAN: missing; seconds since 1970 on the clock of Europe_Berlin"
    assert f"double sold; /* column sold; {said} */" in to_c(model)


def small(kind, names):
    rows = frame(200)[["size", "town", "count"]].set_axis(names, axis=1)
    y = numbers(frame(200)) if kind is TabularRegressor else labels(frame(200))
    with quietly():
        return kind(preset="fast", network=TINY, random_state=0).fit(rows, y), rows


@pytest.mark.parametrize("kind", [TabularRegressor, TabularClassifier])
@pytest.mark.parametrize("which", [slice(0, 3), slice(-3, None), slice(3, 30, 9)])
def test_columns_with_names_of_inner_values(kind, which):
    onnx = pytest.importorskip("onnx", reason="the gate's stage 'exports' installs onnx")
    ort = pytest.importorskip("onnxruntime", reason="the gate's stage 'exports' installs it")
    graph = to_onnx(small(kind, ["a", "b", "c"])[0]).graph
    inner = [node.output[0] for node in graph.node if node.op_type != "Identity"]
    inner += [constant.name for constant in graph.initializer]
    model, rows = small(kind, inner[which])
    made = to_onnx(model)
    onnx.checker.check_model(made, full_check=True)
    assert [value.name for value in made.graph.input] == inner[which]
    session = ort.InferenceSession(made.SerializeToString())
    *_, got = session.run(None, onnx_inputs(model, rows))
    is_regressor = kind is TabularRegressor
    expected = model.predict(rows)[:, None] if is_regressor else model.predict_proba(rows)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


WRONG_NAMES = [
    (TabularRegressor, ["variable", "b", "c"], "column 'variable' .* an output of the ONNX model"),
    (TabularClassifier, ["a", "label", "c"], "column 'label' .* an output of the ONNX model has"),
    (TabularClassifier, ["label", "probabilities", "c"], "columns 'label', 'probabilities' cannot"),
    (TabularClassifier, [1, "1", "c"], "columns 1, '1' .* several inputs of ONNX would have"),
    (TabularRegressor, ["a", "", "c"], "column '' .* no input of ONNX may have: give other names"),
]


@pytest.mark.parametrize(("kind", "names", "said"), WRONG_NAMES)
def test_names_that_onnx_has_no_room_for_are_refused(kind, names, said, tmp_path, capsys):
    pytest.importorskip("onnx", reason="the gate's stage 'exports' installs onnx")
    model, _ = small(kind, names)
    with pytest.raises(ValueError, match=said):
        to_onnx(model)
    path, out = tmp_path / "model.dgn", tmp_path / "model.onnx"
    model.save(path)
    assert cli.main(["export", str(path), "--to", "onnx", "--out", str(out)]) == 2
    assert "give other names in the table" in capsys.readouterr().err
    assert not out.exists()


def test_a_network_in_float64_on_a_table():
    pytest.importorskip("onnx", reason="the gate's stage 'exports' installs onnx")
    ort = pytest.importorskip("onnxruntime", reason="the gate's stage 'exports' installs it")
    rows = table()
    with quietly():
        model = TabularRegressor(preset="fast", network={"dtype": "float64", **TINY})
        model.fit(rows, numbers(rows))
    session = ort.InferenceSession(to_onnx(model).SerializeToString())
    (got,) = session.run(None, onnx_inputs(model, rows))
    # The encoder's features are in float32, which its formulas may round another way.
    expected = model.predict(rows)
    np.testing.assert_allclose(got.ravel(), expected, atol=1e-6 * np.abs(expected).max())


def test_columns_that_held_one_value_or_none_have_no_input():
    pytest.importorskip("onnx", reason="the gate's stage 'exports' installs onnx")
    ort = pytest.importorskip("onnxruntime", reason="the gate's stage 'exports' installs it")
    rows = frame(200)[["size", "count"]].assign(empty=np.nan, one=1.0, word="w")
    with quietly():
        model = TabularRegressor(preset="fast", network=TINY).fit(rows, numbers(frame(200)))
    assert model.encoder_.dropped_columns_ == ("empty", "one", "word")
    made = to_onnx(model)
    assert [value.name for value in made.graph.input] == ["size", "count"]
    session, inputs = ort.InferenceSession(made.SerializeToString()), onnx_inputs(model, rows)
    expected = model.predict(rows)
    (got,) = session.run(None, inputs)
    np.testing.assert_allclose(got.ravel(), expected, atol=1e-5 * np.abs(expected).max())
    refused = ort.capi.onnxruntime_pybind11_state.InvalidArgument
    with pytest.raises(refused, match="Invalid input name: one"):
        session.run(None, {**inputs, "one": np.ones((len(rows), 1))})


def test_an_output_of_the_other_kind_is_a_name_for_a_column():
    pytest.importorskip("onnx", reason="the gate's stage 'exports' installs onnx")
    names = [
        value.name for value in to_onnx(small(TabularRegressor, ["label", "b", "c"])[0]).graph.input
    ]
    assert names == ["label", "b", "c"]


@pytest.mark.parametrize("wrong", ["text", TableEncoder()])
def test_what_is_no_model_is_refused(wrong):
    for export in (to_c, to_onnx):
        with pytest.raises(TypeError, match=f"{type(wrong).__name__} cannot be exported: give"):
            export(wrong)


def test_a_model_of_the_command_line_becomes_c(tmp_path, capsys):
    model, _ = fitted("fast", TabularRegressor)
    path, out = tmp_path / "model.dgn", tmp_path / "model.c"
    model.save(path)
    assert cli.main(["export", str(path), "--to", "c", "--out", str(out)]) == 0
    assert out.read_text() == to_c(deepgen.load(path))
    assert capsys.readouterr().out == f"saved {out}\n"
    assert to_c(TableModel(model, "price", "regression")) == out.read_text()


def test_the_command_refuses_in_one_line(tmp_path, capsys):
    path = tmp_path / "encoder.dgn"
    TableEncoder().fit(table()).save(path)
    arguments = ["export", str(path), "--to", "c", "--out", str(tmp_path / "model.c")]
    assert cli.main(arguments) == 2
    assert "TableEncoder cannot be exported" in capsys.readouterr().err
