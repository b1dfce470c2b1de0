import warnings
from unittest.mock import Mock

import numpy as np
import pytest

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.experiments.shared.two_weights import TwoWeightLoss, lab_data, printed_data
from deepgen.optimization import balanced_probe, loss_surface, trajectory_pca
from deepgen.optimization.directions import random_direction

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
        ({"directions": "PCA"}, "directions must be 'pca', two vectors or None, got 'PCA'"),
        ({"directions": "pca"}, "directions='pca' needs a trajectory"),
        ({"directions": "pca", "trajectory": np.eye(2, 65)}, "no straight line"),
        ({"trajectory": np.eye(2)}, r"one of 65 parameters, got shape \(2, 2\)"),
        ({"trajectory": np.eye(2, 65), "balanced": True}, "balanced weights have no trajectory"),
        ({"balanced": True}, "layer 0 has activation 'tanh'"),
        ({"scaling": "unit"}, r"scaling must be one of \['filter', 'layer', 'norm'\] or None"),
        ({"accuracy": True}, "accuracy is measured for classifiers"),
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


# Surfaces of accuracy and of other data.


def classifier(labels, **settings):
    settings = {"max_iter": 30, "tol": 0, "random_state": 0, **settings}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MLPClassifier((4,), **settings).fit(X, labels)


@pytest.mark.parametrize("kind", ["two classes", "three classes", "several labels", "names"])
def test_accuracy_and_validation_are_those_of_models_with_these_weights(kind):
    labels = {
        "two classes": (Y > 0).astype(int),
        "three classes": np.digitize(Y, [-0.5, 0.5]),
        "several labels": np.column_stack([Y > 0, X[:, 2] > 0]).astype(int),
        "names": np.where(Y > 0, "up", "down"),
    }[kind]
    model = classifier(labels, dtype="float64")
    probe = Probe(model, X[:30], labels[:30])
    steps = {"alphas": [-1, 0, 2], "betas": [0, 1], "accuracy": True}
    surface = loss_surface(probe, validation=(X[30:], labels[30:]), **steps)
    second = loss_surface(probe, validation=Probe(model, X[30:], labels[30:]), **steps)
    for name in ("validation_values", "validation_accuracy"):
        assert np.array_equal(getattr(surface, name), getattr(second, name))
    for row, alpha in enumerate(surface.alphas):
        for column, beta in enumerate(surface.betas):
            here = probe.at(probe.parameters + np.array([alpha, beta]) @ surface.directions)
            there = Probe(here.model, X[30:], labels[30:])
            assert surface.values[row, column] == pytest.approx(here.loss(), rel=1e-12)
            assert surface.validation_values[row, column] == pytest.approx(there.loss(), rel=1e-12)
            assert surface.accuracy[row, column] == pytest.approx(
                here.model.score(X[:30], labels[:30]), rel=1e-12
            )
            assert surface.validation_accuracy[row, column] == pytest.approx(
                here.model.score(X[30:], labels[30:]), rel=1e-12
            )


def test_accuracy_counts_rows_by_their_weights():
    labels = (Y > 0).astype(int)
    model = classifier(labels)
    right = model.predict(X) == labels
    probe = Probe(model, X, labels, np.where(right, 1.0, 3.0))
    surface = loss_surface(probe, alphas=[0], betas=[0], accuracy=True)
    assert surface.accuracy[0, 0] == pytest.approx(right.sum() / (right.sum() + 3 * (~right).sum()))


def test_validation_data_of_another_network_are_refused(probe):
    with pytest.raises(ValueError, match="validation must be a probe of the same weights"):
        loss_surface(probe, validation=probe.at(2 * probe.parameters))
    with pytest.raises(TypeError, match="a Probe or a tuple .*, got ndarray"):
        loss_surface(probe, validation=X)


# Directions.


def test_directions_have_the_lengths_that_were_asked_for(probe):
    raw = np.random.RandomState(5).randn(2, probe.n_parameters)
    raw[1, :6] = 0
    steps = {"alphas": [0], "betas": [0], "directions": raw}
    layout = [b for b in probe.network.core.layout if b.kind == "coefs"]
    whole = loss_surface(probe, scaling="norm", **steps).directions
    assert np.linalg.norm(whole, axis=1) == pytest.approx(
        np.full(2, np.linalg.norm(probe.parameters)), rel=1e-12
    )
    assert np.array_equal(loss_surface(probe, **steps).directions, raw)
    layers = loss_surface(probe, scaling="layer", **steps).directions
    filters = loss_surface(probe, scaling="filter", **steps).directions
    for block in layout:
        part = slice(block.offset, block.offset + block.size)
        length = np.linalg.norm(probe.parameters[part])
        assert np.linalg.norm(layers[:, part], axis=1) == pytest.approx([length] * 2, rel=1e-12)
        shape = (block.rows, block.columns)
        units = np.linalg.norm(filters[0, part].reshape(shape), axis=0)
        assert units == pytest.approx(
            np.linalg.norm(probe.parameters[part].reshape(shape), axis=0), rel=1e-12
        )


def test_with_weight_norm_the_coordinates_are_v_and_weights_turn():
    model = regressor_from_layers(
        [np.random.RandomState(0).randn(3, 4), np.ones((4, 1))],
        [np.zeros(4), np.zeros(1)],
        normalization="weight",
    )
    probe = Probe(model, X, Y)
    surface = loss_surface(probe, alphas=[0, 1], betas=[0])
    assert surface.coordinates == (
        "trained numbers before reparametrization (weight norm), not the weights"
    )
    before, after = (
        probe.at(probe.parameters + alpha * surface.directions[0]).network.effective().coefs()[0]
        for alpha in (0, 1)
    )
    assert np.linalg.norm(after, axis=0) == pytest.approx(np.linalg.norm(before, axis=0))
    assert not np.allclose(before, after)
    plain = loss_surface(Probe(net(), X, Y), alphas=[0], betas=[0])
    assert plain.coordinates == "weights and all other trained parameters"


# The path.


def test_the_path_is_projected_and_its_share_is_stated(probe):
    draw = np.random.RandomState(1)
    plane = draw.randn(2, probe.n_parameters)
    places = draw.randn(6, 2)
    off = draw.randn(6, probe.n_parameters)
    off -= off @ np.linalg.pinv(plane) @ plane
    path = probe.parameters + places @ plane + off
    surface = loss_surface(probe, alphas=[0], betas=[0], directions=plane, trajectory=path)
    assert surface.path == pytest.approx(places, rel=1e-9, abs=1e-9)

    def variance(points):
        return np.sum((points - points.mean(axis=0)) ** 2)

    share = variance(places @ plane) / variance(path)
    assert surface.path_share == pytest.approx(share, rel=1e-9)
    assert f"{share:.0%} of the path" in repr(surface)


def test_principal_directions_hold_the_path_within_the_picture(probe):
    walk = np.cumsum(np.random.RandomState(2).randn(9, probe.n_parameters), axis=0)
    path = probe.parameters + walk - walk[-1]
    surface = loss_surface(probe, alphas=[0], betas=[0], directions="pca", trajectory=path)
    pca = trajectory_pca(path, n_components=2)
    assert surface.path_share == pytest.approx(pca.shares.sum(), rel=1e-9)
    assert np.abs(surface.path).max(axis=0) == pytest.approx([1 / 1.1] * 2, rel=1e-9)
    lengths = np.linalg.norm(surface.directions, axis=1)
    assert surface.path * lengths == pytest.approx(pca.coordinates, abs=1e-9)


def test_the_picture_shows_the_asked_surface_and_the_path():
    labels = (Y > 0).astype(int)
    probe = Probe(classifier(labels), X, labels)
    path = probe.parameters + np.random.RandomState(0).randn(4, probe.n_parameters)
    surface = loss_surface(
        probe, alphas=[-1, 1], betas=[-1, 1], accuracy=True, trajectory=path, directions="pca"
    )
    axes = Mock()
    surface.plot(axes, surface="accuracy")
    assert np.array_equal(axes.contourf.call_args[0][2], surface.accuracy.T)
    assert np.array_equal(np.column_stack(axes.plot.call_args_list[0][0]), surface.path)
    with pytest.raises(ValueError, match="surface must be one of"):
        surface.plot(axes, surface="score")
    with pytest.raises(ValueError, match="validation_loss was not measured"):
        surface.plot(axes, surface="validation_loss")


# Balanced weights.


def net(**parameters):
    draw = np.random.RandomState(0)
    coefs = [draw.randn(3, 5), draw.randn(5, 4), draw.randn(4, 1)]
    intercepts = [draw.randn(5), draw.randn(4), draw.randn(1)]
    if parameters.get("normalization") == "batch":
        intercepts = [np.zeros(5), np.zeros(4), np.zeros(1)]
    return regressor_from_layers(coefs, intercepts, **parameters)


@pytest.mark.parametrize("norm", [None, "batch", "layer"])
def test_balanced_weights_are_the_same_function_with_the_least_norm(norm):
    probe = Probe(net(normalization=norm), X, Y)
    balanced = balanced_probe(probe)
    assert balanced.loss() == pytest.approx(probe.loss(), rel=1e-10)
    blocks = balanced.network.blocks()
    for layer in (0, 1):
        names = ("coefs", "intercepts") if norm is None else ("scale", "shift")
        incoming = sum(np.atleast_2d(blocks[f"{name}_{layer}"] ** 2).sum(axis=0) for name in names)
        outgoing = np.sum(blocks[f"coefs_{layer + 1}"] ** 2, axis=1)
        assert incoming == pytest.approx(outgoing, rel=1e-10)
    assert np.linalg.norm(balanced.parameters) <= np.linalg.norm(probe.parameters)


def test_rescaled_units_change_a_surface_but_no_balanced_one():
    model = net()
    other = net()
    factors = np.array([0.1, 3.0, 1.0, 20.0, 0.5])
    other.coefs_[0][...] *= factors
    other.intercepts_[0][...] *= factors
    other.coefs_[1][...] /= factors[:, None]
    probes = [Probe(each, X, Y) for each in (model, other)]
    steps = {"alphas": [-0.5, 0, 1], "betas": [0.5]}
    plain = [loss_surface(probe, **steps).values for probe in probes]
    balanced = [loss_surface(probe, balanced=True, validation=probe, **steps) for probe in probes]
    assert plain[0][1:] != pytest.approx(plain[1][1:], rel=0.01)
    assert balanced[0].values == pytest.approx(balanced[1].values, rel=1e-9)
    assert np.array_equal(balanced[0].values, balanced[0].validation_values)


def test_units_without_weights_stay_and_other_networks_are_refused():
    model = net()
    model.coefs_[1][2] = 0.0
    balanced = balanced_probe(Probe(model, X, Y))
    assert np.array_equal(balanced.network.coefs()[0][:, 2], model.coefs_[0][:, 2])
    wide = regressor_from_layers(
        [np.ones((3, 4)), np.ones((4, 4)), np.ones((4, 4)), np.ones((4, 1))],
        [np.zeros(4)] * 3 + [np.zeros(1)],
        skip="residual",
    )
    with pytest.raises(ValueError, match="layer 2 has a skip"):
        balanced_probe(Probe(wide, X, Y))
    with pytest.raises(ValueError, match="layer 0 has weight_norm weights"):
        balanced_probe(Probe(net(normalization="weight"), X, Y))
    line = Probe(regressor_from_layers([np.ones((3, 1))], [np.zeros(1)]), X, Y)
    assert np.array_equal(balanced_probe(line).parameters, line.parameters)
