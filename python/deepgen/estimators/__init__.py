"""The estimators: scikit-learn's interface over the engine."""

from deepgen.estimators.classifier import MLPClassifier
from deepgen.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
