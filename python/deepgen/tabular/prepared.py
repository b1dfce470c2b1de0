"""Fitted tabular estimators packed once, for predictions of single rows in microseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deepgen._engine.arrays import AnyArray
from deepgen._inputs.columns import list_columns
from deepgen._inputs.frame import refuse_other_names
from deepgen._network.prepared_network import PreparedNetwork
from deepgen.estimators.class_predictions import joint_logits, joint_probabilities
from deepgen.estimators.ensemble import mean_prediction
from deepgen.estimators.fitted import outputs_of
from deepgen.preprocessing.row_encoder import RowEncoder

__all__ = ["PreparedClassifier", "PreparedRegressor"]

Row = Sequence[Any] | Mapping[Any, Any]


class PreparedTabular:
    """Base of the prepared estimators, not for direct use.

    Parameters
    ----------
    encoder : TableEncoder
        Fitted encoder.
    mlp : MLPRegressor or MLPClassifier
        Fitted networks.

    Examples
    --------
    >>> from deepgen.tabular import PreparedRegressor
    >>> from deepgen.tabular.prepared import PreparedTabular
    >>> issubclass(PreparedRegressor, PreparedTabular)
    True
    """

    def __init__(self, encoder: Any, mlp: Any) -> None:
        self._names = encoder._names
        self._known = frozenset(self._names or ())
        self._n_columns = encoder.n_features_in_
        self._encoder = RowEncoder(encoder.columns_, encoder._names)
        self._targets = mlp._targets
        self._members = [
            (member._targets, PreparedNetwork(member.network_)) for member in mlp.members_
        ]

    def __repr__(self) -> str:
        counts = {"column": self._n_columns, "network": len(self._members)}
        texts = [f"{n} {what}{'s' * (n > 1)}" for what, n in counts.items()]
        return f"{type(self).__name__}({', '.join(texts)})"

    def _outputs(self, row: Row) -> list[AnyArray]:
        """Return each network's outputs for a row, (1, n_outputs)."""
        features = self._encoder.encode(self._values(row))
        return [
            outputs_of(targets, network, features.astype(network.dtype, copy=False), 1)
            for targets, network in self._members
        ]

    def _values(self, row: Row) -> Sequence[Any]:
        """Return the values of a row in the order of the training table."""
        if isinstance(row, tuple | list):
            if len(row) != self._n_columns:
                raise ValueError(
                    f"the row has {len(row)} values, and the training table had "
                    f"{self._n_columns} columns{self._listed()}"
                )
            return row
        if not isinstance(row, Mapping):
            raise TypeError(
                f"a row must be a tuple, a list or a dict of values, got {type(row).__name__}"
            )
        if self._names is None:
            raise ValueError(
                "the training table had no names of columns: give a tuple of "
                f"{self._n_columns} values, not a dict"
            )
        # Looked up only afterwards: a defaultdict would add the names that it lacks.
        if row.keys() != self._known:
            refuse_other_names(row, self._names, "the row")
        return [row[name] for name in self._names]

    def _listed(self) -> str:
        return "" if self._names is None else f": {list_columns(list(self._names))}"


class PreparedRegressor(PreparedTabular):
    """A fitted `TabularRegressor` in its present state, for predictions of single rows.

    Made by ``TabularRegressor.prepare()``. It has its own packed weights, so later training of the
    estimator does not change it, and it can be pickled.

    Parameters
    ----------
    encoder : TableEncoder
        Fitted encoder.
    mlp : MLPRegressor or MLPClassifier
        Fitted networks.

    Examples
    --------
    >>> from deepgen import TabularRegressor
    >>> model = TabularRegressor(preset="fast", random_state=0)
    >>> X = [[float(i), "Ulm" if i % 3 else "Bonn"] for i in range(40)]
    >>> model = model.fit(X, range(40))
    >>> model.prepare().predict((7.0, "Ulm")) == model.predict([[7.0, "Ulm"]])[0]
    np.True_
    """

    def predict(self, row: Row) -> Any:
        """Predict the target of a row.

        Parameters
        ----------
        row : tuple, list or dict
            A value per column: in the order of the training table, or by name. Numbers, text, truth
            values, dates, and None or NaN for missing values.

        Returns
        -------
        y : float or ndarray of shape (n_outputs,)
            ``TabularRegressor.predict`` for this row, to the bit: in the target's units; an array
            for several targets or quantiles.

        Raises
        ------
        TypeError
            If the row is none of these.
        ValueError
            If values or names are too few or too many, or a value is of another kind than in
            training; the message names the column.

        Warns
        -----
        RuntimeWarning
            If the prediction is not finite.

        Examples
        --------
        >>> from deepgen import TabularRegressor
        >>> model = TabularRegressor(early_stopping=False).partial_fit([[0.0], [1.0]], [0.0, 1.0])
        >>> float(model.prepare().predict([0.5])) == float(model.predict([[0.5]])[0])
        True
        """
        return self._targets.decode(mean_prediction(self._outputs(row)))[0]


class PreparedClassifier(PreparedTabular):
    """A fitted `TabularClassifier` in its present state, for predictions of single rows.

    Made by ``TabularClassifier.prepare()``. It has its own packed weights, so later training of the
    estimator does not change it, and it can be pickled.

    Parameters
    ----------
    encoder : TableEncoder
        Fitted encoder.
    mlp : MLPRegressor or MLPClassifier
        Fitted networks.

    Examples
    --------
    >>> from deepgen import TabularClassifier
    >>> model = TabularClassifier(preset="fast", random_state=0)
    >>> X = [[float(i), "Ulm" if i % 3 else "Bonn"] for i in range(40)]
    >>> model = model.fit(X, ["low"] * 20 + ["high"] * 20)
    >>> str(model.prepare().predict((2.0, "Ulm")))
    'low'
    """

    def predict(self, row: Row) -> Any:
        """Predict the label of a row.

        Parameters
        ----------
        row : tuple, list or dict
            A value per column: in the order of the training table, or by name. Numbers, text, truth
            values, dates, and None or NaN for missing values.

        Returns
        -------
        label : scalar or ndarray of shape (n_labels,)
            ``TabularClassifier.predict`` for this row: the most probable class; an array for
            multilabel targets.

        Raises
        ------
        TypeError
            If the row is none of these.
        ValueError
            If values or names are too few or too many, or a value is of another kind than in
            training; the message names the column.

        Warns
        -----
        RuntimeWarning
            If logits are not finite.

        Examples
        --------
        >>> from deepgen import TabularClassifier
        >>> model = TabularClassifier(early_stopping=False)
        >>> model = model.partial_fit([[0.0], [1.0]], ["no", "yes"], classes=["no", "yes"])
        >>> bool(model.prepare().predict([0.5]) == model.predict([[0.5]])[0])
        True
        """
        return self._targets.decode(joint_logits(self._targets, self._outputs(row)))[0]

    def predict_proba(self, row: Row) -> AnyArray:
        """Predict the probabilities of a row's classes.

        Parameters
        ----------
        row : tuple, list or dict
            A value per column, as for `predict`.

        Returns
        -------
        probabilities : ndarray of shape (n_classes,)
            ``TabularClassifier.predict_proba`` for this row, to the bit, in the order of
            ``classes_``.

        Raises
        ------
        TypeError, ValueError
            As for `predict`.

        Warns
        -----
        RuntimeWarning
            If logits are not finite.

        Examples
        --------
        >>> from deepgen import TabularClassifier
        >>> model = TabularClassifier(early_stopping=False)
        >>> model = model.partial_fit([[0.0], [1.0]], ["no", "yes"], classes=["no", "yes"])
        >>> bool((model.prepare().predict_proba([0.5]) == model.predict_proba([[0.5]])[0]).all())
        True
        """
        probabilities: AnyArray = joint_probabilities(self._targets, self._outputs(row))[0]
        return probabilities
