"""Scoring: the validation score of a network, as the user defined it."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer

from deepgen._inputs.targets import Targets
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen._training.state import TrainingState
from deepgen._training.validation import Validation
from deepgen.estimators.default_score import DefaultScore
from deepgen.estimators.network_spec import numpy_type
from deepgen.estimators.settings import Settings
from deepgen.estimators.validation_set import ValidationSet

__all__ = [
    "Scorer",
    "attributes_by_network",
    "fitted_attributes",
    "measured_on",
    "network_validation",
    "score_function",
    "with_names",
]


def fitted_attributes(
    model: Any, targets: Targets, state: TrainingState, network: Network
) -> dict[str, Any]:
    """Return the attributes that make an estimator fitted in its present state.

    Parameters
    ----------
    model : BaseMLP
        Estimator during a fit.
    targets : Targets
        Learned properties of the targets.
    state : TrainingState
        Current state of training.
    network : Network
        Network for prediction.

    Returns
    -------
    attributes : dict
        Copies, which training does not change.
    """
    now = Network(network.core, network.parameters.copy())
    return {
        "network_": now.as_type(numpy_type(model.dtype)),
        "_targets": targets,
        "_training_state": state.snapshot(),
    }


def attributes_by_network(
    model: Any, targets: Targets, state: TrainingState
) -> Callable[[Network], dict[str, Any]]:
    """Return a function from a network to fitted attributes, for callbacks during a fit.

    Parameters
    ----------
    model : BaseMLP
        Estimator at the start of training.
    targets : Targets
        Learned properties of the targets.
    state : TrainingState
        Current state of training.

    Returns
    -------
    attributes : callable
        Function from a network to a dict.
    """
    before = state.n_epochs

    def attributes(network: Network) -> dict[str, Any]:
        now = fitted_attributes(model, targets, state, network)
        return {**now, "n_iter_": state.n_epochs - before}

    return attributes


def measured_on(
    model: Any, settings: Settings, X: Any, data: Data, held: ValidationSet | None
) -> str:
    """Return a text that identifies the data of the losses of a continued training.

    It includes the data, and the settings of the training loss.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    settings : Settings
        Settings of the call; calls of ``partial_fit`` are one training on a stream of rows.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Training features.
    data : Data
        Training samples.
    held : ValidationSet or None
        Validation samples.

    Returns
    -------
    measured_on : str
        Equal texts mean comparable losses and scores.
    """
    if settings.incremental:
        parts = ["partial_fit"]
    else:
        parts = [data.checksum(X)]
        if held is not None:
            parts.append(held.data.checksum(held.checked))
    names = ("alpha", "dropout", "skip", "mixup", "augmentation")
    return ", ".join(parts + [f"{name}={getattr(model, name)!r}" for name in names])


def with_names(X: Any, features: Any) -> Any:
    """Return features in the form that a scorer needs.

    Parameters
    ----------
    X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
        Features in the user's form.
    features : ndarray or CSR matrix of shape (n_samples, n_features)
        The same after validation.

    Returns
    -------
    X : ndarray, CSR matrix or data frame of shape (n_samples, n_features)
        The data frame if it is one, since an estimator with feature names needs them for
        prediction; else the validated features.
    """
    return X if hasattr(X, "columns") else features


def score_function(
    model: Any, targets: Targets, held: ValidationSet, state: TrainingState
) -> Callable[[Network, float], float]:
    """Return a function that scores a network by an estimator's ``scoring``.

    Parameters
    ----------
    model : BaseMLP
        Estimator with ``scoring``.
    targets : Targets
        Learned properties of the targets.
    held : ValidationSet
        Validation samples.
    state : TrainingState
        Current state of training, for scorers that use the history.

    Returns
    -------
    score : callable
        Function from a network and its validation loss to a number; higher is better, NaN if an
        output is not finite or if there are too few samples.

    Raises
    ------
    ValueError
        If the score would decide when to stop but is undefined.
    """
    if model.scoring is None:
        if model.early_stopping and held.n_scored < targets.fewest_rows:
            kind = "" if held.sample_weight is None else " of positive weight"
            raise ValueError(
                f"the score of {held.n_scored} validation sample{kind} is not defined; give at "
                f"least {targets.fewest_rows}, or scoring='loss'"
            )
        return DefaultScore(model, targets, held)
    if model.scoring == "loss":
        return lambda network, loss: -loss
    return Scorer(model, targets, held, state)


def network_validation(
    model: Any, targets: Targets, held: ValidationSet, state: TrainingState
) -> Validation:
    """Return the validation of one network by an estimator's ``scoring``.

    Parameters
    ----------
    model : BaseMLP
        Estimator with ``scoring``.
    targets : Targets
        Learned properties of the targets.
    held : ValidationSet
        Validation samples.
    state : TrainingState
        Current state of training, for scorers that use the history.

    Returns
    -------
    validation : Validation
        The samples, and their score.
    """
    return Validation(held.data, score_function(model, targets, held, state))


class Scorer:
    """A scikit-learn scorer, applied to the estimator in its present state.

    Parameters
    ----------
    model : BaseMLP
        Estimator with ``scoring``.
    targets : Targets
        Learned properties of the targets.
    held : ValidationSet
        Validation samples.
    state : TrainingState
        Current state of training.

    Examples
    --------
    >>> from deepgen.estimators.scoring import Scorer
    >>> [name for name in vars(Scorer) if not name.startswith("_")]
    ['score_of', 'fitted']
    """

    def __init__(
        self, model: Any, targets: Targets, held: ValidationSet, state: TrainingState
    ) -> None:
        self.model, self.targets, self.held, self.state = model, targets, held, state
        named = isinstance(model.scoring, str)
        self.scorer: Callable[..., Any] = get_scorer(model.scoring) if named else model.scoring
        self.X = held.features()
        self.weights = {}
        if held.sample_weight is not None and _takes_weights(self.scorer):
            self.weights = {"sample_weight": held.sample_weight}
        self.n_epochs_before = state.n_epochs

    def __call__(self, network: Network, loss: float) -> float:
        return self.score_of(self.fitted(network), loss)

    def score_of(self, fitted: Any, loss: float) -> float:
        """Return the score of a fitted estimator.

        Parameters
        ----------
        fitted : BaseMLP
            Estimator that predicts.
        loss : float
            Its validation loss.

        Returns
        -------
        score : float
            Higher is better; NaN if the loss is not finite.

        Raises
        ------
        ValueError
            If the scorer returns anything but one number.
        """
        if not np.isfinite(loss):
            return float("nan")
        score = self.scorer(fitted, self.X, self.held.y, **self.weights)
        if np.ndim(score) != 0 or not isinstance(score, (int, float, np.number)):
            raise ValueError(
                f"scoring={self.model.scoring!r} must return one number, got {score!r}"
            )
        return float(score)

    def fitted(self, network: Network) -> Any:
        """Return an estimator that predicts with the network in its present state.

        Parameters
        ----------
        network : Network
            Network in training.

        Returns
        -------
        fitted : BaseMLP
            Fitted estimator with a copy of the network.
        """
        fitted = object.__new__(type(self.model))
        attributes = fitted_attributes(self.model, self.targets, self.state, network)
        # The measured epoch is not counted yet.
        n_epochs = self.state.n_epochs - self.n_epochs_before + 1
        fitted.__dict__.update(vars(self.model), **attributes, n_iter_=n_epochs)
        return fitted


def _takes_weights(scorer: Callable[..., Any]) -> bool:
    """Return whether a scorer accepts sample weights, in scikit-learn depending on its metric."""
    try:
        return "sample_weight" in signature(getattr(scorer, "_score_func", scorer)).parameters
    except (TypeError, ValueError):
        return False
