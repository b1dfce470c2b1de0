"""What a target column asks for: numbers to predict or classes to tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._names import hint
from deepgen._optional import load_extra

__all__ = ["TASKS", "Task", "choose_task"]

TASKS: Final = ("auto", "regression", "classification")
"""What ``--task`` takes."""

MAX_WHOLE_NUMBERS: Final = 20
"""Different whole numbers up to which a target is taken for classes."""


@dataclass(frozen=True)
class Task:
    """What is to be predicted.

    Parameters
    ----------
    kind : {'regression', 'classification'}
        Numbers or classes.
    reason : str
        Why, in a few words.

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
        """What ``score`` measures: R2 or accuracy."""
        return "R2" if self.kind == "regression" else "accuracy"

    def targets(self, values: Any, name: str) -> NDArray[Any]:
        """Turn the target column into an array.

        Parameters
        ----------
        values : pandas.Series
            Without missing values.
        name : str
            Of the column.

        Returns
        -------
        y : ndarray of shape (n,)
            Float for regression, whole numbers or text for classes.

        Raises
        ------
        ValueError
            If a regression target holds something that is no number.
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
        The target column, missing values left out.
    name : str
        Of the column.
    task : {'auto', 'regression', 'classification'}, default='auto'
        What the user asked for; 'auto' takes text, truth values and up to twenty different whole
        numbers for classes, everything else for numbers.

    Returns
    -------
    task : Task
        The decision and its reason.

    Raises
    ------
    ValueError
        If the name of the task is not known, or the column has fewer than two values.

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
