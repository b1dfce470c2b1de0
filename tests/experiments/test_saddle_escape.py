import math

import numpy as np
import pytest

from deepgen.experiments.claims.saddle_escape import (
    SOLVERS,
    growth,
    heavy_ball,
    network_path,
    steps_to_leave,
)


def test_plain_descent_grows_as_the_closed_form():
    path = heavy_ball(1e-6, 0.01, 0.0, 300)
    assert path == pytest.approx(1e-6 * 1.02 ** np.arange(301), rel=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 0.99])
def test_heavy_ball_is_the_sum_of_both_roots(momentum):
    step = 0.01
    trace = 1 + momentum + 2 * step
    fast = growth(step, momentum)
    slow = momentum / fast
    assert fast**2 - trace * fast + momentum == pytest.approx(0, abs=1e-12)
    t = np.arange(201)
    # The velocity is 0 before the first step, as if y had stood still.
    share = (1 + 2 * step - slow) / (fast - slow)
    closed = share * fast**t + (1 - share) * (slow**t if momentum else t == 0)
    assert heavy_ball(1.0, step, momentum, 200) == pytest.approx(closed, rel=1e-9)


def test_the_known_numbers_of_steps():
    assert growth(0.01, 0.0) == pytest.approx(1.02, rel=1e-12)
    assert growth(0.01, 0.9) == pytest.approx(1.106969, abs=5e-7)
    assert steps_to_leave(heavy_ball(1e-6, 0.01, 0.0, 1000)) == 698
    assert steps_to_leave(heavy_ball(1e-6, 0.01, 0.9, 1000)) == 140
    assert math.log(1e6) / math.log(growth(0.01, 0.0)) == pytest.approx(697.7, abs=0.05)
    assert math.log(1e6) / math.log(growth(0.01, 0.9)) == pytest.approx(135.9, abs=0.05)


def test_from_the_ridge_only_noise_leaves():
    for momentum in (0.0, 0.9):
        assert not heavy_ball(0.0, 0.01, momentum, 5000).any()
        noise = 1e-3 * np.random.RandomState(0).randn(1000)
        assert steps_to_leave(heavy_ball(0.0, 0.01, momentum, 1000, noise)) is not None


@pytest.mark.slow
def test_the_engine_leaves_its_saddle_as_the_recursion_says():
    w = 1e-6
    expected = []
    losses = network_path(SOLVERS["SGD"])
    for _ in losses:
        expected.append((1 - w * w) ** 2 / 2)
        w += 0.01 * (1 - w * w) * w
    assert losses == pytest.approx(expected, rel=1e-12)
    assert losses[-1] <= 0.25 < losses[-2]
