"""What the experiments on minima, batches and random labels stand on."""

import numpy as np
import pytest

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.experiments.claims import decision_regions, random_labels
from deepgen.experiments.shared.images import draw_images
from deepgen.optimization.directions import random_direction


def test_shuffled_columns_and_starting_weights_take_the_same_steps():
    assert random_labels._identity((0, True)) < 1e-9


@pytest.mark.parametrize("depth, parameters", [(1, 1_209_866), (3, 1_735_178)])
def test_the_nets_have_as_many_parameters_as_those_of_zhang_et_al(depth, parameters):
    # On their crops of 28 x 28 pixels in three colours.
    X, y = np.zeros((128, 2352), dtype=np.float32), np.arange(128) % 10
    model = random_labels._net(depth, 0, quick=False).partial_fit(X, y, classes=np.arange(10))
    assert Probe(model, X, y).n_parameters == parameters


def test_mnist_is_read_where_it_is_and_small_images_elsewhere(tmp_path, monkeypatch):
    pixels = np.arange(60_000 * 4, dtype=np.uint32).reshape(-1, 4).astype(np.uint8)
    stored = {"X_train": pixels, "y_train": np.arange(60_000) % 64 % 10}
    np.savez(tmp_path / "mnist.npz", X_test=pixels[:20], y_test=np.arange(20) % 10, **stored)
    monkeypatch.setenv("DEEPGEN_DATA", str(tmp_path))
    images = draw_images(0, 100, small=False)
    assert images.name == "MNIST" and images.X.shape == (100, 4) and images.X_test.shape == (20, 4)
    assert images.X.dtype == np.float32 and 0 <= images.X.min() <= images.X.max() <= 1
    # Row i begins with the pixel 4 (i modulo 64), and its digit is told by that.
    assert len(np.unique(images.y)) == 10
    assert np.array_equal(images.y, np.rint(images.X[:, 0] * 255 / 4) % 10)
    same = draw_images(0, 100, small=False)
    assert np.array_equal(images.X, same.X) and np.array_equal(images.y, same.y)
    assert draw_images(0, 100, small=True).X.shape == (100, 64)
    monkeypatch.setenv("DEEPGEN_DATA", str(tmp_path / "none"))
    assert draw_images(0, 100, small=False).X.shape == (100, 64)


def test_the_arms_of_the_spirals_are_each_others_reflection():
    X, y = decision_regions._spirals(4000, np.random.default_rng(0))
    turned = np.where(y[:, None] == 1, -X, X)
    # Without the noise, at most 0.05 in each coordinate, radius and angle are in proportion.
    middle = turned - 0.025
    radius = np.hypot(*middle.T)
    angle = np.arctan2(middle[:, 1], -middle[:, 0])
    off = (radius / 0.15 - angle + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(off[radius > 0.5]).max() < 0.5
    assert radius.max() == pytest.approx(0.15 * np.deg2rad(600), abs=0.04)


def test_the_circles_have_their_radii():
    X, y = decision_regions._circles(4000, np.random.default_rng(0))
    for label, radius in enumerate((0.4, 0.95)):
        assert np.hypot(*X[y == label].T).mean() == pytest.approx(radius, abs=0.01)


def test_distances_to_the_boundary_are_those_of_a_half_plane():
    side, reach = 301, decision_regions.REACH
    steps = np.linspace(-reach, reach, side)
    picture = np.broadcast_to((steps > 0.2).astype(int), (side, side))
    points = np.array([[-0.3, 0.4], [0.9, -1.2]])
    for point in points:
        distance = decision_regions._distance(picture, point[None])
        assert distance == pytest.approx(abs(point[0] - 0.2), abs=2 * (steps[1] - steps[0]))


def test_scaled_outputs_have_the_loss_and_the_same_classes():
    X, y = decision_regions._circles(40, np.random.default_rng(0))
    model = MLPClassifier((16,), solver="lbfgs", alpha=0, random_state=0).fit(X, y)
    assert model.score(X, y) == 1
    probe = decision_regions._at_loss(model, X, y)
    assert probe.loss() == pytest.approx(decision_regions.LOSS, rel=1e-6)
    before, after = Probe(model, X, y).network.outputs(X), probe.network.outputs(X)
    assert np.array_equal(before > 0, after > 0)
    assert after / before == pytest.approx(np.full_like(after, (after / before)[0, 0]), rel=1e-9)


def test_the_width_of_a_parabola_is_its_closed_form():
    X = np.random.default_rng(0).standard_normal((30, 3))
    line = MLPRegressor(
        hidden_layer_sizes=(), solver="lbfgs", alpha=0, dtype="float64", tol=1e-12
    ).fit(X, X @ [1.0, 2.0, 3.0])
    probe = Probe(line, X, X @ [1.0, 2.0, 3.0])
    steps = []
    for seed in range(decision_regions.N_DIRECTIONS):
        direction = random_direction(probe, seed)
        steps.append(direction @ probe.hvp(direction) / 2)
    widths = np.sqrt(decision_regions.CUTOFF / np.array(steps))
    expected = np.exp(np.log(widths).mean())
    assert decision_regions._width(probe) == pytest.approx(expected, rel=2e-3)
