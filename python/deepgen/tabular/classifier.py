"""TabularClassifier: classes predicted from raw tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from deepgen._engine.arrays import AnyArray
from deepgen.estimators.constraints import CLASSIFIER
from deepgen.estimators.names import ClassificationLossName, DeviceName
from deepgen.losses import ClassificationLoss
from deepgen.tabular.base import BaseTabular, can_continue

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["TabularClassifier"]


class TabularClassifier(ClassifierMixin, BaseTabular):
    """Networks that predict classes from a raw table, good without tuning.

    Holds a `TableEncoder`, which makes numbers of all columns, and an `MLPClassifier`, whose
    settings follow the preset and the number of rows: ``deepgen.tabular.presets()`` prints them
    all.

    Parameters
    ----------
    preset : {'fast', 'balanced', 'best'}, default='balanced'
        Which settings: a small network and few epochs, one network, or five whose mean predicts.
    categorical_features : array-like, 'from_dtype' or None, default='from_dtype'
        Which columns hold categories, as in `HistGradientBoostingClassifier`: a mask, indices or
        names; 'from_dtype' takes columns of categories, strings, objects and booleans; None takes
        none.
    loss : {'log_loss', 'focal'} or ClassificationLoss, default='log_loss'
        As `MLPClassifier` takes it; 'log_loss' takes the preset's label smoothing, ``LogLoss()``
        has none.
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
        What is measured on these rows; None is the preset's, with ``class_weight`` the weighted
        loss. A callable gets encoded rows.
    class_weight : dict, 'balanced' or None, default=None
        Weights of the classes, by which sample weights are multiplied.
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
        Parameters of `MLPClassifier` that win over the preset, such as
        ``{"hidden_layer_sizes": (256, 256)}``. Learning rate and weight decay follow the width.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted labels.
    encoder_ : TableEncoder
        From columns to numbers, fitted on all training rows without a look at ``y``.
    mlp_ : MLPClassifier
        The fitted network or networks, on encoded rows.
    plan_ : Plan
        The settings of both.
    summary_ : str
        One line: rows, columns, networks, epochs, seconds, and what was held out measured beside a
        constant and a linear model.
    members_ : list of TabularClassifier
        One for each network, with the same encoder; this estimator itself where there is one.
    n_members_ : int
        Networks that were trained.
    history_ : dict of str to ndarray
        A row an epoch, as `MLPClassifier` has it; of several networks it is the members'.
    encoded_mean_ : ndarray of shape (n_encoded,)
        Mean of the encoded training rows, from which `attributions` measures.
    n_features_in_ : int
        Columns seen in ``fit``.
    feature_names_in_ : ndarray of str
        Their names, where all of them have one.

    See Also
    --------
    TabularRegressor : The same for numbers.
    MLPClassifier : One network on numbers, with scikit-learn's defaults.

    Examples
    --------
    >>> import pandas
    >>> from deepgen import TabularClassifier
    >>> table = pandas.DataFrame({"age": range(50), "town": ["Ulm", None] * 25})
    >>> model = TabularClassifier(preset="fast", random_state=0)
    >>> model.fit(table, table["age"] > 24).predict(table.iloc[[0, 49]]).tolist()
    [False, True]
    """

    _task: ClassVar[str] = "classification"
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseTabular._parameter_constraints,
        "loss": CLASSIFIER["loss"],
        "class_weight": CLASSIFIER["class_weight"],
    }

    def __init__(
        self,
        *,
        preset: Literal["fast", "balanced", "best"] = "balanced",
        categorical_features: Any = "from_dtype",
        loss: ClassificationLossName | ClassificationLoss = "log_loss",
        max_time: float | None = None,
        n_members: int | None = None,
        early_stopping: bool = True,
        validation_fraction: Any = 0.2,
        scoring: str | Callable[..., float] | None = None,
        class_weight: dict[Any, float] | Literal["balanced"] | None = None,
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
        self.class_weight = class_weight
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.device = device
        self.network = network

    @property
    def classes_(self) -> AnyArray:
        """The classes, sorted."""
        check_is_fitted(self)
        classes: AnyArray = self.mlp_.classes_
        return classes

    @available_if(can_continue)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one more epoch; the first call fits the encoder on its rows.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            A table.
        y : array-like of shape (n_samples,)
            Labels; some classes may be missing.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, >= 0.
        classes : array-like of shape (n_classes,), default=None
            All classes there are; needed in the first call.

        Returns
        -------
        self : TabularClassifier
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
        >>> from deepgen import TabularClassifier
        >>> model = TabularClassifier(early_stopping=False)
        >>> model.partial_fit([[0.0], [1.0]], [0, 1], classes=[0, 1, 2]).classes_.tolist()
        [0, 1, 2]
        """
        return self._partial_fit(X, y, sample_weight, classes=classes)

    def predict_proba(self, X: Any) -> AnyArray:
        """Predict probabilities.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            With the columns of the training table.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``; the mean over networks.

        Raises
        ------
        NotFittedError
            If there was no fit.
        ValueError
            If columns are missing or not known, or hold what cannot be read.

        See Also
        --------
        predict : The likeliest class.

        Examples
        --------
        >>> from deepgen import TabularClassifier
        >>> model = TabularClassifier(early_stopping=False)
        >>> model = model.partial_fit([[0.0], [1.0]], ["no", "yes"], classes=["no", "yes"])
        >>> model.predict_proba([[0.5]]).shape
        (1, 2)
        """
        encoded = self._encoded(X)
        probabilities: AnyArray = self.mlp_.predict_proba(encoded)
        return probabilities

    def predict_log_proba(self, X: Any) -> AnyArray:
        """Predict logarithms of probabilities, from the logits.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            With the columns of the training table.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.

        Raises
        ------
        NotFittedError
            If there was no fit.
        ValueError
            If columns are missing or not known, or hold what cannot be read.

        See Also
        --------
        predict_proba : Probabilities.

        Examples
        --------
        >>> from deepgen import TabularClassifier
        >>> model = TabularClassifier(early_stopping=False)
        >>> model = model.partial_fit([[0.0], [1.0]], ["no", "yes"], classes=["no", "yes"])
        >>> model.predict_log_proba([[0.5]]).shape
        (1, 2)
        """
        encoded = self._encoded(X)
        probabilities: AnyArray = self.mlp_.predict_log_proba(encoded)
        return probabilities

    def decision_function(self, X: Any) -> AnyArray:
        """Return logits, of several networks the log-odds of the mean probability.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            With the columns of the training table.

        Returns
        -------
        logits : ndarray of shape (n_samples,) or (n_samples, n_classes)
            One number per sample for two classes, positive for the second.

        Raises
        ------
        NotFittedError
            If there was no fit.
        ValueError
            If columns are missing or not known, or hold what cannot be read.

        See Also
        --------
        predict_proba : The same as probabilities.

        Examples
        --------
        >>> from deepgen import TabularClassifier
        >>> model = TabularClassifier(early_stopping=False)
        >>> model = model.partial_fit([[0.0], [1.0]], ["no", "yes"], classes=["no", "yes"])
        >>> model.decision_function([[0.5]]).shape
        (1,)
        """
        encoded = self._encoded(X)
        logits: AnyArray = self.mlp_.decision_function(encoded)
        return logits
