"""SCARF: contrast of rows and their changed copies."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval

from deepgen import _core
from deepgen.augmentation import Augmentation, MarginalNoise
from deepgen.estimators.constraints import SHARED
from deepgen.estimators.network_spec import hidden_widths
from deepgen.pretraining.transformer import PretextTransformer

__all__ = ["SCARF"]


class SCARF(PretextTransformer):
    """Learn features by recognizing rows of which most values were replaced.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(256, 256, 256, 256)
        Numbers of units of the encoder's layers, one layer at least.
    activation : str or sequence of str, default='relu'
        Activation of these layers, one name or one per layer; the last one serves the head's layers
        too.
    probability : float, default=0.6
        Probability that a value of the changed copy is replaced, in (0, 1].
    temperature : float, default=1.0
        Divisor of the similarities, > 0.
    head_layer_sizes : int or array-like of int, default=(256,)
        Numbers of units of the hidden layers between encoder and projection; () for none.
    n_projections : int, default=256
        Number of outputs that are compared.
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
    VIME : Predict values instead.
    deepgen.augmentation.MarginalNoise : The noise.

    Notes
    -----
    SCARF [1]_: each row of a batch and a copy of it, in which values are replaced by draws from
    their columns, go through encoder and head. The loss of a row is minus the logarithm of its own
    copy's share among all copies of the batch, in a softmax of cosines divided by ``temperature``
    (InfoNCE); chance is the logarithm of the batch size. The paper replaces a fixed number of
    values per row, here each one by itself. A batch of N rows takes 2 N through the network, and
    N^2 times ``n_projections`` multiply-adds more, three times. A last batch of one row joins the
    one before.

    References
    ----------
    .. [1] D. Bahri, H. Jiang, Y. Tay and D. Metzler, "SCARF: self-supervised contrastive learning
       using random feature corruption", ICLR 2022.
    .. [2] A. van den Oord, Y. Li and O. Vinyals, "Representation learning with contrastive
       predictive coding", 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor
    >>> from deepgen.pretraining import SCARF
    >>> X = np.random.default_rng(0).normal(size=(200, 1)) * [1.0, -1.0, 0.5]
    >>> encoder = SCARF((16,), head_layer_sizes=(), tol=1.0, random_state=0)
    >>> encoder.fit(X).transform(X).shape
    (200, 16)
    >>> model = encoder.warm(MLPRegressor(hidden_layer_sizes=(16, 8)))
    >>> model.initializer
    Pretrained(3-16)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **PretextTransformer._parameter_constraints,
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "head_layer_sizes": SHARED["hidden_layer_sizes"],
        "n_projections": [Interval(Integral, 1, None, closed="left")],
    }
    _least_samples: ClassVar[int] = 2

    def __init__(
        self,
        hidden_layer_sizes: Any = (256, 256, 256, 256),
        activation: Any = "relu",
        *,
        probability: float = 0.6,
        temperature: float = 1.0,
        head_layer_sizes: Any = (256,),
        n_projections: int = 256,
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
        self.temperature = temperature
        self.head_layer_sizes = head_layer_sizes
        self.n_projections = n_projections
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
        return _core.Component("contrast", {"temperature": float(self.temperature)})

    def _augmentation(self) -> Augmentation:
        return MarginalNoise(probability=self.probability)

    def _head(self, n_features: int) -> tuple[list[int], int]:
        return hidden_widths(self.head_layer_sizes), int(self.n_projections)
