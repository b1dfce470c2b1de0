import numpy as np
import pytest

from deepgen import MLPClassifier, Probe
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.generalization import sam_sharpness

RHO = 0.1


def least_squares(seed=0, n=60, d=5):
    """A linear model at its minimum, without intercept: the loss is a quadratic."""
    draw = np.random.RandomState(seed)
    X = draw.randn(n, d) * np.linspace(0.3, 2, d)
    y = draw.randn(n)
    w = np.linalg.lstsq(X, y, rcond=None)[0]
    model = regressor_from_layers([w[:, None]], [[0.0]], bias=False, activation="identity")
    return Probe(model, X, y), X.T @ X / n, w


def small_net(scale=1.0):
    draw = np.random.RandomState(1)
    X = draw.randn(40, 3)
    coefs = [draw.randn(3, 6) * scale, draw.randn(6, 1) / scale]
    intercepts = [draw.randn(6) * scale, draw.randn(1)]
    return Probe(regressor_from_layers(coefs, intercepts), X, np.sin(X[:, 0]))


def test_at_a_quadratic_minimum_it_is_half_rho_squared_times_the_largest_eigenvalue():
    probe, H, _ = least_squares()
    found = sam_sharpness(probe, RHO, n_steps=400)
    assert found.value == pytest.approx(RHO**2 * np.linalg.eigvalsh(H)[-1] / 2, rel=1e-8)
    assert found.one_step <= found.value


def test_the_adaptive_form_at_a_quadratic_minimum():
    probe, H, w = least_squares()
    scaled = w[:, None] * H * w
    found = sam_sharpness(probe, RHO, adaptive=True, n_steps=200)
    assert found.value == pytest.approx(RHO**2 * np.linalg.eigvalsh(scaled)[-1] / 2, rel=1e-8)


def test_one_step_is_sams_ascent():
    probe = small_net()
    gradient = probe.gradient()
    moved = probe.at(probe.parameters + RHO * gradient / np.linalg.norm(gradient))
    found = sam_sharpness(probe, RHO)
    assert found.one_step == pytest.approx(moved.loss() - probe.loss(), rel=1e-12)
    assert found.value >= found.one_step > 0


def test_it_is_a_lower_bound_that_brute_force_confirms_in_two_parameters():
    x = np.array([[0.3], [-1.2], [0.7], [2.0]])
    model = regressor_from_layers([[[0.8]], [[-0.5]]], [[0.0], [0.0]], bias=False)
    probe = Probe(model, x, np.array([1.0, 0.0, -0.4, 0.2]))
    found = sam_sharpness(probe, 0.3, n_steps=50)
    angles = np.linspace(0, 2 * np.pi, 4001)
    ring = 0.3 * np.column_stack([np.cos(angles), np.sin(angles)])
    highest = max(probe.at(probe.parameters + e).loss() for e in ring)
    assert found.value <= highest - probe.loss() + 1e-6
    assert found.value == pytest.approx(highest - probe.loss(), rel=1e-4)


@pytest.mark.parametrize("c", [4.0, 0.125])
def test_only_the_adaptive_form_is_the_same_for_rescaled_neurons(c):
    plain, rescaled = small_net(), small_net(scale=c)
    settings = {"adaptive": True, "n_starts": 1}
    first, second = (sam_sharpness(probe, 0.2, **settings) for probe in (plain, rescaled))
    # Factors that are powers of two make it exact.
    np.testing.assert_allclose(first.rises, second.rises, rtol=1e-9)
    first, second = (sam_sharpness(probe, 0.2) for probe in (plain, rescaled))
    assert abs(second.value / first.value - 1) > 0.2


def test_one_step_does_not_leave_a_critical_point():
    # All units are dead, and the output fits the mean.
    model = regressor_from_layers([[[1.0]], [[1.0]]], [[-9.0], [0.5]])
    probe = Probe(model, [[0.0], [1.0]], [0.0, 1.0])
    found = sam_sharpness(probe, RHO)
    assert not probe.gradient().any() and found.one_step == 0
    assert found.value == pytest.approx(RHO**2 / 2, rel=1e-12)


def test_a_parameter_at_0_does_not_move_in_the_adaptive_form():
    probe = least_squares()[0]
    assert sam_sharpness(probe.at(0 * probe.parameters), RHO, adaptive=True).value == 0


def test_a_classifier_with_batch_norm_and_weights():
    draw = np.random.RandomState(0)
    X = draw.randn(50, 3)
    y = (X[:, 0] > 0).astype(int)
    model = MLPClassifier((8,), normalization="batch", solver="adam")
    probe = Probe(model.partial_fit(X, y, classes=[0, 1]), X, y, sample_weight=1 + np.arange(50.0))
    found = sam_sharpness(probe, n_steps=3, random_state=1)
    assert found.value > 0 and found.rises.shape == (3, 3)
    assert np.array_equal(found.rises, sam_sharpness(probe, n_steps=3, random_state=1).rises)
    assert repr(found).startswith("SamSharpness(")


def test_the_plot_has_one_line_per_search():
    pytest.importorskip("matplotlib")
    assert len(sam_sharpness(small_net(), n_steps=4).plot().lines) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rho": -1}, "rho must be a finite number above 0"),
        ({"rho": "big"}, "rho must be a finite number above 0"),
        ({"n_steps": 0}, "n_steps must be an integer of at least 1"),
        ({"n_starts": 0}, "n_starts must be an integer of at least 1"),
        ({"random_state": None}, "random_state must be an integer"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, message):
    with pytest.raises(ValueError, match=message):
        sam_sharpness(small_net(), **settings)
