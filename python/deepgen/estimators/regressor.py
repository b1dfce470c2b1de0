"""MLPRegressor: a dense network that predicts numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, ClassVar, Literal

from deepgen._component import resolve
from deepgen._engine.arrays import AnyArray
from deepgen._inputs.regression_targets import RegressionTargets
from deepgen._inputs.target_scaling import TargetScaling
from deepgen.activations import Parametric
from deepgen.augmentation import Augmentation
from deepgen.averaging import Averaging
from deepgen.embeddings import CategoryEmbedding, NumericalEmbedding
from deepgen.estimators.constraints import REGRESSOR
from deepgen.estimators.incremental import IncrementalRegressor
from deepgen.estimators.names import (
    ActivationName,
    AugmentationName,
    AveragingName,
    DeviceName,
    InitializerName,
    NormalizationName,
    NumericalEmbeddingName,
    ParametrizationName,
    RegressionLossName,
    ScheduleName,
    SkipName,
    SolverName,
    TypeName,
)
from deepgen.initializers import DataDependent, Pretrained
from deepgen.losses import REGRESSION_LOSSES, RegressionLoss
from deepgen.normalizations import Normalization
from deepgen.optimizers import Optimizer
from deepgen.schedules import Schedule
from deepgen.skips import Skip

__all__ = ["MLPRegressor"]


class MLPRegressor(IncrementalRegressor):
    """Multi-layer perceptron regressor, a replacement for scikit-learn's.

    Parameters
    ----------
    loss : str or RegressionLoss, default='squared_error'
        'squared_error', 'absolute_error', 'huber', 'quantile', 'poisson', 'gamma',
        'binary_cross_entropy' (targets in [0, 1]) or an object of `deepgen.losses`.
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Number of units of each hidden layer; ``()`` gives a linear model.
    activation : str, Parametric or sequence of them, default='relu'
        'identity', 'logistic', 'tanh', 'relu', 'leaky_relu' (slope 0.01), 'elu', 'selu', 'gelu',
        'silu', 'mish' or `deepgen.activations.Parametric`, with a trained slope per unit; a
        sequence gives one per hidden layer.
    solver : str or Optimizer, default='adam'
        Optimizer: 'adam', 'adamw', 'sgd', 'adagrad', 'rmsprop', 'adadelta', 'kfac', 'shampoo' or
        'lbfgs'. An object of `deepgen.optimizers` has its own settings; a name uses ``momentum``,
        ``beta_1`` ... of the estimator. `SAM` and similar objects wrap another optimizer.
    alpha : float, default=0.0001
        L2 penalty on the weights, divided by the weight sum of the batch, >= 0. With
        ``parametrization='ntk'`` it acts on the trained numbers, as in the literature, and so as
        strongly on the weights as n times this value with 'standard', n being the inputs of their
        layer: more than a small one makes all outputs equal.
    batch_size : int or 'auto', default='auto'
        Rows per step; 'auto' is min(200, n_samples). Not used by 'lbfgs'.
    learning_rate : {'constant', 'invscaling', 'adaptive', 'cosine', 'one_cycle', 'plateau', \
'flat_cos', 'coslog4', 'snapshot'} or Schedule, default='constant'
        Learning rate schedule. 'invscaling' and 'adaptive' act for 'sgd' only, the other names and
        objects of `deepgen.schedules` for every solver but 'lbfgs'. 'plateau' reduces the rate when
        the validation loss, or the training loss without validation, stops falling; 'cosine',
        'one_cycle', 'flat_cos', 'coslog4' and 'snapshot' run over ``max_iter`` epochs.
    learning_rate_init : float, default=0.001
        Learning rate before any schedule, > 0; 'adadelta' has its own default, 1, and 'kfac', 0.01.
    power_t : float, default=0.5
        Exponent of 'invscaling', >= 0.
    max_iter : int, default=200
        Largest number of epochs, for 'lbfgs' of iterations.
    shuffle : bool, default=True
        Whether to shuffle the rows in each epoch.
    random_state : int, RandomState instance or None, default=None
        Seed of starting weights, order of rows, dropout, mixup, augmentation and the validation
        split.
    tol : float, default=1e-4
        Least improvement of loss or score that counts; for 'lbfgs' the bound on the gradient.
    verbose : bool or int, default=False
        Whether to print a line per epoch; 10 prints every tenth epoch and the last one.
    warm_start : bool, default=False
        Whether ``fit`` continues from the previous call, optimizer state included.
    momentum : float, default=0.9
        Momentum of 'sgd', in [0, 1].
    nesterovs_momentum : bool, default=True
        Whether 'sgd' uses Nesterov's momentum.
    early_stopping : bool, default=False
        Whether to hold out rows, stop when their score no longer improves and keep the best
        weights.
    validation_fraction : float or cross-validation splitter, default=0.1
        Rows held out by early stopping: a share, in (0, 1), or the last split of an object of
        `sklearn.model_selection`, such as ``TimeSeriesSplit()``; with ``groups`` in ``fit`` a share
        of whole groups.
    beta_1 : float, default=0.9
        Decay of Adam's first moment, in [0, 1).
    beta_2 : float, default=0.999
        Decay of Adam's second moment, in [0, 1).
    epsilon : float, default=1e-8
        Number added to the square root of Adam's second moment, > 0.
    n_iter_no_change : int or inf, default=10
        Number of epochs without improvement after which training stops; ``np.inf`` never stops.
    max_fun : int, default=15000
        Largest number of loss evaluations of 'lbfgs'.
    target_scaling : {'standard'} or None, default='standard'
        Whether training standardizes targets ('poisson' and 'gamma': divides by their mean;
        'binary_cross_entropy': leaves them unchanged), so that their unit has no influence. If
        features are so far from unit scale that the network's first outputs have a spread of more
        than 10 instead of about 1, targets get the outputs' spread (not for 'huber' and losses with
        a link). None is scikit-learn's behaviour.
    clip_predictions : bool, default=False
        Whether predictions are clipped, per target, to the range of the targets of the training
        rows (those with a weight) of all calls since this is True; each member has its own rows.
    normalization : {'batch', 'layer', 'weight', 'weight_standardization', \
            'scaled_weight_standardization'}, Normalization or None, default=None
        Normalization of the pre-activations ('batch', 'layer') or reparametrization of the weights
        ('weight', 'weight_standardization', 'scaled_weight_standardization') in the hidden layers.
    skip : {'residual', 'deepnorm', 'fixup', 'highway'}, Skip or None, default=None
        Skip connections between hidden layers, and the rule that combines the skipped value with
        the layer's output; objects of `deepgen.skips` have settings, such as ``Residual(drop=0.2)``
        for stochastic depth.
    numerical_embedding : {'pbld', 'pwl'}, NumericalEmbedding or None, default=None
        Trained maps of single features to several inputs of the first layer, such as
        ``PBLD(features=...)`` of `deepgen.embeddings`.
    category_embedding : CategoryEmbedding or None, default=None
        Columns that contain codes of categories; each category is mapped to a trained vector.
    input_scale : bool, default=False
        Whether each input of the first layer has a trained factor, initially 1.
    dropout : float or Schedule, default=0.0
        Probability that a hidden unit is dropped in a training step, in [0, 1), or a schedule of
        it, such as ``Scaled(FlatCos(), 0.15)``.
    bias : bool, default=True
        Whether layers have intercepts.
    parametrization : {'standard', 'ntk'}, default='standard'
        With 'standard' the weights are trained; with 'ntk' the trained numbers are divided by the
        root of a layer's number of inputs, so that the same learning rate suits 5 inputs and 500.
        ``coefs_`` are the trained numbers; the initial weights are the initializer's.
    initializer : str, DataDependent or Pretrained, default='glorot_uniform'
        Starting weights: 'glorot_uniform' (scikit-learn's rule), 'he_normal', 'he_uniform',
        'lecun_normal', 'orthogonal', 'data_dependent' (mean 0 and variance 1 in every layer),
        `deepgen.initializers.DataDependent`, which may also draw where units are 0, or
        `deepgen.initializers.Pretrained`, given first layers.
    clip_norm : float or None, default=None
        Largest norm of a step's gradient over all parameters, ``alpha`` included, > 0; longer
        gradients are scaled down to it. Not for 'lbfgs'.
    adaptive_clip : float or None, default=None
        Largest norm of a unit's gradient relative to the norm of its weights (columns of
        ``coefs_``; biases, scales and shifts as whole vectors), > 0; the output layer is not
        clipped. Not for 'lbfgs'.
    mixup : float, default=0.0
        Parameter a of mixup, >= 0: each step mixes its rows in pairs, features and losses alike,
        with shares from Beta(a, a); 0 means no mixup.
    augmentation : {'jitter', 'marginal', 'mask', 'swap'}, Augmentation or None, default=None
        Random changes of the features in each epoch: Gaussian noise, features replaced by their
        mean, or by those of other rows.
    scoring : str, callable or None, default=None
        Score of the validation rows, monitored by early stopping: None is R2, or if another score
        matches the loss, D2 of the absolute error ('absolute_error', 'huber'), of the pinball loss
        (quantiles) or of the deviance ('poisson', 'gamma', 'binary_cross_entropy'); 'loss' is minus
        the validation loss, else a scikit-learn scorer's name or a callable ``(estimator, X, y)``;
        higher is better.
    max_time : float or None, default=None
        Seconds after which ``fit`` ends, checked after each epoch; > 0.
    averaging : {'ema', 'swa', 'snapshot', 'batch_ensemble', 'subspace'}, Averaging or None, \
            default=None
        Averaging of the weights along the training: 'ema' predicts with their exponential moving
        average over steps, 'swa' with the mean over the last quarter of ``max_iter`` epochs;
        'snapshot' runs the 'snapshot' schedule in ``n_members`` cycles, whose final weights are the
        members; 'batch_ensemble' trains ``n_members`` networks together that share the matrices of
        the hidden layers; 'subspace' trains a line between two points and predicts with its
        midpoint. Objects of `deepgen.averaging` have settings. Not for 'lbfgs'.
    n_members : int, default=1
        Number of networks that differ only in their seed, trained in parallel, one per thread;
        predictions are their mean, and ``members_`` are fitted estimators.
    dtype : {'float32', 'float64', 'bfloat16'}, default='float32'
        Type of weights, arithmetic and outputs. 'bfloat16' rounds the factors of training's
        products, about 1.5 times faster, and is float32 otherwise; it needs a processor with
        AVX-512 BF16.
    n_jobs : int or None, default=None
        Largest number of threads; None means the physical cores, -1 all logical cores. Results do
        not depend on it.
    device : {'cpu', 'cuda'}, default='cpu'
        Device for training. 'cuda' is a GPU of NVIDIA: in float32 the result has the bits that
        AVX-512 gives. It takes ``pip install 'deepgen[cuda]'``, and refuses parameters that it does
        not support by name.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (in, out)
        Weights, as views: writing into them changes the next prediction.
    intercepts_ : list of ndarray of shape (out,)
        Intercepts.
    members_ : list of estimators
        The members; this estimator itself if there is one. With several members, attributes of the
        network and of its training are theirs.
    subspace_ : Subspace
        Line of networks, with ``averaging='subspace'``: ``at(alpha)`` is an estimator,
        ``ensemble(alphas)`` averages several.
    network_ : Network
        The engine's network with its flat vector of parameters.
    history_ : dict of str to ndarray
        ``epoch``, ``loss``, ``learning_rate``, ``gradient_norm``, ``time`` and, with validation
        data, ``val_loss`` and ``val_score``; one row per epoch.
    loss_ : float
        Training loss of the last epoch.
    best_loss_ : float or None
        Lowest training loss; None with early stopping.
    loss_curve_ : list of float
        Training loss of each epoch.
    validation_scores_ : list of float or None
        Score of the held-out rows after each epoch; None without early stopping.
    best_validation_score_ : float or None
        Highest validation score; None without early stopping.
    n_iter_ : int
        Number of epochs of the last call.
    t_ : int
        Number of training rows seen in all calls.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of str
        Names of the features, if all of them have one.
    n_layers_ : int
        Number of layers, the inputs counted as one.
    n_outputs_ : int
        Number of outputs of the network.
    out_activation_ : str
        Function from the network's outputs to predictions.
    target_mean_ : ndarray of shape (n_targets,)
        Mean that is subtracted from each target.
    target_scale_ : ndarray of shape (n_targets,)
        Scale by which each target is divided.

    See Also
    --------
    MLPClassifier : The same network for classification.

    Notes
    -----
    Losses are summed over outputs and averaged over samples, in scaled units. The same seed gives
    the same bits for any number of threads.

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

    _targets: RegressionTargets

    def __init__(
        self,
        loss: RegressionLossName | RegressionLoss = "squared_error",
        hidden_layer_sizes: int | Sequence[int] | AnyArray = (100,),
        activation: ActivationName | Parametric | Sequence[ActivationName | Parametric] = "relu",
        *,
        solver: SolverName | Optimizer = "adam",
        alpha: float = 0.0001,
        batch_size: Literal["auto"] | int = "auto",
        learning_rate: ScheduleName | Schedule = "constant",
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
        validation_fraction: Any = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        target_scaling: Literal["standard"] | None = "standard",
        clip_predictions: bool = False,
        normalization: NormalizationName | Normalization | None = None,
        skip: SkipName | Skip | None = None,
        numerical_embedding: NumericalEmbeddingName | NumericalEmbedding | None = None,
        category_embedding: CategoryEmbedding | None = None,
        input_scale: bool = False,
        dropout: float | Schedule = 0.0,
        bias: bool = True,
        parametrization: ParametrizationName = "standard",
        initializer: InitializerName | DataDependent | Pretrained = "glorot_uniform",
        clip_norm: float | None = None,
        adaptive_clip: float | None = None,
        mixup: float = 0.0,
        augmentation: AugmentationName | Augmentation | None = None,
        scoring: str | Callable[..., float] | None = None,
        max_time: float | None = None,
        averaging: AveragingName | Averaging | None = None,
        n_members: int = 1,
        dtype: TypeName = "float32",
        n_jobs: int | None = None,
        device: DeviceName = "cpu",
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
        self.numerical_embedding = numerical_embedding
        self.category_embedding = category_embedding
        self.input_scale = input_scale
        self.dropout = dropout
        self.bias = bias
        self.parametrization = parametrization
        self.initializer = initializer
        self.clip_norm = clip_norm
        self.adaptive_clip = adaptive_clip
        self.mixup = mixup
        self.augmentation = augmentation
        self.scoring = scoring
        self.max_time = max_time
        self.averaging = averaging
        self.n_members = n_members
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.device = device
        self.target_scaling = target_scaling
        self.clip_predictions = clip_predictions

    def _make_targets(
        self, y: Any, previous: RegressionTargets | None, classes: Any = None
    ) -> RegressionTargets:
        loss = deepcopy(resolve(self.loss, REGRESSION_LOSSES, "loss"))
        if previous is None:
            n_columns = 1 if y.ndim == 1 else y.shape[1]
            standardizes = self.target_scaling is not None
            scaling = TargetScaling.none(n_columns)
            return RegressionTargets(
                loss, scaling, standardizes, movable=self.bias, clips=self.clip_predictions
            )
        targets = replace(previous, loss=loss, clips=self.clip_predictions)
        if not targets.clips:
            targets = replace(targets, lowest=None, highest=None)
        means = (targets.n_outputs, targets.out_activation, targets.levels is None)
        if means != (previous.n_outputs, previous.out_activation, previous.levels is None):
            raise ValueError(
                f"the network was fitted with {previous.loss!r}, its outputs mean something else "
                f"for {loss!r}; call fit with warm_start=False to start afresh"
            )
        return targets
