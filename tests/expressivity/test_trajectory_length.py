"""Lengths of curves' images, against closed forms and dense sampling."""

import numpy as np
import pytest

from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.expressivity import trajectory_length, tri
from expressivity.networks import PIECEWISE_LINEAR, he_network, trained


@pytest.mark.parametrize("k", [1, 2, 5, 10])
def test_tri_doubles_the_length_with_each_composition(k):
    lengths = trajectory_length(tri(k), [[0.0], [1.0]]).lengths
    assert lengths[0] == 1.0
    assert np.array_equal(lengths[2::2], 2.0 ** np.arange(1, k + 1))
    assert lengths[-1] == 2.0**k


@pytest.mark.parametrize("name", PIECEWISE_LINEAR)
def test_lengths_are_those_of_a_dense_curve(name):
    model = trained(**{**PIECEWISE_LINEAR[name], "dtype": "float64"})
    corners = np.array([[-1.0, -1.0], [1.0, 0.5], [0.0, 2.0], [-1.0, -1.0]])
    result = trajectory_length(model, corners)
    share = np.linspace(0, 1, 20_001)[:, None]
    curve = np.vstack([a + share * (b - a) for a, b in zip(corners, corners[1:], strict=False)])
    n_hidden = model.n_layers_ - 2
    images = [curve]
    images += [model.network_.activations(curve, layer) for layer in range(n_hidden)]
    images.append(model.predict(curve).reshape(len(curve), 1))
    steps = [np.linalg.norm(np.diff(image, axis=0), axis=1) for image in images]
    sampled = np.array([step.sum() for step in steps])
    # A chord is shorter than the bent curve, at most by itself.
    missed = result.n_pieces * np.array([step.max() for step in steps])
    assert (sampled <= result.lengths * (1 + 1e-12)).all()
    assert (result.lengths <= sampled + missed).all()
    np.testing.assert_allclose(result.growth, result.lengths[1:] / result.lengths[:-1])


def test_linear_layers_scale_the_length():
    model = regressor_from_layers([[[3.0, 0.0], [0.0, 3.0]]], [[1.0, 2.0]])
    assert trajectory_length(model, [[0.0, 0.0], [3.0, 4.0]]).lengths.tolist() == [5.0, 15.0]


def test_repeated_corners_add_nothing():
    model = he_network(0)
    once = trajectory_length(model, [[0.0, 0.0], [1.0, 1.0]])
    twice = trajectory_length(model, [[0.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    assert np.array_equal(once.lengths, twice.lengths)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[0.0, 0.0]], "at least 2 rows of 2 inputs"),
        ([[0.0], [1.0]], "at least 2 rows of 2 inputs"),
        ([[0.0, 0.0], [np.inf, 1.0]], "NaN or infinity"),
        ([[1.0, 2.0], [1.0, 2.0]], "all equal"),
    ],
)
def test_curves_that_are_none_are_refused(points, message):
    with pytest.raises(ValueError, match=message):
        trajectory_length(he_network(0), points)


def test_plot_and_repr():
    pytest.importorskip("matplotlib").use("Agg")
    result = trajectory_length(tri(1), [[0.0], [1.0]])
    assert repr(result) == "TrajectoryLength(1, 3.236, 2, 2; 2 pieces)"
    axes = result.plot()
    assert len(axes.lines[0].get_xdata()) == 4
    assert all(tick == round(tick) for tick in axes.get_xticks())
