"""Sections: the data for a section of a report, and its content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deepgen._display.text_table import Row
from deepgen.report.answer import WhichError
from deepgen.report.which_error import which_error
from deepgen.tables import TableModel
from deepgen.tables.model import fingerprint

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ReportData", "Section"]


@dataclass(frozen=True)
class Section:
    """Heading, text, table and figure of a section.

    Parameters
    ----------
    title : str
        The heading.
    paragraphs : sequence of str
        Plain text.
    table : sequence of mapping
        Rows of named values.
    draw : callable or None
        Function that draws the figure on an empty `matplotlib.figure.Figure`.
    points : sequence of str
        Plain text, one list item each, between paragraphs and table.
    folded : bool
        Whether only the heading shows until it is clicked.

    Examples
    --------
    >>> from deepgen.report import Section
    >>> Section("Data", ["Three rows."]).table
    ()
    """

    title: str
    paragraphs: Sequence[str] = ()
    table: Sequence[Row] = ()
    draw: Callable[[Figure], None] | None = None
    points: Sequence[str] = ()
    folded: bool = False


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
