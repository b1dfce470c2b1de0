"""A class that is rare: what stops training must see it."""

import numpy as np
import pandas
import pytest
from sklearn.metrics import roc_auc_score

from deepgen.tables.fit import fit_table

pytestmark = pytest.mark.claims


@pytest.mark.parametrize("seed", range(3))
def test_training_does_not_stop_where_accuracy_stands_still(seed):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 6))
    rare = 1 / (1 + np.exp(3.6 - X[:, 0] + X[:, 1])) > rng.random(3000)
    table = pandas.DataFrame(X, columns=list("abcdef")).assign(y=np.where(rare, "yes", "no"))
    model = fit_table(table[:1500], "y", seed=seed)
    p = model.probabilities(table[1500:])["probability of yes"]
    best = X[1500:, 0] - X[1500:, 1]
    assert roc_auc_score(rare[1500:], p) > roc_auc_score(rare[1500:], best) - 0.05
