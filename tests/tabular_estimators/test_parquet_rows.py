"""Estimators for tables on Parquet files: the encoder of drawn rows, the bits of tables."""

import numpy as np
import pandas as pd
import pytest

from deepgen import ParquetRows, TabularClassifier, TabularRegressor, load
from tabular_estimators.frames import TINY, frame, labels, numbers

COLUMNS = list(frame().columns)
N_ROWS = 900
SETTINGS = {"early_stopping": False, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    table = frame(N_ROWS)
    return table.assign(y=numbers(table), label=labels(table))


@pytest.fixture(scope="module")
def folder(table, tmp_path_factory):
    where = tmp_path_factory.mktemp("rows")
    for number, start in enumerate(range(0, N_ROWS, 300)):
        part = table[start : start + 300]
        part.to_parquet(where / f"{number}.parquet", row_group_size=70, index=False)
    return where


@pytest.mark.parametrize("preset", ["fast", "balanced", "best"])
@pytest.mark.parametrize(
    ("kind", "target"), [(TabularRegressor, "y"), (TabularClassifier, "label")]
)
def test_few_rows_give_the_bits_of_a_table(table, folder, kind, target, preset):
    settings = {**SETTINGS, "preset": preset, "network": TINY}
    rows = kind(**settings).fit(ParquetRows(folder, COLUMNS, target))
    whole = kind(**settings).fit(table[COLUMNS], table[target])
    assert np.array_equal(rows.predict(table[COLUMNS]), whole.predict(table[COLUMNS]))
    assert rows.plan_ == whole.plan_
    assert rows.feature_names_in_.tolist() == COLUMNS
    np.testing.assert_array_equal(rows.encoded_mean_, whole.encoded_mean_)


@pytest.mark.parametrize(
    ("kind", "target"), [(TabularRegressor, "y"), (TabularClassifier, "label")]
)
def test_parts_train_as_well_and_the_same_for_any_threads(table, folder, kind, target):
    settings = {**SETTINGS, "preset": "fast", "network": {"max_iter": 20}}
    rows = ParquetRows(folder, COLUMNS, target, 500)
    first, again = (kind(**settings, n_jobs=n).fit(rows) for n in (1, 2))
    assert np.array_equal(first.predict(table[COLUMNS]), again.predict(table[COLUMNS]))
    whole = kind(**settings).fit(table[COLUMNS], table[target])
    X, y = table[COLUMNS], table[target]
    assert first.score(X, y) > whole.score(X, y) - 0.05 > 0.7
    assert first.plan_.n_rows == N_ROWS
    assert first.summary_.startswith("900 rows, 6 columns")


def test_members_and_files(table, folder, tmp_path):
    model = TabularRegressor(**SETTINGS, n_members=2, network=TINY)
    model.fit(ParquetRows(folder, COLUMNS, "y", 700))
    assert len(model.members_) == 2
    model.save(tmp_path / "model.dgn")
    loaded = load(tmp_path / "model.dgn")
    assert np.array_equal(loaded.predict(table[COLUMNS]), model.predict(table[COLUMNS]))


def test_levels_and_gaps_are_those_of_all_rows(tmp_path):
    """Of 5000 rows 100 are drawn, but a level or a gap in one row alone is found."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"town": rng.choice(["Ulm", "Bonn"], 5000), "size": rng.normal(size=5000)})
    table["y"] = table["size"]
    table.loc[4321, "town"] = "Cham"
    table.loc[1234, "size"] = np.nan
    table.loc[777, "town"] = None
    table.to_parquet(tmp_path / "rows.parquet", row_group_size=400)
    model = TabularRegressor(**SETTINGS, network={**TINY, "batch_size": 16}, preset="fast")
    model.fit(ParquetRows(tmp_path, ["town", "size"], "y", 100))
    names = set(model.encoder_.get_feature_names_out())
    assert {"town = Cham", "town = Ulm", "town is missing", "size is missing"} <= names
    assert abs(model.encoder_.columns_[1].median) < 0.5


def test_numbers_can_be_categories(tmp_path):
    code = np.arange(3000) % 2
    code[1001] = 7
    table = pd.DataFrame({"code": code, "y": code.astype(float)})
    table.to_parquet(tmp_path / "rows.parquet", row_group_size=100)
    model = TabularRegressor(
        **SETTINGS, categorical_features=["code"], preset="fast", network={**TINY, "batch_size": 16}
    )
    model.fit(ParquetRows(tmp_path, ["code"], "y", 100))
    assert "code = 7" in model.encoder_.get_feature_names_out()


def test_early_stopping_takes_validation_rows(table, folder):
    held_out = {"X_val": table[COLUMNS][:200], "y_val": table["label"][:200]}
    model = TabularClassifier(random_state=0, preset="fast", network=TINY)
    model.fit(ParquetRows(folder, COLUMNS, "label", 500), **held_out)
    assert "held-out accuracy" in model.summary_
    assert len(model.history_["val_score"]) == 3


@pytest.mark.parametrize(
    ("settings", "arguments", "kind", "words"),
    [
        ({"early_stopping": True}, {}, ValueError, "give X_val and y_val, or set early_stopping"),
        ({"max_time": 5.0}, {}, ValueError, "max_time plans a training by timing arrays"),
        ({}, {"y": [1.0]}, TypeError, "y cannot be given beside ParquetRows"),
        ({}, {"sample_weight": [1.0]}, TypeError, "sample_weight cannot be given beside"),
        ({"network": {"solver": "lbfgs"}}, {}, ValueError, "'lbfgs' takes all rows in each step"),
        ({"network": {"alpha": -1.0}}, {}, ValueError, "alpha"),
        ({"categorical_features": ["towns"]}, {}, ValueError, "X has no column 'towns'"),
    ],
)
def test_what_does_not_go_with_files_is_refused(folder, settings, arguments, kind, words):
    model = TabularRegressor(**{**SETTINGS, "network": TINY, **settings})
    with pytest.raises(kind, match=words):
        model.fit(ParquetRows(folder, COLUMNS, "y", 500), **arguments)
    assert not hasattr(model, "encoder_")


def test_values_that_cannot_be_used_are_refused(table, tmp_path):
    model = TabularRegressor(**SETTINGS, network={**TINY, "batch_size": 16})
    table.assign(size=table["size"].where(table.index != 801, np.inf)).to_parquet(
        tmp_path / "rows.parquet", row_group_size=100
    )
    with pytest.raises(ValueError, match="'size'"):
        model.fit(ParquetRows(tmp_path, COLUMNS, "y", 100))
    table.assign(y=table["y"].where(table.index != 801)).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(ValueError, match="target 'y' is missing in 1 rows"):
        model.fit(ParquetRows(tmp_path, COLUMNS, "y", 100))
    with pytest.raises(ValueError, match="y must be numbers for a regressor"):
        model.fit(ParquetRows(tmp_path, ["size"], "label", 100))


def test_partial_fit_refuses_files(folder):
    with pytest.raises(TypeError, match="partial_fit"):
        TabularRegressor(**SETTINGS).partial_fit(ParquetRows(folder, COLUMNS, "y"), None)
