"""Fitted attributes and outputs of an estimator."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from deepgen._display.documented import Documented
from deepgen._engine.arrays import AnyArray, Matrix
from deepgen._engine.threads import measuring_threads
from deepgen._inputs.features import as_matrix, check_features
from deepgen._inputs.targets import Targets
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen._training.state import TrainingState
from deepgen._user_warnings import warn
from deepgen.estimators.fit import read_validation
from deepgen.estimators.network_spec import numpy_type
from deepgen.estimators.saving import save
from deepgen.estimators.subspace import Subspace

__all__ = ["FittedMLP", "network_of", "outputs_of"]


class _Layers(list[AnyArray]):
    """Arrays of the layers; assigning to one writes into the network."""

    def __init__(self, arrays: list[AnyArray], write: Callable[[list[Any]], None]) -> None:
        super().__init__(arrays)
        self._write = write

    def __setitem__(self, index: Any, value: Any) -> None:
        new: list[Any] = list(self)
        new[index] = value
        self._write(new)

    def __reduce__(self) -> tuple[type, tuple[list[AnyArray]]]:
        return list, (list(self),)


class _SetByFit:
    """Placeholder that explains a missing attribute; the instance's own attribute replaces it."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        if model is None:
            return self
        model._refuse_without_network(self.name)
        raise AttributeError(f"{type(model).__name__!r} object has no attribute {self.name!r}")


def _set_by_fit() -> Any:
    return _SetByFit()


def outputs_of(targets: Targets, network: Any, matrix: Matrix, n_threads: int) -> AnyArray:
    """Return a network's outputs; warn of those that are not finite.

    Parameters
    ----------
    targets : Targets
        Targets of the network.
    network : Network or PreparedNetwork
        Network.
    matrix : ndarray of shape (n_samples, n_features) or SparseRows
        Samples in the network's type.
    n_threads : int
        Largest number of threads.

    Returns
    -------
    outputs : ndarray of shape (n_samples, n_outputs)
        Outputs in the form that the targets decode.

    Warns
    -----
    RuntimeWarning
        If outputs are not finite.
    """
    outputs, n_wrong = targets.read(network, matrix, n_threads=n_threads)
    if n_wrong:
        warn(
            f"The outputs for {n_wrong} of {len(outputs)} samples are not finite: features or "
            f"weights are too large for {network.dtype}, or weights are not finite.",
            RuntimeWarning,
        )
    return outputs


class FittedMLP(Documented, BaseEstimator):
    """Fitted attributes that are derived from the network and the training state.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> model = MLPRegressor(hidden_layer_sizes=(3,)).partial_fit([[0.0], [1.0]], [0.0, 1.0])
    >>> [coefs.shape for coefs in model.coefs_], model.t_
    ([(1, 3), (3, 1)], 2)
    """

    n_jobs: int | None
    dtype: str

    n_iter_: int = _set_by_fit()
    network_: Network = _set_by_fit()
    _training_state: TrainingState = _set_by_fit()
    _targets: Targets = _set_by_fit()

    def __sklearn_is_fitted__(self) -> bool:
        return "network_" in vars(self) or "_members" in vars(self)

    def _refuse_without_network(self, name: str) -> None:
        """Refuse an attribute of one network if there is no network, or several.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        AttributeError
            If the estimator has several members.
        """
        check_is_fitted(self)
        members = vars(self).get("_members")
        if members is not None:
            raise AttributeError(
                f"{name} belongs to one network, and here are {len(members)}: look at "
                f"members_[0].{name} and its neighbours"
            )

    @property
    def members_(self) -> list[Any]:
        """The fitted members; with ``n_members=1`` this estimator itself."""
        check_is_fitted(self)
        return list(self._own_members)

    @property
    def _own_members(self) -> list[Any]:
        return vars(self).get("_members") or [self]

    @property
    def subspace_(self) -> Subspace:
        """The line of networks learned with ``averaging='subspace'``.

        Raises
        ------
        AttributeError
            If there is no such line.
        """
        self._refuse_without_network("subspace_")
        state = self._training_state.averaging_state
        if "ends" not in state:
            raise AttributeError("there is a subspace_ with averaging='subspace' only")
        return Subspace(self, state["ends"])

    @property
    def coefs_(self) -> list[AnyArray]:
        """Weight matrices of shape (in, out), one per layer: views, not copies."""
        self._refuse_without_network("coefs_")
        network = self.network_
        return _Layers(network.coefs(), lambda new: network.set_layers(new, suffix=""))

    @coefs_.setter
    def coefs_(self, coefs: Any) -> None:
        check_is_fitted(self)
        self.network_.set_layers(coefs, suffix="")

    @property
    def intercepts_(self) -> list[AnyArray]:
        """Intercepts of shape (out,), one per layer: views, or zeros if a layer has none."""
        self._refuse_without_network("intercepts_")
        network = self.network_
        return _Layers(network.intercepts(), lambda new: network.set_layers(None, new, suffix=""))

    @intercepts_.setter
    def intercepts_(self, intercepts: Any) -> None:
        check_is_fitted(self)
        self.network_.set_layers(None, intercepts, suffix="")

    @property
    def n_outputs_(self) -> int:
        """Number of outputs of the network."""
        return self._targets.n_outputs

    @property
    def out_activation_(self) -> str:
        """Name of the function that maps the network's outputs to predictions."""
        return self._targets.out_activation

    @property
    def n_layers_(self) -> int:
        """Number of layers, the inputs counted as one."""
        self._refuse_without_network("n_layers_")
        return self.network_.n_layers + 1

    @property
    def t_(self) -> int:
        """Number of training rows seen in all epochs of all calls."""
        self._refuse_without_network("t_")
        return self._training_state.samples_seen

    @property
    def history_(self) -> dict[str, NDArray[Any]]:
        """Measurements of each epoch, as arrays of equal length."""
        self._refuse_without_network("history_")
        return self._training_state.history.arrays()

    @property
    def loss_curve_(self) -> list[float]:
        """Training loss of each epoch."""
        self._refuse_without_network("loss_curve_")
        return self._training_state.history.columns["loss"]

    @property
    def loss_(self) -> float:
        """Training loss of the last epoch; NaN if Ctrl-C ended the first one."""
        self._refuse_without_network("loss_")
        return self.loss_curve_[-1] if self.loss_curve_ else float("nan")

    @property
    def best_loss_(self) -> float | None:
        """Lowest training loss of all epochs; None with early stopping."""
        self._refuse_without_network("best_loss_")
        if self.validation_scores_ is not None:
            return None
        return float(min((loss for loss in self.loss_curve_ if loss == loss), default=np.inf))

    @property
    def validation_scores_(self) -> list[float] | None:
        """Validation score of each epoch; None without early stopping."""
        self._refuse_without_network("validation_scores_")
        if self.best_validation_score_ is None:
            return None
        return self._training_state.history.columns["val_score"]

    @property
    def best_validation_score_(self) -> float | None:
        """Highest validation score of all epochs; None without early stopping."""
        self._refuse_without_network("best_validation_score_")
        best = self._training_state.patience.best_score
        return None if best == -np.inf else best

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write this estimator to a file that `deepgen.load` reads.

        Parameters
        ----------
        path : str or path-like
            Path of the file; an existing file is replaced in one step or, if writing fails, kept.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If it is an instance of a subclass, which another program may not have.

        Warns
        -----
        UserWarning
            If a constructor parameter cannot be written as data, such as a callable: the loaded
            estimator has its default.

        See Also
        --------
        deepgen.load : Read the file.

        Notes
        -----
        The file contains plain data, so reading it runs no code. Like a pickle it preserves
        everything: predictions have the same bits, and with ``warm_start=True`` or by
        ``partial_fit`` training continues as if there had been no break.

        Examples
        --------
        >>> import os
        >>> import tempfile
        >>> from deepgen import MLPRegressor
        >>> model = MLPRegressor().partial_fit([[0.0], [1.0]], [0.0, 1.0])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(os.path.join(folder, "model.dgn"))
        ...     os.listdir(folder)
        ['model.dgn']
        """
        save(self, path)

    def embed(self, X: Any, layer: int = -1) -> AnyArray:
        """Return the activations of a hidden layer for samples.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.
        layer : int, default=-1
            Index of the hidden layer, from 0; negative numbers count from the last one.

        Returns
        -------
        activations : ndarray of shape (n_samples, n_units)
            Outputs of the layer after activation, normalization and skip, without dropout, in the
            estimator's ``dtype``.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If there is no such hidden layer, if X has other columns than in ``fit``, or if entries
            are not finite.

        See Also
        --------
        Network.activations : The same without validation of the samples.

        Examples
        --------
        >>> from deepgen import MLPRegressor
        >>> model = MLPRegressor(hidden_layer_sizes=(8, 3)).partial_fit([[0.0], [1.0]], [0.0, 1.0])
        >>> model.embed([[0.5]]).shape, model.embed([[0.5]], layer=0).shape
        ((1, 3), (1, 8))
        """
        check_is_fitted(self)
        network = self.network_
        n_hidden = network.n_layers - 1
        if n_hidden == 0:
            raise ValueError("embed needs a hidden layer, the network has none")
        if not isinstance(layer, int | np.integer) or not -n_hidden <= layer < n_hidden:
            raise ValueError(
                f"layer must be an integer in [{-n_hidden}, {n_hidden - 1}], which name the hidden "
                f"layers, got {layer!r}"
            )
        X = check_features(self, X, network.dtype, reset=False)
        n_threads = measuring_threads(self.n_jobs, X.shape[0])
        return network.activations(as_matrix(X), int(layer) % n_hidden, n_threads=n_threads)

    def _outputs(self, X: Any) -> list[AnyArray]:
        """Return each member's outputs for new samples, in the form that its targets decode."""
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)  # which refuses, and takes its time
        members = self._own_members
        X = check_features(self, X, members[0].network_.dtype, reset=False)
        matrix, n_threads = as_matrix(X), measuring_threads(self.n_jobs, X.shape[0])
        return [outputs_of(own._targets, own.network_, matrix, n_threads) for own in members]

    def _as_data(
        self, X: Any, y: Any, sample_weight: Any = None, dtype: np.dtype[Any] | type = np.float64
    ) -> Data:
        """Return samples in the engine's format, validated as by ``fit``."""
        check_is_fitted(self)
        return read_validation(
            self,
            self._targets,
            X,
            y,
            sample_weight,
            dtype=np.dtype(dtype),
            prediction_dtype=numpy_type(self.dtype),
        ).data


def network_of(model: FittedMLP) -> Network:
    """Return the network of an estimator with one member.

    Parameters
    ----------
    model : MLPRegressor or MLPClassifier
        Fitted estimator.

    Returns
    -------
    network : Network
        The estimator's own network, not a copy.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If it has several members.
    """
    n_members = len(model.members_)
    if n_members > 1:
        raise ValueError(
            f"one network is measured at a time, and this {type(model).__name__} averages "
            f"{n_members}: take model.members_[0] and its neighbours"
        )
    return model.network_
