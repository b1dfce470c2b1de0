"""The parts of the epoch loop: history, patience, sizer, the split, batches without weight."""

import math

import numpy as np
import pytest

from deepgen import MLPRegressor
from deepgen._training.data import Data
from deepgen._training.first_order import Epoch
from deepgen._training.history import History
from deepgen._training.patience import Patience
from deepgen._training.slice_sizer import SliceSizer
from deepgen._training.validation import split_rows


def row(loss, **more):
    return dict(loss=loss, learning_rate=0.1, gradient_norm=1.0, time=loss, **more)


def test_history_fills_what_was_not_measured():
    history = History()
    history.append(**row(3.0))
    history.append(**row(2.0, validation=(0.5, 0.9)))
    history.append(**row(1.0))
    columns = history.arrays()
    assert columns["epoch"].tolist() == [1, 2, 3]
    np.testing.assert_array_equal(columns["val_loss"], [math.nan, 0.5, math.nan])
    np.testing.assert_array_equal(columns["val_score"], [math.nan, 0.9, math.nan])
    assert history.seconds == 1.0


def test_an_empty_history_took_no_time():
    assert History().seconds == 0.0
    arrays = History().arrays()
    assert arrays["epoch"].dtype == np.int64 and arrays["loss"].shape == (0,)


def test_patience_with_a_loss_counts_epochs_that_gain_less_than_tol():
    patience = Patience()
    counts = []
    for loss in (1.0, 0.95, 0.8, 0.75, 0.9, 0.6):
        patience.watch_loss(loss, tol=0.1)
        counts.append(patience.n_stale)
    assert counts == [0, 1, 0, 1, 2, 0]
    assert patience.best_loss == 0.6


def test_patience_with_a_score_keeps_the_best_however_little_better():
    patience = Patience()
    improved = [patience.watch_score(score, tol=0.1) for score in (0.5, 0.55, math.nan, 0.55, 0.7)]
    assert improved == [True, True, False, False, True]
    assert (patience.best_score, patience.n_stale) == (0.7, 0)


def simulate(costs, n_slices, most=2):
    """Slices of a sizer on a machine where a step takes ``costs(n_threads, clock)`` seconds.

    Returns an array of (seconds, steps, threads), one row a slice.
    """
    sizer, clock, log = SliceSizer(seconds=0.2), 0.0, []
    for _ in range(n_slices):
        n_threads = sizer.n_threads(most)
        n_steps = sizer.n_steps
        seconds = n_steps * costs(n_threads, clock)
        sizer.record(n_steps, seconds, n_threads)
        clock += seconds
        log.append((seconds, n_steps, n_threads))
    return np.array(log)


@pytest.mark.parametrize("cost", [1e-6, 1e-4, 0.01, 0.15])
@pytest.mark.parametrize("gain", [0.5, 2.0, 20.0])
def test_an_interrupt_is_answered_within_the_seconds_of_a_slice(cost, gain):
    """Ctrl-C is looked at between slices; ``gain`` is how much faster two threads are than one."""
    log = simulate(lambda n_threads, _: cost * (1.0 if n_threads == 1 else 1.0 / gain), 200)
    assert (log[:, 0] <= max(0.2 * 1.001, cost * max(1.0, 1.0 / gain))).all()


def test_slices_are_long_enough_that_asking_for_them_costs_nothing():
    log = simulate(lambda *_: 1e-5, 60, most=1)
    assert np.median(log[:, 0]) > 0.1


def test_a_machine_that_turns_slow_makes_one_slice_long_and_no_second():
    log = simulate(lambda _, clock: 1e-3 if clock < 5 else 0.1, 100, most=1)
    long = log[:, 0] > 0.25
    assert long.sum() == 1
    assert log[-1, 1] == 2


@pytest.mark.parametrize("faster", [1, 2])
def test_nearly_all_steps_are_made_on_the_faster_number_of_threads(faster):
    log = simulate(lambda n_threads, _: 1e-3 if n_threads == faster else 3e-3, 300)
    steps = {number: log[log[:, 2] == number, 1].sum() for number in (1, 2)}
    assert steps[3 - faster] < 0.05 * steps[faster]


def test_threads_that_become_worth_while_are_taken_within_a_few_seconds():
    """At first another program holds the second core."""
    log = simulate(lambda n, clock: 2e-3 if n == 1 else (9e-3 if clock < 10 else 1e-3), 200)
    clock = np.cumsum(log[:, 0])
    assert (log[clock > 13, 2] == 2).mean() > 0.7


def test_where_one_thread_is_worth_while_no_other_number_is_tried():
    assert (simulate(lambda *_: 1e-3, 50, most=1)[:, 2] == 1).all()


def test_a_slice_without_steps_changes_nothing():
    sizer = SliceSizer(seconds=0.2)
    sizer.record(1, 0.05, 1)
    sizer.record(0, 1.0, 1)
    assert sizer.n_steps == 4


def test_an_epoch_that_failed_has_no_means():
    failed = Epoch(loss=1.0, gradient_norm=1.0, n_rows=2, n_steps=2, finite=False)
    assert math.isnan(failed.mean_loss) and math.isnan(failed.mean_gradient_norm)
    assert not failed.failed_at_once
    assert Epoch(finite=False).failed_at_once
    assert Epoch(n_steps=1, gradient_norm=math.inf, finite=False).failed_at_once


def test_data_gives_the_rows_that_belong():
    data = Data(np.zeros((4, 1)), np.zeros((4, 1)), rows=np.array([3, 1]))
    assert data.n_rows == 2
    assert data.of(np.arange(4)).tolist() == [3, 1]


@pytest.mark.parametrize("n_samples", [10, 157])
def test_a_split_uses_every_row_once(n_samples):
    training, validation = split_rows(n_samples, 0.25, seed=7, labels=None)
    assert sorted([*training, *validation]) == list(range(n_samples))
    assert len(validation) == math.ceil(0.25 * n_samples)
    assert not np.array_equal(training, split_rows(n_samples, 0.25, seed=8, labels=None)[0])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_batch_without_weight_is_as_if_it_were_not_there():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(128, 4))
    y = X[:, 0]
    sample_weight = np.ones(128)
    sample_weight[32:64] = 0
    settings = dict(batch_size=32, shuffle=False, max_iter=4, random_state=0)
    with_zeros = MLPRegressor(**settings).fit(X, y, sample_weight)
    kept = sample_weight > 0
    without = MLPRegressor(**settings).fit(X[kept], y[kept], sample_weight[kept])
    assert np.array_equal(with_zeros.network_.parameters, without.network_.parameters)
    assert with_zeros.loss_curve_ == without.loss_curve_
    np.testing.assert_array_equal(
        with_zeros.history_["gradient_norm"], without.history_["gradient_norm"]
    )
