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
from deepgen.tabular.prepared import PreparedClassifier

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["TabularClassifier"]


class TabularClassifier(ClassifierMixin, BaseTabular):
    """Neural network classifier for raw tables, without tuning.

    Consists of a `TableEncoder`, which converts all columns to numbers, and an `MLPClassifier`,
    whose settings depend on the preset and the number of rows; ``deepgen.tabular.presets()`` prints
    them.

    Parameters
    ----------
    preset : {'fast', 'balanced', 'best'}, default='balanced'
        Settings: a small network and few epochs, one network, or the mean of five.
    categorical_features : array-like, 'from_dtype' or None, default='from_dtype'
        Columns of categories, as in `HistGradientBoostingClassifier`: a mask, indices or names;
        'from_dtype' means columns of categories, strings, objects and booleans; None means none.
    loss : {'log_loss', 'focal'} or ClassificationLoss, default='log_loss'
        Loss of the `MLPClassifier`.
    max_time : float or None, default=None
        Time limit of ``fit`` in seconds. The schedule is planned to fit into it, and networks are
        added while time is left.
    n_members : int or None, default=None
        Number of networks whose mean is the prediction; None means the preset's number (three for
        'balanced' if fewer than 200 rows are outside of the most frequent class), or with
        ``max_time`` as many as time allows, at most five.
    early_stopping : bool, default=True
        Whether each network holds out its own rows and keeps the weights of the epoch with the best
        score on them.
    validation_fraction : float or cross-validation splitter, default=0.2
        Held-out rows: a share, or the last split of an object of `sklearn.model_selection`.
    scoring : str, callable or None, default=None
        Score of the held-out rows; None means the preset's, with ``class_weight`` the weighted
        loss. A callable gets encoded rows.
    class_weight : dict, 'balanced' or None, default=None
        Factors of the sample weights per class.
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
        Parameters of `MLPClassifier` that replace the preset's, such as ``{"hidden_layer_sizes":
        (256, 256)}``. Learning rate and weight decay depend on the width.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted labels.
    encoder_ : TableEncoder
        Encoder of columns as numbers, fitted on all training rows without using ``y``.
    mlp_ : MLPClassifier
        Fitted network or networks, on encoded rows.
    plan_ : Plan
        Settings of both.
    summary_ : str
        One line with rows, columns, networks, epochs, seconds, and the score of held-out rows
        compared with a constant and a linear model.
    members_ : list of TabularClassifier
        One estimator per network, with the same encoder; this estimator itself if there is one.
    n_members_ : int
        Number of trained networks.
    history_ : dict of str to ndarray
        One row per epoch, as in `MLPClassifier`; with several networks see the members'.
    encoded_mean_ : ndarray of shape (n_encoded,)
        Mean of the encoded training rows, the reference point of `attributions`.
    n_features_in_ : int
        Number of columns seen in ``fit``.
    feature_names_in_ : ndarray of str
        Names of the columns, if all of them have one.

    See Also
    --------
    TabularRegressor : The same for regression.
    MLPClassifier : One network for numeric features, with scikit-learn's defaults.

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
        """Sorted classes."""
        check_is_fitted(self)
        classes: AnyArray = self.mlp_.classes_
        return classes

    @available_if(can_continue)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one more epoch; the first call fits the encoder on its rows.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            Table.
        y : array-like of shape (n_samples,)
            Labels; they may lack some classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, >= 0.
        classes : array-like of shape (n_classes,), default=None
            All classes; required in the first call.

        Returns
        -------
        self : TabularClassifier
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
            Table with the columns of the training table.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; the mean over networks.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If columns are missing or unknown, or cannot be read.

        See Also
        --------
        predict : The most probable class.

        Examples
        --------
        >>> from deepgen import TabularClassifier
        >>> model = TabularClassifier(early_stopping=False)
        >>> model = model.partial_fit([[0.0], [1.0]], ["no", "yes"], classes=["no", "yes"])
        >>> model.predict_proba([[0.5]]).shape
        (1, 2)
        """
        probabilities: AnyArray = self._predicted(X, "predict_proba")
        return probabilities

    def predict_log_proba(self, X: Any) -> AnyArray:
        """Predict logarithms of probabilities, computed from the logits.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            Table with the columns of the training table.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If columns are missing or unknown, or cannot be read.

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
        probabilities: AnyArray = self._predicted(X, "predict_log_proba")
        return probabilities

    def decision_function(self, X: Any) -> AnyArray:
        """Return logits; with several networks the log-odds of the mean probability.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            Table with the columns of the training table.

        Returns
        -------
        logits : ndarray of shape (n_samples,) or (n_samples, n_classes)
            One number per sample for two classes, positive for the second.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If columns are missing or unknown, or cannot be read.

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
        logits: AnyArray = self._predicted(X, "decision_function")
        return logits

    def prepare(self) -> PreparedClassifier:
        """Pack encoder and networks once, for predictions of single rows in microseconds.

        Returns
        -------
        prepared : PreparedClassifier
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
        >>> from deepgen import TabularClassifier
        >>> model = TabularClassifier(early_stopping=False)
        >>> model.partial_fit([[0.0], [1.0]], [0, 1], classes=[0, 1]).prepare()
        PreparedClassifier(1 column, 1 network)
        """
        check_is_fitted(self)
        return PreparedClassifier(self.encoder_, self.mlp_)
