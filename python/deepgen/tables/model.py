"""TableModel: an estimator for tables with its target and measurements."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from deepgen._names import shortened
from deepgen._optional import load_extra
from deepgen.preprocessing import TableEncoder
from deepgen.tabular.saving import save_tabular

__all__ = ["TableModel", "fingerprint"]


@dataclass(frozen=True)
class TableModel:
    """A fitted estimator for tables, and the name of its target column.

    Parameters
    ----------
    estimator : TabularRegressor or TabularClassifier
        Fitted.
    target : str
        Name of the target column.
    task : {'regression', 'classification'}
        Kind of the target.
    metadata : dict
        Plain data from training: ``rows``, ``seed``, ``reason``, ``score``, ``baseline``, measures
        of ``probabilities`` and the ``table``'s fingerprint.

    Examples
    --------
    >>> import numpy, pandas
    >>> from deepgen.tables.fit import fit_table
    >>> x = numpy.linspace(0, 1, 100)
    >>> table = pandas.DataFrame({"x": x, "y": numpy.where(x > 0.5, "high", "low")})
    >>> fit_table(table, "y", preset="fast").predict(table)[[0, -1]].tolist()
    ['low', 'high']
    """

    SECTION: ClassVar[str] = "table"

    estimator: Any
    target: str
    task: str
    metadata: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def metric(self) -> str:
        """Name of the score: R2 or accuracy."""
        return "R2" if self.task == "regression" else "accuracy"

    @property
    def encoder(self) -> TableEncoder:
        """Encoder of the columns as features."""
        encoder: TableEncoder = self.estimator.encoder_
        return encoder

    @property
    def network(self) -> Any:
        """The first network: an object with weights and a history."""
        return self.estimator.mlp_.members_[0]

    @property
    def text_columns(self) -> list[str]:
        """Names of the text columns."""
        columns = self.encoder.columns_
        return [str(column.name) for column in columns if getattr(column, "is_text", False)]

    def columns(self, table: Any) -> Any:
        """Return the columns of a table that the estimator uses.

        Parameters
        ----------
        table : pandas.DataFrame
            Table with the columns of the training table, in any order; other columns are ignored.

        Returns
        -------
        columns : pandas.DataFrame
            Table with these columns only, without the target.

        Raises
        ------
        ValueError
            If a column is missing; the message names it.
        """
        table, known = table.rename(columns=str), list(self.encoder.feature_names_in_)
        if lacking := [name for name in known if name not in table.columns]:
            raise ValueError(f"the table lacks {_names(lacking)}; it has {_names(table.columns)}")
        return table[known]

    def predict(self, table: Any) -> NDArray[Any]:
        """Predict the target of each row.

        Parameters
        ----------
        table : pandas.DataFrame
            Table with the columns of the training table.

        Returns
        -------
        prediction : ndarray of shape (n_rows,)
            Numbers or classes.
        """
        prediction: NDArray[Any] = self.estimator.predict(self.columns(table))
        return prediction

    def probabilities(self, table: Any) -> Any:
        """Predict the probability of each class.

        Parameters
        ----------
        table : pandas.DataFrame
            Table with the columns of the training table.

        Returns
        -------
        probabilities : pandas.DataFrame
            One column per class.

        Raises
        ------
        ValueError
            If the model predicts numbers.
        """
        if self.task != "classification":
            raise ValueError(f"the model predicts numbers ('{self.target}'), not classes")
        pandas = load_extra("pandas", "tables", "reading a table")
        values = self.estimator.predict_proba(self.columns(table))
        names = [f"probability of {name}" for name in self.estimator.classes_]
        return pandas.DataFrame(values, columns=names)

    def labelled(self, table: Any) -> tuple[Any, NDArray[Any]]:
        """Return the rows of a table with a target, and the targets.

        Parameters
        ----------
        table : pandas.DataFrame
            Table with or without the target column.

        Returns
        -------
        X : pandas.DataFrame
            Columns of the rows with a target.
        y : ndarray of shape (n,)
            Targets in the estimator's form.

        Raises
        ------
        ValueError
            If there is no such column, no row has a target, or a target cannot be read.
        """
        if self.target not in table.columns:
            raise ValueError(f"the table lacks the target '{self.target}'")
        rows = table[table[self.target].notna()]
        if not len(rows):
            raise ValueError(f"no row has a target: column '{self.target}' is empty")
        dtype = self.estimator.classes_.dtype if self.task == "classification" else np.dtype(float)
        X = self.columns(rows)
        try:
            if dtype.kind in "iufb":
                return X, rows[self.target].to_numpy(dtype=float).astype(dtype)
            return X, np.array([str(value) for value in rows[self.target]])
        except (TypeError, ValueError):
            raise ValueError(
                f"column '{self.target}' contains a value that is not a number"
            ) from None

    def save(self, path: str | Path) -> None:
        """Write the model to a file that `deepgen.load` reads.

        Parameters
        ----------
        path : str or path
            Path of the file; an existing file is replaced.

        Raises
        ------
        ValueError
            If the file cannot be written.

        Notes
        -----
        The file contains plain data and arrays, no pickle: loading runs no code from it.
        """
        section = {
            "target": self.target,
            "task": self.task,
            "metadata": _finite(self.metadata),
        }
        try:
            save_tabular(self.estimator, path, {self.SECTION: section})
        except OSError as error:
            raise ValueError(f"cannot write {path}: {error.strerror or error}") from None

    @classmethod
    def from_data(cls, data: dict[str, Any], estimator: Any) -> TableModel:
        """Return the model of an estimator and of the data saved with it.

        Parameters
        ----------
        data : dict
            The section of a file.
        estimator : TabularRegressor or TabularClassifier
            Estimator from the same file.

        Returns
        -------
        model : TableModel
            Model with the same bits as the saved one.

        Raises
        ------
        ValueError
            If the parts are inconsistent.
        """
        task = "classification" if is_classifier(estimator) else "regression"
        if data["task"] != task:
            raise ValueError(f"its task is '{data['task']}', its estimator is one of {task}")
        return cls(estimator, data["target"], task, data["metadata"])


def fingerprint(table: Any) -> str:
    """Return a digest of a table's content that identifies training data.

    Parameters
    ----------
    table : pandas.DataFrame
        Any table.

    Returns
    -------
    digest : str
        64 hexadecimal digits; equal tables have equal ones.

    Examples
    --------
    >>> import pandas
    >>> from deepgen.tables.model import fingerprint
    >>> fingerprint(pandas.DataFrame({"x": [1]})) == fingerprint(pandas.DataFrame({"x": [1]}))
    True
    """
    pandas = load_extra("pandas", "tables", "reading a table")
    rows = pandas.util.hash_pandas_object(table.astype(str), index=False).to_numpy()
    names = "\0".join(map(str, table.columns)).encode()
    return hashlib.sha256(names + rows.tobytes()).hexdigest()


def _names(names: Any, most: int = 8) -> str:
    return shortened([f"'{name}'" for name in names], most)


def _finite(value: Any) -> Any:
    """Replace values that JSON does not support: NaN and infinity become null."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
