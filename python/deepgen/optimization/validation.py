"""Validation: other data for a probe's network, and the share of rows that it gets right."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepgen.probe import Probe

__all__ = ["accuracy_of", "check_classes", "validation_probe"]


def check_classes(probe: Probe) -> None:
    """Refuse to measure the accuracy of a regressor.

    Parameters
    ----------
    probe : Probe
        Probe of a classifier.

    Raises
    ------
    ValueError
        If it is of a regressor.

    Examples
    --------
    >>> from deepgen import MLPClassifier, Probe
    >>> from deepgen.optimization.validation import check_classes
    >>> model = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs").fit([[0.0], [1.0]], [0, 1])
    >>> check_classes(Probe(model, [[0.0], [1.0]], [0, 1]))
    """
    if not hasattr(probe.model, "classes_"):
        raise ValueError("accuracy is measured for classifiers, got a probe of a regressor")


def accuracy_of(probe: Probe) -> float:
    """Return the share of rows with all classes right.

    Parameters
    ----------
    probe : Probe
        Probe of a classifier.

    Returns
    -------
    accuracy : float
        Weighted by the rows' weights.

    Examples
    --------
    >>> from deepgen import MLPClassifier, Probe
    >>> from deepgen.optimization.validation import accuracy_of
    >>> model = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs").fit([[0.0], [1.0]], [0, 1])
    >>> accuracy_of(Probe(model, [[0.0], [1.0]], [0, 1]))
    1.0
    """
    labels = probe.model._targets.labels
    data = probe.data
    n_threads = probe._threads(float(probe.n_samples * probe.n_parameters))
    truth = data.y if labels.multilabel else data.y.ravel()
    hits = labels.decide(probe.network.outputs(data.X, n_threads=n_threads)) == truth
    rows = hits.all(axis=1) if labels.multilabel else hits
    return float(np.average(rows, weights=data.weights))


def validation_probe(probe: Probe, validation: Any) -> Probe | None:
    """Return the probe of the same network on other data.

    Parameters
    ----------
    probe : Probe
        Probe with the network.
    validation : Probe, tuple (X, y) or (X, y, sample_weight), or None
        The other data.

    Returns
    -------
    other : Probe or None
        None if there are no other data.

    Raises
    ------
    ValueError
        If a given probe has other weights.
    TypeError
        If the data are neither a probe nor a tuple.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization.validation import validation_probe
    >>> model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit([[0.0], [1.0]], [0.0, 1.0])
    >>> validation_probe(Probe(model, [[0.0], [1.0]], [0.0, 1.0]), ([[2.0]], [2.0])).n_samples
    1
    """
    if validation is None:
        return None
    if isinstance(validation, Probe):
        ours, theirs = probe.network.parameters, validation.network.parameters
        if not np.array_equal(ours, theirs):
            raise ValueError(
                f"validation must be a probe of the same weights, got {validation!r} beside "
                f"{probe!r}"
            )
        return validation
    if not isinstance(validation, tuple) or len(validation) not in (2, 3):
        raise TypeError(
            f"validation must be a Probe or a tuple (X, y), got {type(validation).__name__}"
        )
    return Probe(probe.model, *validation)
