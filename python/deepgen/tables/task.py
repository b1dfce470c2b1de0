"""Tasks: regression or classification, chosen by the target column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._names import hint
from deepgen._optional import load_extra

__all__ = ["TASKS", "Task", "choose_task"]

TASKS: Final = ("auto", "regression", "classification")
"""Accepted values of ``--task``."""

MAX_WHOLE_NUMBERS: Final = 20
"""Largest number of different whole numbers that count as classes."""


@dataclass(frozen=True)
class Task:
    """Kind of prediction for a target column.

    Parameters
    ----------
    kind : {'regression', 'classification'}
        Numbers or classes.
    reason : str
        Reason in a few words.

    Examples
    --------
    >>> from deepgen.tables.task import Task
    >>> Task("regression", "as asked").metric
    'R2'
    """

    kind: str
    reason: str

    @property
    def metric(self) -> str:
        """Name of the score: R2 or accuracy."""
        return "R2" if self.kind == "regression" else "accuracy"

    def targets(self, values: Any, name: str) -> NDArray[Any]:
        """Convert the target column to an array.

        Parameters
        ----------
        values : pandas.Series
            Target column without missing values.
        name : str
            Name of the column.

        Returns
        -------
        y : ndarray of shape (n,)
            Float for regression, whole numbers or text for classes.

        Raises
        ------
        ValueError
            If a regression target contains something that is not a number.
        """
        types = load_extra("pandas", "tables", "reading a table").api.types
        if self.kind == "classification":
            whole = types.is_numeric_dtype(values) and not types.is_bool_dtype(values)
            whole = whole and bool((values == values.round()).all())
            return np.asarray(values.astype(np.int64 if whole else str).to_numpy())
        if not types.is_numeric_dtype(values):
            raise ValueError(
                f"--task regression needs numbers, but column '{name}' holds '{values.iloc[0]}'"
            )
        y = values.to_numpy(dtype=float)
        if not np.isfinite(y).all():
            raise ValueError(f"column '{name}' holds infinity")
        return np.asarray(y)


def choose_task(values: Any, name: str, task: str = "auto") -> Task:
    """Decide between regression and classification.

    Parameters
    ----------
    values : pandas.Series
        Target column without missing values.
    name : str
        Name of the column.
    task : {'auto', 'regression', 'classification'}, default='auto'
        Choice of the user; 'auto' chooses classes for text, truth values and up to twenty different
        whole numbers, and numbers otherwise.

    Returns
    -------
    task : Task
        The task with its reason.

    Raises
    ------
    ValueError
        If the name of the task is unknown, or the column has fewer than two values.

    Examples
    --------
    >>> import pandas
    >>> from deepgen.tables.task import choose_task
    >>> choose_task(pandas.Series([1.5, 2.5, 3.0]), "price").kind
    'regression'
    >>> choose_task(pandas.Series(["yes", "no", "no"]), "churn").reason
    '2 classes'
    """
    if task not in TASKS:
        raise ValueError(f"unknown task '{task}'; known: {', '.join(TASKS)}.{hint(task, TASKS)}")
    types = load_extra("pandas", "tables", "reading a table").api.types
    n_values = int(values.nunique())
    if n_values < 2:
        what = f"always '{values.iloc[0]}'" if n_values else "empty"
        raise ValueError(f"nothing to learn: column '{name}' is {what}")
    if task != "auto":
        return Task(task, "as asked")
    if not types.is_numeric_dtype(values) or types.is_bool_dtype(values):
        return Task("classification", f"{n_values} classes")
    if n_values <= MAX_WHOLE_NUMBERS and bool((values == values.round()).all()):
        reason = f"{n_values} different whole numbers; --task regression takes them as numbers"
        return Task("classification", reason)
    return Task("regression", f"{n_values:,} different numbers")
