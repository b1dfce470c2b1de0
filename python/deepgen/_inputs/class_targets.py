"""Targets of a classifier: labels under the user's names and as numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score

from deepgen import _core
from deepgen._engine.arrays import AnyArray, Matrix, n_not_finite
from deepgen._inputs.class_weights import ClassWeights
from deepgen._inputs.labels import Labels
from deepgen._inputs.targets import RAREST, Targets, logits_of_shares
from deepgen._network.network import Network
from deepgen.losses import ClassificationLoss

__all__ = ["ClassTargets"]


@dataclass(frozen=True)
class ClassTargets(Targets):
    """The loss of a classifier, its classes and their weights.

    Parameters
    ----------
    loss : ClassificationLoss
        Training loss.
    labels : Labels
        The classes.
    class_weight : dict, list of dict, 'balanced' or None, default=None
        The user's setting.
    weights : ClassWeights, default=None
        Learned weights of the classes; None leaves sample weights unchanged.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen._inputs.class_targets import ClassTargets
    >>> from deepgen._inputs.labels import Labels
    >>> from deepgen.losses import LogLoss
    >>> y = np.array(["no", "yes", "no"])
    >>> targets = ClassTargets(LogLoss(), Labels.learn(y), {"yes": 2.0}).with_class_weights(y)
    >>> targets.class_factors(y).tolist()
    [1.0, 2.0, 1.0]
    """

    loss: ClassificationLoss
    labels: Labels
    class_weight: Any = None
    weights: ClassWeights | None = None

    @property
    def core(self) -> _core.Component:
        return self.loss.to_core() if self.labels.softmax else self.loss.binary_core()

    @property
    def n_outputs(self) -> int:
        return self.labels.n_outputs

    @property
    def out_activation(self) -> str:
        return "softmax" if self.labels.softmax else "logistic"

    def check(self, y: Any, dtype: np.dtype[Any], *, complete: bool = False) -> Any:
        self.labels.check(y, all_of_them=complete)
        return y

    def with_class_weights(self, y: Any) -> ClassTargets:
        """Return these targets with the weights of the classes learned."""
        return self if self.class_weight is None else self.with_class_counts(self.labels.counts(y))

    def with_class_counts(self, counts: AnyArray) -> ClassTargets:
        """Return these targets with the weights that the counts of `Labels.counts` give."""
        if self.class_weight is None:
            return self
        return replace(self, weights=ClassWeights.learn(self.class_weight, self.labels, counts))

    def class_factors(self, y: Any) -> NDArray[np.float64] | None:
        return None if self.weights is None else self.weights.factors(y)

    def strata(self, y: Any) -> AnyArray | None:
        """Return the classes, or None for multilabel targets."""
        if self.labels.multilabel:
            return None
        # The second class as a mask, as in scikit-learn, so that its message about rare classes
        # agrees.
        second = self.labels.classes[-1]
        return np.asarray(y == second).reshape(-1, 1) if self.labels.binary else y

    def encode(self, y: Any, dtype: np.dtype[Any]) -> AnyArray:
        """Return class numbers, or 0 and 1 for two classes and for multilabel targets."""
        return self.labels.encode(y, dtype)

    def constant(self, y: AnyArray, weights: AnyArray | None) -> NDArray[np.float64]:
        """Return the logits of the classes' relative frequencies."""
        if self.labels.softmax:
            shares = np.bincount(y, weights, minlength=self.n_outputs)
            return np.asarray(np.log(np.maximum(shares / shares.sum(), RAREST)))
        return logits_of_shares(np.average(y, axis=0, weights=weights))

    def read(
        self,
        network: Network,
        X: Matrix,
        *,
        rows: NDArray[np.int64] | None = None,
        n_threads: int = 1,
    ) -> tuple[AnyArray, int]:
        """Return logits, (n_rows, n_outputs), in the network's type."""
        outputs = network.outputs(X, rows=rows, n_threads=n_threads)
        return outputs, n_not_finite(outputs)

    def decode(self, outputs: AnyArray) -> Any:
        """Return the most probable labels."""
        return self.labels.decode(outputs)

    def probabilities(self, outputs: AnyArray) -> NDArray[np.float64]:
        """Return the probabilities of the classes, (n_samples, n_classes), computed in float64.

        ``outputs`` (n_samples, n_outputs). Small probabilities are as precise as large ones.
        """
        from scipy.special import expit, softmax

        logits = outputs.astype(np.float64)
        if self.labels.softmax:
            return np.asarray(softmax(logits, axis=1))
        if self.labels.binary:
            return np.asarray(expit(np.hstack([-logits, logits])))
        # A single class has probability 1.
        return np.asarray(expit(logits)) if self.labels.multilabel else np.ones_like(logits)

    def score(self, y: Any, predictions: Any, weights: Any) -> float:
        """Return the accuracy: the share of samples with all labels right."""
        return float(accuracy_score(y, predictions, sample_weight=weights))

    def score_outputs(self, y: Any, encoded: AnyArray, outputs: AnyArray, weights: Any) -> float:
        """Return the accuracy, from class numbers if possible, since labels may be strings."""
        if self.labels.multilabel:
            return super().score_outputs(y, encoded, outputs, weights)
        hits = self.labels.decide(outputs) == encoded.ravel()
        return float(np.average(hits, weights=weights))
