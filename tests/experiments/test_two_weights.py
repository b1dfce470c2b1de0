"""The smallest ReLU network: closed forms against finite differences and known numbers."""

import numpy as np
import pytest

from deepgen.experiments.shared.two_weights import (
    TwoWeightLoss,
    expected_risk,
    lab_data,
    printed_data,
    sgd_path,
)

PRINTED = TwoWeightLoss(*printed_data())
LAB = TwoWeightLoss(*lab_data(0))
POINTS = [(1.5, 2.0), (0.3, -4.0), (-2.0, 1.0), (-0.7, -3.0)]


def plain_loss(loss, w1, w2):
    return np.mean((loss.y - w2 * np.maximum(w1 * loss.x, 0)) ** 2)


@pytest.mark.parametrize("loss", [PRINTED, LAB], ids=["printed", "lab"])
@pytest.mark.parametrize("point", [*POINTS, (0.0, 2.0)])
def test_the_closed_form_is_the_mean_squared_error(loss, point):
    assert loss(*point) == pytest.approx(plain_loss(loss, *point), rel=1e-12)


@pytest.mark.parametrize("loss", [PRINTED, LAB], ids=["printed", "lab"])
@pytest.mark.parametrize("point", POINTS)
def test_gradient_and_hessian_are_differences(loss, point):
    step = 1e-5
    for axis, shift in enumerate(step * np.eye(2)):
        ahead, behind = point + shift, point - shift
        slope = (plain_loss(loss, *ahead) - plain_loss(loss, *behind)) / (2 * step)
        bend = (loss.gradient(*ahead) - loss.gradient(*behind)) / (2 * step)
        assert loss.gradient(*point)[axis] == pytest.approx(slope, rel=1e-6, abs=1e-7)
        assert loss.hessian(*point)[axis] == pytest.approx(bend, rel=1e-6, abs=1e-7)


def test_the_printed_data_have_their_known_numbers():
    side = PRINTED.right
    assert side.a == pytest.approx(1.4421166464, abs=1e-10)
    assert side.b == pytest.approx(2.8101969262, abs=1e-10)
    assert PRINTED.c == pytest.approx(5.6855044367, abs=1e-10)
    assert side.optimum == pytest.approx(1.9486613189, abs=1e-10)
    assert PRINTED.floor(side) == pytest.approx(0.2093823881, abs=1e-10)
    assert PRINTED.saddle(side) == pytest.approx([-5.6203938525, 5.6203938525], abs=1e-10)
    ratios = PRINTED.y / PRINTED.x
    assert ratios.min() == pytest.approx(-15.95, abs=0.005)
    assert ratios.max() == pytest.approx(3.868, abs=0.0005)


def test_the_valley_is_flattest_at_the_balanced_point():
    side = PRINTED.right
    balanced = np.sqrt(side.optimum)
    tops = []
    for stretch in (0.5, 1.0, 2.0):
        low, top = np.linalg.eigvalsh(PRINTED.hessian(balanced * stretch, balanced / stretch))
        assert low == pytest.approx(0, abs=1e-12)
        tops.append(top)
    assert min(tops) == tops[1] == pytest.approx(11.2407877049, abs=1e-9)
    assert tops[1] == pytest.approx(4 * side.b, rel=1e-12)


def test_the_origin_is_a_saddle_seen_from_the_side_that_is_on():
    eigenvalues = np.linalg.eigvalsh(PRINTED.hessian(1e-12, 0.0))
    assert eigenvalues == pytest.approx(PRINTED.saddle(PRINTED.right), rel=1e-9)


def test_the_printed_surface_is_a_plateau_where_the_unit_is_dead():
    for w1 in (-5.0, -1e-9, 0.0):
        assert PRINTED(w1, 3.0) == PRINTED.c
        assert not PRINTED.gradient(w1, 3.0).any()


def test_descent_conserves_the_balance_but_for_the_square_of_the_step():
    side, rate = PRINTED.right, 0.01
    for w1, w2 in POINTS[:2]:
        (after1, after2) = np.array([w1, w2]) - rate * PRINTED.gradient(w1, w2)
        drift = (after1**2 - after2**2) - (w1**2 - w2**2)
        pull = side.a * w1 * w2 - side.b
        assert drift == pytest.approx(4 * rate**2 * pull**2 * (w2**2 - w1**2), rel=1e-9)


def test_gradients_of_single_samples_average_to_the_gradient():
    for point in POINTS:
        single = [
            TwoWeightLoss([x], [y]).gradient(*point) for x, y in zip(LAB.x, LAB.y, strict=True)
        ]
        assert np.mean(single, axis=0) == pytest.approx(LAB.gradient(*point), abs=1e-12)


@pytest.mark.parametrize(
    ("point", "risk"), [((3, -4), 42.333), ((1, 1.5), 9.708), ((-1, -2), 9.667), ((1, 0), 10.333)]
)
def test_expected_risk_has_its_known_values_and_agrees_with_sampling(point, risk):
    w2, w1 = point  # the lab writes the outer weight first
    assert expected_risk(w1, w2, relu=True) == pytest.approx(risk, abs=5e-4)
    x, y = lab_data(1, 400_000)
    errors = (y - w2 * np.maximum(w1 * x, 0)) ** 2
    assert abs(errors.mean() - risk) < 4 * errors.std() / np.sqrt(len(x))


def test_expected_risk_of_the_lab_data_has_valleys_at_two():
    u = np.linspace(1, 3, 2001)
    assert u[np.argmin(expected_risk(1.0, u, relu=True))] == pytest.approx(2, abs=1e-3)
    assert u[np.argmin(expected_risk(1.0, u, relu=False))] == pytest.approx(2, abs=1e-3)
    assert expected_risk(1.0, 2.0, relu=False) == pytest.approx(9, abs=1e-12)
    # Second derivative by u, times |(w2, w1)|^2 = 2 |u| = 4 at the balanced point.
    step = 1e-3
    bend = expected_risk(1.0, 2 + step, relu=True) - 2 * expected_risk(1.0, 2.0, relu=True)
    bend = (bend + expected_risk(1.0, 2 - step, relu=True)) / step**2
    assert 4 * bend == pytest.approx(4 / 3, rel=1e-6)
    slope = (expected_risk(1.0, step, relu=True) - expected_risk(1.0, -step, relu=True)) / step / 2
    assert slope == pytest.approx(-2 / 3, rel=1e-9)  # the saddle's eigenvalues are +-2/3


def test_sgd_takes_the_step_of_the_samples_own_loss():
    x, y = lab_data(2, 20)
    path = sgd_path(x, y, (-4.0, 3.0), 0.01, relu=True)
    for step in range(20):
        loss = TwoWeightLoss(x[[step]], y[[step]])
        expected = path[step] - 0.01 * loss.gradient(*path[step])
        assert path[step + 1] == pytest.approx(expected, rel=1e-12)
