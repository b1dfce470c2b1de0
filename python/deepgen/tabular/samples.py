"""Samples of a fit: encoded rows with their targets and weights."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Samples"]


class Samples(NamedTuple):
    """Encoded rows with their targets.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_encoded) or None
        Features.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    weights : array-like of shape (n_samples,) or None
        Sample weights.

    Examples
    --------
    >>> from deepgen.tabular.samples import Samples
    >>> Samples().as_validation()["X_val"] is None
    True
    """

    X: Any = None
    y: Any = None
    weights: Any = None

    def as_validation(self) -> dict[str, Any]:
        """Return the arguments with which an MLP validates on these samples.

        Returns
        -------
        arguments : dict
            Arguments of ``fit``.
        """
        return {"X_val": self.X, "y_val": self.y, "sample_weight_val": self.weights}
