import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist

from deepgen.report.noise_floor import nearest_pairs, repeated_variance

RANDOM = np.random.default_rng(0)


def test_pairs_are_those_of_all_distances():
    X = RANDOM.normal(size=(40, 3)) * [1.0, 100.0, 0.01]
    pairs = nearest_pairs(X, 4)
    Z = (X - X.mean(0)) / X.std(0)
    distances = cdist(Z, Z) ** 2 / 3
    np.fill_diagonal(distances, np.inf)
    assert np.array_equal(pairs.neighbors, np.argsort(distances, axis=1)[:, :4])
    assert pairs.squared_distances == pytest.approx(np.sort(distances, axis=1)[:, :4])
    # Without centring, which keeps zeros, distances are the same.
    assert np.array_equal(nearest_pairs(csr_array(X), 4).neighbors, pairs.neighbors)


def test_products_of_near_residuals_have_no_noise():
    x = np.sort(RANDOM.uniform(size=4000))
    errors = np.sin(6 * x)
    residuals = (errors + RANDOM.normal(size=4000))[:, None]
    products = nearest_pairs(x[:, None], 8).products(residuals)
    # The mean squared error of the model, of which noise adds 1 to the squared residuals.
    assert products.mean() == pytest.approx(np.mean(errors**2), abs=0.04)
    assert np.mean(residuals**2) > np.mean(errors**2) + 0.9


def test_the_variance_within_repeated_rows_is_the_unbiased_one():
    X = np.repeat(RANDOM.normal(size=(30, 2)), [*range(1, 6)] * 6, axis=0)
    y = RANDOM.normal(size=(len(X), 2))
    variances, copies = repeated_variance(X, y)
    for row in range(len(X)):
        same = (X == X[row]).all(axis=1)
        if same.sum() == 1:
            assert np.isnan(variances[row])
        else:
            assert variances[row] == pytest.approx(y[same].var(axis=0, ddof=1).mean())
    assert copies == 0 and repeated_variance(np.tile(X, (2, 1)), np.tile(y, (2, 1)))[1] == 0.5
