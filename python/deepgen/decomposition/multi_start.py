"""Any other class: the best of several searches replaces the best member.

A search finds a member with at least the risk of the best one, so the approximation error is an
upper bound, and so is the least empirical risk. For perceptrons the search is L-BFGS on all samples
from several starting weights, without penalty, dropout or early stopping; other estimators are
fitted with several seeds if they have one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen.decomposition.hypothesis_class import Fitted, HypothesisClass, Predictor
from deepgen.decomposition.risk import Risk
from deepgen.decomposition.squared_risk import SquaredRisk

__all__ = ["PERCEPTRONS", "MultiStart", "last_step", "search_settings", "set_seed"]

SEARCH: Final[dict[str, Any]] = {
    "solver": "lbfgs",
    "alpha": 0.0,
    "max_iter": 2_000,
    "max_fun": 4_000,
    "tol": 1e-7,
    "early_stopping": False,
    "warm_start": False,
    "dropout": 0.0,
    "mixup": 0.0,
    "augmentation": None,
    "averaging": None,
    "clip_norm": None,
    "adaptive_clip": None,
    "learning_rate": "constant",
    "scoring": None,
    "max_time": None,
    "n_members": 1,
    "class_weight": None,
    "dtype": "float64",
}
"""Parameters of a perceptron for a fit as close as possible, so far as it has them."""

PERCEPTRONS: Final = {("MLPRegressor", "squared_error"), ("MLPClassifier", "log_loss")}
"""Perceptrons, with their losses, that are trained by the risk; scikit-learn's do not name it."""

LOGISTIC_SEARCH: Final[dict[str, Any]] = {
    "C": np.inf,
    "max_iter": 5_000,
    "tol": 1e-8,
    "class_weight": None,
}
"""The same for logistic regression: without its penalty."""

LEAST_SHARE: Final = 1e-9
"""Probability of a class below which it is left out of the search for f_F*."""


def last_step(estimator: Any) -> tuple[str, Any]:
    """Return the model at the end of a pipeline and the prefix of its parameters.

    Parameters
    ----------
    estimator : estimator
        A pipeline or a model.

    Returns
    -------
    prefix : str
        ``""``, or ``"name__"`` if the model is a step of a pipeline.
    model : estimator
        The model itself.
    """
    if not hasattr(estimator, "steps"):
        return "", estimator
    name, model = estimator.steps[-1]
    prefix, inner = last_step(model)
    return f"{name}__{prefix}", inner


def search_settings(perceptron: Any) -> dict[str, Any]:
    """Return the parameters with which a perceptron is fitted as closely as possible.

    Parameters
    ----------
    perceptron : estimator
        Perceptron of deepgen or scikit-learn.

    Returns
    -------
    settings : dict
        `SEARCH`, so far as it has these parameters.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.decomposition.multi_start import search_settings
    >>> search_settings(MLPRegressor(dropout=0.5))["dropout"]
    0.0
    """
    known = perceptron.get_params(deep=False)
    settings = {name: value for name, value in SEARCH.items() if name in known}
    if "batch" in str(known.get("normalization")).lower():
        # A frozen batch norm is an affine map, so the class is the same without it; L-BFGS refuses
        # it.
        settings["normalization"] = None
    return settings


def set_seed(estimator: Any, random: np.random.Generator) -> Any:
    """Give a seed to an estimator whose ``random_state`` is None.

    Parameters
    ----------
    estimator : estimator
        Estimator, changed in place, including estimators inside it.
    random : numpy.random.Generator
        Generator of the seed.

    Returns
    -------
    estimator : estimator
        The same object.
    """
    for name, value in sorted(estimator.get_params().items()):
        if name.rpartition("__")[2] == "random_state" and value is None:
            estimator.set_params(**{name: int(random.integers(2**31))})
    return estimator


@dataclass(frozen=True)
class MultiStart(HypothesisClass):
    """A class of functions whose best members are searched numerically.

    Parameters
    ----------
    estimator : estimator
        Estimator that defines the class.
    n_starts : int
        Number of searches, >= 1.
    seed : int
        Seed of the starting weights of the searches for f_F*.
    risk : Risk, default=SquaredRisk()
        Risk that the best member minimizes.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from deepgen.decomposition.multi_start import MultiStart
    >>> MultiStart(KNeighborsRegressor(), 2, 0).exact
    False
    """

    estimator: Any
    n_starts: int
    seed: int
    risk: Risk = field(default_factory=SquaredRisk)

    @property
    def name(self) -> str:
        return f"functions that {type(last_step(self.estimator)[1]).__name__} can represent"

    @property
    def exact(self) -> bool:
        """Always False, since a search gives an upper bound."""
        return False

    def project(self, X: FloatArray, mean: FloatArray, weights: FloatArray | None) -> Predictor:
        """Return the best of several fits to noiseless samples."""
        random = np.random.default_rng(self.seed)
        if mean.ndim == 1:
            candidates = self._fits(X, mean, random, {})
        else:
            candidates = self._fits(*self._with_probabilities(X, mean, random))
        return self._least(candidates, lambda one: self.risk.excess(one, X, mean, None))

    def minimize(
        self,
        X: FloatArray,
        y: AnyArray,
        fitted: Fitted | None,
        random: np.random.Generator | None,
    ) -> Predictor:
        """Return the best of several fits and of the fitted estimator."""
        random = random or np.random.default_rng(self.seed)
        candidates = [] if fitted is None else [fitted]
        candidates += self._fits(X, y, random, {})
        return self._least(candidates, lambda one: self.risk.empirical(one, X, y))

    @staticmethod
    def _least(candidates: list[Any], risk: Callable[[Any], float]) -> Predictor:
        best: Predictor = candidates[int(np.nanargmin([risk(one) for one in candidates]))]
        return best

    def _with_probabilities(
        self, X: FloatArray, probabilities: FloatArray, random: np.random.Generator
    ) -> tuple[FloatArray, AnyArray, np.random.Generator, dict[str, Any]]:
        """Return samples whose weights, or else whose shares, are the probabilities."""
        from sklearn.utils.validation import has_fit_parameter

        prefix, model = last_step(self.estimator)
        if has_fit_parameter(model, "sample_weight"):
            rows, labels = np.nonzero(probabilities > LEAST_SHARE)
            weights = probabilities[rows, labels]
            return X[rows], labels, random, {f"{prefix}sample_weight": weights}
        below = np.cumsum(probabilities, axis=1) < random.random((len(X), 1))
        return X, np.minimum(below.sum(axis=1), probabilities.shape[1] - 1), random, {}

    def _fits(
        self, X: FloatArray, y: AnyArray, random: np.random.Generator, options: dict[str, Any]
    ) -> list[Any]:
        fits = []
        for start in self._starts(random):
            with warnings.catch_warnings():
                # A search that ends at its largest number of iterations is still a candidate.
                warnings.simplefilter("ignore")
                fits.append(start.fit(X, y, **options))
        return fits

    def _starts(self, random: np.random.Generator) -> list[Any]:
        from sklearn.base import clone

        prefix, model = last_step(self.estimator)
        settings = model.get_params(deep=False)
        search: dict[str, Any] = {}
        if (type(model).__name__, settings.get("loss", "log_loss")) in PERCEPTRONS:
            search = search_settings(model)
        elif type(model).__name__ == "LogisticRegression":
            search = LOGISTIC_SEARCH
        seeded = [name for name in self.estimator.get_params() if name.endswith("random_state")]
        starts = []
        for _ in range(self.n_starts if seeded else 1):
            start = clone(self.estimator)
            start.set_params(**{prefix + name: value for name, value in search.items()})
            start.set_params(**{name: int(random.integers(2**31)) for name in seeded})
            starts.append(start)
        return starts
