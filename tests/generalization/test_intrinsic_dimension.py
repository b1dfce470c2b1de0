"""Training in random subspaces: a linear task of known rank, and the optimum in closed form."""

import numpy as np
import pytest
from probe.fitted_models import classes, features
from sklearn.pipeline import make_pipeline

from deepgen import MLPClassifier, MLPRegressor
from deepgen.generalization import intrinsic_dimension


def planted(rank, size=150, seed=0):
    """Rows in a subspace of the features: as many equations on the weights as its dimension."""
    draw = np.random.default_rng(seed)
    basis = np.linalg.qr(draw.normal(size=(size, rank)))[0].T
    Z = np.concatenate([3 * np.eye(rank), -3 * np.eye(rank)])
    return Z @ basis, Z @ draw.choice([-1.0, 1.0], size=rank)


def linear(**changes):
    settings = {"hidden_layer_sizes": (), "alpha": 0.0, "bias": False, "target_scaling": None}
    return MLPRegressor(**settings | {"dtype": "float64", "random_state": 0} | changes)


@pytest.mark.parametrize("rank", [1, 5, 12])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_linear_task_of_known_rank_has_that_dimension(rank, seed):
    found = intrinsic_dimension(linear(), *planted(rank), share=0.99999, random_state=seed)
    assert found.dimension == rank and found.n_parameters == 150
    assert found.full_score == pytest.approx(1, abs=1e-8)
    assert (found.scores[found.dimensions < rank] < found.threshold).all()
    assert (found.scores[found.dimensions >= rank] >= found.threshold).all()


def test_a_subspace_ends_in_its_own_ridge_optimum():
    X, y = planted(6)
    alpha = 0.3
    found = intrinsic_dimension(
        linear(alpha=alpha), X, y, dimensions=[1, 3, 4], share=0.5, random_state=7
    )
    draw = np.random.default_rng(7)
    P = draw.standard_normal((3, 150))
    P /= np.linalg.norm(P, axis=1, keepdims=True)
    start = linear(alpha=alpha, learning_rate_init=1e-12).partial_fit(X, y).coefs_[0][:, 0]
    for d, loss in zip(found.dimensions[:2], found.losses[:2], strict=True):
        A = X @ P[:d].T
        matrix = A.T @ A + alpha * P[:d] @ P[:d].T
        z = np.linalg.solve(matrix, A.T @ (y - X @ start) - alpha * P[:d] @ start)
        w = start + z @ P[:d]
        best = (np.sum((X @ w - y) ** 2) + alpha * w @ w) / (2 * len(y))
        assert loss == pytest.approx(best, rel=1e-6)
    assert (np.diff(found.losses) < 0).all()


def test_a_network_needs_fewer_directions_than_parameters():
    X = features(80)
    y = classes(X)
    net = MLPClassifier((20,), activation="tanh", random_state=0, class_weight="balanced")
    found = intrinsic_dimension(net, X, y, max_iter=200)
    assert found.threshold == 0.9 * found.full_score > 0.8
    assert 2 < found.dimension < 0.5 * found.n_parameters
    again = intrinsic_dimension(net, X, y, max_iter=200)
    np.testing.assert_array_equal(found.scores, again.scores)
    assert not hasattr(net, "n_features_in_")
    new = features(60, seed=3)
    other = intrinsic_dimension(
        net, X, y, X_val=new, y_val=classes(new), dimensions=[5, 30], max_iter=100
    )
    assert other.dimensions.tolist() == [5, 30] and other.full_score < found.full_score


def test_no_dimension_may_be_enough():
    found = intrinsic_dimension(linear(), *planted(8), dimensions=[1, 2], share=1.0)
    assert found.dimension is None
    assert repr(found).startswith("IntrinsicDimension(no dimension of 150 parameters reach")


def test_the_plot_has_scores_and_two_lines():
    pytest.importorskip("matplotlib")
    assert len(intrinsic_dimension(linear(), *planted(3), dimensions=[2, 3]).plot().lines) == 3


def test_what_has_no_intrinsic_dimension_is_refused_by_name():
    X, y = planted(3)
    net = linear()
    for settings, message in (
        ({"share": 0}, "share must be a number above 0 and at most 1"),
        ({"dimensions": [0]}, "dimensions must be integers from 1 to 150"),
        ({"dimensions": [1.5]}, "dimensions must be integers from 1 to 150"),
        ({"dimensions": [151]}, "dimensions must be integers from 1 to 150"),
        ({"max_iter": 0}, "max_iter must be an integer of at least 1"),
        ({"random_state": None}, "random_state must be an integer"),
        ({"X_val": X}, "only one of them is given"),
    ):
        with pytest.raises(ValueError, match=message):
            intrinsic_dimension(net, X, y, **settings)
    with pytest.raises(TypeError, match="needs an MLPClassifier or MLPRegressor, got Pipeline"):
        intrinsic_dimension(make_pipeline(net), X, y)
    with pytest.raises(ValueError, match="random_state=None"):
        intrinsic_dimension(linear(random_state=None), X, y)
    with pytest.raises(ValueError, match="one network is measured at a time"):
        intrinsic_dimension(linear(n_members=2), X, y)
    with pytest.raises(ValueError, match="without batch norm"):
        intrinsic_dimension(linear(hidden_layer_sizes=(4,), normalization="batch"), X, y)
    with pytest.raises(ValueError, match="a share of it means nothing"):
        intrinsic_dimension(linear(), np.zeros((6, 2)), np.arange(6.0))


def test_a_subspace_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setitem(intrinsic_dimension.__globals__, "MAX_NUMBERS", 1000)
    with pytest.raises(ValueError, match="8 dimensions of 150 parameters has 1.2e.03 numbers"):
        intrinsic_dimension(linear(), *planted(12), share=0.9999)
