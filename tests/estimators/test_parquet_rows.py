"""Fits on Parquet files: the bits of fits on arrays, or as near as rows in parts can be."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.exceptions import ConvergenceWarning

from deepgen import MLPClassifier, MLPRegressor, ParquetRows
from deepgen._training import first_order as training
from deepgen.averaging import SWA
from deepgen.losses import Quantile
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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("kind", "target"),
    [(MLPRegressor, "y"), (MLPRegressor, ["y", "second"]), (MLPClassifier, "label")],
)
def test_rows_that_fit_into_a_buffer_give_the_bits_of_arrays(table, folder, kind, target, dtype):
    X, y = table[NAMES].to_numpy(), np.ascontiguousarray(table[target])
    rows = kind(**SMALL, dtype=dtype).fit(ParquetRows(folder, NAMES, target))
    arrays = kind(**SMALL, dtype=dtype).fit(X, y)
    assert np.array_equal(weights_of(rows), weights_of(arrays))
    assert rows.feature_names_in_.tolist() == NAMES
    assert np.array_equal(rows.predict(table[NAMES]), arrays.predict(X))


@pytest.mark.parametrize("buffer_rows", [86, 200, 700])
@pytest.mark.parametrize(
    "more", [{}, {"normalization": "batch", "batch_size": 30}, {"averaging": "ema"}]
)
def test_unshuffled_parts_give_the_bits_of_arrays(table, folder, buffer_rows, more):
    settings = {**SMALL, "shuffle": False, "target_scaling": None, **more}
    X, y = table[NAMES].to_numpy(), table["y"].to_numpy()
    arrays = MLPRegressor(**settings).fit(X, y)
    rows = MLPRegressor(**settings).fit(ParquetRows(folder, NAMES, "y", buffer_rows))
    assert np.array_equal(weights_of(rows), weights_of(arrays))
    np.testing.assert_allclose(rows.loss_curve_, arrays.loss_curve_, rtol=1e-12)
    np.testing.assert_allclose(
        rows.history_["gradient_norm"], arrays.history_["gradient_norm"], rtol=1e-12
    )
    assert rows.t_ == arrays.t_ == 3 * N_ROWS


def test_schedules_and_slices_do_not_notice_the_parts(table, folder):
    settings = {**SMALL, "shuffle": False, "target_scaling": None, "learning_rate": "one_cycle"}
    arrays = MLPRegressor(**settings).fit(table[NAMES].to_numpy(), table["y"].to_numpy())
    rows = MLPRegressor(**settings).fit(ParquetRows(folder, NAMES, "y", 200))
    assert np.array_equal(weights_of(rows), weights_of(arrays))


@pytest.mark.parametrize("kind", [MLPRegressor, MLPClassifier])
def test_the_same_files_and_seed_give_the_same_bits(folder, kind):
    target = "y" if kind is MLPRegressor else "label"
    rows = ParquetRows(folder, NAMES, target, 200)
    first, again = (kind(**SMALL, dropout=0.1, n_jobs=n).fit(rows) for n in (1, 2))
    assert np.array_equal(weights_of(first), weights_of(again))
    other = kind(**{**SMALL, "random_state": 1}, dropout=0.1).fit(rows)
    assert not np.array_equal(weights_of(first), weights_of(other))
    other_parts = kind(**SMALL, dropout=0.1).fit(ParquetRows(folder, NAMES, target, 300))
    assert not np.array_equal(weights_of(first), weights_of(other_parts))
    assert no_reader_lives()


def test_each_epoch_takes_every_row_once_in_an_order_of_its_own(table, folder, monkeypatch):
    seen = []

    def note(trainer, X, y, weights=None, rows=None):
        seen.append(y.copy())
        return set_data(trainer, X, y, weights, rows)

    set_data = training.PartsTrainer.set_data
    monkeypatch.setattr(training.PartsTrainer, "set_data", note)
    MLPRegressor(**SMALL, target_scaling=None).fit(ParquetRows(folder, NAMES, "y", 200))
    assert max(map(len, seen)) <= 150  # three quarters of a buffer
    rows = np.concatenate(seen).reshape(3, N_ROWS)
    wanted = np.sort(table["y"].to_numpy().astype(np.float32))
    for epoch in rows:
        assert np.array_equal(np.sort(epoch), wanted)
    assert not np.array_equal(rows[0], rows[1])


def test_statistics_of_the_targets_are_those_of_all_rows(table, folder):
    rows = ParquetRows(folder, NAMES, ["y", "second"], 200)
    model = MLPRegressor(**SMALL, clip_predictions=True).fit(rows)
    targets = table[["y", "second"]].to_numpy()
    np.testing.assert_allclose(model.target_mean_, targets.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(model.target_scale_, targets.std(axis=0), rtol=1e-12)
    assert np.array_equal(model._targets.lowest, targets.min(axis=0))
    assert np.array_equal(model._targets.highest, targets.max(axis=0))


def test_equal_targets_have_no_scale(table, tmp_path):
    table.assign(y=0.1).to_parquet(tmp_path / "rows.parquet", row_group_size=40)
    model = MLPRegressor(**SMALL).fit(ParquetRows(tmp_path, NAMES, "y", 200))
    assert model.target_mean_.tolist() == [0.1]
    assert model.target_scale_.tolist() == [1.0]


@pytest.mark.parametrize("class_weight", ["balanced", {"low": 2.0, "middle": 0.5}])
def test_classes_and_their_weights_are_those_of_all_rows(table, folder, class_weight):
    settings = {**SMALL, "class_weight": class_weight, "shuffle": False}
    arrays = MLPClassifier(**settings).fit(table[NAMES].to_numpy(), table["label"].to_numpy())
    rows = MLPClassifier(**settings).fit(ParquetRows(folder, NAMES, "label", 200))
    assert rows.classes_.tolist() == ["high", "low", "middle"]
    assert np.array_equal(weights_of(rows), weights_of(arrays))


def test_a_class_of_few_rows_is_known_though_no_drawn_row_has_it(table, tmp_path):
    label = np.zeros(N_ROWS, dtype=np.int64)
    label[700] = 7
    table.assign(label=label).to_parquet(tmp_path / "rows.parquet", row_group_size=50)
    model = MLPClassifier(**SMALL).fit(ParquetRows(tmp_path, NAMES, "label", 90))
    assert model.classes_.tolist() == [0, 7]


def test_several_labels_per_row(table, tmp_path):
    settings = {**SMALL, "shuffle": False, "class_weight": "balanced"}
    both = table.assign(p=table["y"] > 3, q=table["y"] > 4)
    both.to_parquet(tmp_path / "rows.parquet", row_group_size=50)
    arrays = MLPClassifier(**settings).fit(table[NAMES].to_numpy(), both[["p", "q"]].to_numpy())
    rows = MLPClassifier(**settings).fit(ParquetRows(tmp_path, NAMES, ["p", "q"], 200))
    assert np.array_equal(weights_of(rows), weights_of(arrays))


@pytest.mark.parametrize("kind", ["int8", "uint16", "float64", "bool", "decimal128(9, 2)"])
def test_all_kinds_of_numbers_are_features(table, tmp_path, kind):
    whole = table["count"].round().astype("int64")
    column = pa.array((whole > 2) if kind == "bool" else whole)
    if kind != "bool":
        column = column.cast("int32" if kind.startswith("decimal") else "int64")
        column = column.cast(pa.decimal128(12, 2) if kind.startswith("decimal") else kind)
    pq.write_table(pa.table({"x": column, "y": table["y"]}), tmp_path / "x.parquet")
    model = MLPRegressor(**SMALL).fit(ParquetRows(tmp_path, ["x"], "y"))
    X = np.asarray(whole > 2 if kind == "bool" else whole, dtype=np.float32)[:, None]
    assert np.array_equal(weights_of(model), weights_of(MLPRegressor(**SMALL).fit(X, table["y"])))


def test_early_stopping_takes_validation_rows_of_its_own(table, folder):
    held_out = {"X_val": table[NAMES][:200], "y_val": table["y"][:200]}
    model = MLPRegressor(**SMALL, early_stopping=True)
    model.fit(ParquetRows(folder, NAMES, "y", 200), **held_out)
    assert len(model.validation_scores_) == 3
    assert model.best_validation_score_ == max(model.validation_scores_)


@pytest.mark.parametrize("more", [{}, {"averaging": "ema"}, {"learning_rate": "plateau"}])
def test_a_warm_start_goes_on_as_if_there_had_been_no_break(folder, more):
    rows = ParquetRows(folder, NAMES, "y", 200)
    once = MLPRegressor(**{**SMALL, **more, "max_iter": 4}, warm_start=True).fit(rows)
    twice = MLPRegressor(**{**SMALL, **more, "max_iter": 2}, warm_start=True).fit(rows).fit(rows)
    assert np.array_equal(weights_of(once), weights_of(twice))
    assert twice.t_ == 4 * N_ROWS


def test_a_warm_start_on_targets_of_another_scale_moves_the_scaling(table, folder, tmp_path):
    model = MLPRegressor(**SMALL, warm_start=True).fit(ParquetRows(folder, NAMES, "y", 200))
    table.assign(y=100 * table["y"]).to_parquet(tmp_path / "rows.parquet", row_group_size=50)
    model.fit(ParquetRows(tmp_path, NAMES, "y", 200))
    both = np.concatenate([table["y"], 100 * table["y"]])
    np.testing.assert_allclose(model.target_mean_, both.mean(), rtol=0.02)


@pytest.mark.parametrize(
    "more",
    [
        {"n_members": 3},
        {"n_members": 3, "averaging": "snapshot"},
        {"n_members": 3, "averaging": "batch_ensemble"},
    ],
)
def test_members_train_on_rows_in_files(table, folder, more):
    models = [
        MLPRegressor(**SMALL, **more, n_jobs=n).fit(ParquetRows(folder, NAMES, "y", 200))
        for n in (1, 2)
    ]
    first, second = (model.predict(table[NAMES]) for model in models)
    assert np.array_equal(first, second)
    assert len(models[0].members_) == 3
    assert no_reader_lives()


def test_a_member_has_the_bits_of_its_seed_alone(folder):
    rows = ParquetRows(folder, NAMES, "y", 200)
    member = MLPRegressor(**SMALL, n_members=2).fit(rows).members_[1]
    alone = MLPRegressor(**{**SMALL, "random_state": member.random_state}).fit(rows)
    assert np.array_equal(weights_of(member), weights_of(alone))


@pytest.mark.parametrize(
    "more",
    [
        {"normalization": "batch", "averaging": SWA(start=0.5)},
        {"numerical_embedding": "pwl"},
        {"initializer": "data_dependent"},
        {"averaging": "subspace"},
        {"solver": "kfac"},
        {"solver": "shampoo"},
        {"mixup": 0.2, "augmentation": "swap"},
        {"loss": Quantile([0.1, 0.9])},
        {"loss": "poisson"},
    ],
    ids=str,
)
def test_every_part_of_training_works_on_parts(table, folder, more):
    settings = {**SMALL, "max_iter": 30, **more}
    arrays = MLPRegressor(**settings).fit(table[NAMES], table["count"])
    rows = MLPRegressor(**settings).fit(ParquetRows(folder, NAMES, "count", 400))
    X, y = table[NAMES], table["count"]
    assert rows.score(X, y) > 0.7 * arrays.score(X, y) > 0.2


def test_lists_patterns_and_single_files(table, folder):
    files = sorted(folder.iterdir())
    paths = [folder, str(folder), files, [str(folder / "rows-[0-2]*"), *files[3:]]]
    paths += [folder / "*.parquet", str(folder / "**" / "*.parquet")]
    found = [MLPRegressor(**SMALL).fit(ParquetRows(path, NAMES, "y", 200)) for path in paths]
    for model in found[1:]:
        assert np.array_equal(weights_of(model), weights_of(found[0]))
    one = MLPRegressor(**SMALL).fit(ParquetRows(files[2], NAMES, "y"))
    assert one.t_ == 3 * 400


def test_features_none_means_all_other_columns(folder):
    rows = ParquetRows(folder, None, "label")
    model = MLPClassifier(**SMALL).fit(rows)
    assert model.feature_names_in_.tolist() == [*NAMES, "y", "second", "count"]


def test_folders_leave_out_hidden_files(table, tmp_path):
    (tmp_path / "deep").mkdir()
    table.to_parquet(tmp_path / "deep" / "rows.pq")
    for name in ("_metadata.parquet", ".rows.parquet", "readme.txt"):
        (tmp_path / name).write_text("none")
    assert MLPRegressor(**SMALL).fit(ParquetRows(tmp_path, NAMES, "y")).t_ == 3 * N_ROWS


def test_classes_that_hardly_repeat_in_a_row_group_give_no_warning(tmp_path):
    numbers = np.arange(600)
    table = pd.DataFrame({"a": numbers, "id": numbers % 30})
    table.to_parquet(tmp_path / "x.parquet", row_group_size=31)
    model = MLPClassifier(**{**SMALL, "batch_size": 200, "max_iter": 1})
    assert len(model.fit(ParquetRows(tmp_path, ["a"], "id", 540)).classes_) == 30


def test_an_interrupted_fit_keeps_its_weights_and_ends_the_thread(folder, monkeypatch):
    run_epoch, n_epochs = training.run_epoch, []

    def interrupt(*arguments):
        if len(n_epochs) == 2:
            raise KeyboardInterrupt
        n_epochs.append(1)
        return run_epoch(*arguments)

    monkeypatch.setattr(training, "run_epoch", interrupt)
    with pytest.warns(UserWarning, match="interrupted"):
        model = MLPRegressor(**SMALL).fit(ParquetRows(folder, NAMES, "y", 200))
    assert model.n_iter_ == 2
    assert no_reader_lives()


def test_nothing_is_read_after_the_last_epoch(folder, monkeypatch):
    from deepgen._training.streamed.part_reader import PartReader

    read, parts = PartReader._read, []

    def note(self, epoch, number):
        parts.append((epoch, number))
        return read(self, epoch, number)

    monkeypatch.setattr(PartReader, "_read", note)
    MLPRegressor(**SMALL).fit(ParquetRows(folder, NAMES, "y", 600))
    assert parts == [(epoch, number) for epoch in range(3) for number in range(3)]


def test_one_part_is_read_once(folder, monkeypatch):
    from deepgen._training.streamed.part_reader import PartReader

    read, parts = PartReader._read, []

    def note(self, epoch, number):
        parts.append((epoch, number))
        return read(self, epoch, number)

    monkeypatch.setattr(PartReader, "_read", note)
    monkeypatch.setattr("deepgen.estimators.streamed_samples.DRAWN", 100)
    MLPRegressor(**SMALL).fit(ParquetRows(folder, NAMES, "y"))
    assert parts == [(0, 0)]


def test_a_fit_worse_than_a_constant_warns_here_too(table, tmp_path):
    table.assign(a=1e5 * table["a"]).to_parquet(tmp_path / "rows.parquet", row_group_size=100)
    settings = {**SMALL, "max_iter": 30, "learning_rate_init": 1e-6}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        MLPRegressor(**settings).fit(ParquetRows(Path(tmp_path), NAMES, "y", 200))
    said = [str(w.message) for w in caught if issubclass(w.category, ConvergenceWarning)]
    assert any("worse than a constant" in text and "'a'" in text for text in said)


def test_a_file_without_rows_may_have_columns_of_other_types(tmp_path):
    for number, kind in enumerate((pa.null(), pa.float64(), pa.string())):
        a = pa.array([0.5, 1.5, 2.5] if kind == pa.float64() else [], kind)
        pq.write_table(pa.table({"a": a, "y": a}), tmp_path / f"{number}.parquet")
    model = MLPRegressor(hidden_layer_sizes=(2,), max_iter=500, tol=1, random_state=0)
    alone = model.fit(ParquetRows(tmp_path / "1.parquet", ["a"], "y")).coefs_[0].copy()
    assert np.array_equal(model.fit(ParquetRows(tmp_path, ["a"], "y")).coefs_[0], alone)
