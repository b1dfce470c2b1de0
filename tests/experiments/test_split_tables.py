"""Tables of the experiments: what is drawn for choices is never measured on."""

import gzip

import numpy as np
import pytest

from deepgen.experiments.claims.combined_causes import _hidden
from deepgen.experiments.shared.split_tables import (
    BUNDLED,
    FILES,
    _load,
    split_table,
    table_names,
)


@pytest.fixture
def numbered(monkeypatch):
    """A table whose only feature is the number of the row."""
    X = np.arange(300.0)[:, None]
    monkeypatch.setattr(
        "deepgen.experiments.shared.split_tables._load", lambda name: (X, X[:, 0].astype(int))
    )


def test_rows_for_choices_are_apart_from_those_of_measurements(numbered):
    for seed in (0, 1):
        choice = split_table("digits", seed, 80, choice=True)
        chosen = {*choice.y, *choice.y_test}
        assert len(chosen) == 100
        for other in (2, 3):
            measured = split_table("digits", other, 80)
            drawn = {*measured.y, *measured.y_test}
            assert len(drawn) == 200
            assert not chosen & drawn
            assert len(measured.y) == 80
            assert not {*measured.y} & {*measured.y_test}


def test_seeds_draw_other_rows_and_equal_seeds_the_same(numbered):
    first, again, other = (split_table("digits", seed, 80).y for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert set(first) != set(other)


def test_features_are_standardized_by_the_training_rows():
    table = split_table("diabetes", 0, 100)
    assert np.allclose(table.X.mean(axis=0), 0)
    assert np.allclose(table.X.std(axis=0), 1)
    assert not np.allclose(table.X_test.mean(axis=0), 0, atol=1e-3)
    assert not table.classes


def test_files_are_read_where_the_folder_has_all_of_them(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPGEN_DATA", str(tmp_path))
    assert table_names() == BUNDLED
    for name in FILES:
        with gzip.open(tmp_path / f"{name}.csv.gz", "wt") as file:
            file.write("a,b,target\n")
            file.writelines(f"{row},{row % 3},{row % 4}\n" for row in range(40))
    _load.cache_clear()
    try:
        assert table_names() == (*FILES, "california_housing")
        letter, robot = split_table("letter", 0, 10), split_table("uci_kin8nm", 0, 10)
    finally:
        _load.cache_clear()
    assert letter.X.shape == (10, 2)
    assert letter.y.dtype.kind == "i"
    assert robot.y.dtype.kind == "f"


@pytest.mark.parametrize(("n_inputs", "n_outputs"), [(16, 26), (64, 10), (10, 1)])
def test_the_deep_and_the_wide_net_have_as_many_parameters(n_inputs, n_outputs):
    def count(hidden):
        sizes = (n_inputs, *hidden, n_outputs)
        return sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False))

    deep, wide = (count(_hidden(n_inputs, n_outputs, flag)) for flag in (1, 0))
    assert abs(wide - deep) < 0.01 * deep
