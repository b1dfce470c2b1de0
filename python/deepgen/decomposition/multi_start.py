"""Any other class: the best of several searches replaces the best member.

A search finds a member with at least the risk of the best one, so the approximation error is an
upper bound, and so is the least empirical risk. For perceptrons the search is L-BFGS on all samples
from several starting weights, without penalty, dropout or early stopping; other estimators are
fitted with several seeds if they have one.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.decomposition.hypothesis_class import Fitted, HypothesisClass, Predictor

__all__ = ["MultiStart", "set_seed"]

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
    "dtype": "float64",
}
"""Parameters of a perceptron for a fit as close as possible, so far as it has them."""


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

    @property
    def name(self) -> str:
        return f"functions that {type(last_step(self.estimator)[1]).__name__} can represent"

    @property
    def exact(self) -> bool:
        """Always False, since a search gives an upper bound."""
        return False

    def project(self, X: FloatArray, mean: FloatArray, weights: FloatArray | None) -> Predictor:
        """Return the best of several fits to noiseless samples."""
        return self._search(X, mean, np.random.default_rng(self.seed), None)

    def minimize(
        self,
        X: FloatArray,
        y: FloatArray,
        fitted: Fitted | None,
        random: np.random.Generator | None,
    ) -> Predictor:
        """Return the best of several fits and of the fitted estimator."""
        return self._search(X, y, random or np.random.default_rng(self.seed), fitted)

    def _search(
        self, X: FloatArray, y: FloatArray, random: np.random.Generator, fitted: Fitted | None
    ) -> Predictor:
        candidates = [] if fitted is None else [fitted]
        for start in self._starts(random):
            with warnings.catch_warnings():
                # A search that ends at its largest number of iterations is still a candidate.
                warnings.simplefilter("ignore")
                candidates.append(start.fit(X, y))
        errors = [float(np.mean((np.ravel(one.predict(X)) - y) ** 2)) for one in candidates]
        best: Predictor = candidates[int(np.nanargmin(errors))]
        return best

    def _starts(self, random: np.random.Generator) -> list[Any]:
        from sklearn.base import clone

        prefix, model = last_step(self.estimator)
        settings = model.get_params(deep=False)
        search: dict[str, Any] = {}
        if type(model).__name__ == "MLPRegressor" and settings.get("loss") == "squared_error":
            search = {name: value for name, value in SEARCH.items() if name in settings}
            if "batch" in str(settings.get("normalization")).lower():
                # A frozen batch norm is an affine map, so the class is the same without it; L-BFGS
                # refuses it.
                search["normalization"] = None
        seeded = [name for name in self.estimator.get_params() if name.endswith("random_state")]
        starts = []
        for _ in range(self.n_starts if seeded else 1):
            start = clone(self.estimator)
            start.set_params(**{prefix + name: value for name, value in search.items()})
            start.set_params(**{name: int(random.integers(2**31)) for name in seeded})
            starts.append(start)
        return starts
