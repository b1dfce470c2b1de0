"""Fits on Parquet files: the bits of fits on arrays, or as near as rows in parts can be."""

import threading
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
from deepgen.optimizers import LBFGS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
NAMES = ["a", "b", "c"]
N_ROWS = 1201
SMALL = {"hidden_layer_sizes": (8,), "batch_size": 32, "max_iter": 3, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 3)).astype(np.float32)
    y = X[:, 0] * X[:, 1] + 3 + 0.1 * rng.normal(size=N_ROWS)
    label = np.where(y > 3.5, "high", np.where(y > 2.5, "middle", "low"))
    return pd.DataFrame(X, columns=NAMES).assign(y=y, label=label, second=y**2, count=np.abs(y))


@pytest.fixture(scope="module")
def folder(table, tmp_path_factory):
    """Row groups of all sizes, one of them larger than buffers, and files without rows."""
    where = tmp_path_factory.mktemp("rows")
    cuts = [(0, 0, 10), (0, 5, 5), (5, 405, 100), (405, 450, 1), (450, 450, 9), (450, 1150, 600)]
    for number, (start, stop, size) in enumerate([*cuts, (1150, N_ROWS, 17)]):
        part = table[start:stop]
        part.to_parquet(where / f"rows-{number}.parquet", row_group_size=size, index=False)
    return where


def weights_of(model):
    return model.network_.parameters


def no_reader_lives():
    return not [t for t in threading.enumerate() if t.name.startswith("deepgen-parquet")]


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
        return table.assign(y=table["y"].where(table.index != row, np.inf)), "NaN or infinity"
    return table.assign(y="much"), "a regressor"


@pytest.mark.parametrize(
    "what", ["gap", "infinity", "large", "target", "infinite target", "text target"]
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


def test_classes_that_hardly_repeat_in_a_row_group_give_no_warning(tmp_path):
    numbers = np.arange(600)
    table = pd.DataFrame({"a": numbers, "id": numbers % 30})
    table.to_parquet(tmp_path / "x.parquet", row_group_size=31)
    model = MLPClassifier(**{**SMALL, "batch_size": 200, "max_iter": 1})
    assert len(model.fit(ParquetRows(tmp_path, ["a"], "id", 540)).classes_) == 30


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
    with pytest.raises(ValueError, match=r"rows.parquet (cannot be read|has changed)"):
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


def test_a_fit_worse_than_a_constant_warns_here_too(table, tmp_path):
    table.assign(a=1e5 * table["a"]).to_parquet(tmp_path / "rows.parquet", row_group_size=100)
    settings = {**SMALL, "max_iter": 30, "learning_rate_init": 1e-6}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        MLPRegressor(**settings).fit(ParquetRows(Path(tmp_path), NAMES, "y", 200))
    said = [str(w.message) for w in caught if issubclass(w.category, ConvergenceWarning)]
    assert any("worse than a constant" in text and "'a'" in text for text in said)
