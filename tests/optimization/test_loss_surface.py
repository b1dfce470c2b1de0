from unittest.mock import Mock

import numpy as np
import pytest

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.experiments.shared.two_weights import TwoWeightLoss, lab_data, printed_data
from deepgen.optimization import loss_surface
from deepgen.optimization.loss_surface import random_direction

X = np.random.RandomState(0).randn(40, 3)
Y = np.sin(X[:, 0]) + X[:, 1]


@pytest.fixture(scope="module")
def probe():
    model = MLPRegressor(
        hidden_layer_sizes=(6, 5),
        activation="tanh",
        solver="lbfgs",
        max_iter=200,
        random_state=0,
        dtype="float64",
    )
    return Probe(model.fit(X, Y), X, Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_smallest_network_has_the_surface_of_its_closed_form():
    for x, y in (printed_data(), lab_data(0)):
        loss = TwoWeightLoss(x, y)
        start = regressor_from_layers([[[1.0]], [[-2.0]]], [[0.0], [0.0]], bias=False)
        probe = Probe(start, x[:, None], y)
        surface = loss_surface(
            probe,
            directions=np.eye(2),
            alphas=np.linspace(-6, 4, 41),
            betas=np.linspace(-3, 7, 41),
        )
        closed = loss(1 + surface.alphas[:, None], -2 + surface.betas[None, :])
        # The engine halves squared errors.
        assert 2 * surface.values == pytest.approx(closed, rel=1e-12)
        for w1, w2 in ((1.5, 2.0), (-0.7, -3.0)):
            here = probe.at([w1, w2])
            assert 2 * here.gradient() == pytest.approx(loss.gradient(w1, w2), rel=1e-12, abs=1e-12)
            hessian = 2 * np.array([here.hvp(v) for v in np.eye(2)])
            assert hessian == pytest.approx(loss.hessian(w1, w2), rel=1e-12, abs=1e-12)


def test_the_middle_is_the_training_loss(probe):
    surface = loss_surface(probe, alphas=[-0.5, 0, 0.5], betas=[0, 1])
    assert surface.values[1, 0] == probe.loss()


def test_the_second_difference_is_the_curvature_along_the_direction(probe):
    step = 1e-3
    surface = loss_surface(probe, alphas=[-step, 0, step], betas=[0])
    direction = surface.directions[0]
    bend = np.diff(surface.values[:, 0], 2)[0] / step**2
    assert bend == pytest.approx(direction @ probe.hvp(direction), rel=1e-4)


def test_directions_are_as_long_as_each_neurons_incoming_weights(probe):
    direction = probe.at(random_direction(probe, 3)).network
    for ours, weights in zip(direction.coefs(), probe.network.coefs(), strict=True):
        assert np.linalg.norm(ours, axis=0) == pytest.approx(np.linalg.norm(weights, axis=0))
    assert all(not intercepts.any() for intercepts in direction.intercepts())


def test_rescaling_a_layer_leaves_the_surface_where_raw_directions_are_equal():
    draw = np.random.RandomState(0)
    coefs, intercepts = [draw.randn(3, 5), draw.randn(5, 1)], [draw.randn(5), draw.randn(1)]
    model = regressor_from_layers(coefs, intercepts)
    scaled = regressor_from_layers([4 * coefs[0], coefs[1] / 4], [4 * intercepts[0], intercepts[1]])
    steps = {"alphas": [-1, 0.3, 1], "betas": [-0.5, 0.5], "random_state": 7}
    surfaces = [loss_surface(Probe(each, X, Y), **steps).values for each in (model, scaled)]
    assert surfaces[0] == pytest.approx(surfaces[1], rel=1e-12)


def test_equal_seeds_give_equal_directions_and_others_do_not(probe):
    first, second, third = (
        loss_surface(probe, alphas=[0], betas=[0], random_state=seed).directions
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, second) and not np.allclose(first, third)
    assert not np.allclose(*first)


def test_classifiers_and_norms_have_surfaces_too():
    labels = (Y > 0).astype(int)
    model = MLPClassifier((4,), normalization="batch", max_iter=20, tol=0, random_state=0)
    with pytest.warns(UserWarning):
        probe = Probe(model.fit(X, labels), X, labels)
    surface = loss_surface(probe, alphas=[0, 1], betas=[0])
    assert surface.values[0, 0] == probe.loss()
    moved = surface.directions[0]
    for block in probe.network.core.layout:
        part = moved[block.offset : block.offset + block.size]
        assert part.any() == (block.kind in ("coefs", "gate_coefs"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"directions": np.eye(2)}, r"of shape \(2, 65\), got shape \(2, 2\)"),
        ({"directions": np.full((2, 65), np.nan)}, "must be finite"),
        ({"alphas": []}, "alphas must be a list of finite numbers"),
        ({"betas": [np.inf]}, "betas must be a list of finite numbers"),
        ({"alphas": 3.0}, "alphas must be"),
        ({"random_state": -1}, "random_state must be an integer of at least 0"),
        ({"random_state": "x"}, "random_state must be"),
    ],
)
def test_bad_settings_are_refused(probe, settings, message):
    with pytest.raises(ValueError, match=message):
        loss_surface(probe, **settings)


def test_the_picture_is_of_the_surface_with_the_first_direction_across(probe):
    surface = loss_surface(probe, alphas=[-1, 0, 2], betas=[-1, 1])
    axes = Mock()
    assert surface.plot(axes) is axes
    (across, up, drawn), _ = axes.contourf.call_args
    assert across.tolist() == [-1, 0, 2] and up.tolist() == [-1, 1]
    corner = probe.parameters + 2 * surface.directions[0] + surface.directions[1]
    assert drawn[1, 2] == pytest.approx(probe.at(corner).loss(), rel=1e-12)
