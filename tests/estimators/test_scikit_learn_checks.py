"""scikit-learn's own checks of an estimator."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from deepgen import MLPClassifier, MLPRegressor

# They ask for 1e-7, more than float32 holds: it is the processor that decides.
OF_FLOAT64 = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)

CHECKS = parametrize_with_checks(
    [
        MLPRegressor(dtype="float64"),
        MLPClassifier(dtype="float64"),
        MLPRegressor(),
        MLPClassifier(),
    ]
)
# scikit-learn before 1.8 hands pytest a generator, which pytest is about to refuse.
NAMES, CASES = CHECKS.args


@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore::sklearn.exceptions.SkipTestWarning",
    "ignore:Can't check dok sparse matrix:UserWarning",
)
@pytest.mark.parametrize(NAMES, list(CASES), ids=CHECKS.kwargs["ids"])
def test_scikit_learn_check(estimator, check):
    if estimator.dtype == "float32" and check.func.__name__ in OF_FLOAT64:
        pytest.skip("the check asks for 1e-7, more than float32 holds")
    check(estimator)
