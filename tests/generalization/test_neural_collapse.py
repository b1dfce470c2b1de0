"""Neural collapse: features that are a simplex have it, and one broken property is one number."""

import numpy as np
import pytest
from probe.fitted_models import classes, features, probe_of

from deepgen import MLPClassifier, Probe
from deepgen.generalization import neural_collapse


def simplex(n_classes):
    """Vertices with equal lengths and angles, moved to positive numbers, as ReLU leaves them."""
    return np.eye(n_classes)


def probe_with(hidden, output, X, y):
    """A classifier with one hidden layer of ReLU, without intercepts, and given weights."""
    model = MLPClassifier((hidden.shape[1],), dtype="float64", bias=False, random_state=0)
    model.partial_fit(X, y, classes=np.unique(y))
    model.coefs_ = [hidden, output]
    return Probe(model, X, y)


def collapsed(n_classes=4, noise=0.0, seed=0, n=80):
    draw = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    X = np.abs(simplex(n_classes)[y] + noise * draw.standard_normal((n, n_classes)))
    return X, y


@pytest.mark.parametrize("n_classes", [3, 4, 7])
def test_a_simplex_has_collapsed(n_classes):
    X, y = collapsed(n_classes)
    found = neural_collapse(probe_with(np.eye(n_classes), 3 * np.eye(n_classes), X, y))
    for name in ("within", "equal_norms", "equal_angles", "self_duality", "disagreement"):
        assert getattr(found, name) == pytest.approx(0, abs=1e-12), name
    assert found.cosines[0, 1] == pytest.approx(-1 / (n_classes - 1), rel=1e-12)
    # A common vector in the weights of all classes changes nothing.
    moved = probe_with(np.eye(n_classes), 3 * np.eye(n_classes) + 0.7, X, y)
    assert neural_collapse(moved).self_duality == pytest.approx(0, abs=1e-12)


def test_nc1_against_its_definition():
    X, y = collapsed(noise=0.1)
    found = neural_collapse(probe_with(np.eye(4), np.eye(4), X, y))
    means = np.stack([X[y == c].mean(axis=0) for c in range(4)])
    within = np.mean([np.cov(X[y == c].T, bias=True) for c in range(4)], axis=0)
    between = np.cov(means.T, bias=True)
    expected = np.trace(within @ np.linalg.pinv(between, rcond=1e-12)) / 4
    assert found.within == pytest.approx(expected, rel=1e-9) and found.within > 0.01
    # Twice the noise has four times the variance; classes of other sizes count the same.
    double = neural_collapse(probe_with(np.eye(4), np.eye(4), *collapsed(noise=0.001, n=4000)))
    single = neural_collapse(probe_with(np.eye(4), np.eye(4), *collapsed(noise=0.0005, n=4000)))
    assert double.within == pytest.approx(4 * single.within, rel=0.02)
    rows = np.concatenate([np.arange(80), np.flatnonzero(y == 1)])
    again = neural_collapse(probe_with(np.eye(4), np.eye(4), X[rows], y[rows]))
    assert again.within == pytest.approx(found.within, rel=1e-9)


def test_nc2_of_stretched_means():
    X, y = collapsed(3)
    found = neural_collapse(probe_with(np.diag([2.0, 1.0, 1.0]), np.eye(3), X, y))
    # Means 2e1, e2, e3 around (2, 1, 1)/3: lengths sqrt(18), sqrt(9), sqrt(9) over 3.
    lengths = np.sqrt([18, 9, 9])
    assert found.equal_norms == pytest.approx(lengths.std() / lengths.mean(), rel=1e-12)
    cosines = np.array([-9 / np.sqrt(162), -9 / np.sqrt(162), 0.0])
    assert found.equal_angles == pytest.approx(np.abs(cosines + 0.5).mean(), rel=1e-9)
    assert found.within == pytest.approx(0, abs=1e-12)


def test_nc3_and_nc4_of_swapped_weights():
    X, y = collapsed(4)
    swapped = np.eye(4)[[1, 0, 2, 3]]
    found = neural_collapse(probe_with(np.eye(4), swapped, X, y))
    # Centred and of length 1, the product of both is (tr P - 1) / 3, with P the exchange.
    assert found.self_duality == pytest.approx(2 - 2 * (2 - 1) / 3, rel=1e-12)
    assert found.disagreement == 0.5


def test_two_classes_have_one_output():
    X, y = collapsed(2)
    found = neural_collapse(probe_with(np.eye(2), np.array([[-1.0], [1.0]]), X, y))
    assert found.self_duality == pytest.approx(0, abs=1e-12)
    assert found.equal_angles == pytest.approx(0, abs=1e-12) and found.disagreement == 0
    other = neural_collapse(probe_with(np.eye(2), np.array([[1.0], [-1.0]]), X, y))
    assert other.self_duality == pytest.approx(4) and other.disagreement == 1


def test_training_on_makes_it_smaller():
    X = features()
    y = classes(X)
    net = MLPClassifier((16,), solver="lbfgs", alpha=1e-3, random_state=0, max_iter=3000)
    ends = neural_collapse(Probe(net.fit(X, y), X, y))
    start = MLPClassifier((16,), random_state=0).partial_fit(X, y, classes=np.unique(y))
    starts = neural_collapse(Probe(start, X, y))
    assert ends.within < 0.3 * starts.within and ends.disagreement <= starts.disagreement


def test_repr_plot_and_refusals():
    pytest.importorskip("matplotlib")
    found = neural_collapse(probe_of("three classes"))
    assert repr(found).startswith("NeuralCollapse(NC1 ") and found.plot().patches
    for kind in ("squared error", "several labels"):
        with pytest.raises(ValueError, match="needs a classifier with one class per row"):
            neural_collapse(probe_of(kind))
    X, y = features(), classes(features())
    flat = MLPClassifier((), random_state=0).partial_fit(X, y, classes=np.unique(y))
    with pytest.raises(ValueError, match="needs a hidden layer"):
        neural_collapse(Probe(flat, X, y))
    model = MLPClassifier((4,), random_state=0).partial_fit(X, y, classes=np.unique(y))
    with pytest.raises(ValueError, match="and cat has none"):
        neural_collapse(Probe(model, X[y != "cat"], y[y != "cat"]))
    dead = probe_with(np.full((3, 2), -1.0), np.ones((2, 3)), *collapsed(3))
    with pytest.raises(ValueError, match="have one mean"):
        neural_collapse(dead)
