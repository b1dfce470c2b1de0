"""Fit an estimator to a table in which one column is the target, and measure it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._names import hint, listed
from deepgen.tables.held_out import seen_and_held_out
from deepgen.tables.measures import class_measures
from deepgen.tables.model import TableModel, fingerprint
from deepgen.tables.task import choose_task
from deepgen.tabular.mean_by_row import Part

__all__ = ["check_settings", "fit_table", "make_estimator", "measured"]

MIN_ROWS: Final = 10
"""Smallest number of rows with a target."""


def fit_table(
    table: Any,
    target: str,
    *,
    task: str = "auto",
    preset: str = "balanced",
    max_time: float | None = None,
    n_members: int | None = None,
    hidden_layer_sizes: Sequence[int] | None = None,
    max_iter: int | None = None,
    scoring: str | None = None,
    patience: int | None = None,
    seed: int = 0,
    drop: Sequence[str] = (),
) -> TableModel:
    """Fit `TabularRegressor` or `TabularClassifier` to a table.

    Each network holds out a fifth of the rows and keeps the weights of the epoch with the best
    score on them. A progress bar is drawn if standard error is a terminal.

    Parameters
    ----------
    table : pandas.DataFrame
        Features and target; rows without a target are left out.
    target : str
        Name of the target column.
    task : {'auto', 'regression', 'classification'}, default='auto'
        Kind of the target.
    preset : {'fast', 'balanced', 'best'}, default='balanced'
        Preset of the estimator.
    max_time : float, default=None
        Largest duration of the fit in seconds.
    n_members : int, default=None
        Number of networks whose predictions are averaged; None means the preset's.
    hidden_layer_sizes : sequence of int, default=None
        Numbers of units of the hidden layers; None means the preset's.
    max_iter : int, default=None
        Largest number of epochs; None means the preset's.
    scoring : str, default=None
        Score of the held-out rows: a scikit-learn scorer's name or 'loss'; None means R2 for
        numbers, the loss for classes.
    patience : int, default=None
        Number of epochs without a better score after which training stops; None means the preset's.
    seed : int, default=0
        Seed of the held-out rows, of starting weights and of the order of rows.
    drop : sequence of str, default=()
        Columns that are not used.

    Returns
    -------
    model : TableModel
        The fitted estimator, its target and the measurements.

    Raises
    ------
    ValueError
        If there is no such column, or too few rows or values for training.

    Examples
    --------
    >>> import numpy, pandas
    >>> from deepgen.tables.fit import fit_table
    >>> x = numpy.linspace(0, 1, 100)
    >>> model = fit_table(pandas.DataFrame({"x": x, "y": 2 * x + 1}), "y", max_iter=5)
    >>> model.task, model.metadata["rows"]["training"], model.metadata["rows"]["held out"]
    ('regression', 80, 20)
    """
    check_settings(table.columns, target, drop, scoring)
    rows = table[table[target].notna()]
    if len(rows) < MIN_ROWS:
        raise ValueError(f"{MIN_ROWS} rows with a target are needed, got {len(rows)}")
    chosen = choose_task(rows[target], target, task)
    y = chosen.targets(rows[target], target)
    X = rows.drop(columns=[target, *drop]).rename(columns=str)
    if not len(X.columns):
        raise ValueError(f"the table has no column besides '{target}'")
    is_class = chosen.kind == "classification"
    if is_class and len(np.unique(y)) == len(y):
        raise ValueError(
            f"no class of column '{target}' repeats often enough to be learnt: "
            f"{len(y)} classes in {len(y)} rows"
        )
    model = make_estimator(
        chosen.kind,
        preset=preset,
        max_time=max_time,
        n_members=n_members,
        hidden_layer_sizes=hidden_layer_sizes,
        max_iter=max_iter,
        scoring=scoring,
        patience=patience,
        seed=seed,
    )
    try:
        # The model keeps its summary line; the caller decides when to print it.
        model._fit(X, y, has_bar=True)
    except AttributeError as error:
        raise ValueError(f"scoring={scoring!r} does not fit {chosen.kind}: {error}") from error
    seen, held_out = seen_and_held_out(model, X, y)
    classes = model.classes_ if is_class else None
    metadata = {
        "rows": {
            "training": len(seen.rows),
            "held out": len(held_out.rows),
            "without target": len(table) - len(rows),
        },
        "seed": seed,
        "reason": chosen.reason,
        **measured(seen, held_out, y, classes),
        "table": fingerprint(table),
    }
    return TableModel(model, target, chosen.kind, metadata)


def check_settings(
    columns: Sequence[str],
    target: str,
    drop: Sequence[str],
    scoring: str | None,
    *,
    others: Sequence[str] = (),
) -> None:
    """Refuse unknown columns and scores.

    Parameters
    ----------
    columns : sequence of str
        Columns of the table.
    target : str
        Name of the target column.
    drop : sequence of str
        Columns that are not used.
    scoring : str or None
        Score of the held-out rows.
    others : sequence of str, default=()
        Columns of a second table, which need not be used either.

    Raises
    ------
    ValueError
        If there is no such column or score.
    """
    from sklearn.metrics import get_scorer_names

    if target not in columns:
        known = ", ".join(f"'{name}'" for name in columns)
        raise ValueError(
            f"there is no column '{target}'; the table has {known}.{hint(target, columns)}"
        )
    both = [*dict.fromkeys([*columns, *others])]
    strange = [name for name in drop if name not in both or name == target]
    if strange:
        raise ValueError(f"there is no column '{strange[0]}' to drop.{hint(strange[0], both)}")
    scorers = {"loss", *get_scorer_names()}
    if scoring is not None and scoring not in scorers:
        known = listed(scorers)
        raise ValueError(f"unknown scoring '{scoring}'; known: {known}.{hint(scoring, scorers)}")


def make_estimator(
    kind: str,
    *,
    preset: str,
    max_time: float | None,
    n_members: int | None,
    hidden_layer_sizes: Sequence[int] | None,
    max_iter: int | None,
    scoring: str | None,
    patience: int | None,
    seed: int,
) -> Any:
    """Return the estimator of a task.

    Parameters
    ----------
    kind : {'regression', 'classification'}
        Kind of the target.
    preset, max_time, n_members, hidden_layer_sizes, max_iter, scoring, patience, seed : object
        Settings as those of `fit_table`.

    Returns
    -------
    estimator : TabularRegressor or TabularClassifier
        Estimator, not fitted.
    """
    from deepgen.tabular import TabularClassifier, TabularRegressor

    is_class = kind == "classification"
    settings: dict[str, Any] = {
        "hidden_layer_sizes": None if hidden_layer_sizes is None else tuple(hidden_layer_sizes),
        "max_iter": max_iter,
        "n_iter_no_change": patience,
    }
    # With a rare class accuracy hardly changes, so the weights of any epoch would be kept.
    usual = "loss" if is_class else None
    return (TabularClassifier if is_class else TabularRegressor)(
        preset=preset,  # type: ignore[arg-type]
        max_time=max_time,
        n_members=n_members,
        scoring=usual if scoring is None else scoring,
        random_state=seed,
        network={name: value for name, value in settings.items() if value is not None},
    )


def measured(
    seen: Part, held_out: Part, y: NDArray[Any], classes: NDArray[Any] | None
) -> dict[str, Any]:
    """Return the measures of predictions that a model keeps.

    Parameters
    ----------
    seen, held_out : Part
        Predictions for rows that trained, and for rows held out.
    y : ndarray of shape (n,)
        Targets of all these rows.
    classes : ndarray of shape (n_classes,) or None
        Classes, if predictions are their probabilities.

    Returns
    -------
    measures : dict
        ``score``, ``baseline`` and measures of ``probabilities``.
    """
    always = _always(seen, held_out, y, classes)
    parts = {"training": seen, "held out": held_out, "baseline": always}
    return {
        "score": {
            "training": _score(seen, y, classes),
            "held out": _score(held_out, y, classes),
        },
        "baseline": _score(always, y, classes),
        "probabilities": {}
        if classes is None
        else {
            name: class_measures(y[part.rows], part.predictions, classes)
            for name, part in parts.items()
        },
    }


def _score(part: Part, y: NDArray[Any], classes: NDArray[Any] | None) -> float:
    """Return R2 or accuracy of predictions; NaN if there are none."""
    from sklearn.metrics import accuracy_score, r2_score

    if not len(part.rows):
        return float("nan")
    truth = y[part.rows]
    if classes is None:
        return float(r2_score(truth, part.predictions))
    return float(accuracy_score(truth, classes[part.predictions.argmax(axis=1)]))


def _always(seen: Part, held_out: Part, y: NDArray[Any], classes: NDArray[Any] | None) -> Part:
    """Return a constant prediction for held-out rows: the mean, or the shares of the classes."""
    if classes is None:
        answer = np.mean(y[seen.rows])
    else:
        answer = np.array([np.mean(y[seen.rows] == name) for name in classes])
    return Part(held_out.rows, np.tile(answer, (len(held_out.rows), *(1,) * np.ndim(answer))))
