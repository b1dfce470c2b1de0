"""Schedules against scikit-learn's optimizers and closed forms."""

from math import ceil, cos, pi

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from deepgen.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    CosLog,
    FlatCos,
    InvScaling,
    OneCycle,
    Planned,
    Plateau,
    Position,
    Snapshot,
    Warmup,
)

RUN = 9  # steps of an epoch in `whole_run`


def at(samples_seen=0, epoch=0, step=0):
    return Position(epoch, step, steps_per_epoch=10, samples_seen=samples_seen, horizon=100)


def whole_run(schedule, n_epochs, horizon=None, base=1.0):
    """Rates of all steps, an epoch at a time."""
    state = {}
    horizon = n_epochs if horizon is None else horizon
    return np.concatenate(
        [
            schedule.rates(base, Position(epoch, 0, RUN, 50 * epoch, horizon), RUN, state)
            for epoch in range(n_epochs)
        ]
    )


PLANNED = [Cosine(), Cosine(warmup=2), OneCycle(), FlatCos(), CosLog(), Snapshot(n_cycles=3)]


def theirs(schedule, **settings):
    return SGDOptimizer([np.zeros(1)], 0.3, schedule, **settings)


def test_constant_rates_stay():
    assert Constant().rates(0.3, at(1000, 5), 4, {}).tolist() == [0.3] * 4


@pytest.mark.parametrize("power_t", [0.0, 0.5, 1.3])
def test_inverse_scaling_is_scikit_learns_to_the_bit(power_t):
    peer, ours = theirs("invscaling", power_t=power_t), InvScaling(power_t)
    for epoch in range(20):
        rates = ours.rates(0.3, at(157 * epoch, epoch), 3, {})
        assert rates.tolist() == [peer.learning_rate] * 3
        peer.iteration_ends(157 * (epoch + 1))


def test_adaptive_is_scikit_learns_to_the_bit():
    peer, ours, state = theirs("adaptive"), Adaptive(), {}
    for _ in range(20):
        assert ours.rates(0.3, at(), 1, state).tolist() == [peer.learning_rate]
        goes_on = ours.stagnate(0.3, state)
        assert goes_on is not peer.trigger_stopping("", False)
        if not goes_on:
            break
    assert 0 < ours.rates(0.3, at(), 1, state)[0] <= 1e-6


def test_adaptive_takes_other_factors():
    state = {}
    schedule = Adaptive(factor=2.0, min_rate=0.1)
    assert [schedule.stagnate(0.3, state) for _ in range(3)] == [True, True, False]
    assert schedule.rates(0.3, at(), 1, state)[0] == 0.3 / 4


@pytest.mark.parametrize("schedule", [Constant(), InvScaling()])
def test_the_others_stop_when_training_stagnates(schedule):
    assert not schedule.stagnate(0.3, {})


@pytest.mark.parametrize(
    "schedule",
    [Constant(), InvScaling(), Adaptive(), Plateau(), Warmup(Cosine(), 3), Warmup(), *PLANNED],
    ids=repr,
)
def test_rates_do_not_depend_on_how_an_epoch_is_cut(schedule):
    whole = schedule.rates(0.3, at(157, 1), 10, {"n_cuts": 1})
    pieces = [schedule.rates(0.3, at(157, 1, step), 2, {"n_cuts": 1}) for step in range(0, 10, 2)]
    assert np.array_equal(whole, np.concatenate(pieces))


@pytest.mark.parametrize("power_t", [1e300, 10**30, 0])
def test_any_power_is_computed_at_once(power_t):
    rates = InvScaling(power_t).rates(0.1, at(999), 2, {})
    assert rates.tolist() == [0.1 if power_t == 0 else 0.0] * 2


def test_cosine_is_half_a_wave():
    expected = [0.3 * (1 + cos(pi * t / 45)) / 2 for t in range(45)]
    np.testing.assert_allclose(whole_run(Cosine(), 5, base=0.3), expected, rtol=1e-12)
    ends_higher = whole_run(Cosine(min_rate=0.1), 5, base=0.3)
    np.testing.assert_allclose(ends_higher, 0.1 + np.array(expected) * 2 / 3, rtol=1e-12)


@pytest.mark.parametrize(("warmup", "n_rising"), [(2, 18), (0.2, 9), (0.5, 22), (5, 45), (99, 45)])
def test_cosine_first_rises_evenly(warmup, n_rising):
    rates = whole_run(Cosine(warmup=warmup), 5)
    rising = np.arange(1, n_rising + 1) / (n_rising + 1)
    np.testing.assert_allclose(rates[:n_rising], rising, rtol=1e-12)
    falling = [(1 + cos(pi * t / (45 - n_rising))) / 2 for t in range(45 - n_rising)]
    np.testing.assert_allclose(rates[n_rising:], falling, rtol=1e-12)


def test_flat_cosine_stays_and_then_falls():
    shares = np.arange(45) / 45
    expected = [1 if t < 0.5 else (1 + cos(pi * (2 * t - 1))) / 2 for t in shares]
    np.testing.assert_allclose(whole_run(FlatCos(), 5), expected, rtol=1e-12)
    assert whole_run(FlatCos(flat=1), 5).tolist() == [1.0] * 45
    np.testing.assert_allclose(whole_run(FlatCos(flat=0), 5), whole_run(Cosine(), 5), rtol=1e-12)


@pytest.mark.parametrize("k", [1, 2, 4, 0.5])
def test_logarithmic_cosine_is_its_formula(k):
    shares = np.arange(45) / 45
    expected = 0.5 * (1 - np.cos(2 * np.pi * np.log2(1 + (2**k - 1) * shares)))
    np.testing.assert_allclose(whole_run(CosLog(k), 5), expected, rtol=1e-12)


def test_logarithmic_cosine_has_k_waves_each_twice_as_long():
    rates = CosLog(4).rates(1.0, Position(0, 0, 15_000, 0, 1), 15_000, {})
    ends = 15_000 * (2 ** np.arange(4) - 1) / 15
    np.testing.assert_allclose(rates[ends.astype(int)], 0, atol=1e-6)
    assert sum(np.diff(np.sign(rates - 0.5)) != 0) == 8


@pytest.mark.parametrize("n_cycles", [1, 2, 3, 4, 7, 45, 60])
def test_snapshot_restarts_at_the_first_step_of_each_cycle(n_cycles):
    length = ceil(45 / n_cycles)
    expected = [(cos(pi * ((t - 1) % length) / length) + 1) / 2 for t in range(1, 46)]
    rates = whole_run(Snapshot(n_cycles), 5)
    np.testing.assert_allclose(rates, expected, rtol=1e-12)
    assert (np.flatnonzero(rates == 1.0) % length == 0).all()
    assert rates.min() > 0


def test_one_cycle_begins_peaks_and_ends_where_it_says():
    rates = whole_run(OneCycle(rise=0.2, start_divisor=10, end_divisor=100), 5)
    np.testing.assert_allclose(rates[[0, 8, -1]], [0.1, 1.0, 0.001], rtol=1e-12)
    assert (np.diff(rates[:9]) > 0).all() and (np.diff(rates[8:]) < 0).all()


@pytest.mark.parametrize("rise", [0.0, 1.0, 1 / 45, 1e-9])
def test_one_cycle_has_a_rate_for_every_share_and_length(rise):
    for n_epochs in (1, 5):
        assert np.isfinite(whole_run(OneCycle(rise=rise), n_epochs)).all()
    single = OneCycle(rise=rise).rates(1.0, Position(0, 0, 1, 0, 1), 1, {})
    assert np.isfinite(single).all()


@pytest.mark.parametrize("schedule", PLANNED, ids=repr)
def test_schedules_with_an_end_hold_their_last_rate(schedule):
    once, longer = whole_run(schedule, 5), whole_run(schedule, 8, horizon=5)
    assert longer[:45].tolist() == once.tolist()
    assert longer[45:].tolist() == [once[-1]] * 27


@pytest.mark.parametrize("schedule", PLANNED, ids=repr)
def test_epochs_of_their_own_win_over_those_of_the_run(schedule):
    own = type(schedule)(**{**schedule.get_params(), "n_epochs": 5})
    assert whole_run(own, 8, horizon=100).tolist() == whole_run(schedule, 8, horizon=5).tolist()


def test_a_plateau_counts_cools_down_and_stops_at_the_lowest_rate():
    schedule, state = Plateau(factor=0.5, patience=1, cooldown=2, min_rate=0.2), {}
    cuts = [schedule.end_epoch(0.5, 1.0, state) for _ in range(12)]
    # The best, two level epochs and a cut; two that do not count, two level ones and a cut to 0.2.
    assert np.flatnonzero(cuts).tolist() == [2, 6]
    assert schedule.rates(0.5, at(), 2, state).tolist() == [0.2, 0.2]


def test_an_improvement_is_a_share_of_the_best():
    schedule, state = Plateau(factor=0.5, patience=0, threshold=0.1), {}
    losses = (100.0, 90.0, 89.9, 81.0, np.nan)
    cuts = [schedule.end_epoch(1.0, loss, state) for loss in losses]
    assert cuts == [False, True, False, True, True]


def test_what_follows_a_warmup_begins_when_it_has_ended():
    rates = whole_run(Warmup(Cosine(), epochs=2), 7)
    np.testing.assert_allclose(rates[:18], np.arange(1, 19) / 19, rtol=1e-12)
    assert rates[18:].tolist() == whole_run(Cosine(), 5).tolist()
    np.testing.assert_allclose(rates, whole_run(Cosine(warmup=2), 7), rtol=1e-12)
    rates = whole_run(Warmup(InvScaling(), epochs=2), 7)
    assert rates[18:].tolist() == whole_run(InvScaling(), 5).tolist()
    assert whole_run(Warmup(epochs=0), 2).tolist() == [1.0] * 18


def test_losses_of_a_warmup_do_not_count():
    schedule, state = Warmup(Plateau(patience=0), epochs=2), {}
    cuts = []
    for epoch in range(5):
        schedule.rates(1.0, Position(epoch, 0, RUN, 50 * epoch, 5), RUN, state)
        cuts.append(schedule.end_epoch(1.0, 1.0, state))
    assert cuts == [False, False, False, True, True]


def test_stagnation_reaches_what_follows_a_warmup():
    state = {}
    assert Warmup(Adaptive(), epochs=0).stagnate(0.1, state)
    assert not Warmup().stagnate(0.1, state)
    np.testing.assert_allclose(Warmup(Adaptive(), 0).rates(0.1, at(), 1, state), 0.02)


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (Warmup("cosine"), "schedule must be a schedule object other than Warmup"),
        (Warmup(Warmup()), "schedule must be a schedule object other than Warmup"),
        (Cosine(n_epochs=2.5), "n_epochs must be an integer, got 2.5"),
        (Warmup(epochs=1.5), "epochs must be an integer, got 1.5"),
        (Warmup(Cosine(warmup=-1)), r"Cosine: warmup must be in \[0, inf\), got -1"),
        (Snapshot(2.5), "n_cycles must be an integer, got 2.5"),
        (Plateau(patience=0.5), "patience must be an integer, got 0.5"),
        (OneCycle(rise=2), r"rise must be in \[0, 1\], got 2"),
    ],
    ids=repr,
)
def test_fields_that_mean_nothing_are_refused(schedule, message):
    with pytest.raises(ValueError, match=message):
        schedule.check()


def test_every_schedule_with_an_end_has_a_name():
    assert {type(schedule) for schedule in PLANNED} == set(Planned.__subclasses__())
    assert set(Planned.__subclasses__()) <= set(SCHEDULES.values())
