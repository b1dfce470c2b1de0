"""Base of the estimators for tables: an encoder and an MLP with one interface."""

from __future__ import annotations

import time
from contextlib import nullcontext
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_consistent_length

from deepgen._display.epoch_bar import EpochBar
from deepgen._inputs.frame import read_frame
from deepgen._parquet import ParquetRows
from deepgen._retold import retold
from deepgen._user_warnings import collect_warnings, warn
from deepgen.estimators.base import SuggestsNames
from deepgen.estimators.constraints import SHARED, Names
from deepgen.estimators.refuse_beside_rows import refuse_beside_rows
from deepgen.estimators.streamed_samples import KEPT
from deepgen.preprocessing import TableEncoder
from deepgen.tabular.drawn_table import draw_table
from deepgen.tabular.encoded_rows import encoded_rows
from deepgen.tabular.fitted import FittedTabular
from deepgen.tabular.plan import FEWEST_ROWS, Plan, make_plan
from deepgen.tabular.presets import PRESETS, TIMED_MEMBERS
from deepgen.tabular.samples import Samples
from deepgen.tabular.summary import summarize
from deepgen.tabular.targets import n_outside_most_frequent, read_targets
from deepgen.tabular.time_budget import fit_in_time

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["BaseTabular", "can_continue"]

# Parameters passed to the MLP by name; None means the preset's value if the MLP has no None.
HANDED_ON = (
    *("loss", "n_members", "early_stopping", "validation_fraction", "scoring"),
    *("class_weight", "n_jobs", "device"),
)
MAX_SEED = np.iinfo(np.int32).max
# Plan, fitted encoder, samples for training and for validation, and rows for the summary.
Prepared = tuple[Plan, TableEncoder, Samples, Samples, Samples]


def can_continue(model: Any) -> bool:
    """Return whether an estimator has ``partial_fit``.

    Parameters
    ----------
    model : BaseTabular
        Estimator with constructor parameters.

    Returns
    -------
    can_continue : bool
        Always True; otherwise an error is raised.

    Raises
    ------
    AttributeError
        If a parameter needs all rows at once.
    """
    for name, value, reason in (
        ("early_stopping", model.early_stopping, "it sets rows of all aside"),
        ("max_time", model.max_time is not None, "it plans a whole training"),
    ):
        if value:
            raise AttributeError(
                f"partial_fit is not available with {name}={getattr(model, name)}: {reason}"
            )
    return True


class BaseTabular(SuggestsNames, FittedTabular):
    """Base of `TabularRegressor` and `TabularClassifier`, not for direct use.

    Examples
    --------
    >>> from deepgen import TabularClassifier, TabularRegressor
    >>> from deepgen.tabular.base import BaseTabular
    >>> issubclass(TabularClassifier, BaseTabular) and issubclass(TabularRegressor, BaseTabular)
    True
    """

    _task: ClassVar[str]
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "preset": [Names(set(PRESETS))],
        "categorical_features": ["array-like", Names({"from_dtype"}), None],
        "n_members": [*SHARED["n_members"], None],
        "network": [dict, None],
        **{
            name: SHARED[name]
            for name in (
                *("max_time", "early_stopping", "scoring"),
                *("random_state", "n_jobs", "verbose", "device"),
            )
        },
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), HasMethods("split")],
    }

    preset: str
    categorical_features: Any
    early_stopping: bool
    max_time: float | None
    n_members: int | None
    network: dict[str, Any] | None
    random_state: Any
    verbose: bool | int

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
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
    ) -> Self:
        """Fit encoder and networks.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns), or ParquetRows
            A table of pandas, Polars or Arrow, or an array, with numbers, strings, categories,
            booleans, dates and missing values; or `deepgen.ParquetRows`, a table in files with its
            targets, which may be larger than memory.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets or labels without missing values. Required, except with `ParquetRows`.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, >= 0. The encoder does not use them.
        X_val : data frame or array-like of shape (n_val, n_columns), default=None
            Validation rows, instead of rows held out by early stopping.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Targets or labels of the validation rows; required with ``X_val``.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation rows.

        Returns
        -------
        self : estimator
            This object, fitted.

        Raises
        ------
        ValueError
            If parameters or data cannot be used; the message names the column or parameter. The
            estimator then keeps its state.

        Warns
        -----
        ConvergenceWarning
            If ``max_time`` ended a network before its schedule, or if training diverged.
        UserWarning
            If a column is dropped because it has no values, or there are too few rows to hold some
            out.

        See Also
        --------
        to_pipeline : Encoder and MLP as a pipeline.

        Examples
        --------
        >>> import pandas
        >>> from deepgen import TabularRegressor
        >>> table = pandas.DataFrame({"size": range(40), "town": ["Ulm", "Bonn"] * 20})
        >>> model = TabularRegressor(preset="fast", random_state=0).fit(table, table["size"])
        >>> model.predict(table.head(3)).shape
        (3,)
        """
        self._fit(
            X, y, sample_weight, (X_val, y_val, sample_weight_val), has_bar=bool(self.verbose)
        )
        if self.verbose:
            print(self.summary_, flush=True)
        return self

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        held_out: tuple[Any, Any, Any] = (None, None, None),
        *,
        has_bar: bool,
    ) -> Samples:
        """Fit as `fit`, but print nothing; ``has_bar`` draws the progress bar.

        Returns the samples; of rows in files some that were drawn.
        """
        began = time.perf_counter()
        self._validate_params()
        if isinstance(X, ParquetRows):
            refuse_beside_rows(self, y, sample_weight, held_out=held_out)
            prepared = self._prepare_rows(X, held_out)
        else:
            prepared = self._prepare(X, y, sample_weight, held_out)
        plan, encoder, samples, validation, drawn = prepared
        bar = None
        if has_bar:
            bar = EpochBar(type(self).__name__, plan.n_epochs * plan.n_members)
        with collect_warnings() as collected, bar or nullcontext():
            if self.max_time is None:
                mlp = plan.train(samples, validation, bar)
            else:
                deadline = began + float(self.max_time)
                mlp, plan = fit_in_time(plan, samples, validation, deadline, bar)
        for message, category in collected:
            # The schedule was planned to end with the last epoch.
            if "Maximum iterations" not in message:
                warn(message, category)
        self._keep(encoder, mlp, plan)
        self.encoded_mean_ = drawn.X.mean(axis=0, dtype=np.float64)
        self.summary_ = summarize(self, drawn, validation, time.perf_counter() - began)
        return drawn

    def _prepare(self, X: Any, y: Any, sample_weight: Any, held_out: Any) -> Prepared:
        """Plan for a table, and encode it."""
        X_val, y_val, sample_weight_val = held_out
        name, is_class = type(self).__name__, self._task == "classification"
        y = read_targets(y, name, are_labels=is_class)
        n_rows, n_rare = read_frame(X).n_rows, n_outside_most_frequent(y) if is_class else None
        plan = self._make_plan(n_rows, n_rare=n_rare)
        check_consistent_length(X, y, sample_weight)
        if y_val is not None:
            y_val = read_targets(y_val, name, are_labels=is_class)
        # Checked before the encoder is fitted, which may take long.
        plan.make_network()._validate_params()
        if self.early_stopping and X_val is None and not plan.network["early_stopping"]:
            warn(
                f"{plan.n_rows} rows are too few to set some aside: all train, and nothing stops "
                f"the training early. {FEWEST_ROWS} are needed, or X_val and y_val"
            )
        encoder = plan.make_encoder()
        samples = Samples(encoder.fit_transform(X), y, sample_weight)
        validation = Samples(_encoded(encoder, X_val), y_val, sample_weight_val)
        return plan.on(encoder), encoder, samples, validation, samples

    def _prepare_rows(self, rows: ParquetRows, held_out: Any) -> Prepared:
        """Plan for a table in files, and fit the encoder to rows drawn from it."""
        X_val, y_val, sample_weight_val = held_out
        name, is_class = type(self).__name__, self._task == "classification"
        if y_val is not None:
            y_val = read_targets(y_val, name, are_labels=is_class)
        reader = rows.open()
        # Parameters are checked before all rows are read, which may take long.
        self._make_plan(reader.n_rows).make_network()._validate_params()
        table, y, n_rare = draw_table(reader, self.categorical_features, is_class=is_class)
        y = read_targets(y, name, are_labels=is_class)
        plan = self._make_plan(reader.n_rows, n_rare=n_rare)
        encoder = plan.make_encoder().fit(table)
        few = np.arange(0, len(y), -(-len(y) // KEPT))
        drawn = Samples(encoder.transform(table.take(few)), y[few])
        validation = Samples(_encoded(encoder, X_val), y_val, sample_weight_val)
        return (
            plan.on(encoder),
            encoder,
            Samples(encoded_rows(rows, reader, encoder)),
            validation,
            drawn,
        )

    def _make_plan(self, n_rows: int, *, n_rare: int | None = None) -> Plan:
        """Return the settings for a number of rows; the seed is a number, so it can be reused."""
        parameters = {name: getattr(self, name) for name in HANDED_ON if hasattr(self, name)}
        if self.max_time is not None and self.n_members is None:
            parameters["n_members"] = TIMED_MEMBERS
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(MAX_SEED)
        return make_plan(
            self.preset,
            self._task,
            n_rows=n_rows,
            n_rare=n_rare,
            parameters={
                **parameters,
                "random_state": int(seed),
                "verbose": int(self.verbose) if self.verbose > 1 else False,
            },
            network=self.network,
            categorical_features=self.categorical_features,
        )

    def _keep(self, encoder: TableEncoder, mlp: Any, plan: Plan) -> None:
        """Write all fitted attributes at once."""
        self.__dict__.pop("feature_names_in_", None)
        self.encoder_, self.mlp_, self.plan_ = encoder, mlp, plan
        self.n_features_in_ = encoder.n_features_in_
        if hasattr(encoder, "feature_names_in_"):
            self.feature_names_in_ = encoder.feature_names_in_

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, **options: Any) -> Self:
        """Train one more epoch; the first call fits the encoder."""
        self._validate_params()
        if isinstance(X, ParquetRows):
            refuse_beside_rows(self, incremental=True)
        y = read_targets(y, type(self).__name__, are_labels=self._task == "classification")
        if self.__sklearn_is_fitted__():
            self.mlp_.partial_fit(self.encoder_.transform(X), y, sample_weight, **options)
            return self
        plan = self._make_plan(read_frame(X).n_rows)
        check_consistent_length(X, y, sample_weight)
        encoder = plan.make_encoder()
        encoded = encoder.fit_transform(X)
        plan = plan.on(encoder)
        mlp = plan.make_network()
        mlp.partial_fit(encoded, y, sample_weight, **options)
        self._keep(encoder, mlp, plan)
        self.encoded_mean_ = encoded.mean(axis=0, dtype=np.float64)
        return self


def _encoded(encoder: TableEncoder, X_val: Any) -> Any:
    """Return encoded validation rows; None if there are none."""
    try:
        return None if X_val is None else encoder.transform(X_val)
    except (TypeError, ValueError) as error:
        raise retold(error, f"X_val: {error}") from error
