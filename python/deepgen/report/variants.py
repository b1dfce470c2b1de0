"""Variants of an estimator: trained longer, and wider, with all other settings its own."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from deepgen._inputs.frame import read_frame
from deepgen.decomposition.multi_start import last_step
from deepgen.tabular.base import BaseTabular

__all__ = ["FACTOR", "longer", "wider"]

FACTOR: Final = 4
"""Factor of the epochs of longer training, and of the units of wider layers."""


def longer(model: Any, X: Any, n_iter: Any = None) -> Any | None:
    """Return the estimator with four times the epochs, without early stopping.

    Parameters
    ----------
    model : estimator
        Estimator or pipeline; a copy is changed.
    X : array-like or data frame of shape (n_samples, n_features)
        Rows to train, by which presets choose settings.
    n_iter : int, sequence of int or None, default=None
        Numbers of epochs after which early stopping ended fits; None means the largest number.

    Returns
    -------
    longer : estimator or None
        Unfitted estimator; None if the estimator has no number of epochs.
    """
    settings = _settings(model, X)
    if settings.get("max_iter") is None:
        return None
    if n_iter is not None and settings.get("early_stopping") not in (None, False):
        settings = {**settings, "max_iter": min(int(np.max(n_iter)), settings["max_iter"])}
    changes: dict[str, Any] = {
        name: FACTOR * settings[name]
        for name in ("max_iter", "max_fun")
        if settings.get(name) is not None
    }
    if "n_iter_no_change" in settings:
        # Else a plateau of the training loss would end the training early.
        changes["n_iter_no_change"] = changes["max_iter"]
    if settings.get("max_time") is not None:
        changes["max_time"] = FACTOR * settings["max_time"]
    if settings.get("early_stopping") not in (None, False):
        changes["early_stopping"] = False
        if settings.get("scoring") is not None:
            changes["scoring"] = None
    return _changed(model, changes)


def wider(model: Any, X: Any) -> Any | None:
    """Return the estimator with four times the units in each hidden layer.

    Parameters
    ----------
    model : estimator
        Estimator or pipeline; a copy is changed.
    X : array-like or data frame of shape (n_samples, n_features)
        Rows to train, by which presets choose settings.

    Returns
    -------
    wider : estimator or None
        Unfitted estimator; None if the estimator has no hidden layers.
    """
    sizes = _settings(model, X).get("hidden_layer_sizes")
    if sizes is None or not len(np.atleast_1d(sizes)):
        return None
    wide = tuple(int(FACTOR * size) for size in np.atleast_1d(sizes))
    return _changed(model, {"hidden_layer_sizes": wide})


def _settings(model: Any, X: Any) -> dict[str, Any]:
    """Return the parameters of the model at the end, of a preset with its planned ones."""
    last = last_step(model)[1]
    settings: dict[str, Any] = last.get_params(deep=False)
    if isinstance(last, BaseTabular):
        settings = {**last._make_plan(read_frame(X).n_rows).network, "max_time": last.max_time}
    return settings


def _changed(model: Any, changes: dict[str, Any]) -> Any:
    from sklearn.base import clone

    changed = clone(model)
    prefix, last = last_step(changed)
    own = last.get_params(deep=False)
    if isinstance(last, BaseTabular):
        network = {name: value for name, value in changes.items() if name not in own}
        changes = {name: value for name, value in changes.items() if name in own}
        changes["network"] = {**(last.network or {}), **network}
    return changed.set_params(**{prefix + name: value for name, value in changes.items()})
