"""Diversity: exact identities of convex losses, and pairs against scikit-learn."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_iris, make_friedman1, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss, mean_squared_error

from deepgen import MLPClassifier, MLPRegressor
from deepgen.generalization import Diversity, diversity

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FRIEDMAN = make_friedman1(200, noise=1.0, random_state=0)
IRIS = load_iris(return_X_y=True)
STRINGS = (IRIS[0], np.array(["setosa", "versicolor", "virginica"])[IRIS[1]])
MULTILABEL = make_multilabel_classification(150, 5, n_classes=3, random_state=0)
WEIGHTS = np.random.default_rng(0).uniform(0, 2, 200)
SETTINGS = {"hidden_layer_sizes": (16,), "max_iter": 15, "random_state": 0, "n_members": 4}


def regressor(y=FRIEDMAN[1], **settings):
    return MLPRegressor(**SETTINGS, **settings).fit(FRIEDMAN[0], y)


def classifier(data, **settings):
    return MLPClassifier(**SETTINGS, **settings).fit(*data)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["even", "weighted"])
def test_squared_error_is_the_members_less_their_ambiguity(weights):
    X, y = FRIEDMAN
    result = diversity(regressor(), X, y, weights)
    each = np.array([m.predict(X) for m in regressor().members_], dtype=float)
    mean = each.mean(axis=0)
    ambiguity = np.average(((each - mean) ** 2).mean(axis=0), weights=weights)
    errors = [mean_squared_error(y, one, sample_weight=weights) for one in each]
    np.testing.assert_allclose(result.member_losses, errors, rtol=1e-12)
    np.testing.assert_allclose(
        result.ensemble_loss, mean_squared_error(y, mean, sample_weight=weights), rtol=1e-12
    )
    np.testing.assert_allclose(result.gain, ambiguity, rtol=1e-9)
    assert result.gain > 0
    # Half the mean squared difference over all pairs is the ambiguity.
    np.testing.assert_allclose((result.disagreement**2).mean() / 2, ambiguity, rtol=1e-9)


def test_residuals_are_correlated_as_numpy_says():
    X, y = FRIEDMAN
    residuals = [member.predict(X).astype(float) - y for member in regressor().members_]
    result = diversity(regressor(), X, y)
    np.testing.assert_allclose(result.error_correlation, np.corrcoef(residuals), rtol=1e-9)
    doubled = diversity(regressor(), X, y, np.r_[np.full(100, 2.0), np.ones(100)])
    repeated = np.concatenate([residuals, np.array(residuals)[:, :100]], axis=1)
    np.testing.assert_allclose(doubled.error_correlation, np.corrcoef(repeated), rtol=1e-9)


def test_losses_of_several_outputs_are_summed():
    X, y = FRIEDMAN
    model = regressor(np.stack([y, 2 * y], axis=1))
    result = diversity(model, X, np.stack([y, 2 * y], axis=1))
    each = [member.predict(X).astype(float) for member in model.members_]
    expected = [((one - np.stack([y, 2 * y], axis=1)) ** 2).sum(axis=1).mean() for one in each]
    np.testing.assert_allclose(result.member_losses, expected, rtol=1e-12)
    np.testing.assert_allclose(result.ensemble_loss + result.gain, np.mean(expected), rtol=1e-9)


@pytest.mark.parametrize("data", [IRIS, STRINGS], ids=["numbers", "strings"])
def test_log_loss_of_the_mean_is_at_most_the_members(data):
    model = classifier(data)
    result = diversity(model, *data)
    each = [log_loss(data[1], member.predict_proba(data[0])) for member in model.members_]
    np.testing.assert_allclose(result.member_losses, each, rtol=1e-5)
    np.testing.assert_allclose(
        result.ensemble_loss, log_loss(data[1], model.predict_proba(data[0])), rtol=1e-5
    )
    assert 0 < result.gain == pytest.approx(result.member_losses.mean() - result.ensemble_loss)
    labels = [member.predict(data[0]) for member in model.members_]
    expected = [[np.mean(a != b) for b in labels] for a in labels]
    np.testing.assert_allclose(result.disagreement, expected)


def test_jensens_inequality_holds_sample_by_sample_whatever_the_members():
    model = classifier(IRIS)
    for member in model.members_:
        member.network_.parameters[...] *= 20  # certain, and not seldom of the wrong class
    for row in range(0, 150, 7):
        weights = np.zeros(150)
        weights[row] = 1
        assert diversity(model, *IRIS, weights).gain >= -1e-12


def test_several_labels_are_summed_and_compared_one_by_one():
    model = classifier(MULTILABEL, dtype="float64")
    result = diversity(model, *MULTILABEL)
    proba = [member.predict_proba(MULTILABEL[0]).astype(float) for member in model.members_]
    y = MULTILABEL[1]
    each = [-np.log(np.where(y, p, 1 - p)).sum(axis=1).mean() for p in proba]
    np.testing.assert_allclose(result.member_losses, each, rtol=1e-4)
    mean = np.mean(proba, axis=0)
    expected = -np.log(np.where(y, mean, 1 - mean)).sum(axis=1).mean()
    np.testing.assert_allclose(result.ensemble_loss, expected, rtol=1e-4)
    assert result.gain > 0
    labels = [member.predict(MULTILABEL[0]) for member in model.members_]
    np.testing.assert_allclose(result.disagreement[0, 1], np.mean(labels[0] != labels[1]))


def test_equal_members_gain_nothing():
    member = regressor().members_[0]
    result = diversity([member, member], *FRIEDMAN)
    assert result.gain == pytest.approx(0, abs=1e-12)
    assert result.disagreement.tolist() == [[0, 0], [0, 0]]
    np.testing.assert_allclose(result.error_correlation, np.ones((2, 2)))


def test_members_without_errors_have_no_correlation():
    X = np.array([[-1.0], [1.0]] * 20)
    model = MLPClassifier(solver="lbfgs", n_members=2, random_state=0).fit(X, X[:, 0] > 0)
    result = diversity(model, X, X[:, 0] > 0)
    assert np.isnan(result.error_correlation).all()
    assert (result.disagreement == 0).all()


def test_the_result_is_frozen_readable_and_drawn():
    pytest.importorskip("matplotlib").use("Agg")
    result = diversity(classifier(IRIS), *IRIS)
    assert isinstance(result, Diversity)
    assert repr(result).startswith("Diversity(4 members, log-loss ")
    with pytest.raises(FrozenInstanceError):
        result.gain = 0
    ax = result.plot()
    assert ax.get_xlabel() == "member"
    assert np.array_equal(ax.images[0].get_array(), result.disagreement)
    assert result.plot(ax) is ax


def test_several_labels_may_be_sparse():
    X, y = MULTILABEL
    model = classifier(MULTILABEL)
    given, expected = diversity(model, X, csr_matrix(y)), diversity(model, X, y)
    np.testing.assert_array_equal(given.member_losses, expected.member_losses)
    np.testing.assert_array_equal(given.disagreement, expected.disagreement)


def test_what_cannot_be_measured_is_refused():
    X, y = FRIEDMAN
    one = MLPRegressor(max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match="at least two members, got 1"):
        diversity(one, X, y)
    with pytest.raises(ValueError, match=r"y has shape \(200, 1\), the members predict \(200,\)"):
        diversity(regressor(), X, y[:, None])
    with pytest.raises(ValueError, match="y contains NaN"):
        diversity(regressor(), X, np.where(y > 10, y, np.nan))
    with pytest.raises(ValueError, match="labels that the members do not know"):
        diversity(classifier(IRIS), IRIS[0], IRIS[1] + 1)
    with pytest.raises(ValueError, match="sample_weight"):
        diversity(regressor(), X, y, -WEIGHTS)
    with pytest.raises(ValueError, match="sample_weight"):
        diversity(regressor(), X, y, 0 * WEIGHTS)
    with pytest.raises(NotFittedError):
        diversity(MLPRegressor(n_members=2), X, y)
