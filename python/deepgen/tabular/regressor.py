"""TabularRegressor: numbers predicted from raw tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from deepgen.estimators.constraints import REGRESSOR
from deepgen.estimators.names import DeviceName, RegressionLossName
from deepgen.losses import RegressionLoss
from deepgen.tabular.base import BaseTabular, can_continue
from deepgen.tabular.prepared import PreparedRegressor
from deepgen.tabular.targets import read_targets

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["TabularRegressor"]


class TabularRegressor(RegressorMixin, BaseTabular):
    """Neural network regressor for raw tables, without tuning.

    Consists of a `TableEncoder`, which converts all columns to numbers, and an `MLPRegressor`,
    whose settings depend on the preset and the number of rows; ``deepgen.tabular.presets()`` prints
    them.

    Parameters
    ----------
    preset : {'fast', 'balanced', 'best'}, default='balanced'
        Settings: a small network and few epochs, one network, or the mean of five.
    categorical_features : array-like, 'from_dtype' or None, default='from_dtype'
        Columns of categories, as in `HistGradientBoostingRegressor`: a mask, indices or names;
        'from_dtype' means columns of categories, strings, objects and booleans; None means none.
    loss : str or RegressionLoss, default='squared_error'
        Loss of the `MLPRegressor`; ``Quantile([0.1, 0.5, 0.9])`` predicts several quantiles.
    max_time : float or None, default=None
        Time limit of ``fit`` in seconds. The schedule is planned to fit into it, and networks are
        added while time is left.
    n_members : int or None, default=None
        Number of networks whose mean is the prediction; None means the preset's number, or with
        ``max_time`` as many as time allows, at most five.
    early_stopping : bool, default=True
        Whether each network holds out its own rows and keeps the weights of the epoch with the best
        score on them.
    validation_fraction : float or cross-validation splitter, default=0.2
        Held-out rows: a share, or the last split of an object of `sklearn.model_selection`.
    scoring : str, callable or None, default=None
        Score of the held-out rows; None means the preset's. A callable gets encoded rows.
    random_state : int, RandomState instance or None, default=None
        Seed of starting weights, order of rows, dropout and held-out rows.
    n_jobs : int or None, default=None
        Largest number of threads; None means the physical cores, -1 all logical cores. Results do
        not depend on it, except with ``max_time``.
    verbose : bool or int, default=False
        Whether to show a progress bar on a terminal and to print one line at the end; an int above
        1 is also the number of epochs per printed line.
    device : {'cpu', 'cuda'}, default='cpu'
        Device for training, as in the MLP. What a preset contains and 'cuda' does not support is
        left out, with a warning.
    network : dict or None, default=None
        Parameters of `MLPRegressor` that replace the preset's, such as ``{"hidden_layer_sizes":
        (256, 256)}``. Learning rate and weight decay depend on the width.

    Attributes
    ----------
    encoder_ : TableEncoder
        Encoder of columns as numbers, fitted on all training rows without using ``y``.
    mlp_ : MLPRegressor
        Fitted network or networks, on encoded rows.
    plan_ : Plan
        Settings of both.
    summary_ : str
        One line with rows, columns, networks, epochs, seconds, and the score of held-out rows
        compared with a constant and a linear model.
    members_ : list of TabularRegressor
        One estimator per network, with the same encoder; this estimator itself if there is one.
    n_members_ : int
        Number of trained networks.
    history_ : dict of str to ndarray
        One row per epoch, as in `MLPRegressor`; with several networks see the members'.
    encoded_mean_ : ndarray of shape (n_encoded,)
        Mean of the encoded training rows, the reference point of `attributions`.
    n_features_in_ : int
        Number of columns seen in ``fit``.
    feature_names_in_ : ndarray of str
        Names of the columns, if all of them have one.

    See Also
    --------
    TabularClassifier : The same for classification.
    MLPRegressor : One network for numeric features, with scikit-learn's defaults.

    Examples
    --------
    >>> import pandas
    >>> from deepgen import TabularRegressor
    >>> table = pandas.DataFrame({"age": range(50), "town": ["Ulm", None] * 25})
    >>> model = TabularRegressor(preset="fast", random_state=0).fit(table, 2.0 * table["age"])
    >>> model.n_members_, model.predict(table).shape
    (1, (50,))
    """

    _task: ClassVar[str] = "regression"
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseTabular._parameter_constraints,
        "loss": REGRESSOR["loss"],
    }

    def __init__(
        self,
        *,
        preset: Literal["fast", "balanced", "best"] = "balanced",
        categorical_features: Any = "from_dtype",
        loss: RegressionLossName | RegressionLoss = "squared_error",
        max_time: float | None = None,
        n_members: int | None = None,
        early_stopping: bool = True,
        validation_fraction: Any = 0.2,
        scoring: str | Callable[..., float] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: bool | int = False,
        device: DeviceName = "cpu",
        network: dict[str, Any] | None = None,
    ) -> None:
        self.preset = preset
        self.categorical_features = categorical_features
        self.loss = loss
        self.max_time = max_time
        self.n_members = n_members
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.device = device
        self.network = network

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score predictions by R2, or quantiles by D2 of the pinball loss.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            Table with the columns of the training table.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, >= 0.

        Returns
        -------
        score : float
            Higher is better, at most 1.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If columns or targets cannot be used.

        See Also
        --------
        predict : The predictions themselves.

        Examples
        --------
        >>> from deepgen import TabularRegressor
        >>> X, y = [[0.0], [1.0]], [0.0, 1.0]
        >>> TabularRegressor(early_stopping=False).partial_fit(X, y).score(X, y) <= 1
        True
        """
        predictions = self.predict(X)
        y = read_targets(y, type(self).__name__, are_labels=False)
        return float(self.mlp_._targets.score(y, predictions, sample_weight))

    @available_if(can_continue)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more epoch; the first call fits the encoder on its rows.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            Table.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, >= 0.

        Returns
        -------
        self : TabularRegressor
            The fitted estimator.

        Raises
        ------
        AttributeError
            If ``early_stopping`` or ``max_time`` is set, since they need all rows at once.
        ValueError
            If data or parameters cannot be used.

        See Also
        --------
        fit : Train for several epochs, with a stopping criterion.

        Examples
        --------
        >>> from deepgen import TabularRegressor
        >>> model = TabularRegressor(early_stopping=False)
        >>> model.partial_fit([[0.0], [1.0]], [0.0, 1.0]).history_["epoch"].tolist()
        [1]
        """
        return self._partial_fit(X, y, sample_weight)

    def prepare(self) -> PreparedRegressor:
        """Pack encoder and networks once, for predictions of single rows in microseconds.

        Returns
        -------
        prepared : PreparedRegressor
            The estimator in its present state; its ``predict`` takes a row as a tuple, list or dict
            of Python values.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.

        See Also
        --------
        predict : Predictions of a table.

        Notes
        -----
        Predictions have the bits of those of a table. A row of 64 columns takes about a tenth of a
        millisecond, of which the network takes a part (``python benchmarks/single_table_rows.py``).

        Examples
        --------
        >>> from deepgen import TabularRegressor
        >>> model = TabularRegressor(early_stopping=False)
        >>> model.partial_fit([[0.0], [1.0]], [0.0, 1.0]).prepare()
        PreparedRegressor(1 column, 1 network)
        """
        check_is_fitted(self)
        return PreparedRegressor(self.encoder_, self.mlp_)
