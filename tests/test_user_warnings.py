"""Warnings name the user's line, whatever stands between."""

import warnings

import numpy as np
import pytest

from deepgen import MLPClassifier, MLPRegressor

X = np.linspace(-1, 1, 30).reshape(-1, 1)
Y = X[:, 0] ** 2


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"max_iter": 1}, "Maximum iterations"),
        ({"max_iter": 1, "solver": "lbfgs"}, "lbfgs failed to converge"),
        ({"batch_size": 31, "n_iter_no_change": 1, "tol": 9.0}, "Got `batch_size`"),
        ({"solver": "lbfgs", "early_stopping": True, "tol": 9.0}, "early_stopping has no effect"),
        (
            {"learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 9.0},
            "acts with solver='sgd'",
        ),
        ({"max_iter": 3, "max_time": 1e-9}, "max_time"),
        ({"solver": "sgd", "learning_rate_init": 1e30, "max_iter": 3}, "Training diverged"),
    ],
)
@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
def test_fit_warns_about_the_users_line(estimator, settings, text):
    y = Y if estimator is MLPRegressor else Y > 0.3
    model = estimator(random_state=0, **settings)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    named = [warning for warning in caught if text in str(warning.message)]
    assert len(named) == 1 and named[0].filename == __file__


def test_partial_fit_warns_about_the_users_line():
    with pytest.warns(UserWarning, match="Got `batch_size`") as caught:
        MLPRegressor(batch_size=31).partial_fit(X, Y)
    assert [warning.filename for warning in caught] == [__file__]
