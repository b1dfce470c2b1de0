"""MLPRegressor: a dense network that predicts numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from deepgen import _core
from deepgen.component import resolve
from deepgen.estimators.base import BaseMLP, can_continue
from deepgen.estimators.constraints import REGRESSOR
from deepgen.inputs import refuse_lookalikes
from deepgen.losses import REGRESSION_LOSSES, Gamma, Poisson, Quantile, RegressionLoss
from deepgen.network import Array, Network
from deepgen.normalizations import Normalization
from deepgen.optimizers import Optimizer
from deepgen.scaling import TargetScaling
from deepgen.schedules import Schedule
from deepgen.skips import Skip
from deepgen.threads import effective_threads
from deepgen.validation import Data

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["MLPRegressor"]


class MLPRegressor(RegressorMixin, BaseMLP):
    """Multi-layer perceptron that predicts numbers, in place of scikit-learn's.

    Parameters
    ----------
    loss : str or RegressionLoss, default='squared_error'
        'squared_error', 'absolute_error', 'huber', 'quantile', 'poisson', 'gamma' or an object of
        `deepgen.losses`.
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Units of each hidden layer; ``()`` makes a linear model.
    activation : str or sequence of str, default='relu'
        'identity', 'logistic', 'tanh', 'relu', 'leaky_relu' (slope 0.01), 'elu', 'selu', 'gelu',
        'silu' or 'mish'; a sequence gives one to each hidden layer.
    solver : {'adam', 'adamw', 'sgd', 'lbfgs'} or Optimizer, default='adam'
        How the weights are found. An object of `deepgen.optimizers` brings its own settings; a name
        takes ``momentum``, ``beta_1`` ... from here.
    alpha : float, default=0.0001
        L2 on the weights, divided by the weight sum of the batch, >= 0.
    batch_size : int or 'auto', default='auto'
        Rows of a step; 'auto' is min(200, n_samples). Not used by 'lbfgs'.
    learning_rate : {'constant', 'invscaling', 'adaptive'} or Schedule, default='constant'
        How the learning rate moves; 'invscaling' and 'adaptive' act for 'sgd' only, objects of
        `deepgen.schedules` for every solver but 'lbfgs'.
    learning_rate_init : float, default=0.001
        Learning rate before any schedule, > 0.
    power_t : float, default=0.5
        Power of 'invscaling', >= 0.
    max_iter : int, default=200
        Epochs, for 'lbfgs' iterations, at most.
    shuffle : bool, default=True
        Whether each epoch has its own order of rows.
    random_state : int, RandomState instance or None, default=None
        Determines starting weights, order of rows, dropout and the validation split.
    tol : float, default=1e-4
        What counts as an improvement of loss or score; for 'lbfgs' the bound on the gradient.
    verbose : bool, default=False
        Whether to print a line an epoch.
    warm_start : bool, default=False
        Whether ``fit`` goes on where the last call ended, optimizer state included.
    momentum : float, default=0.9
        Momentum of 'sgd', in [0, 1].
    nesterovs_momentum : bool, default=True
        Whether 'sgd' looks ahead along the velocity.
    early_stopping : bool, default=False
        Whether to set rows aside, stop when their score no longer improves and keep the best
        weights.
    validation_fraction : float, default=0.1
        Share of the rows that early stopping sets aside, in (0, 1).
    beta_1 : float, default=0.9
        Decay of Adam's first moment, in [0, 1).
    beta_2 : float, default=0.999
        Decay of Adam's second moment, in [0, 1).
    epsilon : float, default=1e-8
        Added to the root of Adam's second moment, > 0.
    n_iter_no_change : int or inf, default=10
        Epochs without improvement before training stops; ``np.inf`` never stops.
    max_fun : int, default=15000
        Loss evaluations of 'lbfgs', at most.
    target_scaling : {'standard'} or None, default='standard'
        Whether targets are standardised inside ('poisson' and 'gamma': divided by their mean), so
        that their unit does not matter; None is scikit-learn's behaviour.
    normalization : {'batch', 'layer'}, Normalization or None, default=None
        What stands before the activation of the hidden layers.
    skip : {'residual'}, Skip or None, default=None
        Which hidden layers are bridged.
    dropout : float, default=0.0
        Probability that a hidden unit is dropped in a training step, in [0, 1).
    bias : bool, default=True
        Whether layers have intercepts.
    initializer : str, default='glorot_uniform'
        Starting weights: 'glorot_uniform' (scikit-learn's rule), 'he_normal', 'he_uniform',
        'lecun_normal', 'orthogonal' or 'data_dependent' (mean 0 and variance 1 in every layer).
    scoring : str, callable or None, default=None
        What is measured on the validation rows and stops training early: None is R2 (D2 of
        the pinball loss for several quantiles), 'loss'
        minus the validation loss, else a scikit-learn scorer's name or a callable
        ``(estimator, X, y)``; higher is better.
    max_time : float or None, default=None
        Seconds after which ``fit`` ends, looked at after each epoch; > 0.
    dtype : {'float32', 'float64'}, default='float32'
        Type of weights, arithmetic and outputs.
    n_jobs : int or None, default=None
        Largest number of threads; None takes the physical cores, -1 all. Results do not depend on
        it.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (in, out)
        Weights, as views: writing into them changes the next prediction.
    intercepts_ : list of ndarray of shape (out,)
        Intercepts.
    network_ : Network
        The engine's network with its flat vector of parameters.
    history_ : dict of str to ndarray
        ``epoch``, ``loss``, ``learning_rate``, ``gradient_norm``, ``time`` and, with validation
        data, ``val_loss`` and ``val_score``; a row an epoch.
    loss_ : float
        Training loss of the last epoch.
    best_loss_ : float or None
        Lowest training loss; None with early stopping.
    loss_curve_ : list of float
        Training loss of each epoch.
    validation_scores_ : list of float or None
        Score of each epoch on the rows set aside; None without early stopping.
    best_validation_score_ : float or None
        Highest of them.
    n_iter_ : int
        Epochs of the last call.
    t_ : int
        Training rows seen in all calls.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of str
        Their names, where all of them have one.
    n_layers_ : int
        Layers, the inputs counted as one.
    n_outputs_ : int
        Outputs of the network.
    out_activation_ : str
        Function from the network's outputs to predictions.
    target_mean_ : ndarray of shape (n_targets,)
        What is taken off the targets.
    target_scale_ : ndarray of shape (n_targets,)
        What the targets are divided by.

    See Also
    --------
    MLPClassifier : The same network for classes.

    Notes
    -----
    Losses are summed over outputs and averaged over samples, in scaled units. The same seed gives
    the same bits whatever the number of threads.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> model = MLPRegressor(solver="lbfgs", hidden_layer_sizes=(20,), random_state=0, tol=1e-2)
    >>> model.fit(X, np.sin(3 * X[:, 0])).score(X, np.sin(3 * X[:, 0])) > 0.99
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = REGRESSOR

    target_mean_: Array
    target_scale_: Array

    def __init__(
        self,
        loss: str | RegressionLoss = "squared_error",
        hidden_layer_sizes: int | Sequence[int] | Array = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str | Optimizer = "adam",
        alpha: float = 0.0001,
        batch_size: str | int = "auto",
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        target_scaling: str | None = "standard",
        normalization: str | Normalization | None = None,
        skip: str | Skip | None = None,
        dropout: float = 0.0,
        bias: bool = True,
        initializer: str = "glorot_uniform",
        scoring: str | Callable[..., float] | None = None,
        max_time: float | None = None,
        dtype: str = "float32",
        n_jobs: int | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.loss = loss
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.normalization = normalization
        self.skip = skip
        self.dropout = dropout
        self.bias = bias
        self.initializer = initializer
        self.scoring = scoring
        self.max_time = max_time
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.target_scaling = target_scaling

    @available_if(can_continue)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more epoch on the given data.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets; they are scaled as those of the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, >= 0.

        Returns
        -------
        self : MLPRegressor
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Array:
        """Predict targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions in the targets' units, of the estimator's ``dtype``; one column a level
            where the loss has several quantiles.
        """
        means = self._outputs(X, means=True)
        predictions = TargetScaling(self.target_mean_, self.target_scale_).undo(means)
        return predictions if self._several_columns else predictions.ravel()

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score predictions by R2, or by D2 of the pinball loss where there are several quantiles.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, >= 0.

        Returns
        -------
        score : float
            At most 1; the mean over levels for several quantiles.
        """
        return self._score_of(y, self.predict(X), sample_weight)

    @property
    def _several_columns(self) -> bool:
        loss = self._loss()
        return self.n_outputs_ > 1 or (isinstance(loss, Quantile) and loss.levels is not None)

    def _loss(self) -> RegressionLoss:
        return resolve(self.loss, REGRESSION_LOSSES, "loss")

    def _check_targets(self, y: Any, *, first: bool, incremental: bool) -> Array:
        if not isinstance(y, np.ndarray):
            raise ValueError("y is sparse, a regressor needs a dense array")
        refuse_lookalikes(y, "y")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        targets: Array = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
        if not np.isfinite(targets).all():
            raise ValueError("Input y contains NaN or infinity.")
        loss = self._loss()
        if isinstance(loss, Quantile) and loss.levels is not None and targets.shape[1] > 1:
            raise ValueError(f"several quantiles need y of one column, got {targets.shape[1]}")
        if isinstance(loss, Poisson) and targets.min() < 0:
            raise ValueError(f"loss='poisson' needs y >= 0, the smallest is {targets.min()}")
        if isinstance(loss, Gamma) and targets.min() <= 0:
            raise ValueError(f"loss='gamma' needs y > 0, the smallest is {targets.min()}")
        if not first and targets.shape[1] != len(self.target_mean_):
            raise ValueError(
                f"y has {targets.shape[1]} columns, the regressor was fitted with "
                f"{len(self.target_mean_)}"
            )
        return targets

    def _scale_targets(self, y: Array, weights: Array | None) -> None:
        scaling = TargetScaling.none(y.shape[1])
        if self.target_scaling is not None:
            scaling = TargetScaling.learn(y, weights, centred=not self._loss().positive_link)
        self.target_mean_, self.target_scale_ = scaling.mean, scaling.scale

    def _encode(self, y: Array, dtype: np.dtype[Any]) -> Array:
        scaling = TargetScaling(self.target_mean_, self.target_scale_)
        with np.errstate(over="ignore"):
            scaled = np.ascontiguousarray(scaling.apply(y), dtype=dtype)
        # Scaled targets may fit where predictions, in y's units, would not.
        for name, values in ((dtype.name, scaled), (self.dtype, y)):
            if not np.abs(values).max() <= np.finfo(name).max:
                raise ValueError(f"y is too large for {name}: {np.abs(y).max()}")
        return scaled

    def _engine_loss(self) -> tuple[_core.Component, int, str]:
        loss = self._loss()
        several = isinstance(loss, Quantile) and loss.levels is not None
        n_outputs = loss.n_levels if isinstance(loss, Quantile) and several else 0
        return loss.to_core(), n_outputs or len(self.target_mean_), loss.out_activation

    def _strata(self, y: Array) -> Array | None:
        return None

    def _measure(self, y: Array, weights: Array | None, network: Network, data: Data) -> float:
        threads = effective_threads(self.n_jobs)
        means = network.means(data.X, rows=data.rows, n_threads=threads)
        if not np.isfinite(means).all():
            return float("nan")
        scaling = TargetScaling(self.target_mean_, self.target_scale_)
        return self._score_of(y, scaling.undo(means), weights)

    def _score_of(self, y: Any, predictions: Array, weights: Any) -> float:
        loss = self._loss()
        if isinstance(loss, Quantile) and loss.levels is not None:
            scores = [
                d2_pinball_score(y, predictions[:, column], sample_weight=weights, alpha=level)
                for column, level in enumerate(loss.levels)
            ]
            return float(np.mean(scores))
        return float(r2_score(y, predictions, sample_weight=weights))
