import gzip
import json
import os
import threading

import numpy as np
import pytest

from deepgen._optional import MissingExtra
from deepgen.tables import TableEncoder, read_table
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


def test_each_kind_of_column_becomes_features():
    encoder = TableEncoder.learn(people())
    assert encoder.features == [
        *("age", "age is missing", "town = Bonn", "town = Ulm", "town is missing"),
        *("member", "since", "since is missing"),
    ]
    assert encoder.ignored == ("planet", "nothing")
    X = encoder.encode(people())
    assert X.shape == (4, 8) and np.isfinite(X).all()
    np.testing.assert_allclose(X[:, [0, 5, 6]].mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(X[:, [0, 5, 6]].std(axis=0), 1)
    # The median, 40, is the mean as well.
    np.testing.assert_allclose(X[2, :2], [0, 1], atol=1e-12)
    np.testing.assert_array_equal(X[:, 2:5], [[0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]])


def test_an_encoder_survives_json():
    encoder = TableEncoder.learn(people())
    again = TableEncoder.from_data(json.loads(json.dumps(encoder.to_data())))
    assert again == encoder
    np.testing.assert_array_equal(again.encode(people()), encoder.encode(people()))


def test_columns_may_move_and_others_may_join():
    table = people()
    encoder = TableEncoder.learn(table)
    moved = table[table.columns[::-1]].assign(extra=1)
    np.testing.assert_array_equal(encoder.encode(moved), encoder.encode(table))


def test_unseen_and_newly_missing_values_are_no_category():
    encoder = TableEncoder.learn(pandas.DataFrame({"town": ["Ulm", "Bonn"], "x": [1, 2]}))
    X = encoder.encode(pandas.DataFrame({"town": ["Köln", None], "x": [1, None]}))
    np.testing.assert_array_equal(X[:, :2], 0)
    assert X[0, 2] == -1 and X[1, 2] == 0


def test_rare_categories_share_a_feature():
    names = [f"c{i:03}" for i in range(150) for _ in range(3 if i < 100 else 2)]
    encoder = TableEncoder.learn(pandas.DataFrame({"c": names}))
    assert encoder.features[-2:] == ["c = c099", "c is rare"]
    X = encoder.encode(pandas.DataFrame({"c": ["c149", "c000", "new"]}))
    assert X[0, -1] == 1 and X[1, 0] == 1 and X[1].sum() == 1
    # A category that training never saw is rare as well.
    assert X[2, -1] == 1


def test_names_and_identifiers_are_left_out():
    table = pandas.DataFrame({"id": [f"u{i}" for i in range(200)], "x": range(200)})
    assert TableEncoder.learn(table).ignored == ("id",)


@pytest.mark.parametrize("table, words", [
    (lambda: people().drop(columns="age"), "the table lacks 'age'; it has 'town', 'member'"),
    (lambda: people().assign(age=["1", "old", "3", "4"]), "numbers .* row 2 holds 'old'"),
    (lambda: people().assign(age=[1, 2, np.inf, 3]), "'age' holds infinity in row 3"),
])  # fmt: skip
def test_tables_that_do_not_fit_are_refused(table, words):
    encoder = TableEncoder.learn(people())
    with pytest.raises(ValueError, match=words):
        encoder.encode(table())


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
        model = fit_table(table, "y", max_iter=2, seed=seed)
        assert list(model.estimator.classes_) == ["a", "b", "c"]
        rows = model.metadata["rows"]
        assert rows["training"] + rows["held out"] == 40


def test_rows_without_a_target_are_left_out_and_told():
    table = pandas.DataFrame({"x": np.arange(40.0), "y": [None, *np.linspace(0, 1, 39)]})
    metadata = fit_table(table, "y", max_iter=2).metadata
    assert metadata["rows"] == {"training": 31, "held out": 8, "without target": 1}


def test_only_training_rows_teach_the_encoder():
    table = pandas.DataFrame({"x": np.arange(100.0), "y": np.linspace(0, 1, 100)})
    model = fit_table(table, "y", max_iter=1, seed=3)
    assert model.encoder.columns[0].mean != table["x"].mean()


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
