import numpy as np
import pytest

from deepgen._interval import t_interval
from deepgen.report.jackknife import Jackknife, unknown

RANDOM = np.random.default_rng(0)


def test_of_a_mean_over_equal_splits_it_is_the_t_interval_over_them():
    losses = RANDOM.normal(size=(8, 25))
    columns = {"own": losses.ravel()}
    got = Jackknife(columns, np.repeat(np.arange(8), 25), None).interval(lambda m: m["own"], "own")
    wanted = t_interval(losses.mean(axis=1))
    assert [got.estimate, got.low, got.high] == pytest.approx(
        [wanted.estimate, wanted.low, wanted.high]
    )


def test_weights_and_own_limits_count():
    columns = {"own": np.array([1.0, 9.0, 2.0, 9.0, 3.0, 9.0])}
    losses = Jackknife(columns, np.repeat(np.arange(3), 2), np.tile([1.0, 0.0], 3))
    got = losses.interval(lambda m: (m["own"], m["own"] - 1, m["own"] + 2), "own")
    plain = t_interval([1.0, 2.0, 3.0])
    assert [got.low, got.high] == pytest.approx([plain.low - 1, plain.high + 2])


def test_rows_without_a_column_and_other_splits_do_not_count():
    columns = {"own": np.arange(8.0), "longer": np.array([*range(6), np.nan, np.nan])}
    split = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    losses = Jackknife(columns, split, None)
    assert losses.interval(lambda m: m["own"] - m["longer"], "own", "longer").estimate == 0
    assert "left out" in losses.interval(lambda m: 0.0, "wider").method
    few = losses.interval(lambda m: m["own"], "own")
    assert "4 splits" in few.method
    two = Jackknife(columns, np.where(split < 2, split, -1), None)
    assert "blocks of rows" in two.interval(lambda m: m["own"], "own").method


def test_an_unknown_quantity_has_no_limits():
    interval = unknown("no rows")
    assert np.isnan(interval.estimate) and np.isinf([interval.low, interval.high]).all()


def test_training_losses_of_one_split_are_those_of_its_training_rows():
    held_out, train = np.array([1.0, 3.0, np.nan, np.nan]), np.array([np.nan, np.nan, 0.5, 1.5])
    losses = Jackknife({"longer": held_out, "longer train": train}, np.array([0, 0, 1, 1]), None)
    means = losses.means(np.isfinite(held_out), ("longer", "longer train"))
    assert means == {"longer": 2.0, "longer train": 1.0}
