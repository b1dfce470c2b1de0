"""A fitted model and rows with targets by which it is judged: what most sections need."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepgen.probe import Probe
from deepgen.probe.measured_model import measured_model
from deepgen.report.section import Section

__all__ = ["Judged", "SectionOfJudged", "refusing"]


@dataclass(frozen=True, eq=False)
class Judged:
    """A fitted model, rows and their targets.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier, TabularRegressor, TabularClassifier or Pipeline
        Fitted.
    X : data frame, array-like or sparse matrix of shape (n_samples, n_features)
        Rows.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Their targets or labels.
    where : str
        What the rows are, for a sentence that begins with "Of".
    seen : bool, default=False
        Whether the model is known to be trained on these rows.
    share : float, default=1.0
        Share of the usual work that a section may do, in (0, 1].
    whole : str, default=''
        Where these are some of other rows, what those are.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.report.judged import Judged
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y)
    >>> Judged(model, X, y, "three rows").some(2).n_rows
    2
    """

    model: Any
    X: Any
    y: NDArray[Any]
    where: str
    seen: bool = False
    share: float = 1.0
    whole: str = ""

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.y)

    @property
    def classes(self) -> NDArray[Any] | None:
        """Classes, or None for a regressor."""
        from sklearn.base import is_classifier

        return np.asarray(self.model.classes_) if is_classifier(self.model) else None

    def some(self, most: int) -> Judged:
        """Return at most so many rows, evenly spaced.

        Parameters
        ----------
        most : int
            Largest number of rows.

        Returns
        -------
        judged : Judged
            This one if it has no more.
        """
        from sklearn.utils import _safe_indexing

        if self.n_rows <= most:
            return self
        rows = np.unique(np.linspace(0, self.n_rows - 1, most).astype(int))
        whole = self.whole or self.where
        return replace(
            self,
            X=_safe_indexing(self.X, rows),
            y=_safe_indexing(self.y, rows),
            where=f"{len(rows):,} of {whole}",
            whole=whole,
        )

    @cached_property
    def predictions(self) -> NDArray[Any]:
        """What the model predicts."""
        return np.asarray(self.model.predict(self.X))

    @cached_property
    def measured(self) -> tuple[Any, Any]:
        """The MLP in the model, and the features that reach it."""
        mlp, features = measured_model(self.model, self.X)
        return mlp, features

    @property
    def members(self) -> list[Any]:
        """The networks whose mean is the prediction."""
        members: list[Any] = self.measured[0].members_
        return members

    @property
    def network(self) -> str:
        """Name of the network that is measured where only one is."""
        n_members = len(self.members)
        return f"the first of {n_members} networks" if n_members > 1 else "the network"

    @property
    def probe(self) -> Probe:
        """Probe of the first network on the rows."""
        return Probe(self.members[0], self.measured[1], self.y)


SectionOfJudged: TypeAlias = Callable[[Judged], Section | None]


def refusing(title: str) -> Callable[[SectionOfJudged], SectionOfJudged]:
    """Return a decorator that makes a section of a measurement's refusal.

    Parameters
    ----------
    title : str
        Heading of the section.

    Returns
    -------
    decorator : callable
        For functions from `Judged` to a section; where they raise ValueError the section has its
        message.
    """

    def decorate(make: SectionOfJudged) -> SectionOfJudged:
        @functools.wraps(make)
        def section(judged: Judged) -> Section | None:
            try:
                return make(judged)
            except ValueError as error:
                return Section(title, [f"Not measured: {error}."])

        return section

    return decorate
