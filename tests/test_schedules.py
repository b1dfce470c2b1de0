"""Schedules against scikit-learn's optimizers."""

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from deepgen.schedules import Adaptive, Constant, InvScaling, Position


def at(samples_seen=0, epoch=0, step=0):
    return Position(epoch, step, steps_per_epoch=10, samples_seen=samples_seen, horizon=100)


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
    peer, ours, memory = theirs("adaptive"), Adaptive(), {}
    for _ in range(20):
        assert ours.rates(0.3, at(), 1, memory).tolist() == [peer.learning_rate]
        goes_on = ours.stagnate(0.3, memory)
        assert goes_on is not peer.trigger_stopping("", False)
        if not goes_on:
            break
    assert 0 < ours.rates(0.3, at(), 1, memory)[0] <= 1e-6


def test_adaptive_takes_other_factors():
    memory = {}
    schedule = Adaptive(factor=2.0, min_rate=0.1)
    assert [schedule.stagnate(0.3, memory) for _ in range(3)] == [True, True, False]
    assert schedule.rates(0.3, at(), 1, memory)[0] == 0.3 / 4


@pytest.mark.parametrize("schedule", [Constant(), InvScaling()])
def test_the_others_stop_when_training_stagnates(schedule):
    assert not schedule.stagnate(0.3, {})


@pytest.mark.parametrize("schedule", [Constant(), InvScaling(), Adaptive()])
def test_rates_do_not_depend_on_how_an_epoch_is_cut(schedule):
    whole = schedule.rates(0.3, at(157, 1), 10, {"n_cuts": 1})
    pieces = [schedule.rates(0.3, at(157, 1, step), 2, {"n_cuts": 1}) for step in range(0, 10, 2)]
    assert np.array_equal(whole, np.concatenate(pieces))


@pytest.mark.parametrize("power_t", [1e300, 10**30, 0])
def test_any_power_is_computed_at_once(power_t):
    rates = InvScaling(power_t).rates(0.1, at(999), 2, {})
    assert rates.tolist() == [0.1 if power_t == 0 else 0.0] * 2
