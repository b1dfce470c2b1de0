"""Refits of an estimator on parts of its rows: the measurements of `which_error`.

Rows are split as in cross-validation. Per split, each kind of refit is trained on the same training
rows and measured on the same held-out rows, so that differences of two kinds are paired. Every
measurement is a column with one number per row: of a held-out loss that of the row's split, of a
training loss the mean over the splits in which the row trained. So training and held-out losses are
paired, too: both have the noise of the same rows.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen.decomposition.class_of import class_of
from deepgen.decomposition.multi_start import (
    PERCEPTRONS,
    MultiStart,
    last_step,
    search_settings,
    set_seed,
)
from deepgen.decomposition.squared_risk import SquaredRisk
from deepgen.report.losses_of_rows import LossOfRows, RiskOfLabels
from deepgen.report.noise_floor import N_NEIGHBORS, nearest_pairs, repeated_variance
from deepgen.report.simple_models import fit_simple_models
from deepgen.report.variants import FACTOR, longer, wider

__all__ = ["KINDS", "SHARES", "Refits"]

SHARES: Final = (1 / 8, 1 / 4, 1 / 2, 1.0)
"""Parts of the training rows on which the learning curve is measured."""
FEWEST_TO_TRAIN: Final = 20
"""Smallest number of rows of a point of the learning curve."""
ROWS_PER_NEIGHBOR: Final = 10
"""Held-out rows per neighbour: more neighbours of few rows would be far."""
ENOUGH_REPEATED: Final = 0.5
"""Share of rows with repeated features from which these give the noise floor."""
N_STARTS: Final = 4
"""Number of starts of a search for the least training loss."""
N_SEEDS: Final = 2
"""Number of further fits of the estimator on each split, with other seeds."""
SEARCH_RATE: Final = 2e10
"""Multiply-adds per second that a search is taken to do when its duration is foreseen."""
SEARCH_PASSES: Final = 6_000
"""Passes over the rows that a search is taken to need."""
KINDS: Final = ("own", "curve", "seed", "search", "simple models", "longer", "wider")
"""Kinds of refits, the most important first."""
ROWS_PER_WIDE_PARAMETER: Final = 4
MOST_UNITS: Final = 64
"""Size of the wider network beside an estimator without hidden layers."""
WIDE_STEPS: Final = 200
"""Iterations of the search in wider networks, which need not reach the least loss."""
WIDE_PENALTY: Final = (1e-3, 1.0)
"""Its alpha for numbers and for labels: without a prior wide classifiers are sure of errors."""


@dataclass
class Refits:
    """The measurements of one estimator on one table.

    Parameters
    ----------
    model : estimator
        Estimator or pipeline; copies are fitted.
    X : data frame, array-like or sparse matrix of shape (n_samples, n_features)
        Rows.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Targets or labels.
    weights : ndarray of shape (n_samples,) or None
        Sample weights.
    loss : LossOfRows
        Loss of a row.
    features : ndarray, sparse matrix or None
        Numbers for distances between rows; None if there are none.
    random : numpy.random.Generator
        Source of all seeds.

    Attributes
    ----------
    columns : dict of str to ndarray of shape (n_samples,)
        Losses of each row by kind of refit; NaN where not measured.
    split : ndarray of shape (n_samples,)
        Number of the split that held out the row; -1 for none yet.
    sizes : tuple of int
        Numbers of training rows of the learning curve.
    seconds : dict of str to float
        Duration of each kind on the last split.
    n_parameters : int
        Number of weights of a network; 0 for other estimators.
    growth : float
        Number of weights of the wider network per weight.
    copies : float
        Share of the rows that repeat another one with its target.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from deepgen.report.losses_of_rows import LossOfRows
    >>> from deepgen.report.refits import Refits
    >>> X, y = np.arange(40.0)[:, None], np.arange(40.0)
    >>> random = np.random.default_rng(0)
    >>> refits = Refits(LinearRegression(), X, y, None, LossOfRows(None), X, random)
    >>> refits.measure("own", np.arange(32), np.arange(32, 40), 0)
    >>> bool(refits.columns["own"][39] < 1e-12)
    True
    """

    model: Any
    X: Any
    y: NDArray[Any]
    weights: FloatArray | None
    loss: LossOfRows
    features: Any
    random: np.random.Generator
    columns: dict[str, FloatArray] = field(init=False, default_factory=dict)
    split: NDArray[np.int64] = field(init=False)
    sizes: tuple[int, ...] = field(init=False, default=())
    seconds: dict[str, float] = field(init=False, default_factory=dict)
    n_parameters: int = field(init=False, default=0)
    growth: float = field(init=False, default=float(FACTOR))
    copies: float = field(init=False, default=0.0)
    _counts: dict[str, FloatArray] = field(init=False, default_factory=dict)
    _own_fits: list[Any] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.split = np.full(len(self.y), -1)
        if isinstance(self.features, np.ndarray):
            targets = self.loss.one_hot(self.y)
            variances, self.copies = repeated_variance(self.features, targets)
            if np.mean(np.isfinite(variances)) > ENOUGH_REPEATED:
                self.columns["repeated"] = variances

    def measure(
        self, kind: str, train: NDArray[np.int64], test: NDArray[np.int64], split: int
    ) -> None:
        """Measure one kind of refit on one split.

        Parameters
        ----------
        kind : {'own', 'curve', 'seed', 'search', 'simple models', 'longer', 'wider'}
            The kind; 'own' comes first.
        train, test : ndarray
            Indices of training and of held-out rows.
        split : int
            Number of the split.
        """
        began = time.perf_counter()
        self.split[test] = split
        measures: dict[str, Callable[..., None]] = {
            "own": self._own,
            "curve": self._curve,
            "search": self._search,
            "simple models": self._simple_models,
            "seed": self._seed,
            "longer": self._longer,
            "wider": self._wider,
        }
        with warnings.catch_warnings():
            # Few iterations, few rows of a class: what refits are about, or told by the result.
            warnings.simplefilter("ignore")
            measures[kind](train, test)
        self.seconds[kind] = time.perf_counter() - began

    def parts(self, train: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Return nested parts of the training rows, the smallest first and all of them last.

        Parameters
        ----------
        train : ndarray
            Indices of training rows, in random order.

        Returns
        -------
        parts : list of ndarray
            Indices, without parts of fewer than 20 rows or without each class.
        """
        found = []
        for share in SHARES:
            part = train[: int(share * len(train))]
            classes = self.loss.classes
            complete = classes is None or len(np.unique(self.y[part])) == len(classes)
            if share == 1 or (len(part) >= FEWEST_TO_TRAIN and complete):
                found.append(part)
        return found

    def _own(self, train: NDArray[np.int64], test: NDArray[np.int64]) -> None:
        model = self._fitted(self.model, train)
        self._own_fits = [model]
        last = last_step(model)[1]
        coefs = getattr(getattr(last, "mlp_", last), "coefs_", [])
        sizes = [int(np.size(one)) for one in coefs]
        self.n_parameters = sum(sizes)
        # More units on one side of the outer weights, on both sides of the others.
        self.growth = FACTOR + FACTOR * (FACTOR - 1) * sum(sizes[1:-1]) / max(sum(sizes), 1)
        self._predicted = self._keep("own", model, test)
        self._keep_train("own train", model, train)
        if self.loss.classes is not None:
            named = self.loss.classes[self._predicted.argmax(axis=1)]
            self._put("own hits", test, (named == self.y[test]).astype(float))
        if self.features is not None and len(test) > 2:
            # Rows of other splits may be nearer, but their models have seen each other's noise.
            n_near = min(N_NEIGHBORS, max(len(test) // ROWS_PER_NEIGHBOR, 2))
            self._pairs = nearest_pairs(self.features[test], n_near)
            places = np.arange(self._pairs.neighbors.shape[1])
            for place in places:
                distances = self._pairs.squared_distances[:, place]
                self._put(f"distance {place}", test, distances)
            self._products("own", self._predicted, test)

    def _curve(self, train: NDArray[np.int64], test: NDArray[np.int64]) -> None:
        *smaller, whole = self.parts(train)
        self.sizes = (*(len(part) for part in smaller), len(whole))
        for place, part in enumerate(smaller):
            self._keep(f"own {place}", self._fitted(self.model, part), test)

    def _search(self, train: NDArray[np.int64], test: NDArray[np.int64]) -> None:
        X, y = self._rows(train)
        best = self.hypotheses().minimize(X, y, None, self.random)
        # A fit of the estimator's own may have found a smaller loss.
        candidates = [best, *self._own_fits]
        losses = [np.mean(self.loss(self.loss.predictions(one, X), y)) for one in candidates]
        best = candidates[int(np.nanargmin(losses))]
        self._products("search", self._keep("search", best, test), test)
        self._keep_train("search train", best, train)
        wide = wider(self.model, X) or self._reference(len(train))
        prefix, last = last_step(wide)
        numbers = self.loss.classes is None
        settings = {**search_settings(last), "alpha": WIDE_PENALTY[0 if numbers else 1]}
        settings = {key: settings[key] for key in settings if key not in ("tol", "max_fun")}
        settings["max_iter"] = WIDE_STEPS
        wide.set_params(**{prefix + key: value for key, value in settings.items()})
        fitted = self._fitted(wide, train)
        self._products("wide search", self._keep("wide search", fitted, test), test)
        if numbers:
            # Of a classifier the held-out loss is bound enough: it is penalized, not interpolating.
            self._keep_train("wide search train", fitted, train)

    def _reference(self, n_train: int) -> Any:
        """Return a network for estimators without hidden layers: small beside the rows."""
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        from deepgen.estimators import MLPClassifier, MLPRegressor

        units = n_train // (ROWS_PER_WIDE_PARAMETER * (self.X.shape[1] + 2))
        kind: Any = MLPRegressor if self.loss.classes is None else MLPClassifier
        network = kind(hidden_layer_sizes=(int(np.clip(units, 4, MOST_UNITS)),))
        return make_pipeline(StandardScaler(), network)

    def _simple_models(self, train: NDArray[np.int64], test: NDArray[np.int64]) -> None:
        X, y = self._rows(train)
        weights = None if self.weights is None else self.weights[train]
        answers = fit_simple_models(X, y, weights, self._rows(test)[0], self.loss)
        for name, predicted in answers.items():
            self._put(name, test, self.loss(predicted, self.y[test]))
            if name != "constant":
                self._products(name, predicted, test)

    def _seed(self, train: NDArray[np.int64], test: NDArray[np.int64]) -> None:
        for place in range(N_SEEDS):
            model = self._fitted(self.model, train)
            self._own_fits.append(model)
            other = self._keep(f"seed {place}", model, test)
        mean = (other + self._predicted) / 2
        self._put("last seed", test, self.loss(other, self.y[test]))
        self._put("mean of seeds", test, self.loss(mean, self.y[test]))

    def _longer(self, train: NDArray[np.int64], test: NDArray[np.int64]) -> None:
        last = last_step(self._own_fits[0])[1]
        n_iter = getattr(getattr(last, "mlp_", last), "n_iter_", None)
        model = longer(self.model, self._rows(train)[0], n_iter)
        if model is not None:
            fitted = self._fitted(model, train)
            self._products("longer", self._keep("longer", fitted, test), test)
            self._keep_train("longer train", fitted, train)

    def _wider(self, train: NDArray[np.int64], test: NDArray[np.int64]) -> None:
        model = wider(self.model, self._rows(train)[0])
        if model is not None:
            fitted = self._fitted(model, train)
            self._products("wider", self._keep("wider", fitted, test), test)

    def hypotheses(self) -> Any:
        """Return the class of functions whose best members can be found; None if there is none.

        Returns
        -------
        hypotheses : HypothesisClass or None
            For linear models, trees of one input, and perceptrons with the squared error or the
            log loss.
        """
        from scipy.sparse import issparse

        if self.weights is not None or self.y.ndim > 1:
            return None
        if issparse(self.X) or hasattr(self.X, "columns"):
            return None
        last = last_step(self.model)[1]
        settings = last.get_params(deep=False)
        risk = SquaredRisk() if self.loss.classes is None else RiskOfLabels(self.loss)
        seed, n_features = int(self.random.integers(2**31)), self.X.shape[1]
        found = class_of(self.model, n_features, N_STARTS, seed, risk)
        name, unweighted = type(last).__name__, settings.get("class_weight") is None
        searched = (name, settings.get("loss", "log_loss")) in PERCEPTRONS
        searched = unweighted and (searched or name == "LogisticRegression")
        return found if searched or not isinstance(found, MultiStart) else None

    def seconds_of_search(self, n_train: int) -> float:
        """Return the foreseen duration of 'search' on one split.

        Parameters
        ----------
        n_train : int
            Number of training rows.

        Returns
        -------
        seconds : float
            A rough guess, before any search.
        """
        work = n_train * self.n_parameters * 3 * SEARCH_PASSES * N_STARTS
        return work / SEARCH_RATE

    def seconds_of(self, kind: str) -> float:
        """Return the foreseen duration of a kind on one split, from that of 'own'.

        Parameters
        ----------
        kind : str
            The kind.

        Returns
        -------
        seconds : float
            That of the last split if it was measured.
        """
        own = self.seconds["own"]
        guesses = {"curve": 0.9, "seed": N_SEEDS, "longer": FACTOR}
        guesses["wider"] = max(1.5 * FACTOR, self.growth)
        return self.seconds.get(kind, guesses.get(kind, 1.0) * own)

    def _rows(self, rows: NDArray[np.int64]) -> tuple[Any, NDArray[Any]]:
        from sklearn.utils import _safe_indexing

        return _safe_indexing(self.X, rows), self.y[rows]

    def _fitted(self, model: Any, rows: NDArray[np.int64]) -> Any:
        from sklearn.base import clone

        model = clone(model)
        for name, value in sorted(model.get_params().items()):
            last = name.rpartition("__")[2]
            if last == "random_state":
                # Every refit has a seed of its own: its spread is part of the answer.
                model.set_params(**{name: None})
            elif last in ("verbose", "warm_start") and value:
                model.set_params(**{name: False})
        set_seed(model, self.random)
        X, y = self._rows(rows)
        if self.weights is None:
            return model.fit(X, y)
        prefix = last_step(model)[0]
        return model.fit(X, y, **{f"{prefix}sample_weight": self.weights[rows]})

    def _keep_train(self, name: str, model: Any, rows: NDArray[np.int64]) -> None:
        """Average the losses of training rows over the splits in which they trained."""
        X, y = self._rows(rows)
        losses = self.loss(self.loss.predictions(model, X), y)
        column = self.columns.setdefault(name, np.full(len(self.y), np.nan))
        count = self._counts.setdefault(name, np.zeros(len(self.y)))
        column[rows] = (np.nan_to_num(column[rows]) * count[rows] + losses) / (count[rows] + 1)
        count[rows] += 1

    def _keep(self, name: str, model: Any, test: NDArray[np.int64]) -> FloatArray:
        X, y = self._rows(test)
        predicted = self.loss.predictions(model, X)
        self._put(name, test, self.loss(predicted, y))
        return predicted

    def _products(self, name: str, predicted: FloatArray, test: NDArray[np.int64]) -> None:
        """Keep the products of residuals of near rows."""
        if self.features is None or len(test) <= 2:
            return
        residuals = self.loss.one_hot(self.y[test]) - predicted
        self._put(f"{name} square", test, (residuals**2).mean(axis=1))
        for place, products in enumerate(self._pairs.products(residuals).T):
            self._put(f"{name} product {place}", test, products)

    def _put(self, name: str, test: NDArray[np.int64], values: Any) -> None:
        column = self.columns.setdefault(name, np.full(len(self.y), np.nan))
        column[test] = values
