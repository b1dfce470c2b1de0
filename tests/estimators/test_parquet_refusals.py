"""What fits on Parquet files refuse, and what the refusals say."""

import numpy as np
import pandas as pd
import pytest

from deepgen import MLPClassifier, MLPRegressor, ParquetRows, Probe
from deepgen._training import first_order as training
from deepgen.optimizers import LBFGS
from estimators.row_files import (
    N_ROWS,
    NAMES,
    SMALL,
    make_table,
    no_reader_lives,
    weights_of,
    write_files,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def table():
    return make_table()


@pytest.fixture(scope="module")
def folder(table, tmp_path_factory):
    return write_files(table, tmp_path_factory.mktemp("rows"))


REFUSED = [
    ({"path": "nowhere.parquet"}, ValueError, "there is no file or folder nowhere.parquet"),
    ({"path": "nowhere-*.parquet"}, ValueError, r"no file matches nowhere-\*.parquet"),
    ({"path": []}, ValueError, "empty list"),
    ({"path": 3}, TypeError, "path must be a file, a folder, a pattern or a list of these, got 3"),
    ({"features": ["a", "bb"]}, ValueError, r"has no column 'bb'. Did you mean 'b'\?"),
    ({"features": "a"}, TypeError, "features must be a list of names of columns, got 'a'"),
    ({"features": ["a", 1]}, TypeError, "features must be names of columns, got 1"),
    ({"features": []}, ValueError, "features is empty"),
    ({"features": ["a", "a"]}, ValueError, "features names 'a' more than once"),
    ({"features": ["a", "y"]}, ValueError, "'y' is a target and cannot be a feature too"),
    ({"features": ["a", "label"]}, TypeError, "column 'label' holds text, and MLPs take numbers"),
    ({"target": "z"}, ValueError, "has no column 'z'"),
    ({"target": None}, TypeError, "target must be a list of names of columns, got None"),
    ({"target": ["y", "label"]}, TypeError, "the target 'label' holds text; a target is numbers"),
    ({"buffer_rows": 0}, ValueError, "buffer_rows must be an integer of at least 1, got 0"),
    ({"buffer_rows": 2.5}, ValueError, "buffer_rows must be an integer of at least 1, got 2.5"),
    ({"buffer_rows": 85}, ValueError, "too small for batch_size=32: at least 86 rows are needed"),
]


@pytest.mark.parametrize(("change", "kind", "words"), REFUSED, ids=str)
def test_wrong_rows_get_a_clear_error(folder, change, kind, words):
    given = {"path": folder, "features": NAMES, "target": "y", "buffer_rows": 200, **change}
    with pytest.raises(kind, match=words):
        MLPRegressor(**SMALL).fit(ParquetRows(**given))


def damaged(table, what):
    """A table with something wrong in its last rows, and the words of the refusal."""
    row = N_ROWS - 3
    if what == "gap":
        return table.assign(b=table["b"].where(table.index != row)), "missing or infinite.* in 'b'"
    if what == "infinity":
        return table.assign(b=table["b"].where(table.index != row, np.inf)), "infinite.* in 'b'"
    if what == "large":
        b = table["b"].astype("float64").where(table.index != row, 1e300)
        return table.assign(b=b), "too large for float32, in 'b'"
    if what == "target":
        y = table["y"].where(table.index != row)
        return table.assign(y=y), "target 'y' is missing in 1 rows of .*parquet; leave"
    if what == "infinite target":
        y = table["y"].where(table.index != row, np.inf)
        return table.assign(y=y), "target 'y' is infinite in 1 rows of .*parquet; leave"
    if what == "large target":
        y = table["y"].where(table.index != row, 1e300)
        return table.assign(y=y), "rows.parquet: y is too large for float32"
    return table.assign(y="much"), "a regressor"


@pytest.mark.parametrize(
    "what",
    ["gap", "infinity", "large", "target", "infinite target", "large target", "text target"],
)
@pytest.mark.parametrize("buffer_rows", [200, 2**19])
def test_values_that_cannot_be_used_are_refused(table, tmp_path, what, buffer_rows):
    wrong, words = damaged(table, what)
    wrong.to_parquet(tmp_path / "rows.parquet", row_group_size=100)
    model = MLPRegressor(**SMALL)
    with pytest.raises((ValueError, TypeError), match=words):
        model.fit(ParquetRows(tmp_path, NAMES, "y", buffer_rows))
    assert not hasattr(model, "network_") and not hasattr(model, "n_features_in_")


def test_missing_labels_are_refused(table, tmp_path):
    table.assign(label=table["label"].where(table.index != 9)).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(ValueError, match="'label' is missing in 1 rows"):
        MLPClassifier(**SMALL).fit(ParquetRows(tmp_path, NAMES, "label"))


def test_too_many_classes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("deepgen._inputs.target_statistics.MOST_CLASSES", 100)
    numbers = np.arange(500)
    pd.DataFrame({"a": numbers, "id": numbers}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(ValueError, match="more than 100 different labels"):
        MLPClassifier(**SMALL).fit(ParquetRows(tmp_path, ["a"], "id", 100))


def test_files_of_several_schemas_are_refused(table, tmp_path):
    table.to_parquet(tmp_path / "0.parquet")
    table.assign(b=table["b"].astype("float64")).to_parquet(tmp_path / "1.parquet")
    with pytest.raises(ValueError, match="column 'b' holds double in .*1.parquet and float in"):
        MLPRegressor(**SMALL).fit(ParquetRows(tmp_path, NAMES, "y"))
    table.drop(columns="b").to_parquet(tmp_path / "1.parquet")
    with pytest.raises(ValueError, match="1.parquet has no column 'b'"):
        MLPRegressor(**SMALL).fit(ParquetRows(tmp_path, NAMES, "y"))
    # Columns that are not used may differ.
    model = MLPRegressor(**SMALL).fit(ParquetRows(tmp_path, ["a", "c"], "y"))
    assert model.t_ == 6 * N_ROWS


def test_files_without_rows_and_files_that_are_none(table, tmp_path):
    with pytest.raises(ValueError, match="has no file that ends in .parquet or .pq"):
        MLPRegressor(**SMALL).fit(ParquetRows(tmp_path, NAMES, "y"))
    table[:0].to_parquet(tmp_path / "0.parquet")
    with pytest.raises(ValueError, match="no rows"):
        MLPRegressor(**SMALL).fit(ParquetRows(tmp_path, NAMES, "y"))
    for content in (b"", b"a,b,c,y\n1,2,3,4\n"):
        (tmp_path / "1.parquet").write_bytes(content)
        with pytest.raises(ValueError, match="1.parquet cannot be read as Parquet"):
            MLPRegressor(**SMALL).fit(ParquetRows(tmp_path, NAMES, "y"))


@pytest.mark.parametrize(
    ("settings", "arguments", "kind", "words"),
    [
        ({}, {"y": [1.0]}, TypeError, "y cannot be given beside ParquetRows"),
        ({}, {"sample_weight": [1.0]}, TypeError, "sample_weight cannot be given beside"),
        ({}, {"groups": [1]}, TypeError, "groups cannot be given beside ParquetRows"),
        ({"early_stopping": True}, {}, ValueError, "give X_val and y_val, or set early_stop"),
        ({"solver": "lbfgs"}, {}, ValueError, "'lbfgs' takes all rows in each step"),
        ({"solver": LBFGS()}, {}, ValueError, "'lbfgs' takes all rows in each step"),
    ],
)
def test_what_does_not_go_with_rows_in_files_is_refused(folder, settings, arguments, kind, words):
    model = MLPRegressor(**{**SMALL, **settings})
    with pytest.raises(kind, match=words):
        model.fit(ParquetRows(folder, NAMES, "y"), **arguments)


def test_partial_fit_refuses_rows_in_files(folder):
    with pytest.raises(TypeError, match="fit takes ParquetRows, and with warm_start=True"):
        MLPRegressor(**SMALL).partial_fit(ParquetRows(folder, NAMES, "y"), None)
    with pytest.raises(TypeError, match="fit takes ParquetRows, and with warm_start=True"):
        MLPClassifier(**SMALL).partial_fit(
            ParquetRows(folder, NAMES, "label"), None, classes=["low"]
        )


@pytest.mark.parametrize("where", ["files", "arrays"])
@pytest.mark.parametrize("targets", [{}, {"y_val": np.zeros(N_ROWS)}, {"y_val": np.zeros(3)}])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"early_stopping": True},
        {"n_members": 2},
        {"n_members": 2, "averaging": "snapshot"},
        {"n_members": 2, "averaging": "batch_ensemble"},
    ],
)
def test_validation_rows_are_arrays(table, folder, where, targets, settings):
    """Only drawn ones of rows in files would be measured, by other targets than ``y_val``."""
    rows = ParquetRows(folder, NAMES, "y", 200)
    data = (rows,) if where == "files" else (table[NAMES], table["y"])
    model = MLPRegressor(**SMALL, **settings)
    with pytest.raises(TypeError, match="X_val must be an array.*, got ParquetRows: read"):
        model.fit(*data, X_val=rows, **targets)
    assert not hasattr(model, "network_")


def test_a_probe_takes_arrays(table, folder):
    model = MLPRegressor(**SMALL).fit(table[NAMES], table["y"])
    with pytest.raises(TypeError, match="X must be an array.*, got ParquetRows"):
        Probe(model, ParquetRows(folder, NAMES, "y", 200), table["y"])


def test_arrays_still_need_targets(table):
    with pytest.raises(ValueError, match="requires y to be passed"):
        MLPRegressor(**SMALL).fit(table[NAMES])


def test_a_file_that_is_overwritten_during_the_fit_is_noticed(table, tmp_path, monkeypatch):
    file = tmp_path / "rows.parquet"
    table.to_parquet(file, row_group_size=100)
    model = MLPRegressor(**SMALL, warm_start=True).fit(ParquetRows(file, NAMES, "y", 200))
    before, run_epoch = weights_of(model).copy(), training.run_epoch

    def overwrite_first(*arguments):
        file.write_bytes(b"none")
        return run_epoch(*arguments)

    monkeypatch.setattr(training, "run_epoch", overwrite_first)
    with pytest.raises(ValueError, match=r"rows.parquet has changed"):
        model.fit(ParquetRows(file, NAMES, "y", 200))
    assert np.array_equal(weights_of(model), before)
    assert no_reader_lives()


def test_a_file_with_other_rows_than_before_is_noticed(table, tmp_path):
    table.to_parquet(tmp_path / "rows.parquet", row_group_size=100)
    reader = ParquetRows(tmp_path, NAMES, "y").open()
    reader.close()
    table[:1150].to_parquet(tmp_path / "rows.parquet", row_group_size=100)
    with pytest.raises(ValueError, match=r"rows.parquet has changed while its rows were used"):
        list(reader.batches())


def test_a_warm_start_refuses_other_columns_and_classes(table, folder, tmp_path):
    model = MLPRegressor(**SMALL, warm_start=True).fit(ParquetRows(folder, NAMES, "y", 200))
    with pytest.raises(ValueError, match="missing are 'c'"):
        model.fit(ParquetRows(folder, ["a", "b"], "y", 200))
    with pytest.raises(ValueError, match="in their order: it has a, b, c"):
        model.fit(ParquetRows(folder, ["b", "a", "c"], "y", 200))
    plain = MLPRegressor(**SMALL, warm_start=True).fit(table[NAMES].to_numpy(), table["y"])
    with pytest.raises(ValueError, match="has 2 features, the fitted estimator 3"):
        plain.fit(ParquetRows(folder, ["a", "b"], "y", 200))
    classifier = MLPClassifier(**SMALL, warm_start=True)
    classifier.fit(ParquetRows(folder, NAMES, "label", 200))
    table[table["label"] != "low"].to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(ValueError, match="same classes as in the previous"):
        classifier.fit(ParquetRows(tmp_path, NAMES, "label", 200))


def test_a_missing_pyarrow_is_named(folder, monkeypatch):
    import importlib

    real = importlib.import_module

    def without(name, *rest):
        if name.startswith("pyarrow"):
            raise ModuleNotFoundError("no pyarrow", name="pyarrow")
        return real(name, *rest)

    monkeypatch.setattr("deepgen._optional.importlib.import_module", without)
    with pytest.raises(ImportError, match=r"pip install 'deepgen\[parquet\]'"):
        MLPRegressor(**SMALL).fit(ParquetRows(folder, NAMES, "y"))
