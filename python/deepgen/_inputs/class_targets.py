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
from deepgen._inputs.targets import Targets
from deepgen._network.network import Network
from deepgen.losses import ClassificationLoss

__all__ = ["ClassTargets"]


@dataclass(frozen=True)
class ClassTargets(Targets):
    """The loss of a classifier, its classes and their weights.

    Parameters
    ----------
    loss : ClassificationLoss
        What training minimises.
    labels : Labels
        The classes.
    class_weight : dict, list of dict, 'balanced' or None, default=None
        As the user gave it.
    weights : ClassWeights, default=None
        What `with_class_weights` learned; None leaves sample weights as they are.

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
        """The engine's loss."""
        return self.loss.to_core() if self.labels.softmax else self.loss.binary_core()

    @property
    def n_outputs(self) -> int:
        """Outputs of the network."""
        return self.labels.n_outputs

    @property
    def out_activation(self) -> str:
        """Name of the inverse link."""
        return "softmax" if self.labels.softmax else "logistic"

    def check(self, y: Any, dtype: np.dtype[Any], *, complete: bool = False) -> Any:
        """Refuse labels that do not fit.

        Parameters
        ----------
        y : ndarray or CSR matrix of shape (n_samples,) or (n_samples, n_labels)
            As the user has them.
        dtype : numpy.dtype
            Not used.
        complete : bool, default=False
            Whether every known class must occur.

        Returns
        -------
        y : ndarray or CSR matrix of shape (n_samples,) or (n_samples, n_labels)
            As it came.
        """
        self.labels.check(y, all_of_them=complete)
        return y

    def with_class_weights(self, y: Any) -> ClassTargets:
        """Learn the weights of the classes.

        Parameters
        ----------
        y : ndarray or CSR matrix of shape (n_samples,) or (n_samples, n_labels)
            Labels of all samples of a call.

        Returns
        -------
        targets : ClassTargets
            With the weights.
        """
        if self.class_weight is None:
            return self
        return replace(self, weights=ClassWeights.learn(self.class_weight, self.labels, y))

    def class_factors(self, y: Any) -> NDArray[np.float64] | None:
        """Return what sample weights are multiplied by.

        Parameters
        ----------
        y : ndarray or CSR matrix of shape (n_samples,) or (n_samples, n_labels)
            Labels.

        Returns
        -------
        factors : ndarray of shape (n_samples,) or None
            None where they are all 1.
        """
        return None if self.weights is None else self.weights.factors(y)

    def strata(self, y: Any) -> AnyArray | None:
        """Return the classes that validation rows are balanced by.

        Parameters
        ----------
        y : ndarray or CSR matrix of shape (n_samples,) or (n_samples, n_labels)
            Labels.

        Returns
        -------
        strata : ndarray of shape (n_samples,) or (n_samples, 1) or None
            None where a sample can have several labels.
        """
        if self.labels.multilabel:
            return None
        # Two classes are balanced as in scikit-learn, which names them so if one is too rare.
        second = self.labels.classes[-1]
        return np.asarray(y == second).reshape(-1, 1) if self.labels.binary else y

    def encode(self, y: Any, dtype: np.dtype[Any]) -> AnyArray:
        """Return labels as the engine takes them.

        Parameters
        ----------
        y : ndarray or CSR matrix of shape (n_samples,) or (n_samples, n_labels)
            Labels.
        dtype : numpy.dtype
            Type that the engine computes in.

        Returns
        -------
        targets : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Class numbers, or 0 and 1 for two classes and for several labels.
        """
        return self.labels.encode(y, dtype)

    def read(
        self,
        network: Network,
        X: Matrix,
        *,
        rows: NDArray[np.int64] | None = None,
        n_threads: int = 1,
    ) -> tuple[AnyArray, int]:
        """Return logits, (n_rows, n_outputs), of the network's type."""
        outputs = network.outputs(X, rows=rows, n_threads=n_threads)
        return outputs, n_not_finite(outputs)

    def decode(self, outputs: AnyArray) -> Any:
        """Return the likeliest labels.

        Parameters
        ----------
        outputs : ndarray of shape (n_samples, n_outputs)
            Logits.

        Returns
        -------
        labels : ndarray or CSR matrix of shape (n_samples,) or (n_samples, n_labels)
            In the form in which labels came.
        """
        return self.labels.decode(outputs)

    def score(self, y: Any, predictions: Any, weights: Any) -> float:
        """Return the accuracy: the share of samples whose labels are all right.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The truth.
        predictions : ndarray or CSR matrix of shape (n_samples,) or (n_samples, n_labels)
            What `decode` returned.
        weights : array-like of shape (n_samples,) or None
            Sample weights.

        Returns
        -------
        score : float
            In [0, 1].
        """
        return float(accuracy_score(y, predictions, sample_weight=weights))

    def score_outputs(self, y: Any, encoded: AnyArray, outputs: AnyArray, weights: Any) -> float:
        """Return the accuracy, from the numbers of classes where they do: labels may be strings.

        Parameters
        ----------
        y : ndarray or CSR matrix of shape (n_samples,) or (n_samples, n_labels)
            The truth.
        encoded : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The truth as the engine takes it.
        outputs : ndarray of shape (n_samples, n_outputs)
            Logits.
        weights : ndarray of shape (n_samples,) or None
            Sample weights.

        Returns
        -------
        score : float
            In [0, 1].
        """
        if self.labels.multilabel:
            return super().score_outputs(y, encoded, outputs, weights)
        hits = self.labels.decide(outputs) == encoded.ravel()
        return float(np.average(hits, weights=weights))
