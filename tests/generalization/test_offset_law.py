import numpy as np
import pytest

from deepgen.generalization import offset_law


@pytest.mark.parametrize("a, b, c", [(0.25, 40.0, 1.0), (0.0, 3.0, 0.5), (2.0, 1e3, 1.5)])
def test_the_law_of_exact_points_is_found(a, b, c):
    n = np.array([50, 100, 200, 400, 800])
    law = offset_law(n, a + b * n**-c)
    assert law.predict(np.inf) == law.a == pytest.approx(a, abs=1e-6 * b)
    assert law.c == pytest.approx(c) and law.b == pytest.approx(b, rel=1e-4)
    assert law.predict(1600) == pytest.approx(a + b * 1600**-c, rel=1e-5)


def test_a_fixed_exponent_gives_the_least_squares_line():
    n, losses = np.array([10.0, 20.0, 40.0, 80.0]), np.array([1.0, 0.7, 0.5, 0.45])
    weights = np.array([1.0, 2.0, 0.5, 4.0])
    law = offset_law(n, losses, weights=weights, exponents=0.75)
    slope, constant = np.polyfit(n**-0.75, losses, 1, w=np.sqrt(weights))
    assert law.a == pytest.approx(constant) and law.b == pytest.approx(slope)


def test_a_curve_that_does_not_fall_is_a_constant():
    law = offset_law([10, 20, 40], [1.0, 1.1, 1.2])
    assert law.b == 0 and law.predict(1e9) == pytest.approx(1.1)


def test_a_power_law_alone_would_promise_too_much():
    n = np.array([50, 100, 200, 400])
    losses = 0.3 + 10 / n
    slope, constant = np.polyfit(np.log(n), np.log(losses), 1)
    true = 0.3 + 10 / 6400
    assert abs(offset_law(n, losses).predict(6400) - true) < 1e-6
    assert np.exp(constant + slope * np.log(6400)) < 0.7 * true


@pytest.mark.parametrize("n, losses, words", [
    ([1, 1], [1, 1], "two different numbers"),
    ([0, 1], [1, 1], "n must be finite and > 0"),
    ([1, 2], [1, -1], "losses must be finite and >= 0"),
    ([1, 2, 3], [1, 2], r"got shapes \(3,\), \(2,\)"),
])  # fmt: skip
def test_bad_input_is_named(n, losses, words):
    with pytest.raises(ValueError, match=words):
        offset_law(n, losses)
