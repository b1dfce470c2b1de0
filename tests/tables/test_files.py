import gzip
import os
import threading

import numpy as np
import pytest

from deepgen._optional import MissingExtra
from deepgen.tables import read_table
from deepgen.tables.fit import fit_table
from deepgen.tables.task import choose_task

pandas = pytest.importorskip("pandas")


def people():
    return pandas.DataFrame({
        "age": [20.0, 40.0, None, 60.0],
        "town": ["Ulm", None, "Bonn", "Ulm"],
        "member": [True, False, True, True],
        "since": pandas.to_datetime(["2020-01-01", "2020-01-02", None, "2020-01-03"]),
        "planet": ["Earth"] * 4,
        "nothing": [None] * 4,
    })  # fmt: skip


@pytest.mark.parametrize("values, kind", [
    ([1.5, 2.0, 3.0], "regression"), ([1, 2, 3], "classification"), (["a", "b"], "classification"),
    ([True, False], "classification"), (range(30), "regression"), ([1.0, 2.0], "classification"),
])  # fmt: skip
def test_the_task_follows_the_target(values, kind):
    assert choose_task(pandas.Series(values), "y").kind == kind


@pytest.mark.parametrize("values, task, words", [
    ([1, 2], "ranking", "unknown task 'ranking'; known: auto, regression, classification"),
    ([1, 1], "auto", "column 'y' is always '1'"),
    ([], "auto", "column 'y' is empty"),
])  # fmt: skip
def test_targets_without_a_task_are_refused(values, task, words):
    with pytest.raises(ValueError, match=words):
        choose_task(pandas.Series(values, dtype=object), "y", task)


def test_a_class_with_one_row_is_trained_on():
    table = pandas.DataFrame({"x": np.arange(40.0), "y": ["a"] * 20 + ["b"] * 19 + ["c"]})
    for seed in range(5):
        model = fit_table(table, "y", max_iter=2, seed=seed, n_members=1)
        assert list(model.estimator.classes_) == ["a", "b", "c"]
        rows = model.metadata["rows"]
        assert rows["training"] + rows["held out"] == 40


def test_rows_without_a_target_are_left_out_and_told():
    table = pandas.DataFrame({"x": np.arange(40.0), "y": [None, *np.linspace(0, 1, 39)]})
    metadata = fit_table(table, "y", max_iter=20, hidden_layer_sizes=[8]).metadata
    assert metadata["rows"] == {"training": 31, "held out": 8, "without target": 1}


def test_columns_that_are_dropped_are_not_looked_at():
    table = pandas.DataFrame({"id": [f"n{i}" for i in range(400)], "x": range(400)})
    table["y"] = table["x"] / 7
    with pytest.raises(ValueError, match="column 'id' is free text"):
        fit_table(table, "y", max_iter=1)
    model = fit_table(table, "y", max_iter=1, drop=["id"])
    assert model.predict(table[["x"]]).shape == (400,)
    for name in ("idd", "y"):
        with pytest.raises(ValueError, match=f"no column '{name}' to drop"):
            fit_table(table, "y", drop=[name])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("table, words", [
    (lambda: people().drop(columns="age"), "the table lacks 'age'; it has 'town', 'member'"),
    (lambda: people().assign(age=[1, "old", 3, 4]), "'age' mixes numbers and text"),
    (lambda: people().assign(age=[1, 2, np.inf, 3]), "'age' holds infinity in row 3"),
])  # fmt: skip
def test_tables_that_do_not_fit_are_refused(table, words):
    rows = pandas.concat([people()] * 5).assign(y=np.arange(20) / 7).drop(columns="nothing")
    model = fit_table(rows, "y", max_iter=1)
    with pytest.raises(ValueError, match=words):
        model.predict(table())


def test_columns_of_dates_are_read_as_dates(tmp_path):
    (tmp_path / "t.csv").write_text(
        "old,time,month,not,code,y\n"
        "1850-02-03,2020-01-01 12:30,2020-13-01,2020-01-01,2020-01-01,1\n"
        ",2020-01-02T13:00:01.5,2020-01-01,soon,2020-01-02,2\n"
    )
    table = read_table(tmp_path / "t.csv", ["code"])
    assert [dtype.kind for dtype in table.dtypes] == ["M", "M", "O", "O", "O", "i"]
    assert table["old"].isna().tolist() == [False, True]
    assert table["time"].dt.hour.tolist() == [12, 13]


def test_tables_are_read_from_csv_and_parquet_alike(tmp_path):
    pytest.importorskip("pyarrow")
    table = people().drop(columns="nothing")
    table.to_csv(tmp_path / "t.csv.gz", index=False)
    table.to_parquet(tmp_path / "t.parquet")
    one, two = read_table(tmp_path / "t.csv.gz"), read_table(tmp_path / "t.parquet")
    assert list(one.columns) == list(two.columns)
    np.testing.assert_array_equal(one["age"], two["age"])


def test_parquet_columns_of_bytes_are_refused(tmp_path):
    pytest.importorskip("pyarrow")
    for values in ([b"a", b"\xff"], [None, b"a"]):
        table = pandas.DataFrame({"x": [1.0, 2.0], "raw": values})
        table.to_parquet(tmp_path / "t.parquet")
        with pytest.raises(ValueError, match="holds bytes in column 'raw': write them as text"):
            read_table(tmp_path / "t.parquet")


def test_parquet_columns_of_lists_are_refused(tmp_path):
    pytest.importorskip("pyarrow")
    table = pandas.DataFrame({"x": [1.0, 2.0], "parts": [None, [1, 2]]})
    table.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="lists or structures in column 'parts'"):
        read_table(tmp_path / "t.parquet")


def test_text_columns_stay_text(tmp_path):
    (tmp_path / "t.csv").write_text("code,x\n007,1\n008,2\n")
    assert read_table(tmp_path / "t.csv", ["code"])["code"].tolist() == ["007", "008"]


@pytest.mark.parametrize("content, words", [
    ("", "is empty"), ("a,b\n", "no rows"), ("a,b\n1,2\n1,2,3,4\n", "no table that can be read"),
])  # fmt: skip
def test_files_that_are_no_tables_are_refused(tmp_path, content, words):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(ValueError, match=words):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize("content, words", [
    ("a,b,y\n1,2,3,4\n5,6,7,8\n", "line 2 has 4 fields, .* names has 3: column 4 has no name"),
    ("a,b,y\n1,2,3,4,5\n5,6,7,8,9\n", "line 2 has 5 fields, .* names has 3: column 4 has no"),
    ("a,b,y\n1,2,3,\n5,6,7,\n", "line 2 has 4 fields, .* names has 3: column 4 has no name"),
    ("a,b,y\n1,2,3,4\n5,6,7\n", "line 2 has 4 fields, .* names has 3: column 4 has no name"),
    ("\na,b,y\n\n1,2,3,4\n", "line 4 has 4 fields"),
    ("a,b,y\n1,2,3\n1,2,3,4\n", "line 3 has 4 fields, .* names has 3: column 4 has no name"),
    ("a;y\n1,5;2,0\n2,5;3,0\n", "line 2 has 3 fields, .* names has 1: column 2 has no name"),
    ("y,id,a\n1,2\n3,4\n", r"first row has 2 fields, .* has 3, .* reaches column 3 \('a'\)"),
    ("y,b,y\n1,2,3\n", "the name 'y' in the line of column names: columns 1 and 3"),
    ("y,b,y.1,y\n1,2,3,4\n", "the name 'y' in the line of column names: columns 1 and 4"),
    ("y,b,y \n1,2,3\n", "the name 'y' in the line of column names: columns 1 and 3"),
    ("0,1,0\n1,2,3\n", "the name '0' in the line of column names: columns 1 and 3"),
    (",b,y\n0,2,3\n", r"column 1 has no name .*to_csv\(..., index=False\)"),
    ("a,,y\n1,2,3\n", "column 2 has no name in the line of column names"),
    ('a,"  ",y\n1,2,3\n', "column 2 has no name in the line of column names"),
    ("a,b,\n1,2,3\n", "column 3 has no name in the line of column names"),
])  # fmt: skip
@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_columns_and_names_that_do_not_fit_together_are_refused(tmp_path, content, words, ending):
    """pandas takes the first columns for an index, and renames what has no name of its own."""
    path = tmp_path / f"t.{ending}"
    path.write_bytes(gzip.compress(content.encode()) if ending == "csv.gz" else content.encode())
    with pytest.raises(ValueError, match=rf"t\.{ending} is no table that can be read: .*{words}"):
        read_table(path, ["b"])


@pytest.mark.parametrize("content, columns, n_missing", [
    ("a,b,y\n1,2,3\n1,2\n1\n", ["a", "b", "y"], 3),
    ("a,b,y\n1,2\n1,2,3\n", ["a", "b", "y"], 1),
    ("a,b,y\n1,2,\n1,2,\n", ["a", "b", "y"], 2),
    ("y,y.1,Unnamed: 0\n1,2,3\n", ["y", "y.1", "Unnamed: 0"], 0),
    ('a,"b,\ny"\n1,"2,\n3"\n', ["a", "b,\ny"], 0),
    ("\ufeffa, b\r\n\r\n1,2\r\n", ["a", "b"], 0),
    ("NA,None\n1,2\n", ["NA", "None"], 0),
])  # fmt: skip
def test_names_are_kept_as_they_stand(tmp_path, content, columns, n_missing):
    (tmp_path / "t.csv").write_text(content, newline="")
    table = read_table(tmp_path / "t.csv")
    assert list(table.columns) == columns
    assert int(table.isna().sum().sum()) == n_missing
    assert isinstance(table.index, pandas.RangeIndex)


def test_parquet_columns_without_a_name_are_refused(tmp_path):
    pytest.importorskip("pyarrow")
    pandas.DataFrame({"": [1.0], "y": [2.0]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="column 1 has no name"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_pipe_is_read_as_a_file_is(tmp_path):
    """Looking at the names first must not lose them: a pipe is read once only."""
    path = tmp_path / "t.csv"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("a,y\n1,2\n3,4\n",))
    writer.start()
    try:
        assert read_table(path).to_numpy().tolist() == [[1, 2], [3, 4]]
    finally:
        writer.join()


def test_a_missing_library_is_one_line(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"needs pandas: pip install 'deepgen\[tables\]'"):
        read_table("t.csv")
