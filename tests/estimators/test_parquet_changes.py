"""Files that change while a fit uses their rows: none is mixed with what it was before."""

import os

import numpy as np
import pytest

from deepgen import MLPClassifier, MLPRegressor, ParquetRows, TabularClassifier
from deepgen._inputs.labels import Labels
from deepgen._parquet.open_files import OPEN_FILES
from deepgen._training import first_order as training
from deepgen.tabular import base as tabular
from estimators.row_files import NAMES, SMALL, make_table, no_reader_lives, weights_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SIZE = 60
CHANGED = r"rows-\d+.parquet has changed while its rows were used"


def write(table, folder, n_files, by="name"):
    """Write files of equal numbers of rows: in place, or under a new name that replaces the old."""
    for number in range(n_files):
        part = table[number * SIZE : (number + 1) * SIZE]
        file = folder / f"rows-{number}.parquet"
        if by == "name":
            part.to_parquet(folder / "new", row_group_size=20, index=False)
            os.replace(folder / "new", file)
        else:
            part.to_parquet(file, row_group_size=20, index=False)


def others(table, what):
    """The same number of rows, with other numbers, gaps or labels."""
    if what == "targets":
        return table.assign(y=50 * table["y"])
    if what == "gaps":
        return table.assign(a=np.float32(np.nan))
    if what == "labels":
        return table.assign(label="new")
    return table.assign(b=-table["b"])


def after_an_epoch(monkeypatch, action):
    """Let an action happen once, after the first epoch."""
    run_epoch, done = training.run_epoch, []

    def run(*arguments):
        result = run_epoch(*arguments)
        if not done:
            done.append(action())
        return result

    monkeypatch.setattr(training, "run_epoch", run)


@pytest.mark.parametrize("what", ["targets", "gaps", "labels", "features"])
@pytest.mark.parametrize(("by", "n_files"), [("name", OPEN_FILES + 4), ("name", 3), ("place", 3)])
def test_other_rows_of_the_same_number_are_refused(tmp_path, monkeypatch, what, by, n_files):
    """Files are compared with the first time when they are opened, and after each read."""
    table = make_table()
    write(table, tmp_path, n_files)
    kind, target = (MLPClassifier, "label") if what == "labels" else (MLPRegressor, "y")
    rows = ParquetRows(tmp_path, NAMES, target, 100)
    model = kind(**{**SMALL, "max_iter": 6}, warm_start=True).fit(rows)
    before = weights_of(model).copy()
    after_an_epoch(monkeypatch, lambda: write(others(table, what), tmp_path, n_files, by))
    with pytest.raises(ValueError, match=CHANGED):
        model.fit(rows)
    assert np.array_equal(weights_of(model), before)
    assert no_reader_lives()


@pytest.mark.parametrize("same", [True, False])
def test_files_that_are_removed_or_written_again_are_refused(tmp_path, monkeypatch, same):
    table = make_table()
    write(table, tmp_path, 3)

    def change():
        for file in tmp_path.iterdir():
            file.unlink()
        if same:
            write(table, tmp_path, 3)

    after_an_epoch(monkeypatch, change)
    with pytest.raises(ValueError, match=CHANGED):
        MLPRegressor(**SMALL).fit(ParquetRows(tmp_path, NAMES, "y", 100))
    assert no_reader_lives()


@pytest.mark.parametrize("what", ["labels", "features"])
def test_the_encoder_and_the_network_see_the_same_files(tmp_path, monkeypatch, what):
    table = make_table()
    write(table, tmp_path, 3)
    draw_table = tabular.draw_table

    def draw_and_replace(*arguments, **options):
        drawn = draw_table(*arguments, **options)
        write(others(table, what), tmp_path, 3)
        return drawn

    monkeypatch.setattr(tabular, "draw_table", draw_and_replace)
    model = TabularClassifier(preset="fast", early_stopping=False, network={"max_iter": 2})
    with pytest.raises(ValueError, match=CHANGED):
        model.fit(ParquetRows(tmp_path, NAMES, "label", 500))
    assert not hasattr(model, "encoder_")


def test_files_may_change_between_fits(tmp_path):
    table = make_table()
    write(table, tmp_path, 3)
    rows = ParquetRows(tmp_path, NAMES, "y", 100)
    first = MLPRegressor(**SMALL).fit(rows)
    write(others(table, "features"), tmp_path, 3)
    assert not np.array_equal(weights_of(MLPRegressor(**SMALL).fit(rows)), weights_of(first))


@pytest.mark.parametrize("classes", [["b", "c"], ["b", "c", "d"]])
@pytest.mark.parametrize("strange", ["a", "bb", "z"])
def test_no_number_stands_for_an_unknown_label(classes, strange):
    labels = Labels.learn(np.array(classes))
    with pytest.raises(ValueError, match="classes not in `self.classes_`"):
        labels.encode(np.array(["b", strange]), np.dtype("float32"))


def test_no_number_stands_for_a_label_that_is_not_0_or_1():
    labels = Labels.learn(np.array([[0, 1], [1, 0]]))
    with pytest.raises(ValueError, match="must be 0 or 1"):
        labels.encode(np.array([[0, 2]]), np.dtype("float32"))
