"""Base of both estimators: parameters, `fit`, and what they share with scikit-learn."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, cast

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import InvalidParameterError

from deepgen._inputs.targets import Targets
from deepgen._parquet import ParquetRows
from deepgen._training.callbacks import CallbackSupport
from deepgen._training.state import unchanged_on_failure
from deepgen.averaging import BatchEnsemble, Snapshots
from deepgen.estimators.batch_ensemble import fit_batch_ensemble
from deepgen.estimators.constraints import SHARED, refusal_hint
from deepgen.estimators.ensemble import fit_members
from deepgen.estimators.fit import fit_estimator
from deepgen.estimators.fitted import FittedMLP
from deepgen.estimators.refuse_beside_rows import refuse_beside_rows
from deepgen.estimators.snapshots import fit_snapshots
from deepgen.optimizers import LBFGS

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["BaseMLP", "SuggestsNames", "can_continue"]


def can_continue(model: Any) -> bool:
    """Return whether an estimator has ``partial_fit``.

    Parameters
    ----------
    model : BaseMLP
        Estimator with a ``solver``.

    Returns
    -------
    can_continue : bool
        Always True; otherwise an error is raised.

    Raises
    ------
    AttributeError
        If the solver works on all data at once.
    """
    if model.solver == "lbfgs" or isinstance(model.solver, LBFGS):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{model.solver} is not stochastic."
        )
    return True


class SuggestsNames:
    """Mixin of estimators: a refused name comes with a suggestion of what was meant.

    Examples
    --------
    >>> from deepgen import MLPRegressor, TabularRegressor
    >>> from deepgen.estimators.base import SuggestsNames
    >>> issubclass(MLPRegressor, SuggestsNames) and issubclass(TabularRegressor, SuggestsNames)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]]

    def _validate_params(self) -> None:
        """Validate parameters as scikit-learn does, with suggestions for unknown names."""
        estimator: Any = super()
        try:
            estimator._validate_params()
        except InvalidParameterError as error:
            params = cast(BaseEstimator, self).get_params(deep=False)
            more = refusal_hint(self._parameter_constraints, params, str(error))
            if not more:
                raise
            raise InvalidParameterError(f"{error}{more}") from error


class BaseMLP(SuggestsNames, CallbackSupport, FittedMLP):
    """Base of `MLPRegressor` and `MLPClassifier`, not for direct use.

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
    validation_fraction: Any
    warm_start: bool
    max_fun: int
    random_state: Any
    dtype: str
    averaging: Any
    n_members: int

    @abstractmethod
    def _make_targets(self, y: Any, previous: Any, classes: Any = None) -> Targets:
        """Return the targets of a call: ``previous`` with this call's parameters.

        Without ``previous``, new targets are learned from ``y``, with ``classes`` that it lacks.
        """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        coefs_init: Any = None,
        intercepts_init: Any = None,
        groups: Any = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or ParquetRows
            Features; CSR and CSC matrices are not densified. `deepgen.ParquetRows` are features and
            targets in files, which may be larger than memory.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets of a regressor, labels of a classifier; multilabel targets are a matrix of 0 and
            1, which may be sparse. Required, except with `ParquetRows`.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, >= 0.
        X_val : array-like or sparse matrix of shape (n_val, n_features), default=None
            Validation features, instead of a random split; without early stopping they are only
            measured.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Validation targets or labels; required with ``X_val``.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation samples.
        coefs_init : sequence of ndarray of shape (in, out), default=None
            Starting weights, one array per layer; they take precedence over ``warm_start``.
        intercepts_init : sequence of ndarray of shape (out,), default=None
            Starting intercepts; 0 if only ``coefs_init`` is given.
        groups : array-like of shape (n_samples,), default=None
            Samples of one group stay together in the split of early stopping; a splitter in
            ``validation_fraction`` gets them too. Without early stopping they have no effect.

        Returns
        -------
        self : estimator
            This object, fitted.

        Raises
        ------
        ValueError
            If parameters, data or weights cannot be used. The estimator then keeps its state.
        RuntimeError
            If ``device='cuda'`` lacks a plugin, a driver, a GPU or memory; the message says how to
            get it. The estimator then keeps its state.

        Warns
        -----
        ConvergenceWarning
            If ``max_iter`` or ``max_time`` was used up, if training diverged, or if it ended worse
            than a constant prediction on its own rows; the message then names features whose scales
            differ by more than 1000. After fewer than 20 epochs, only if the loss is ten times as
            high.
        UserWarning
            If a parameter has no effect.

        See Also
        --------
        partial_fit : Train for one epoch.

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
            groups=groups,
        )

    def _fit(self, *data: Any, **options: Any) -> Self:
        """Train; a failed call leaves the attributes unchanged."""
        with unchanged_on_failure(self):
            if isinstance(data[0], ParquetRows):
                refuse_beside_rows(self, *data[1:], **options)
            if self.averaging == "snapshot" or isinstance(self.averaging, Snapshots):
                fit_snapshots(self, *data, **options)
            elif self.averaging == "batch_ensemble" or isinstance(self.averaging, BatchEnsemble):
                fit_batch_ensemble(self, *data, **options)
            elif self.n_members == 1:
                fit_estimator(self, *data, **options)
            else:
                fit_members(self, *data, **options)
        return self
