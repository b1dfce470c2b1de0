"""scikit-learn's own checks of the estimators for tables."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from deepgen import TabularClassifier, TabularRegressor

SMALL = {"hidden_layer_sizes": (16,), "max_iter": 40}
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "the encoder does not look at weights",
}

CHECKS = parametrize_with_checks(
    [
        TabularRegressor(preset="fast", network=SMALL),
        TabularClassifier(preset="fast", network=SMALL),
    ],
    expected_failed_checks=lambda estimator: EXPECTED,
)
NAMES, CASES = CHECKS.args


@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore::sklearn.exceptions.SkipTestWarning",
    "ignore:.*rows are too few to set some aside:UserWarning",
)
@pytest.mark.parametrize(NAMES, list(CASES), ids=CHECKS.kwargs["ids"])
def test_scikit_learn_check(estimator, check):
    check(estimator)
