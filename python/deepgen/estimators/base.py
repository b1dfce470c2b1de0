"""What both estimators share: from data to a trained network and back to predictions."""

from __future__ import annotations

import time
from abc import abstractmethod
from threading import Event
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from deepgen._engine.arrays import AnyArray
from deepgen._engine.threads import effective_threads
from deepgen._inputs.features import as_matrix
from deepgen._inputs.targets import Targets
from deepgen._network.network import Network
from deepgen._training.callbacks import CallbackSupport, CallbackTasks, with_callbacks
from deepgen._training.data import Data
from deepgen._training.first_order import train
from deepgen._training.lbfgs import minimize
from deepgen._training.plan import TrainingPlan
from deepgen._training.state import TrainingState
from deepgen._training.validation import Validation, split_rows
from deepgen._user_warnings import warn
from deepgen.averaging import Averaging, LearnedLine, Snapshots
from deepgen.estimators.constraints import SHARED
from deepgen.estimators.ensemble import fit_members
from deepgen.estimators.fitted import FittedMLP
from deepgen.estimators.from_parameters import (
    batch_norm_of,
    make_averaging,
    make_network,
    make_optimizer,
    make_plan,
)
from deepgen.estimators.incompatibilities import refuse_combinations
from deepgen.estimators.network_spec import hidden_widths, numpy_type
from deepgen.estimators.scoring import (
    ValidationSet,
    criterion,
    fitted_attributes,
    score_function,
    with_names,
)
from deepgen.estimators.snapshots import fit_snapshots
from deepgen.estimators.starting_weights import start_line, start_network
from deepgen.optimizers import LBFGS, FirstOrder, Optimizer

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


class BaseMLP(CallbackSupport, FittedMLP):
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
    averaging: Any
    n_members: int

    @abstractmethod
    def _relate(self, y: Any, known: Any) -> Targets:
        """Return what relates targets to the engine: ``known`` with this call's parameters.

        Without ``known``, what ``y`` tells of itself is learned.
        """

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

        Raises
        ------
        ValueError
            If parameters, data or weights cannot be used: the message says what came and what is
            wanted. The estimator stays as it was.

        Warns
        -----
        ConvergenceWarning
            If ``max_iter`` or ``max_time`` was used up, or if training diverged.
        UserWarning
            If a parameter has no effect.

        See Also
        --------
        partial_fit : One epoch.

        Examples
        --------
        >>> from deepgen import MLPRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0]
        >>> model = MLPRegressor(solver="lbfgs", hidden_layer_sizes=(), tol=1e-6)
        >>> model.fit(X, y, sample_weight=[1, 1, 1, 0]).predict([[5.0]]).round(1).tolist()
        [5.0]
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
        mark = self._training_state.checkpoint() if hasattr(self, "_training_state") else None
        try:
            if self.averaging == "snapshot" or isinstance(self.averaging, Snapshots):
                fit_snapshots(self, *data, **options)
            elif self.n_members == 1:
                self._fit_or_fail(*data, **options)
            else:
                fit_members(self, *data, **options)
            return self
        except BaseException:
            self.__dict__ = before
            if mark is not None:
                self._training_state.rollback(mark)
            raise

    def _check_call(self, held_out: tuple[Any, Any, Any], *, incremental: bool) -> Optimizer:
        """Refuse what needs no look at the data; return the optimizer.

        Raises
        ------
        ValueError
            If parameters are out of range or do not go together, or a part of the validation data
            is missing.
        """
        self._validate_params()
        hidden_widths(self.hidden_layer_sizes)
        optimizer = make_optimizer(self)
        refuse_combinations(self, optimizer, incremental=incremental)
        if (held_out[0] is None) != (held_out[1] is None):
            raise ValueError("X_val and y_val belong together: give both or neither")
        if held_out[0] is None and held_out[2] is not None:
            raise ValueError("sample_weight_val needs X_val and y_val: it weighs their samples")
        return optimizer

    @with_callbacks  # type: ignore[untyped-decorator]
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
        began: float | None = None,
        stop: Event | None = None,
        averaging: Averaging | None = None,
    ) -> Self:
        """Train one network; the last arguments come from a fit of several."""
        began = time.perf_counter() if began is None else began
        optimizer = self._check_call(held_out, incremental=incremental)
        n_threads = effective_threads(self.n_jobs)
        continues = hasattr(self, "network_") and (self.warm_start or incremental)
        first = not continues or coefs_init is not None

        products = "float64" if isinstance(optimizer, LBFGS) else self.dtype
        dtype = numpy_type(products)
        features, y = self._read(X, y, dtype, reset=first)
        targets = self._relate(y, None if first else self._targets)
        y = targets.check(y, numpy_type(self.dtype), complete=not incremental)
        targets = targets.counted(y)
        weights, given = targets.weigh(y, sample_weight, features, dtype)
        state = TrainingState(self._draw_seed()) if first else self._training_state
        state.use_criterion(criterion(self, targets))
        rows = held_rows = None
        if self.early_stopping and held_out[0] is None and isinstance(optimizer, FirstOrder):
            rows, held_rows = self._split(targets.strata(y), weights, features.shape[0], state.seed)
        if first:
            part = slice(None) if rows is None else rows
            targets = targets.scaled(y[part], None if weights is None else weights[part])
        data = Data(as_matrix(features), targets.encode(y, dtype), weights, rows)
        plan = make_plan(
            self,
            optimizer,
            n_rows=data.n_rows,
            n_threads=n_threads,
            incremental=incremental,
            began=began,
            stop=stop,
            averaging=make_averaging(self) if averaging is None else averaging,
        )
        state.use_averaging(plan.averaging)
        network = make_network(
            self,
            n_inputs=features.shape[1],
            n_outputs=targets.n_outputs,
            loss=targets.core,
            products=products,
            before=None if first else self.network_,
        )
        if first:
            start_network(
                self, network, data, state.seed, coefs=coefs_init, intercepts=intercepts_init
            )
            if isinstance(plan.averaging, LearnedLine):
                state.averaging_state["ends"] = start_line(self, network, data, state.seed)
        else:
            network.set_layers(intercepts=intercepts_init)
            if network.dtype != self.network_.dtype:
                state.drop_optimizer_state()
        held = None
        if held_rows is not None:
            given = None if given is None else given[held_rows]
            own = Data(data.X, data.y, weights, held_rows)
            held = ValidationSet(with_names(X, features), y[held_rows], given, own)
        elif held_out[0] is not None:
            try:
                held = self._read_samples(targets, *held_out, dtype)
            except (TypeError, ValueError) as error:
                kind = TypeError if isinstance(error, TypeError) else ValueError
                raise kind(f"X_val, y_val or sample_weight_val: {error}") from error
        validation = None
        if held is not None:
            validation = Validation(held.data, score_function(self, targets, held, state))
        tasks = None
        if not incremental:
            shown = (with_names(X, features), y, sample_weight)
            tasks = self._tasks(shown, plan.n_epochs, targets, state)
        self._train(network, data, validation, optimizer, plan, state, tasks)
        self.network_, self._training_state = network.as_type(numpy_type(self.dtype)), state
        self._targets = targets
        self.__dict__.pop("_members", None)
        if tasks is not None:
            tasks.close()
        return self

    def _tasks(
        self, shown: tuple[Any, Any, Any], n_epochs: int, targets: Targets, state: TrainingState
    ) -> CallbackTasks | None:
        """Return what tells callbacks of each epoch, where there are callbacks."""
        before = state.n_epochs

        def attributes(network: Network) -> dict[str, Any]:
            now = fitted_attributes(self, targets, state, network)
            return {**now, "n_iter_": state.n_epochs - before}

        return CallbackTasks.of(self, *shown, n_epochs=n_epochs, attributes=attributes)

    def _split(
        self, strata: AnyArray | None, weights: AnyArray | None, n_samples: int, seed: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        parts = split_rows(n_samples, self.validation_fraction, seed, strata)
        for rows, what in zip(parts, ("training", "validation"), strict=True):
            if weights is not None and not weights[rows].any():
                raise ValueError(f"All sample_weight of the {what} rows are zero")
        return parts

    def _train(
        self,
        network: Network,
        data: Data,
        validation: Validation | None,
        optimizer: Optimizer,
        plan: TrainingPlan,
        state: TrainingState,
        tasks: CallbackTasks | None,
    ) -> None:
        """Train the network and leave ``state`` as a later call shall find it."""
        if isinstance(optimizer, LBFGS):
            max_fun = self.max_fun if optimizer.max_fun is None else optimizer.max_fun
            self.n_iter_ = minimize(
                network,
                data,
                validation,
                plan,
                state,
                tasks,
                history_size=optimizer.history_size,
                max_fun=max_fun,
            )
        else:
            self.n_iter_ = train(network, data, validation, plan, state, tasks)
        if not (self.warm_start or plan.incremental):
            state.drop_optimizer_state()
            if plan.averaging is not None:
                plan.averaging.restart(state.averaging_state)
        norm = batch_norm_of(self)
        averaged = plan.averaging is not None and plan.averaging.replaces_weights
        if norm is not None and (averaged or (norm.recalibrate and not plan.incremental)):
            running = network.parameters.copy()
            try:
                network.recalibrate(data.X, rows=data.rows, n_threads=plan.n_threads)
            except KeyboardInterrupt:
                network.parameters[...] = running
                warn("Training interrupted by user.")
            if state.optimizer_state is not None:
                state.prediction_weights = network.parameters.copy()
                state.resume_weights = (
                    running if state.resume_weights is None else state.resume_weights
                )

    def _draw_seed(self) -> int:
        state = check_random_state(self.random_state)
        return int(state.randint(np.iinfo(np.int64).max, dtype=np.int64))
