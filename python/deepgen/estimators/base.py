"""What both estimators share: from data to a trained network and back to predictions."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from deepgen import _core
from deepgen.course import Course, Plan
from deepgen.estimators.assembly import (
    batch_norm_of,
    make_network,
    make_optimizer,
    make_plan,
    refuse_combinations,
    start_network,
)
from deepgen.estimators.constraints import SHARED
from deepgen.estimators.fitted import FittedMLP
from deepgen.inputs import as_matrix, check_features, check_weights
from deepgen.lbfgs import minimize
from deepgen.network import Array, Network
from deepgen.optimizers import LBFGS, FirstOrder, Optimizer
from deepgen.specification import hidden_widths
from deepgen.threads import effective_threads
from deepgen.training import train
from deepgen.validation import Data, Validation, split_rows

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["BaseMLP", "can_continue"]


def can_continue(model: Any) -> bool:
    """Say whether an estimator has ``partial_fit``.

    Parameters
    ----------
    model : BaseMLP
        Whose ``solver`` is read.

    Returns
    -------
    can_continue : bool
        True; there is no False.

    Raises
    ------
    AttributeError
        If the solver works on the whole data at once.
    """
    if model.solver == "lbfgs" or isinstance(model.solver, LBFGS):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{model.solver} is not stochastic."
        )
    return True


class BaseMLP(FittedMLP):
    """Base of `MLPRegressor` and `MLPClassifier`; not to be used by itself.

    Examples
    --------
    >>> from deepgen import MLPClassifier, MLPRegressor
    >>> from deepgen.estimators.base import BaseMLP
    >>> issubclass(MLPClassifier, BaseMLP) and issubclass(MLPRegressor, BaseMLP)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = SHARED

    hidden_layer_sizes: Any
    early_stopping: bool
    validation_fraction: float
    warm_start: bool
    max_fun: int
    random_state: Any
    dtype: str

    @abstractmethod
    def _check_targets(self, y: Any, *, first: bool, incremental: bool) -> Any:
        """Refuse targets that do not fit; at first sight learn what they are."""

    @abstractmethod
    def _scale_targets(self, y: Any, weights: Array | None) -> None:
        """Learn the scaling of targets from those of the training rows."""

    @abstractmethod
    def _encode(self, y: Any, dtype: np.dtype[Any]) -> Array:
        """Return targets as the engine takes them."""

    @abstractmethod
    def _engine_loss(self) -> tuple[_core.Component, int, str]:
        """Return the engine's loss, the number of outputs and the name of the inverse link."""

    @abstractmethod
    def _measure(self, y: Any, weights: Array | None, network: Network, data: Data) -> float:
        """Score a network on samples with targets ``y``; NaN where an output is not finite."""

    @abstractmethod
    def _strata(self, y: Any) -> Array | None:
        """Return the classes that validation rows are balanced by."""

    def _read(self, X: Any, y: Any, dtype: np.dtype[Any], *, reset: bool) -> tuple[Any, Any]:
        """Check samples and targets as far as scikit-learn does."""
        pair: tuple[Any, Any] = check_features(self, X, dtype, reset=reset, y=y, multi_output=True)
        return pair

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        coefs_init: Any = None,
        intercepts_init: Any = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features; CSR and CSC matrices are not densified.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets of a regressor, labels of a classifier; several labels a sample are a matrix of
            0 and 1, which may be sparse.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, >= 0.
        X_val : array-like or sparse matrix of shape (n_val, n_features), default=None
            Validation features in place of a random split; without early stopping they are
            measured only.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Validation targets or labels; needed with ``X_val``.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation samples.
        coefs_init : sequence of ndarray of shape (in, out), default=None
            Starting weights, one array a layer; they win over ``warm_start``.
        intercepts_init : sequence of ndarray of shape (out,), default=None
            Starting intercepts; with ``coefs_init`` alone they are 0.

        Returns
        -------
        self : estimator
            This object, fitted.
        """
        return self._fit(
            X,
            y,
            sample_weight,
            held_out=(X_val, y_val, sample_weight_val),
            coefs_init=coefs_init,
            intercepts_init=intercepts_init,
        )

    def _fit(self, *data: Any, **options: Any) -> Self:
        """Train; a call that fails leaves the attributes as they were."""
        before = dict(vars(self))
        try:
            return self._fit_or_fail(*data, **options)
        except BaseException:
            self.__dict__ = before
            raise

    def _fit_or_fail(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        held_out: tuple[Any, Any, Any] = (None, None, None),
        coefs_init: Any = None,
        intercepts_init: Any = None,
        incremental: bool = False,
    ) -> Self:
        began = time.perf_counter()
        self._validate_params()
        hidden_widths(self.hidden_layer_sizes)
        optimizer = make_optimizer(self)
        refuse_combinations(self, optimizer, incremental=incremental)
        if (held_out[0] is None) != (held_out[1] is None):
            raise ValueError("X_val and y_val belong together: give both or neither")
        if held_out[0] is None and held_out[2] is not None:
            raise ValueError("sample_weight_val needs X_val and y_val: it weighs their samples")
        n_threads = effective_threads(self.n_jobs)
        continues = hasattr(self, "network_") and (self.warm_start or incremental)
        first = not continues or coefs_init is not None

        dtype = np.dtype("float64" if isinstance(optimizer, LBFGS) else self.dtype)
        features, y = self._read(X, y, dtype, reset=first)
        y = self._check_targets(y, first=first, incremental=incremental)
        weights = check_weights(sample_weight, features, dtype)
        course = Course(self._draw_seed()) if first else self._course
        rows = held_rows = None
        if self.early_stopping and held_out[0] is None and isinstance(optimizer, FirstOrder):
            rows, held_rows = self._split(y, weights, features.shape[0], course.seed)
        if first:
            part = slice(None) if rows is None else rows
            self._scale_targets(y[part], None if weights is None else weights[part])
        data = Data(as_matrix(features), self._encode(y, dtype), weights, rows)
        plan = make_plan(
            self,
            optimizer,
            n_rows=data.n_rows,
            n_threads=n_threads,
            incremental=incremental,
            began=began,
        )
        network = self._network(features.shape[1], dtype, None if first else self.network_)
        if first:
            start_network(
                self, network, data, course.seed, coefs=coefs_init, intercepts=intercepts_init
            )
        else:
            network.set_layers(intercepts=intercepts_init)
            if network.dtype != self.network_.dtype:
                course.forget()
        validation = None
        if held_rows is not None:
            validation = self._validation(Data(data.X, data.y, weights, held_rows), y[held_rows])
        elif held_out[0] is not None:
            validation = self._held_out(*held_out, dtype)
        self._train(network, data, validation, optimizer, plan, course)
        self.network_, self._course = network.as_type(np.dtype(self.dtype)), course
        return self

    def _split(
        self, y: Any, weights: Array | None, n_samples: int, seed: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        parts = split_rows(n_samples, self.validation_fraction, seed, self._strata(y))
        for rows, what in zip(parts, ("training", "validation"), strict=True):
            if weights is not None and not weights[rows].any():
                raise ValueError(f"All sample_weight of the {what} rows are zero")
        return parts

    def _network(self, n_inputs: int, dtype: np.dtype[Any], before: Network | None) -> Network:
        """Return the network to train, with the parameters of the one before."""
        loss, self.n_outputs_, self.out_activation_ = self._engine_loss()
        return make_network(
            self,
            n_inputs=n_inputs,
            n_outputs=self.n_outputs_,
            loss=loss,
            dtype=dtype,
            before=before,
        )

    def _train(
        self,
        network: Network,
        data: Data,
        validation: Validation | None,
        optimizer: Optimizer,
        plan: Plan,
        course: Course,
    ) -> None:
        """Train the network and leave ``course`` as a later call shall find it."""
        if isinstance(optimizer, LBFGS):
            max_fun = self.max_fun if optimizer.max_fun is None else optimizer.max_fun
            self.n_iter_ = minimize(
                network,
                data,
                validation,
                plan,
                course,
                history_size=optimizer.history_size,
                max_fun=max_fun,
            )
        else:
            self.n_iter_ = train(network, data, validation, plan, course)
        if not (self.warm_start or plan.incremental):
            course.forget()
        norm = batch_norm_of(self)
        if norm is not None and norm.recalibrate and not plan.incremental:
            running = network.parameters.copy()
            network.recalibrate(data.X, rows=data.rows, n_threads=plan.n_threads)
            if course.slots is not None:
                course.served = network.parameters.copy()
                course.parameters = running if course.parameters is None else course.parameters

    def _validation(self, data: Data, y: Any) -> Validation:
        """Return the samples that are scored after each epoch; ``y`` are their targets."""
        weights = None if data.weights is None else data.of(data.weights)
        return Validation(data, lambda network, of: self._measure(y, weights, network, of))

    def _held_out(self, X: Any, y: Any, sample_weight: Any, dtype: np.dtype[Any]) -> Validation:
        """Check the validation data that the user gave."""
        features, y = self._read(X, y, dtype, reset=False)
        y = self._check_targets(y, first=False, incremental=True)
        weights = check_weights(sample_weight, features, dtype)
        return self._validation(Data(as_matrix(features), self._encode(y, dtype), weights), y)

    def _as_data(
        self, X: Any, y: Any, sample_weight: Any = None, dtype: np.dtype[Any] | type = np.float64
    ) -> Data:
        """Return samples as the engine takes them, checked as ``fit`` checks them."""
        check_is_fitted(self)
        dtype = np.dtype(dtype)
        features, y = self._read(X, y, dtype, reset=False)
        y = self._check_targets(y, first=False, incremental=True)
        weights = check_weights(sample_weight, features, dtype)
        return Data(as_matrix(features), self._encode(y, dtype), weights)

    def _draw_seed(self) -> int:
        state = check_random_state(self.random_state)
        return int(state.randint(np.iinfo(np.int64).max, dtype=np.int64))
