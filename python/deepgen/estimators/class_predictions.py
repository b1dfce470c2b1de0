"""Predictions of a fitted classifier: labels, logits and probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._engine.arrays import AnyArray
from deepgen.estimators.base import BaseMLP
from deepgen.estimators.ensemble import log_odds_of_mean, mean_prediction

if TYPE_CHECKING:
    from deepgen._inputs.class_targets import ClassTargets

__all__ = ["ClassPredictions", "joint_logits", "joint_probabilities"]


def joint_logits(targets: ClassTargets, each: list[AnyArray]) -> AnyArray:
    """Return the logits of several networks together.

    Parameters
    ----------
    targets : ClassTargets
        Targets of the networks.
    each : list of ndarray of shape (n_samples, n_outputs)
        Logits of each network.

    Returns
    -------
    logits : ndarray of shape (n_samples, n_outputs)
        Those of the mean probability; of a single network its own.
    """
    if len(each) == 1:
        return each[0]
    return log_odds_of_mean(each, softmax=targets.labels.softmax)


def joint_probabilities(targets: ClassTargets, each: list[AnyArray]) -> AnyArray:
    """Return the mean probabilities of several networks.

    Parameters
    ----------
    targets : ClassTargets
        Targets of the networks.
    each : list of ndarray of shape (n_samples, n_outputs)
        Logits of each network.

    Returns
    -------
    probabilities : ndarray of shape (n_samples, n_classes)
        Probabilities of the classes, in float64.
    """
    return mean_prediction([targets.probabilities(outputs) for outputs in each])


class ClassPredictions(BaseMLP):
    """Base of `MLPClassifier`: predictions from the network's outputs.

    Examples
    --------
    >>> from deepgen import MLPClassifier
    >>> from deepgen.estimators.class_predictions import ClassPredictions
    >>> issubclass(MLPClassifier, ClassPredictions)
    True
    """

    _targets: ClassTargets
    classes_: Any

    def _logits(self, X: Any) -> AnyArray:
        return joint_logits(self._targets, self._outputs(X))

    def predict(self, X: Any) -> Any:
        """Predict labels.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray or CSR matrix of shape (n_samples,) or (n_samples, n_labels)
            The most probable class; for multilabel targets the labels more probable than not.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has other columns than in ``fit``, or entries that are not finite.

        See Also
        --------
        predict_proba : Probabilities of the classes.

        Examples
        --------
        >>> from deepgen import MLPClassifier
        >>> model = MLPClassifier(solver="lbfgs", random_state=0)
        >>> model.fit([[0.0], [1.0]], ["no", "yes"]).predict([[0.1], [0.9]]).tolist()
        ['no', 'yes']
        """
        logits = self._logits(X)
        return self._targets.decode(logits)

    def decision_function(self, X: Any) -> AnyArray:
        """Return the logits; with several members those of the mean probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.

        Returns
        -------
        logits : ndarray of shape (n_samples,) or (n_samples, n_classes)
            One number per sample for two classes, positive for the second; in float64.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has other columns than in ``fit``, or entries that are not finite.

        See Also
        --------
        predict_proba : The same as probabilities.

        Examples
        --------
        >>> from deepgen import MLPClassifier
        >>> model = MLPClassifier(solver="lbfgs", random_state=0)
        >>> model.fit([[0.0], [1.0]], ["no", "yes"]).decision_function([[0.0], [1.0]]).shape
        (2,)
        """
        outputs = self._logits(X).astype(np.float64)
        if self._targets.labels.binary:
            return outputs.ravel()
        return -outputs if len(self.classes_) == 1 else outputs

    def predict_proba(self, X: Any) -> AnyArray:
        """Predict probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; rows sum to 1, except for multilabel targets. In
            float64, computed from the logits, so probabilities near 0 keep their precision.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has other columns than in ``fit``, or entries that are not finite.

        See Also
        --------
        predict_log_proba : Logarithms of the probabilities, without loss of precision.

        Examples
        --------
        >>> from deepgen import MLPClassifier
        >>> model = MLPClassifier(solver="lbfgs", random_state=0)
        >>> model.fit([[0.0], [1.0]], ["no", "yes"]).predict_proba([[0.0], [1.0]]).round().tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        """
        outputs = self._outputs(X)
        return joint_probabilities(self._targets, outputs)

    def predict_log_proba(self, X: Any) -> AnyArray:
        """Predict logarithms of probabilities, computed from the logits.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; finite if the logits are. In float64.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has other columns than in ``fit``, or entries that are not finite.

        See Also
        --------
        predict_proba : Probabilities.

        Examples
        --------
        >>> from deepgen import MLPClassifier
        >>> model = MLPClassifier(solver="lbfgs", random_state=0)
        >>> model.fit([[0.0], [1.0]], [0, 1]).predict_log_proba([[0.0]]).argmax().item()
        0
        """
        from scipy.special import log_expit, log_softmax

        outputs = self._logits(X).astype(np.float64)
        if self._targets.labels.binary:
            return np.asarray(log_expit(np.hstack([-outputs, outputs])))
        if self._targets.labels.multilabel:
            return np.asarray(log_expit(outputs))
        # A single column gives zeros, since a single class has probability 1.
        return np.asarray(log_softmax(outputs, axis=1))
