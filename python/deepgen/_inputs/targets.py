"""Targets: conversion between the user's targets and the engine's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen import _core
from deepgen._component import Component
from deepgen._engine.arrays import AnyArray, Matrix
from deepgen._inputs.features import check_weights
from deepgen._network.network import Network
from deepgen._network.output_change import OutputChange

__all__ = ["RAREST", "EncodedTargets", "Split", "Targets", "logits_of_shares"]

Rows = NDArray[np.int64]
Split = Callable[[AnyArray | None, AnyArray | None], tuple[Rows, Rows]]
"""Function from classes and sample weights to the rows of training and of validation."""

# Relative frequencies are clipped by this much, since 0 and 1 have no finite logit.
RAREST = 1e-12


def logits_of_shares(shares: AnyArray) -> NDArray[np.float64]:
    """Return finite logits of probabilities in [0, 1], of the same shape."""
    kept = np.clip(shares, RAREST, 1 - RAREST)
    return np.asarray(np.log(kept / (1 - kept)))


@dataclass(frozen=True)
class EncodedTargets:
    """Targets of some samples: ``y`` in the user's form, ``encoded`` in the engine's.

    ``weights`` are for the loss, ``sample_weight``, without class weights, for scores; None if all
    are 1. ``training_rows`` and ``validation_rows`` are the result of a split; None without one.
    """

    y: Any
    encoded: AnyArray
    weights: AnyArray | None
    sample_weight: AnyArray | None
    training_rows: Rows | None = None
    validation_rows: Rows | None = None


class Targets(ABC):
    """Learned properties of the targets, and their conversion to the engine's format and back.

    A fitted estimator has one such object. It never changes: a later call that learns more makes a
    new one.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen._inputs.targets import Targets
    >>> model = MLPRegressor().partial_fit([[0.0], [1.0]], [2.0, 4.0])
    >>> isinstance(model._targets, Targets)
    True
    """

    fewest_rows: ClassVar[int] = 1
    """Number of samples that `score` needs."""

    loss: Component
    """Training loss."""

    clips: bool = False
    """Whether predictions stay within the range of the targets seen."""

    @property
    @abstractmethod
    def core(self) -> _core.Component:
        """The engine's loss."""

    @property
    @abstractmethod
    def n_outputs(self) -> int:
        """Number of outputs of the network."""

    @property
    @abstractmethod
    def out_activation(self) -> str:
        """Name of the inverse link."""

    def fit(
        self,
        y: Any,
        sample_weight: Any,
        X: Any,
        *,
        dtype: np.dtype[Any],
        prediction_dtype: np.dtype[Any],
        is_first: bool,
        is_complete: bool,
        split: Split | None,
    ) -> tuple[Targets, EncodedTargets]:
        """Learn from the targets of a call, and return them in the engine's format.

        ``dtype`` is that of training. ``is_first``: no earlier call has learned the scaling;
        ``is_complete``: every known class must occur.
        """
        y = self.check(y, prediction_dtype, complete=is_complete)
        # Balanced class weights count all samples, validation rows included, as in scikit-learn.
        targets = self.with_class_weights(y)
        weights, given = targets.effective_weights(y, sample_weight, X, dtype)
        training = validation = None
        if split is not None:
            training, validation = split(targets.strata(y), weights)
        # Only training rows may determine the scaling, else validation would be biased.
        part = slice(None) if training is None else training
        learn = targets.with_scaling if is_first else targets.with_rows
        rows = y[part], None if weights is None else weights[part]
        targets = learn(*rows, complete=is_complete)
        if targets.clips:
            targets = targets.with_range(*rows)
        encoded = targets.encode(y, dtype)
        return targets, EncodedTargets(y, encoded, weights, given, training, validation)

    def transform(
        self,
        y: Any,
        sample_weight: Any,
        X: Any,
        *,
        dtype: np.dtype[Any],
        prediction_dtype: np.dtype[Any],
    ) -> EncodedTargets:
        """Return targets of other samples in the engine's format without learning from them."""
        y = self.check(y, prediction_dtype)
        weights, given = self.effective_weights(y, sample_weight, X, dtype)
        return EncodedTargets(y, self.encode(y, dtype), weights, given)

    @abstractmethod
    def check(self, y: Any, dtype: np.dtype[Any], *, complete: bool = False) -> Any:
        """Validate targets; return them in the form that the other methods expect.

        ``y`` is (n_samples,) or (n_samples, n_targets), not a matrix of one column.
        """

    def with_class_weights(self, y: Any) -> Targets:
        """Return these targets with all that the targets of a call's samples determine.

        ``y`` (n_samples,) or (n_samples, n_targets).
        """
        return self

    def with_scaling(self, y: Any, weights: AnyArray | None, *, complete: bool = True) -> Targets:
        """Return these targets with all that the first call's training rows determine.

        ``y`` (n_rows,) or (n_rows, n_targets); ``weights`` (n_rows,) or None. ``complete``: False
        if the rows are the first of many.
        """
        return self

    def with_rows(self, y: Any, weights: AnyArray | None, *, complete: bool = True) -> Targets:
        """Return these targets updated by a later call's training rows, as `with_scaling`."""
        return self

    def with_range(self, y: Any, weights: AnyArray | None) -> Targets:
        """Widen the range of the targets seen by training rows that count, as `with_scaling`."""
        return self

    def change_from(self, before: Any) -> OutputChange | None:
        """Return the change of outputs since an earlier call's targets; None for no change."""
        return None

    def in_units_of(self, outputs: AnyArray) -> Targets:
        """Return targets in units that suit a network with the given first outputs.

        ``outputs`` (n_rows, n_outputs) for some training rows.
        """
        return self

    def loss_of_constant(
        self,
        network: Network,
        y: AnyArray,
        weights: AnyArray | None,
        rows: NDArray[np.int64] | None = None,
    ) -> float:
        """Return the loss of the best constant prediction, without L2.

        ``y`` (n_samples,) or (n_samples, n_targets) and ``weights`` (n_samples,) are in the
        engine's format; ``rows`` (n_rows,) are the rows in use, None means all.
        """
        if rows is not None:
            y, weights = y[rows], None if weights is None else weights[rows]
        if y.dtype.kind == "f":
            y = y.astype(np.float64)
        row = self.constant(y, weights)
        return self.loss_of(network, np.tile(row, (len(y), 1)), y, weights)

    def loss_of(
        self, network: Network, outputs: AnyArray, y: AnyArray, weights: AnyArray | None
    ) -> float:
        """Return the loss of given outputs, in float64 and without L2.

        ``outputs`` (n_rows, n_outputs) before the link; ``y`` (n_rows,) or (n_rows, n_targets) and
        ``weights`` (n_rows,) in the engine's format, in float64.
        """
        n_outputs = outputs.shape[1]
        last = _core.LayerSpec(width=n_outputs, activation="identity")
        own = _core.NetworkSpec(
            n_inputs=n_outputs, layers=[last], loss=network.core.spec.loss, bias=False
        )
        if weights is not None:
            weights = weights.astype(np.float64)
        outputs = outputs.astype(np.float64)
        return _core.Network(own, dtype="float64").loss(
            np.eye(n_outputs).ravel(), outputs, y, weights
        )

    @abstractmethod
    def constant(self, y: AnyArray, weights: AnyArray | None) -> NDArray[np.float64]:
        """Return the best constant outputs, (n_outputs,).

        ``y`` (n_rows,) or (n_rows, n_targets) and ``weights`` (n_rows,) are in the engine's format.
        """

    def class_factors(self, y: Any) -> NDArray[np.float64] | None:
        """Return factors of the sample weights.

        ``y`` (n_samples,) or (n_samples, n_targets); returns (n_samples,) or None.
        """
        return None

    def effective_weights(
        self, y: Any, sample_weight: Any, X: Any, dtype: np.dtype[Any]
    ) -> tuple[AnyArray | None, AnyArray | None]:
        """Return weights for the loss and for scores, (n_samples,) or None where all are 1.

        Those for the loss are multiplied by the weights of the classes.
        """
        given = check_weights(sample_weight, X, dtype)
        factors = self.class_factors(y)
        if factors is None:
            return given, given
        # Multiplied in float64 and rounded once.
        exact = check_weights(sample_weight, X, np.dtype(np.float64))
        if exact is not None:
            factors = factors * exact
        if not factors.any():
            raise ValueError("class_weight and sample_weight give every sample the weight 0")
        return check_weights(factors, X, dtype), given

    def strata(self, y: Any) -> AnyArray | None:
        """Return the classes by which validation rows are balanced.

        ``y`` (n_samples,) or (n_samples, n_targets); returns (n_samples,) or None.
        """
        return None

    @abstractmethod
    def encode(self, y: Any, dtype: np.dtype[Any]) -> AnyArray:
        """Return targets in the engine's format.

        ``y`` (n_samples,) or (n_samples, n_targets). Returns (n_samples,) or (n_samples,
        n_targets): class numbers, 0 and 1, or targets in scaled units.
        """

    @abstractmethod
    def read(
        self,
        network: Network,
        X: Matrix,
        *,
        rows: NDArray[np.int64] | None = None,
        n_threads: int = 1,
    ) -> tuple[AnyArray, int]:
        """Return outputs of a network in the form that `decode` expects.

        ``rows`` (n_rows,); returns (n_rows, n_outputs) and the number of rows that are not finite.
        """

    @abstractmethod
    def decode(self, outputs: AnyArray) -> Any:
        """Return predictions in the user's form.

        ``outputs`` (n_samples, n_outputs); returns (n_samples,) or (n_samples, n_targets).
        """

    @abstractmethod
    def score(self, y: Any, predictions: Any, weights: Any) -> float:
        """Return the default score of predictions.

        ``y`` (n_samples,) or (n_samples, n_targets); ``predictions`` (n_samples,) or (n_samples,
        n_targets); ``weights`` (n_samples,) or None.
        """

    def score_outputs(self, y: Any, encoded: AnyArray, outputs: AnyArray, weights: Any) -> float:
        """Return the default score of a network's outputs, for validation during training.

        ``y`` (n_samples,) or (n_samples, n_targets); ``encoded`` (n_samples,) or (n_samples,
        n_outputs); ``outputs`` (n_samples, n_outputs); ``weights`` (n_samples,) or None.
        """
        return self.score(y, self.decode(outputs), weights)
