"""The card of a model: what it is, how good it is on given rows, and what it does not know."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array

from deepgen._engine.version import VERSION
from deepgen._replace_file import replace_file
from deepgen.losses import Quantile
from deepgen.report.about_model import about_model
from deepgen.report.calibration import calibration
from deepgen.report.column_table import encoder_of, in_training_order, names_of
from deepgen.report.columns import columns
from deepgen.report.judged import Judged, SectionOfJudged
from deepgen.report.limits import limits
from deepgen.report.lipschitz_bracket import lipschitz_bracket
from deepgen.report.margins import margins
from deepgen.report.markdown import to_markdown
from deepgen.report.page import render_page
from deepgen.report.predictions import predictions
from deepgen.report.scores import scores
from deepgen.report.section import Section

__all__ = ["Card", "card"]

SECTIONS: Final[tuple[SectionOfJudged, ...]] = (
    about_model,
    scores,
    predictions,
    calibration,
    margins,
    columns,
    lipschitz_bracket,
    limits,
)
"""The report's sections on given rows, between what the model is and its limits."""
MARKDOWN: Final = (".md", ".markdown")
HTML: Final = (".html", ".htm")
FEWEST_ROWS: Final = 2


@dataclass(frozen=True, eq=False)
class Card:
    """The card of a model.

    Parameters
    ----------
    title : str
        Heading.
    summary : str
        One line about the model.
    sections : tuple of Section
        Text, tables and figures.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.report import card
    >>> X = [[float(i)] for i in range(40)]
    >>> model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, [2 * x for x, in X])
    >>> print(card(model, X, [2 * x for x, in X]).to_markdown().splitlines()[0])
    # Card of an MLPRegressor
    """

    title: str
    summary: str
    sections: tuple[Section, ...]

    def __repr__(self) -> str:
        titles = ", ".join(section.title for section in self.sections)
        return f"Card({self.title!r}: {titles})"

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def to_markdown(self) -> str:
        """Return the card as Markdown, without figures.

        Returns
        -------
        text : str
            One file's content.
        """
        return to_markdown(self.title, self.summary, self.sections, VERSION)

    def to_html(self) -> str:
        """Return the card as one self-contained HTML page with figures.

        Returns
        -------
        page : str
            One file's content.
        """
        return render_page(self.title, self.summary, self.sections)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the card to a file.

        Parameters
        ----------
        path : str or path-like
            Path that ends in ``.md``, ``.markdown``, ``.html`` or ``.htm``, which chooses the
            format; an existing file is replaced.

        Raises
        ------
        ValueError
            If the path ends otherwise, or the file cannot be written.
        """
        suffix = Path(path).suffix.lower()
        if suffix not in MARKDOWN + HTML:
            known = ", ".join(MARKDOWN + HTML)
            raise ValueError(f"a card's file ends in one of {known}, got '{os.fspath(path)}'")
        text = self.to_markdown() if suffix in MARKDOWN else self.to_html()
        try:
            replace_file(path, text.encode())
        except OSError as error:
            raise ValueError(f"cannot write {path}: {error.strerror or error}") from None


def card(model: Any, X: Any, y: Any, *, name: str | None = None) -> Card:
    """Describe a fitted model on a page: what it is, how good it is, what it does not know.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier, TabularRegressor, TabularClassifier or Pipeline
        Fitted.
    X : data frame, array-like or sparse matrix of shape (n_samples, n_features)
        Rows that the model was not trained on.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their targets or labels.
    name : str or None, default=None
        Name of the table that they are from.

    Returns
    -------
    card : Card
        ``to_markdown()``, ``to_html()`` and ``save(path)`` write it.

    Raises
    ------
    ValueError
        If X and y have different lengths or fewer than two rows, or y has gaps or is not of the
        kind that the model predicts.

    See Also
    --------
    which_error : What would make the model better, by refits.

    Notes
    -----
    Nothing is fitted. The sections are those of ``deepgen report`` that need no refits; each has a
    limit to its work, a few seconds, and what it leaves out it names with the reason. Intervals are
    of 95 % and of the given rows: whether they were seen in training is not known to the card.

    Examples
    --------
    >>> from deepgen import MLPClassifier
    >>> from deepgen.report import card
    >>> X = [[float(i)] for i in range(40)]
    >>> y = ["low"] * 20 + ["high"] * 20
    >>> model = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs").fit(X, y)
    >>> [section.title for section in card(model, X, y).sections][:2]
    ['The model', 'Scores']
    """
    from scipy.sparse import issparse

    if issparse(X):
        X = X.tocsr()
    elif names_of(X) is None:
        X = np.asarray(X)
    y = y.toarray() if issparse(y) else np.asarray(y)
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if len(np.shape(X)) != 2 or y.ndim not in (1, 2):
        raise ValueError(
            f"X must be a table and y its targets, got shapes {np.shape(X)} and {y.shape}"
        )
    if len(y) != X.shape[0]:
        raise ValueError(f"X has {X.shape[0]} rows, y has {len(y)}")
    if len(y) < FEWEST_ROWS:
        raise ValueError(f"a card needs at least {FEWEST_ROWS} rows, got {len(y)}")
    where = f"the {len(y):,} given rows" if name is None else f"{len(y):,} rows of {name}"
    judged = Judged(model, X, y, where)
    # A model of another package, and rows that do not fit, are refused here and by name.
    _ = judged.members, judged.predictions
    y = _checked_targets(judged)
    judged = Judged(model, in_training_order(X, encoder_of(model)), y, where)
    sections = [make(judged) for make in SECTIONS]
    kind = type(model.steps[-1][1] if hasattr(model, "steps") else model).__name__
    article = "an" if kind.startswith("MLP") else "a"
    return Card(
        title=f"Card of {article} {kind}",
        summary=f"Judged by {judged.where}",
        sections=tuple(section for section in sections if section is not None),
    )


def _checked_targets(judged: Judged) -> NDArray[Any]:
    """Return targets of the kind that the model predicts.

    Raises
    ------
    ValueError
        If they have gaps, or are of another kind.
    """
    y, classes = judged.y, judged.classes
    if classes is None:
        if y.dtype.kind not in "biufO":
            raise ValueError(f"the model predicts numbers, and y holds {y.dtype}")
        y = check_array(y, dtype=np.float64, ensure_2d=False, input_name="y")
        several = isinstance(judged.members[0]._targets.loss, Quantile)
    else:
        labels = enumerate(y.reshape(len(y), -1).tolist())
        gaps = [row for row, some in labels if any(map(_is_missing, some))]
        if gaps:
            raise ValueError(
                f"y has {len(gaps)} rows with missing labels, the first is row {gaps[0]}"
            )
        is_text, wanted = ({isinstance(label, str) for label in of.ravel()} for of in (y, classes))
        if y.ndim == 1 and is_text != wanted:
            kinds = ("text" if True in of else "no text" for of in (is_text, wanted))
            raise ValueError("y holds {}, the classes of the model {}".format(*kinds))
        several = False
    if y.shape != judged.predictions.shape and not several:
        raise ValueError(
            f"y has shape {y.shape}, the model predicts shape {judged.predictions.shape}"
        )
    return y


def _is_missing(label: Any) -> bool:
    """Whether a label is None, NaN or pandas.NA."""
    return label is None or type(label).__name__ in ("NAType", "NaTType") or label != label
