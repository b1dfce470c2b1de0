"""Columns ranked by what they add to the predictions, and by what the score loses without them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._display.style import BLUE, SKY, as_text
from deepgen._interval import Interval, t_interval
from deepgen.generalization.attributions import attributions
from deepgen.report.column_table import names_of
from deepgen.report.judged import Judged
from deepgen.report.section import Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepgen.generalization import Attributions

__all__ = ["columns"]

MOST_ROWS: Final = 2_000
"""Largest number of rows that are evaluated."""
INTEGRATED_ROWS: Final = 200
"""Number of rows whose gradients are integrated."""
INTEGRATED_WORK: Final = 4e9
"""Multiply-adds for it, some seconds; past it gradients at the rows are taken."""
PERMUTED_WORK: Final = 8e10
"""Work for predictions of permuted rows: some seconds."""
ROW_WORK: Final = 20_000
"""Work of a row and column besides the network: reading, encoding, copying."""
N_REPEATS: Final = 10
LISTED: Final = 50
DRAWN: Final = 20


def columns(judged: Judged) -> Section | None:
    """Rank the columns by their contribution to predictions and to the score.

    Parameters
    ----------
    judged : Judged
        Model and rows.

    Returns
    -------
    section : Section
        Without a table if neither can be measured.
    """
    some = judged.some(MOST_ROWS)
    added, text = _added(some)
    lost, why = _lost(some)
    paragraphs = [*text, why]
    if added is None and lost is None:
        return Section("Columns", paragraphs)
    names = _names(some, added)
    # By the score where it is known: it is what counts.
    rank = added.mean() if lost is None else np.array([loss.estimate for loss in lost])  # type: ignore[union-attr]
    order = np.argsort(-rank, kind="stable")
    table = []
    for place in order[:LISTED]:
        row: dict[str, Any] = {"column": str(names[place])}
        if added is not None:
            row[f"mean size, in units of the {added.unit}"] = float(added.mean()[place])
        if lost is not None:
            loss = lost[place]
            row |= {"score lost without it": loss.estimate, "low": loss.low, "high": loss.high}
        table.append(row)
    if len(order) > LISTED:
        paragraphs.append(f"The first {LISTED} of {len(order):,} columns.")

    def draw(figure: Figure) -> None:
        shown = order[:DRAWN][::-1]
        labels = [as_text(names[place]) for place in shown]
        parts = [part for part in (added, lost) if part is not None]
        axes = np.atleast_1d(figure.subplots(1, len(parts), sharey=True))
        if added is not None:
            axes[0].barh(labels, added.mean()[shown], color=BLUE)
            axes[0].set(title="Attribution", xlabel=f"mean size of what it adds ({added.unit})")
        if lost is not None:
            _bars(axes[-1], labels, [lost[place] for place in shown])

    return Section("Columns", paragraphs, table, draw)


def _names(judged: Judged, added: Attributions | None) -> tuple[Any, ...]:
    names = names_of(judged.X)
    if names is not None:
        return names
    return added.columns if added is not None else tuple(range(judged.X.shape[1]))


def _added(judged: Judged) -> tuple[Attributions | None, list[str]]:
    """Return attributions, integrated ones where they are cheap, and what they are."""
    some = judged.some(INTEGRATED_ROWS)
    mean = "mean size over"
    try:
        try:
            work = INTEGRATED_WORK * judged.share
            found = attributions(some.model, some.X, "integrated", tolerance=1e-3, max_work=work)
            kind = (
                "Attribution: what each column adds to a prediction, by the slope of the network "
                f"on the way from the mean row to the row; {mean} {some.where}."
            )
        except ValueError:
            found = attributions(judged.model, judged.X)
            kind = (
                "Attribution: what each column adds to a prediction, to first order: slope times "
                f"distance from the mean row; {mean} {judged.where}."
            )
    except ValueError as error:
        return None, [f"Attribution was not measured: {error}."]
    if hasattr(judged.X, "shape") and len(found.columns) != judged.X.shape[1]:
        return None, [
            f"Attribution was left out: {len(found.columns):,} features behind the other steps of "
            f"the pipeline are not its {judged.X.shape[1]:,} columns."
        ]
    return found, [kind]


def _lost(judged: Judged) -> tuple[list[Interval] | None, str]:
    """Return what the score loses when a column is permuted, and what that is."""
    from scipy.sparse import issparse
    from sklearn.inspection import permutation_importance

    if issparse(judged.X):
        return None, "Permutation importance was left out: rows are sparse."
    n_columns = np.shape(judged.X)[1]
    n_parameters = sum(int(mlp.network_.core.n_trainable) for mlp in judged.members)
    per_row = n_columns * (n_parameters + ROW_WORK * n_columns)
    most = PERMUTED_WORK * judged.share
    # At least three repeats, for an interval; fewer rows before fewer repeats.
    n_rows = int(min(judged.n_rows, most / (3 * per_row)))
    if n_rows < min(judged.n_rows, 50):
        return None, (
            f"Permutation importance was left out: {n_columns:,} columns of a model of "
            f"{n_parameters:,} parameters take longer than a section may."
        )
    some = judged.some(n_rows)
    n_repeats = int(min(N_REPEATS, most / (per_row * some.n_rows)))

    def score(model: Any, places: NDArray[Any], y: NDArray[Any]) -> float:
        """Return the score of rows whose columns stand at places (n_rows, n_columns)."""
        return float(model.score(_rearranged(some.X, places), y))

    # Scikit-learn would make one array of the columns of a Polars or an Arrow table, whatever they
    # hold; so it permutes places.
    places = np.repeat(np.arange(some.n_rows)[:, None], n_columns, axis=1)
    result: Any = permutation_importance(
        some.model, places, some.y, scoring=score, n_repeats=max(n_repeats, 3), random_state=0
    )
    if not np.isfinite(result.importances).all():
        return None, "Permutation importance was left out: the score of these rows is not defined."
    warning = ", which the model was trained on, so that it is too large" if judged.seen else ""
    return [t_interval(repeats) for repeats in result.importances], (
        f"Permutation importance: how much the score of {some.where}{warning} falls when a "
        f"column's values are exchanged between rows; {max(n_repeats, 3)} repeats, of which the "
        "limits are (95 %). Columns that say the same share it."
    )


def _rearranged(X: Any, places: NDArray[np.intp]) -> Any:
    """Return a table whose columns take their cells from these places (n_rows, n_columns)."""
    moved = np.flatnonzero((places != np.arange(len(places))[:, None]).any(axis=0)).tolist()
    if isinstance(X, np.ndarray):
        return np.take_along_axis(X, places, axis=0)
    if hasattr(X, "iloc"):
        X = X.copy()
        for column in moved:
            X.isetitem(column, X.iloc[places[:, column], column].array)
    elif hasattr(X, "column_names"):
        for column in moved:
            X = X.set_column(column, X.field(column), X.column(column).take(places[:, column]))
    else:
        for column in moved:
            X = X.with_columns(X.to_series(column).gather(places[:, column]))
    return X


def _bars(axes: Any, labels: list[str], lost: list[Interval]) -> None:
    axes.barh(labels, [loss.estimate for loss in lost], color=SKY)
    for place, loss in enumerate(lost):
        axes.plot([loss.low, loss.high], [place] * 2, color="black", marker="|")
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(title="Permutation", xlabel="score lost without it")
