import math

import numpy as np
import pytest

from deepgen.experiments.claims.saddle_escape import (
    KAPPA,
    SHARE,
    growth,
    heavy_ball,
    largest_rate,
    network_path,
    steps_to_leave,
)


def test_plain_descent_grows_as_the_closed_form():
    path = heavy_ball(1e-6, 0.02, 0.0, 300)
    assert path == pytest.approx(1e-6 * 1.02 ** np.arange(301), rel=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 0.99])
def test_heavy_ball_is_the_sum_of_both_roots(momentum):
    step = 0.02
    trace = 1 + momentum + step
    fast = growth(step, momentum)
    slow = momentum / fast
    assert fast**2 - trace * fast + momentum == pytest.approx(0, abs=1e-12)
    path = heavy_ball(1e-40, step, momentum, 200)
    t = np.arange(201)
    # The velocity is 0 before the first step, as if y had stood still.
    share = (1 + step - slow) / (fast - slow)
    closed = share * fast**t + (1 - share) * (slow**t if momentum else t == 0)
    assert path / 1e-40 == pytest.approx(closed, rel=1e-9)


def test_the_known_numbers_of_steps():
    # On x^2 - y^2, whose curvature is 2, at the rate 0.01.
    assert growth(0.02, 0.0) == pytest.approx(1.02, rel=1e-12)
    assert growth(0.02, 0.9) == pytest.approx(1.106969, abs=5e-7)
    assert steps_to_leave(heavy_ball(1e-6, 0.02, 0.0, 1000)) == 698
    assert steps_to_leave(heavy_ball(1e-6, 0.02, 0.9, 1000)) == 140
    assert math.log(1e6) / math.log(growth(0.02, 0.0)) == pytest.approx(697.7, abs=0.05)
    assert math.log(1e6) / math.log(growth(0.02, 0.9)) == pytest.approx(135.9, abs=0.05)
    # At rates of their own the order can be reversed.
    assert steps_to_leave(heavy_ball(1e-6, 0.2, 0.0, 1000)) == 76


@pytest.mark.parametrize(("kappa", "ratio"), [(10, 2.4), (100, 7.1), (1000, 22), (10_000, 68)])
def test_the_known_ratios_are_those_of_momentum_near_1_at_plain_descents_rate(kappa, ratio):
    # At twice this rate, momentum's own largest one, the ratios are larger by the root of 2.
    steps = [
        steps_to_leave(heavy_ball(1e-6, 2 / kappa, momentum, 100 * kappa))
        for momentum in (0.0, 0.999)
    ]
    assert steps[0] / steps[1] == pytest.approx(ratio, rel=0.06)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_largest_rate_is_the_limit_of_stability(momentum):
    for share, stays in ((0.999, True), (1.001, False)):
        rate = share * largest_rate(5.0, momentum)
        x, velocity = 1.0, 0.0
        for _ in range(20_000):
            velocity = momentum * velocity - rate * 5.0 * x
            x += velocity
            if abs(x) > 1e3:
                break
        assert (abs(x) < 1e3) == stays


def test_from_the_ridge_only_noise_leaves():
    for momentum in (0.0, 0.9):
        assert not heavy_ball(0.0, 0.02, momentum, 5000).any()
        noise = 1e-3 * np.random.RandomState(0).randn(1000)
        assert steps_to_leave(heavy_ball(0.0, 0.02, momentum, 1000, noise)) is not None


@pytest.mark.slow
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_engine_leaves_its_saddle_as_the_recursion_says(momentum):
    # By symmetry w11 = w2 = w, but the gradient of w12, 100 w12 w2^2, pulls on w2 as well.
    rate = SHARE * largest_rate(KAPPA, momentum)
    w = np.full(3, 1e-6)
    velocity = np.zeros(3)
    losses, expected = network_path(momentum), []
    for _ in losses:
        w11, w12, w2 = w
        error = 1 - w2 * w11
        expected.append((error**2 + KAPPA * (w2 * w12) ** 2) / 2)
        slope = [-error * w2, KAPPA * w12 * w2**2, -error * w11 + KAPPA * w12**2 * w2]
        velocity = momentum * velocity - rate * np.array(slope)
        w = w + velocity
    assert losses == pytest.approx(expected, rel=1e-9)
    assert losses[-1] <= 0.25 < losses[-2]
