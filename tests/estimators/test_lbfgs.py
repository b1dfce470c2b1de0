"""L-BFGS where a trial point has no finite loss, and where it ends on a slope."""

import warnings

import numpy as np
import pytest
from scipy.optimize import OptimizeResult
from sklearn.exceptions import ConvergenceWarning

from deepgen import MLPClassifier, MLPRegressor

ROWS = np.array([[1.0], [1000.0], [2000.0], [3000.0]])
COUNTS = np.array([1.0, 3.0, 8.0, 20.0])


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_line_search_steps_back_from_infinite_losses(loss, dtype):
    model = MLPRegressor(
        loss, (), solver="lbfgs", alpha=0, max_iter=2000, random_state=0, dtype=dtype
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(ROWS, COUNTS)
    # The counts nearly are an exponential of the feature, whose fit is off by less than a tenth.
    assert np.abs(model.predict(ROWS) / COUNTS - 1).max() < 0.15
    assert (np.diff(model.loss_curve_) <= 0).all()


def test_columns_of_both_signs_and_scales_end_on_a_minimum_or_say_so():
    X = np.array([[-300.0], [10.0], [5.0], [300.0]])
    y = np.array([5.0, 3.0, 8.0, 200.0])
    for seed in range(10):
        model = MLPRegressor(
            "poisson", (5,), solver="lbfgs", alpha=0, max_iter=2000, random_state=seed
        )
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model.fit(X, y)
        assert np.isfinite(model.predict(X)).all()
        silent = not any(issubclass(one.category, ConvergenceWarning) for one in told)
        assert not silent or model.history_["gradient_norm"][-1] < 0.5


def test_an_end_on_a_slope_warns(monkeypatch):
    # Where a run ends is rounding's choice, so SciPy's answer is planted: loss 2, slopes 0 and 0.5.
    ended = OptimizeResult(status=0, nit=7, fun=2.0, x=np.zeros(2), jac=np.array([0.0, -0.5]))
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", tol=1e-4)
    X = np.array([[0.0], [1.0]])

    def planted(objective, x0, **options):
        objective(x0)
        return OptimizeResult(ended, x=x0)

    with monkeypatch.context() as patch:
        patch.setattr("scipy.optimize.minimize", planted)
        with pytest.warns(
            ConvergenceWarning, match=r"no longer falls, but its gradient .* 0.5, far"
        ):
            model.fit(X, X[:, 0])
        ended.jac = np.array([0.0, 0.1])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.fit(X, X[:, 0])


def test_a_start_without_a_finite_loss_is_refused():
    X = np.array([[1e200], [-1e200]])
    model = MLPRegressor("poisson", (), solver="lbfgs", dtype="float64", random_state=0)
    with pytest.raises(ValueError, match="non-finite"):
        model.fit(X, np.array([1.0, 2.0]))


@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
def test_usual_data_converge_without_a_word(estimator):
    X = np.random.default_rng(0).normal(size=(200, 3))
    y = X @ [1.0, -2.0, 0.5]
    y = y if estimator is MLPRegressor else (y > 0).astype(int)
    for seed in range(5):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            estimator(
                hidden_layer_sizes=(8,), solver="lbfgs", max_iter=5000, random_state=seed
            ).fit(X, y)
