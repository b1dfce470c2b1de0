"""What a fitted estimator knows and how it computes outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from deepgen.course import Course
from deepgen.inputs import as_matrix, check_features
from deepgen.network import Array, Network
from deepgen.threads import effective_threads

__all__ = ["FittedMLP"]


class FittedMLP(BaseEstimator):
    """Fitted attributes that are read from the network and from the course of training.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> model = MLPRegressor(hidden_layer_sizes=(3,)).partial_fit([[0.0], [1.0]], [0.0, 1.0])
    >>> [coefs.shape for coefs in model.coefs_], model.t_
    ([(1, 3), (3, 1)], 2)
    """

    n_jobs: int | None

    n_iter_: int
    n_outputs_: int
    out_activation_: str
    network_: Network
    _course: Course

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    @property
    def coefs_(self) -> list[Array]:
        """Weight matrices of shape (in, out), one a layer: views, not copies."""
        return self.network_.coefs()

    @property
    def intercepts_(self) -> list[Array]:
        """Intercepts of shape (out,), one a layer: views where the layer has them, else zeros."""
        return self.network_.intercepts()

    @property
    def n_layers_(self) -> int:
        """Layers, the inputs counted as one."""
        return self.network_.n_layers + 1

    @property
    def t_(self) -> int:
        """Training rows seen in all epochs of all calls."""
        return self._course.samples_seen

    @property
    def history_(self) -> dict[str, NDArray[Any]]:
        """Measurements of each epoch, as arrays of equal length."""
        return self._course.history.arrays()

    @property
    def loss_curve_(self) -> list[float]:
        """Training loss of each epoch."""
        return self._course.history.columns["loss"]

    @property
    def loss_(self) -> float:
        """Training loss of the last epoch; NaN where Ctrl-C came before the end of the first."""
        return self.loss_curve_[-1] if self.loss_curve_ else float("nan")

    @property
    def best_loss_(self) -> float | None:
        """Lowest training loss of all epochs; None with early stopping."""
        if self.validation_scores_ is not None:
            return None
        return float(min((loss for loss in self.loss_curve_ if loss == loss), default=np.inf))

    @property
    def validation_scores_(self) -> list[float] | None:
        """Validation score of each epoch; None without early stopping."""
        if self.best_validation_score_ is None:
            return None
        return self._course.history.columns["val_score"]

    @property
    def best_validation_score_(self) -> float | None:
        """Highest validation score of all epochs; None without early stopping."""
        best = self._course.patience.best_score
        return None if best == -np.inf else best

    def _outputs(self, X: Any, *, means: bool) -> Array:
        """Return the network's outputs for new samples, after the inverse link if asked for."""
        check_is_fitted(self)
        network = self.network_
        matrix = as_matrix(check_features(self, X, network.dtype, reset=False))
        compute = network.means if means else network.outputs
        return compute(matrix, n_threads=effective_threads(self.n_jobs))
