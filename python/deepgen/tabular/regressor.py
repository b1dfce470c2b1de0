"""TabularRegressor: numbers predicted from raw tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from deepgen.estimators.constraints import REGRESSOR
from deepgen.estimators.names import DeviceName, RegressionLossName
from deepgen.losses import RegressionLoss
from deepgen.tabular.base import BaseTabular, can_continue

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["TabularRegressor"]


class TabularRegressor(RegressorMixin, BaseTabular):
    """Networks that predict numbers from a raw table, good without tuning.

    Holds a `TableEncoder`, which makes numbers of all columns, and an `MLPRegressor`, whose
    settings follow the preset and the number of rows: ``deepgen.tabular.presets()`` prints them
    all.

    Parameters
    ----------
    preset : {'fast', 'balanced', 'best'}, default='balanced'
        Which settings: a small network and few epochs, one network, or five whose mean predicts.
    categorical_features : array-like, 'from_dtype' or None, default='from_dtype'
        Which columns hold categories, as in `HistGradientBoostingRegressor`: a mask, indices or
        names; 'from_dtype' takes columns of categories, strings, objects and booleans; None takes
        none.
    loss : str or RegressionLoss, default='squared_error'
        As `MLPRegressor` takes it; ``Quantile([0.1, 0.5, 0.9])`` predicts several quantiles.
    max_time : float or None, default=None
        Seconds that ``fit`` may take. The schedule is planned into them, and networks are added
        while time is left.
    n_members : int or None, default=None
        Networks whose mean predicts; None is the preset's number, with ``max_time`` as many as
        there is time for, at most five.
    early_stopping : bool, default=True
        Whether each network sets rows of its own aside and keeps the weights of the epoch that was
        best on them.
    validation_fraction : float or cross-validation splitter, default=0.2
        What is set aside: a share of the rows, or the last split of an object of
        `sklearn.model_selection`.
    scoring : str, callable or None, default=None
        What is measured on these rows; None is the preset's. A callable gets encoded rows.
    random_state : int, RandomState instance or None, default=None
        Determines starting weights, order of rows, dropout and the rows set aside.
    n_jobs : int or None, default=None
        Largest number of threads; None takes the physical cores, -1 all. Results do not depend on
        it, except with ``max_time``.
    verbose : bool or int, default=False
        Whether to show a progress bar on a terminal and to print one line at the end; an int above
        1 prints a line for every so many epochs as well.
    device : {'cpu'}, default='cpu'
        Where training runs.
    network : dict or None, default=None
        Parameters of `MLPRegressor` that win over the preset, such as
        ``{"hidden_layer_sizes": (256, 256)}``. Learning rate and weight decay follow the width.

    Attributes
    ----------
    encoder_ : TableEncoder
        From columns to numbers, fitted on all training rows without a look at ``y``.
    mlp_ : MLPRegressor
        The fitted network or networks, on encoded rows.
    plan_ : Plan
        The settings of both.
    summary_ : str
        One line: rows, columns, networks, epochs, seconds, and what was held out measured beside a
        constant and a linear model.
    members_ : list of TabularRegressor
        One for each network, with the same encoder; this estimator itself where there is one.
    n_members_ : int
        Networks that were trained.
    history_ : dict of str to ndarray
        A row an epoch, as `MLPRegressor` has it; of several networks it is the members'.
    encoded_mean_ : ndarray of shape (n_encoded,)
        Mean of the encoded training rows, from which `attributions` measures.
    n_features_in_ : int
        Columns seen in ``fit``.
    feature_names_in_ : ndarray of str
        Their names, where all of them have one.

    See Also
    --------
    TabularClassifier : The same for classes.
    MLPRegressor : One network on numbers, with scikit-learn's defaults.

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

    @available_if(can_continue)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more epoch; the first call fits the encoder on its rows.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            A table.
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
            With ``early_stopping`` or ``max_time``, which need all rows at once.
        ValueError
            If data or parameters cannot be used.

        See Also
        --------
        fit : Several epochs, with stopping.

        Examples
        --------
        >>> from deepgen import TabularRegressor
        >>> model = TabularRegressor(early_stopping=False)
        >>> model.partial_fit([[0.0], [1.0]], [0.0, 1.0]).history_["epoch"].tolist()
        [1]
        """
        return self._partial_fit(X, y, sample_weight)
