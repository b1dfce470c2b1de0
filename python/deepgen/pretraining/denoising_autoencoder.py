"""A denoising autoencoder with swap noise."""

from __future__ import annotations

from typing import Any

from deepgen import _core
from deepgen.augmentation import Augmentation, SwapNoise
from deepgen.pretraining.transformer import PretextTransformer

__all__ = ["DenoisingAutoencoder"]


class DenoisingAutoencoder(PretextTransformer):
    """Learn features by the reconstruction of rows with replaced values.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(256, 256)
        Numbers of units of the encoder's layers, one layer at least.
    activation : str or sequence of str, default='relu'
        Activation of these layers, one name or one per layer; the last one serves the head's layers
        too.
    probability : float, default=0.15
        Probability that a value is replaced, in (0, 1].
    solver : str or FirstOrder, default='adam'
        Optimizer of the training, as for `deepgen.MLPRegressor`, except 'lbfgs' and 'kfac'.
    alpha : float, default=0.0
        Strength of L2 on the weights, >= 0, divided by the batch size.
    batch_size : int or 'auto', default='auto'
        Rows per step; 'auto' is min(200, n_samples).
    learning_rate : str or Schedule, default='constant'
        Schedule of the learning rate.
    learning_rate_init : float, default=0.001
        Learning rate before the schedule, > 0.
    max_iter : int, default=200
        Largest number of epochs.
    random_state : int, RandomState or None, default=None
        Seed of starting weights, batches and changes. The same seed gives the same bits, whatever
        ``n_jobs``.
    tol : float, default=1e-4
        Least fall of the loss that counts as an improvement.
    n_iter_no_change : int, default=10
        Number of epochs without improvement after which training ends; ``np.inf`` for never.
    max_time : float or None, default=None
        Seconds after which ``fit`` ends, checked after each epoch; > 0.
    verbose : bool or int, default=False
        Number of epochs per printed line.
    dtype : {'float32', 'float64', 'bfloat16'}, default='float32'
        Type of weights, arithmetic and representation, as for `deepgen.MLPRegressor`.
    n_jobs : int or None, default=None
        Largest number of threads; None is the number of physical cores, -1 all.

    Attributes
    ----------
    network_ : Network
        Encoder and head.
    history_ : dict of str to ndarray
        'epoch', 'loss', 'learning_rate', 'gradient_norm' and 'time' of each epoch.
    loss_ : float
        Loss of the last epoch.
    n_iter_ : int
        Number of epochs.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (``n_features_in_``,)
        Names of the features, if all of them are text.

    See Also
    --------
    VIME : Also predict which values were replaced.
    deepgen.augmentation.SwapNoise : The noise.

    Notes
    -----
    In each epoch every value of a row is replaced with ``probability`` by that of another row
    (swap noise [2]_); the network predicts the row as it was [1]_. The loss is half the squared
    error in standard units of the columns, summed over columns and averaged over rows, so that
    columns count alike whatever their units. The head is one linear layer. A step costs as much as
    one of `deepgen.MLPRegressor` with a target per column.

    References
    ----------
    .. [1] P. Vincent, H. Larochelle, Y. Bengio and P.-A. Manzagol, "Extracting and composing robust
       features with denoising autoencoders", ICML 2008.
    .. [2] M. Jahrer, "1st place with representation learning", Porto Seguro's safe driver
       prediction, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor
    >>> from deepgen.pretraining import DenoisingAutoencoder
    >>> X = np.random.default_rng(0).normal(size=(200, 1)) * [1.0, -1.0, 0.5]
    >>> encoder = DenoisingAutoencoder((16,), tol=1.0, random_state=0)
    >>> encoder.fit(X).transform(X).shape
    (200, 16)
    >>> model = encoder.warm(MLPRegressor(hidden_layer_sizes=(16, 8)))
    >>> model.initializer
    Pretrained(3-16)
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (256, 256),
        activation: Any = "relu",
        *,
        probability: float = 0.15,
        solver: Any = "adam",
        alpha: float = 0.0,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        max_iter: int = 200,
        random_state: Any = None,
        tol: float = 1e-4,
        n_iter_no_change: float = 10,
        max_time: float | None = None,
        verbose: bool | int = False,
        dtype: str = "float32",
        n_jobs: int | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.probability = probability
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.random_state = random_state
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.max_time = max_time
        self.verbose = verbose
        self.dtype = dtype
        self.n_jobs = n_jobs

    def _task(self) -> _core.Component:
        return _core.Component("reconstruction")

    def _augmentation(self) -> Augmentation:
        return SwapNoise(probability=self.probability)

    def _head(self, n_features: int) -> tuple[list[int], int]:
        return [], n_features
