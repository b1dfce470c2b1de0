"""The base of transformers that are trained on pretext tasks."""

from __future__ import annotations

import os
from abc import abstractmethod
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from deepgen import _core
from deepgen._display.documented import Documented
from deepgen._engine.arrays import AnyArray
from deepgen._engine.threads import measuring_threads
from deepgen._inputs.features import as_matrix, check_features
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen._training.first_order import train
from deepgen._training.plan import FirstOrderPlan
from deepgen._training.state import TrainingState, unchanged_on_failure
from deepgen.augmentation import Augmentation
from deepgen.estimators import MLPClassifier, MLPRegressor
from deepgen.estimators.base import SuggestsNames
from deepgen.estimators.constraints import SHARED, Names
from deepgen.estimators.from_parameters import make_network
from deepgen.estimators.incompatibilities import refuse_with_pretrained
from deepgen.estimators.network_spec import hidden_activations, hidden_widths
from deepgen.estimators.settings import draw_seed, make_plan, read_settings
from deepgen.estimators.starting_weights import start_network
from deepgen.initializers import RULES, Pretrained
from deepgen.optimizers import KFAC, SOLVERS, FirstOrder
from deepgen.pretraining.saving import save_transformer

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["PretextTransformer"]

MLP = TypeVar("MLP", MLPClassifier, MLPRegressor)

OF_TRAINING = (
    *("solver", "alpha", "batch_size", "learning_rate", "learning_rate_init", "max_iter", "tol"),
    *("n_iter_no_change", "max_time", "verbose", "dtype", "n_jobs"),
)
"""Parameters that mean the same for `MLPRegressor`."""


class PretextTransformer(
    Documented, ClassNamePrefixFeaturesOutMixin, SuggestsNames, TransformerMixin, BaseEstimator
):
    """Base of the transformers of this room, not for direct use.

    Examples
    --------
    >>> from deepgen.pretraining import VIME, PretextTransformer
    >>> issubclass(VIME, PretextTransformer)
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **{name: SHARED[name] for name in ("hidden_layer_sizes", "activation", "random_state")},
        **{name: SHARED[name] for name in OF_TRAINING},
        "solver": [Names(set(SOLVERS) - {"kfac", "lbfgs"}), FirstOrder],
        "probability": [Interval(Real, 0, 1, closed="right")],
    }
    _least_samples: ClassVar[int] = 1

    hidden_layer_sizes: Any
    activation: Any
    random_state: Any
    solver: Any
    n_jobs: int | None

    network_: Network
    history_: dict[str, NDArray[Any]]
    n_iter_: int
    loss_: float
    _n_layers: int

    @abstractmethod
    def _task(self) -> _core.Component:
        """Return the engine's pretext task."""

    @abstractmethod
    def _augmentation(self) -> Augmentation:
        """Return the change of the rows."""

    @abstractmethod
    def _head(self, n_features: int) -> tuple[list[int], int]:
        """Return the widths of the head's hidden layers, and the number of outputs."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train encoder and head on rows without labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, finite; of similar scales, as for an MLP.
        y : None
            Ignored.

        Returns
        -------
        self : PretextTransformer
            This object, fitted.

        Raises
        ------
        TypeError
            If X is sparse.
        ValueError
            If parameters or X cannot be used. The transformer then keeps its state.

        Warns
        -----
        ConvergenceWarning
            If ``max_iter`` or ``max_time`` was used up before the loss stopped falling, or if
            training diverged.
        """
        with unchanged_on_failure(self):
            self._fit(X)
        return self

    def _fit(self, X: Any) -> None:
        """Train; the fitted attributes are set at the end."""
        self._validate_params()
        if isinstance(self.solver, KFAC):
            raise ValueError(
                "solver=KFAC(...) needs a likelihood to draw targets from, and a pretext task has "
                "none; use another first-order solver, such as 'adam'"
            )
        widths = hidden_widths(self.hidden_layer_sizes)
        if not widths:
            raise ValueError(
                "hidden_layer_sizes must name the layers of the encoder, one at least, got ()"
            )
        activations = self._activations(widths)
        _refuse_sparse(X)
        shared = self.get_params(deep=False)
        # An MLP with the same settings reads them and starts the network.
        head = self._head(1)[0]
        names: Any = activations + activations[-1:] * len(head)
        model = MLPRegressor(
            hidden_layer_sizes=[*widths, *head],
            activation=names,
            augmentation=self._augmentation(),
            **{name: shared[name] for name in OF_TRAINING},
        )
        settings = read_settings(model, incremental=False)
        X = check_features(self, X, settings.dtype, reset=True)
        n_samples, n_features = X.shape
        if n_samples < self._least_samples:
            raise ValueError(
                f"{type(self).__name__} compares the rows of a batch and needs "
                f"{self._least_samples} samples at least, got n_samples={n_samples}"
            )
        # The task looks at X alone; y only has its length.
        data = Data(as_matrix(X), X)
        state = TrainingState(draw_seed(self))
        network = make_network(
            model,
            n_inputs=n_features,
            n_outputs=self._head(n_features)[1],
            loss=_core.Component("squared_error"),
            products=settings.products,
            before=None,
            data=data,
        )
        start_network(model, network, data, state.seed, coefs=None, intercepts=None)
        plan = make_plan(model, settings, n_samples)
        plan = replace(cast(FirstOrderPlan, plan), pretext=self._task())
        n_epochs = train(network, data, None, plan, state)
        self.network_ = network.as_type(settings.prediction_dtype)
        self.n_iter_, self.history_ = n_epochs, state.history.arrays()
        # Without an epoch, training was interrupted.
        self.loss_ = float(self.history_["loss"][-1]) if n_epochs else float("nan")
        self._n_layers = len(widths)

    def _activations(self, widths: list[int]) -> list[str]:
        """Return the activation of each layer of the encoder."""
        names = hidden_activations(self.activation, len(widths))
        if any(name not in _core.catalog()["activations"] for name in names):
            raise ValueError(
                f"activation={self.activation!r} has trained slopes, which {type(self).__name__} "
                "does not support; give a name such as 'relu'"
            )
        return names

    def transform(self, X: Any) -> AnyArray:
        """Return the encoder's representation of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        representation : ndarray of shape (n_samples, n_units)
            Outputs of the encoder's last layer, in ``dtype``. The representation of a row does not
            depend on the other rows.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        TypeError
            If X is sparse.
        ValueError
            If X has other columns than in ``fit``, or entries that are not finite.
        """
        check_is_fitted(self)
        _refuse_sparse(X)
        network = self.network_
        X = check_features(self, X, network.dtype, reset=False)
        n_threads = measuring_threads(self.n_jobs, X.shape[0])
        return network.activations(as_matrix(X), self._n_layers - 1, n_threads=n_threads)

    def warm(self, estimator: MLP) -> MLP:
        """Return an unfitted copy of an MLP whose first layers will start at the encoder's weights.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            Its hidden layers begin with those of the encoder, of the same widths and activations;
            more may follow. It is not changed.

        Returns
        -------
        estimator : MLPClassifier or MLPRegressor
            Copy whose ``initializer`` is a `deepgen.initializers.Pretrained`. The other layers
            start as before. It can be fitted by itself, in a pipeline, in a search or by
            cross-validation, since ``clone`` keeps the start; X must be what this transformer saw.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        TypeError
            If it is another estimator.
        ValueError
            If its first layers are not the encoder's, or compute something else with the same
            weights (normalization, skips, embeddings, ...).
        """
        check_is_fitted(self)
        if not isinstance(estimator, MLPClassifier | MLPRegressor):
            raise TypeError(
                "warm needs an MLPClassifier or an MLPRegressor, whose layers can start at the "
                f"encoder's weights, got {type(estimator).__name__}"
            )
        rest: Any = estimator.initializer
        if isinstance(rest, Pretrained):
            rest = rest.rest
        if rest not in RULES:
            raise ValueError(
                f"initializer={rest!r} looks at the rows and would rescale the encoder's layers "
                f"too; give one of {', '.join(RULES)}"
            )
        network, n_layers = self.network_, self._n_layers
        start = Pretrained(
            coefs=tuple(coefs.copy() for coefs in network.coefs()[:n_layers]),
            intercepts=tuple(values.copy() for values in network.intercepts()[:n_layers]),
            activations=tuple(layer.activation for layer in network.core.spec.layers[:n_layers]),
            rest=rest,
        )
        warm: MLP = clone(estimator).set_params(initializer=start)
        refuse_with_pretrained(warm, start)
        return warm

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write this transformer to a file that `deepgen.load` reads.

        Parameters
        ----------
        path : str or path-like
            Path of the file; an existing file is replaced in one step or, if writing fails, kept.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        TypeError
            If it is of a subclass.

        Warns
        -----
        UserWarning
            If a parameter cannot be written as data, such as a ``RandomState``.

        See Also
        --------
        deepgen.load : Read the file.
        """
        save_transformer(self, path)

    @property
    def _n_features_out(self) -> int:
        return int(self.network_.core.spec.layers[self._n_layers - 1].width)

    def __sklearn_is_fitted__(self) -> bool:
        return "network_" in vars(self)


def _refuse_sparse(X: Any) -> None:
    """Refuse sparse features.

    Raises
    ------
    TypeError
        If they are sparse.
    """
    if sparse.issparse(X):
        raise TypeError(
            f"X is sparse ({type(X).__name__}), and a pretext task changes and compares all entries"
            " of a row; give a dense array, such as X.toarray()"
        )
