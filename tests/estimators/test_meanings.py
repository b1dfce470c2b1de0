"""Meanings that have no other room: shapes of scores, sums of losses, batches without weight."""

import numpy as np
import pytest

from deepgen import MLPClassifier, MLPRegressor
from estimators.samples import curve, features, starting_weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = features()
Y = curve(X)
SEVERAL = (X[:, :4] > 0).astype(int)


@pytest.mark.parametrize(
    ("y", "shape", "n_columns"),
    [
        (np.zeros(len(X)), (len(X), 1), 1),
        (Y > 0, (len(X),), 2),
        (np.digitize(Y, [-1, 1]), (len(X), 3), 3),
        (SEVERAL, (len(X), 4), 4),
        (SEVERAL[:, :2], (len(X), 2), 2),
    ],
    ids=["one class", "two", "three", "four labels", "two labels"],
)
def test_logits_and_probabilities_have_their_shapes(y, shape, n_columns):
    model = MLPClassifier(max_iter=2, random_state=0).fit(X, y)
    assert model.decision_function(X).shape == shape
    assert model.predict_proba(X).shape == model.predict_log_proba(X).shape == (len(X), n_columns)


def test_losses_are_summed_over_outputs_and_halved():
    y = np.stack([Y, 2 * Y, X[:, 0]], axis=1)
    settings = dict(hidden_layer_sizes=(6,), max_iter=1, alpha=0.0, batch_size=len(X))
    coefs, intercepts = starting_weights([5, 6, 3])
    ours = MLPRegressor(target_scaling=None, dtype="float64", **settings)
    ours.fit(X, y, coefs_init=coefs, intercepts_init=intercepts)
    hidden = np.maximum(X @ coefs[0] + intercepts[0], 0)
    mean = ((hidden @ coefs[1] + intercepts[1] - y) ** 2).mean() / 2
    assert ours.loss_ == pytest.approx(3 * mean)


def test_a_batch_without_weight_makes_no_step():
    settings = dict(batch_size=50, shuffle=False, max_iter=3, dtype="float64", random_state=0)
    settings["target_scaling"] = None
    weights = np.ones(150)
    weights[50:100] = 0
    with_gap = MLPRegressor(**settings).fit(X[:150], Y[:150], weights)
    kept = weights > 0
    without = MLPRegressor(**settings).fit(X[:150][kept], Y[:150][kept])
    for first, second in zip(with_gap.coefs_, without.coefs_, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-12, atol=1e-15)
