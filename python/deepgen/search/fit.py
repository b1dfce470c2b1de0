"""Fit: one fit of many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from sklearn import get_config
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import InvalidParameterError

from deepgen._engine.device import DeviceError
from deepgen._engine.workers import current_share
from deepgen._user_warnings import collect_warnings

__all__ = ["Fit"]

# Errors that keep their type when the fit is named; the first that fits.
KEPT = (InvalidParameterError, NotFittedError, ValueError, TypeError, MemoryError, DeviceError)


@dataclass
class Fit:
    """A fit of one estimator on one split.

    Parameters
    ----------
    number : int
        Number of the estimator.
    estimator : estimator
        The estimator, which is copied.
    split : int
        Number of the split.
    rows : ndarray
        Training rows of the split.
    fitted : estimator, default=None
        The fitted copy.
    warnings : set of (str, type), default=()
        Messages and categories of what the fit warned of.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from deepgen.search.fit import Fit
    >>> Fit(1, LinearRegression(), 0, np.arange(3)).name
    'estimators[1] (LinearRegression), split 0'
    """

    number: int
    estimator: Any
    split: int
    rows: NDArray[Any]
    fitted: Any = None
    warnings: Iterable[tuple[str, type[Warning]]] = ()

    @property
    def name(self) -> str:
        """Name of the fit in messages."""
        return f"estimators[{self.number}] ({type(self.estimator).__name__}), split {self.split}"

    def run(self, X: Any, y: Any, sample_weight: Any) -> None:
        """Fit a copy of the estimator, unless all fits are asked to end.

        Parameters
        ----------
        X, y, sample_weight : array-like or None
            All rows.

        Raises
        ------
        Exception
            If the fit fails, with its name in the message.
        """
        share = current_share.get()
        if share is not None and share.stop.is_set():
            return
        model = clone(self.estimator)
        own = [
            None if values is None else _safe_indexing(values, self.rows)
            for values in (X, y, sample_weight)
        ]
        weights = {} if own[2] is None else {_weight_argument(model): own[2]}
        try:
            with collect_warnings() as collected:
                model.fit(own[0], own[1], **weights)
        except Exception as error:
            kind = next((kind for kind in KEPT if isinstance(error, kind)), RuntimeError)
            raise kind(f"{self.name}: {error}") from error
        self.fitted, self.warnings = model, set(collected)


def _weight_argument(model: Any) -> str:
    """Return the name of the sample weights in an estimator's ``fit``."""
    # With metadata routing the steps of a pipeline ask for what they get.
    if isinstance(model, Pipeline) and not get_config()["enable_metadata_routing"]:
        return f"{model.steps[-1][0]}__sample_weight"
    return "sample_weight"
