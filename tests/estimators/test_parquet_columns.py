"""Columns of Parquet files that would get lost, and rows that are described by iterators."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepgen import MLPRegressor, ParquetRows, TabularRegressor
from estimators.row_files import NAMES, SMALL, make_table, weights_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def table():
    return make_table()[[*NAMES, "y"]]


@pytest.fixture(scope="module")
def partitioned(table, tmp_path_factory):
    """Folders as Hive, Spark and pandas write them, below one that is only called like that."""
    where = tmp_path_factory.mktemp("rows") / "run=7" / "sales"
    parts = table.assign(year=2020 + np.arange(len(table)) % 2, part="x")
    parts.to_parquet(where, partition_cols=["year", "part"])
    return where


def fit(path, features=None, target="y"):
    return MLPRegressor(**SMALL).fit(ParquetRows(path, features, target))


PATHS = {
    "folder": lambda where: where,
    "folder of one partition": lambda where: where / "year=2020",
    "pattern": lambda where: where / "*" / "*" / "*.parquet",
    "deep pattern": lambda where: where / "**" / "*.parquet",
    "folders": lambda where: [where / "year=2020", where / "year=2021"],
    "files": lambda where: sorted(where.rglob("*.parquet")),
}


@pytest.mark.parametrize("path", PATHS)
def test_columns_in_names_of_folders_do_not_vanish(partitioned, path):
    rows = PATHS[path](partitioned)
    lost = "'part'" if path in ("folder of one partition",) else "'year'"
    with pytest.raises(ValueError, match=f"folders of .*parquet hold .*{lost}.*not read; write"):
        fit(rows)
    assert fit(rows, NAMES).n_features_in_ == 3


@pytest.mark.parametrize(
    "columns", [(["a", "year"], "y"), (["a", "b"], "year"), (["a", "b"], ["y", "year"])]
)
def test_a_named_column_of_folders_is_refused_with_the_reason(partitioned, columns):
    with pytest.raises(ValueError, match="no column 'year'. It is in the names of folders: .*not"):
        fit(partitioned, *columns)


def test_folders_above_the_given_one_are_no_columns(table, tmp_path):
    where = tmp_path / "lr=0.1" / "rows"
    where.mkdir(parents=True)
    for number in range(2):
        table.to_parquet(where / f"n={number}.parquet")
    for path in (where, where / "*.parquet", sorted(where.iterdir()), where / "n=0.parquet"):
        assert fit(path).feature_names_in_.tolist() == NAMES


def test_a_column_in_the_files_too_is_read_there(table, tmp_path):
    (tmp_path / "rows" / "c=1").mkdir(parents=True)
    table.to_parquet(tmp_path / "rows" / "c=1" / "x.parquet")
    assert fit(tmp_path / "rows").feature_names_in_.tolist() == NAMES


@pytest.mark.parametrize("later", ["1.parquet", "2.parquet"])
def test_columns_that_only_some_files_have_are_refused(table, tmp_path, later):
    for name in ("0.parquet", "1.parquet", "2.parquet"):
        own = table.assign(d=1.0) if name == later else table
        own.to_parquet(tmp_path / name)
    with pytest.raises(ValueError, match=f"{later} has 'd', which .*0.parquet has not; name"):
        fit(tmp_path)
    assert fit(tmp_path, NAMES).n_features_in_ == 3
    # The other way round is a missing column.
    shutil.move(tmp_path / later, tmp_path / "00.parquet")
    shutil.move(tmp_path / "00.parquet", tmp_path / "-.parquet")
    with pytest.raises(ValueError, match="0.parquet has no column 'd'"):
        fit(tmp_path)


@pytest.mark.parametrize(
    ("column", "kind"),
    [("a", "float32"), ("n", "int32"), ("gap", object), ("word", "category")],
)
def test_types_that_differ_are_refused_until_they_are_written_alike(tmp_path, column, kind):
    """The guide's advice: ``astype`` before ``to_parquet``."""
    table = pd.DataFrame({"a": np.arange(400.0), "n": np.arange(400), "gap": 1.0, "word": "x"})
    table["y"] = table["a"]
    other = table.assign(gap=None) if column == "gap" else table.astype({column: kind})
    table.to_parquet(tmp_path / "0.parquet")
    other.to_parquet(tmp_path / "1.parquet")
    model = TabularRegressor(preset="fast", early_stopping=False, network={"max_iter": 1})
    rows = ParquetRows(tmp_path, ["a", "n", "gap", "word"], "y")
    with pytest.raises(ValueError, match=f"column '{column}' holds .*1.parquet and .*0.parquet"):
        model.fit(rows)
    other.astype(table.dtypes).to_parquet(tmp_path / "1.parquet")
    assert model.fit(rows).plan_.n_rows == 800


def test_files_without_rows_may_have_other_columns(table, tmp_path):
    table[:0].assign(d=1.0).to_parquet(tmp_path / "0.parquet")
    table.to_parquet(tmp_path / "1.parquet")
    assert fit(tmp_path).feature_names_in_.tolist() == NAMES


def test_an_index_that_pandas_wrote_is_no_feature(table, tmp_path):
    table[::2].to_parquet(tmp_path / "0.parquet", index=True)
    table.sample(500, random_state=0).to_parquet(tmp_path / "1.parquet")
    table.to_parquet(tmp_path / "2.parquet", index=False)
    assert fit(tmp_path).feature_names_in_.tolist() == NAMES


def test_iterators_serve_more_than_one_fit(table, tmp_path):
    for number in range(2):
        table.to_parquet(tmp_path / f"{number}.parquet", row_group_size=100)
    rows = ParquetRows(
        (path for path in [str(tmp_path / "0.parquet"), (p for p in [tmp_path / "1.parquet"])]),
        (name for name in NAMES),
        (name for name in ["y"]),
        500,
    )
    models = [MLPRegressor(**SMALL).fit(rows) for _ in range(2)]
    assert np.array_equal(*map(weights_of, models))
    assert rows == ParquetRows(
        (str(tmp_path / "0.parquet"), (Path(tmp_path / "1.parquet"),)), tuple(NAMES), ("y",), 500
    )


def test_a_list_that_is_changed_later_does_not_change_the_rows(table, tmp_path):
    table.to_parquet(tmp_path / "0.parquet")
    names = [*NAMES]
    rows = ParquetRows([tmp_path / "0.parquet"], names, "y")
    names.append("y")
    assert MLPRegressor(**SMALL).fit(rows).feature_names_in_.tolist() == NAMES
