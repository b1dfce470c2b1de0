"""Fitting one network, from the user's arrays to fitted attributes, in nine steps.

    settings, samples                 read once per call: `fit_estimator`
    state, targets and split, network, plan, callbacks, training, fitted attributes: `fit_network`

Ensembles read settings and samples once and call `fit_network` for each member.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils.validation import column_or_1d

from deepgen._inputs.features import as_matrix, check_features, read_groups
from deepgen._inputs.targets import EncodedTargets, Targets
from deepgen._network.network import Network
from deepgen._parquet import ParquetRows
from deepgen._retold import retold
from deepgen._training.callbacks import CallbackTasks, with_callbacks
from deepgen._training.data import Data
from deepgen._training.first_order import train
from deepgen._training.lbfgs import minimize
from deepgen._training.plan import LBFGSPlan
from deepgen._training.state import TrainingState
from deepgen._training.validation import Validation, make_split
from deepgen.averaging import LearnedLine
from deepgen.averaging.batch_ensemble import PackedMembers
from deepgen.estimators.from_parameters import make_network
from deepgen.estimators.refuse_beside_rows import refuse_rows
from deepgen.estimators.samples import Samples
from deepgen.estimators.scoring import (
    attributes_by_network,
    measured_on,
    network_validation,
    with_names,
)
from deepgen.estimators.settings import Settings, criterion, draw_seed, make_plan, read_settings
from deepgen.estimators.starting_weights import start_line, start_members, start_network
from deepgen.estimators.streamed_samples import StreamedSamples, read_rows
from deepgen.estimators.validation_set import ValidationSet
from deepgen.estimators.worse_than_constant import FEW_EPOCHS, MUCH_WORSE, warn_if_worse
from deepgen.optimizers import FirstOrder

__all__ = [
    "fit_estimator",
    "fit_network",
    "read_samples",
    "read_validation",
]


def read_samples(
    model: Any, X: Any, y: Any, sample_weight: Any, dtype: np.dtype[Any], *, reset: bool
) -> Samples:
    """Validate samples as scikit-learn does.

    Parameters
    ----------
    model : BaseMLP
        Estimator; its number and names of features are set or compared.
    X, y, sample_weight : array-like
        Samples in the user's form; or ``X`` is `ParquetRows`, and the others are None.
    dtype : numpy.dtype
        Type of training.
    reset : bool
        Whether these are the estimator's first features.

    Returns
    -------
    samples : Samples
        Samples of equal length with finite values.
    """
    if isinstance(X, ParquetRows):
        return read_rows(model, X.open(), dtype, reset=reset)
    features, y = check_features(model, X, dtype, reset=reset, y=y, multi_output=True)
    if isinstance(y, np.ndarray) and y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    names = vars(model).get("feature_names_in_")
    return Samples(X, features, y, sample_weight, names=names)


def read_validation(
    model: Any,
    targets: Targets,
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    dtype: np.dtype[Any],
    prediction_dtype: np.dtype[Any],
) -> ValidationSet:
    """Validate samples for a fitted estimator or a call in progress.

    Parameters
    ----------
    model : BaseMLP
        Estimator with the properties of its features.
    targets : Targets
        Learned properties of the targets.
    X, y, sample_weight : array-like
        Samples in the user's form.
    dtype, prediction_dtype : numpy.dtype
        Types of training and of the fitted network.

    Returns
    -------
    validation_set : ValidationSet
        Samples in the user's form and in the engine's.
    """
    refuse_rows("X", X)
    samples = read_samples(model, X, y, sample_weight, dtype, reset=False)
    encoded = targets.transform(
        samples.y, sample_weight, samples.X, dtype=dtype, prediction_dtype=prediction_dtype
    )
    data = Data(as_matrix(samples.X), encoded.encoded, encoded.weights)
    X = with_names(X, samples.X)
    return ValidationSet(X, encoded.y, encoded.sample_weight, data, samples.X)


@with_callbacks  # type: ignore[untyped-decorator]
def fit_estimator(
    model: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    held_out: tuple[Any, Any, Any] = (None, None, None),
    coefs_init: Any = None,
    intercepts_init: Any = None,
    classes: Any = None,
    groups: Any = None,
    incremental: bool = False,
) -> None:
    """Fit an estimator with one network.

    Parameters
    ----------
    model : BaseMLP
        Estimator that gets the fitted attributes.
    X, y, sample_weight : array-like
        Training data as for ``fit``.
    held_out : tuple of array-like
        Validation features, targets and weights.
    coefs_init, intercepts_init : sequence of array-like, default=None
        Starting weights.
    classes : array-like of shape (n_classes,), default=None
        All classes, if ``y`` may lack some.
    groups : array-like of shape (n_samples,), default=None
        Groups of samples that early stopping keeps together.
    incremental : bool, default=False
        Whether the caller is ``partial_fit``.
    """
    settings = read_settings(model, held_out, incremental=incremental)
    goes_on = "network_" in vars(model) and (model.warm_start or incremental)
    is_first = not goes_on or coefs_init is not None
    samples = read_samples(model, X, y, sample_weight, settings.dtype, reset=is_first)
    groups = None if groups is None else read_groups(groups, samples.X)
    handed_over = [replace(samples, classes=classes, groups=groups)]
    del samples
    fit_network(
        model,
        settings,
        # No name holds them here: rows drawn from files are not needed to the end.
        handed_over.pop(),
        held_out=held_out,
        coefs_init=coefs_init,
        intercepts_init=intercepts_init,
    )


def fit_network(
    model: Any,
    settings: Settings,
    samples: Samples,
    *,
    held_out: tuple[Any, Any, Any] = (None, None, None),
    coefs_init: Any = None,
    intercepts_init: Any = None,
    make_validation: Callable[..., Validation] = network_validation,
) -> None:
    """Train the network of an estimator.

    Parameters
    ----------
    model : BaseMLP
        Estimator; with ``warm_start`` or ``partial_fit`` its network and training state are
        continued. It gets the fitted attributes.
    settings : Settings
        Settings of the estimator, or those shared by the members of an ensemble.
    samples : Samples
        Training samples.
    held_out : tuple of array-like
        Validation features, targets and weights.
    coefs_init, intercepts_init : sequence of array-like, default=None
        Starting weights; with ``coefs_init`` training starts afresh.
    make_validation : callable, default=network_validation
        Function from the estimator, its targets, validation samples and state to the validation.

    Raises
    ------
    ValueError
        If members that share matrices would have to be converted to another scaling of targets.
    """
    goes_on = "network_" in vars(model) and (model.warm_start or settings.incremental)
    is_first = not goes_on or coefs_init is not None
    dtype, prediction_dtype = settings.dtype, settings.prediction_dtype

    # State: first, since split and starting weights are drawn from its seed.
    state = TrainingState(draw_seed(model)) if is_first else model._training_state

    # Targets and split together: properties of targets are learned from training rows only.
    split = None
    if model.early_stopping and held_out[0] is None and isinstance(settings.optimizer, FirstOrder):
        how = model.validation_fraction
        split = make_split(samples.X, samples.y, samples.groups, how, state.seed)
    previous = None if is_first else model._targets
    if isinstance(samples, StreamedSamples):
        targets, encoded, data = samples.encode(model, previous, settings, is_first=is_first)
    else:
        targets, encoded = model._make_targets(samples.y, previous, samples.classes).fit(
            samples.y,
            samples.sample_weight,
            samples.X,
            dtype=dtype,
            prediction_dtype=prediction_dtype,
            is_first=is_first,
            is_complete=not settings.incremental,
            split=split,
        )
        data = Data(as_matrix(samples.X), encoded.encoded, encoded.weights, encoded.training_rows)

    # Network: a copy of the continued one, which a failed call must not change.
    network = make_network(
        model,
        n_inputs=samples.X.shape[1],
        n_outputs=targets.n_outputs,
        loss=targets.core,
        products=settings.products,
        before=None if is_first else model.network_,
        data=data,
    )
    state.use_averaging(settings.averaging)
    if is_first:
        outputs = start_network(
            model, network, data, state.seed, coefs=coefs_init, intercepts=intercepts_init
        )
        if isinstance(settings.averaging, LearnedLine):
            state.averaging_state["ends"] = start_line(model, network, data, state.seed)
        elif isinstance(settings.averaging, PackedMembers):
            n_members = settings.averaging.n_members
            state.averaging_state["members"] = start_members(
                model, network, data, state.seed, n_members
            )
        if coefs_init is None and intercepts_init is None:
            state.start = network.checksum()
        # Given weights are meant for targets in their own units.
        if coefs_init is None and (moved := targets.in_units_of(outputs)) is not targets:
            targets, encoded = moved, replace(encoded, encoded=moved.encode(encoded.y, dtype))
            data = replace(data, y=encoded.encoded)
    else:
        state.start = ""
        if (change := targets.change_from(model._targets)) is not None:
            if isinstance(settings.averaging, PackedMembers):
                raise ValueError(
                    "the scaling of the targets changes with these rows, and members that share "
                    "matrices cannot follow it: give targets of one scale with target_scaling=None,"
                    " or call fit with warm_start=False to start afresh"
                )
            network.parameters[...] = change.of_weights(network.core, network.parameters)
            state.change_outputs(network.core, change)
        network.set_layers(intercepts=intercepts_init)
        if network.dtype != model.network_.dtype:
            state.drop_optimizer_state()
    validation_set = _validation_set(model, settings, samples, targets, encoded, data, held_out)

    # Plan; the state is adapted to it: parts that belong to other settings are dropped.
    n_rows = samples.X.shape[0] if data.rows is None else len(data.rows)
    if isinstance(samples, StreamedSamples):
        samples, encoded, data = samples.for_training(targets, encoded)
        n_rows = data.n_rows
    plan = make_plan(model, settings, n_rows)
    state.use_criterion(criterion(model, targets))
    if settings.incremental or model.warm_start:
        state.use_data(measured_on(model, settings, samples.X, data, validation_set))

    # Training: validation and callbacks follow each epoch.
    validation = tasks = None
    if validation_set is not None:
        validation = make_validation(model, targets, validation_set, state)
    if getattr(model, "_skl_callbacks", None) and not settings.incremental:
        tasks = CallbackTasks(
            model,
            with_names(samples.given, samples.X),
            encoded.y,
            samples.sample_weight,
            n_epochs=plan.n_epochs,
            attributes=attributes_by_network(model, targets, state),
        )
    if isinstance(plan, LBFGSPlan):
        n_epochs = minimize(network, data, validation, plan, state, tasks)
    else:
        n_epochs = train(network, data, validation, plan, state, tasks)
    if not settings.incremental:
        _look_back(model, settings, samples, targets, network, encoded, data, state, n_epochs)

    # Fitted attributes of a network are written here and nowhere else.
    model.network_, model._training_state = network.as_type(prediction_dtype), state
    model._targets, model.n_iter_ = targets, n_epochs
    vars(model).pop("_members", None)
    if tasks is not None:
        tasks.close()


def _look_back(
    model: Any,
    settings: Settings,
    samples: Samples,
    targets: Targets,
    network: Network,
    encoded: EncodedTargets,
    data: Data,
    state: TrainingState,
    n_epochs: int,
) -> None:
    """Warn if a fit that has run its epochs is worse than a constant prediction."""
    losses = state.history.columns["loss"]
    # Without a whole epoch, training was interrupted; a loss that is not finite was reported.
    if np.isnan(losses[-1]) if n_epochs else isinstance(settings.optimizer, FirstOrder):
        return
    # If the final weights are those of the last epoch, its loss is a cheap first test.
    bound = targets.loss_of_constant(network, data.y, data.weights, data.rows)
    bound *= MUCH_WORSE if n_epochs < FEW_EPOCHS else 1.0
    is_last = n_epochs and not model.early_stopping and settings.averaging is None
    if not (is_last and losses[-1] < bound):
        warn_if_worse(targets, network, samples.X, samples.names, encoded, data, n_epochs)


def _validation_set(
    model: Any,
    settings: Settings,
    samples: Samples,
    targets: Targets,
    encoded: EncodedTargets,
    data: Data,
    held_out: tuple[Any, Any, Any],
) -> ValidationSet | None:
    """Return the validation samples: rows of the split, or those given by the user."""
    rows = encoded.validation_rows
    if rows is not None:
        weights = None if encoded.sample_weight is None else encoded.sample_weight[rows]
        own = Data(data.X, data.y, data.weights, rows)
        X = with_names(samples.given, samples.X)
        return ValidationSet(X, encoded.y[rows], weights, own, samples.X)
    if held_out[0] is None:
        return None
    try:
        return read_validation(
            model,
            targets,
            *held_out,
            dtype=settings.dtype,
            prediction_dtype=settings.prediction_dtype,
        )
    except (TypeError, ValueError) as error:
        raise retold(error, f"X_val, y_val or sample_weight_val: {error}") from error
