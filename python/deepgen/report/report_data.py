"""ReportData: a trained model of a table, the table, and what several sections ask of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen.estimators.held_out import held_out_rows
from deepgen.report.answer import WhichError
from deepgen.report.judged import Judged
from deepgen.report.which_error import which_error
from deepgen.tables import TableModel
from deepgen.tables.model import fingerprint

__all__ = ["ReportData"]

USUAL_TIME: Final = 60.0
"""Seconds for refits with which the other sections do their usual work."""


@dataclass(frozen=True)
class ReportData:
    """A model and a table for the report.

    Parameters
    ----------
    model : TableModel
        Trained model.
    table : pandas.DataFrame
        Table with the columns of the training table; rows without a target are used if none is
        needed.
    name : str
        Name of the table.
    max_time : float or None, default=None
        Seconds for the refits of `answer`; None for no limit.
    progress : callable or None, default=None
        Function of a task's name, the number of its finished parts and their number.

    Examples
    --------
    >>> import numpy, pandas
    >>> from deepgen.report import ReportData
    >>> from deepgen.tables.fit import fit_table
    >>> x = numpy.linspace(0, 1, 100)
    >>> table = pandas.DataFrame({"x": x, "y": 2 * x + 1})
    >>> ReportData(fit_table(table, "y", max_iter=2), table, "line.csv").is_training_table
    True
    """

    model: TableModel
    table: Any
    name: str
    max_time: float | None = None
    progress: Callable[[str, int, int], None] | None = None

    @cached_property
    def X(self) -> NDArray[np.float32]:
        """Encoded features of all rows."""
        return self.model.encoder.transform(self.model.columns(self.table))

    @cached_property
    def labelled(self) -> tuple[Any, NDArray[Any]] | None:
        """Columns and targets of the rows with a target; None if there are none."""
        if self.model.target not in self.table.columns:
            return None
        if not self.table[self.model.target].notna().any():
            return None
        return self.model.labelled(self.table)

    @cached_property
    def judged(self) -> Judged | None:
        """Rows by which the model is judged; None if there are no targets.

        Of the training table those that the first network held out, if it held out any.
        """
        if self.labelled is None:
            return None
        X, y = self.labelled
        model: Any = self.model.estimator
        time = USUAL_TIME if self.max_time is None else self.max_time
        judged = Judged(
            model, X, y, f"{len(y):,} rows of {self.name}", False, min(1.0, time / USUAL_TIME)
        )
        if not self.is_training_table:
            return judged
        held_out = held_out_rows(self.model.network, self.model.encoder.transform(X), y)
        if held_out is None:
            return replace(judged, seen=True)
        n_members = len(model.members_)
        which = f"the first of {n_members} networks" if n_members > 1 else "training"
        return replace(
            judged,
            model=model.members_[0],
            X=X.iloc[held_out],
            y=y[held_out],
            where=f"{len(held_out):,} rows of {self.name} that {which} held out",
        )

    @cached_property
    def _asked(self) -> tuple[WhichError | None, str]:
        if self.labelled is None:
            return None, f"This table has no target '{self.model.target}' to measure with."
        X, y = self.labelled
        try:
            answer = which_error(
                self.model.estimator,
                X,
                y,
                max_time=self.max_time,
                random_state=0,
                progress=self.progress,
            )
        except ValueError as error:
            return None, f"Not measured: {error}."
        return answer, ""

    @property
    def answer(self) -> WhichError | None:
        """Errors of the model's settings on this table; None without targets or where refused."""
        return self._asked[0]

    @property
    def unanswered(self) -> str:
        """Reason why there is no answer; empty if there is one."""
        return self._asked[1]

    @cached_property
    def is_training_table(self) -> bool:
        """Whether the model was trained on exactly this table."""
        return bool(fingerprint(self.table) == self.model.metadata["table"])
