"""Fit an estimator to Parquet files that may be larger than memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepgen._names import listed
from deepgen._parquet import ParquetRows, file_columns
from deepgen.tables.fit import check_settings, make_estimator, measured
from deepgen.tables.model import TableModel
from deepgen.tables.task import choose_task
from deepgen.tabular.mean_by_row import Part

__all__ = ["fit_files"]


def fit_files(
    path: str,
    validation: Any,
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
    """Fit `TabularRegressor` or `TabularClassifier` to rows in files.

    Each network keeps the weights of the epoch with the best score on the validation rows.

    Parameters
    ----------
    path : str
        A Parquet file, a folder or a pattern; no target may be missing.
    validation : pandas.DataFrame
        Held-out rows with the same columns, which also determine the task.
    target : str
        Name of the target column.
    task : {'auto', 'regression', 'classification'}, default='auto'
        Kind of the target.
    preset : {'fast', 'balanced', 'best'}, default='balanced'
        Preset of the estimator.
    max_time : float, default=None
        Must be None, since a time budget is planned with arrays.
    n_members : int, default=None
        Number of networks whose predictions are averaged; None means the preset's.
    hidden_layer_sizes : sequence of int, default=None
        Numbers of units of the hidden layers; None means the preset's.
    max_iter : int, default=None
        Largest number of epochs; None means the preset's.
    scoring : str, default=None
        Score of the validation rows: a scikit-learn scorer's name or 'loss'; None means R2 for
        numbers, the loss for classes.
    patience : int, default=None
        Number of epochs without a better score after which training stops; None means the preset's.
    seed : int, default=0
        Seed of starting weights and of the order of rows.
    drop : sequence of str, default=()
        Columns that are not used; the files or the validation rows may lack them.

    Returns
    -------
    model : TableModel
        The fitted estimator, its target and the measurements: of training rows for some that were
        drawn.

    Raises
    ------
    ValueError
        If there is no such column, the columns of files and validation rows differ and are not
        dropped, or values cannot be used.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy, pandas
    >>> from deepgen.tables.fit_files import fit_files
    >>> x = numpy.linspace(0, 1, 100)
    >>> table = pandas.DataFrame({"x": x, "y": 2 * x + 1})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table[::2].to_parquet(os.path.join(folder, "even.parquet"))
    ...     model = fit_files(folder, table[1::2], "y", max_iter=5)
    >>> model.task, model.metadata["rows"]["training"], model.metadata["rows"]["held out"]
    ('regression', 50, 50)
    """
    if max_time is not None:
        raise ValueError(
            "a limit of the time is planned with rows in memory, and these are in files; limit "
            "the epochs instead"
        )
    columns = file_columns(path)
    check_settings(validation.columns, target, drop, scoring, others=columns)
    lost = [name for name in columns if name not in (*validation.columns, *drop)]
    if lost:
        raise ValueError(
            f"the files have {listed(lost)}, which the validation rows lack: add such columns "
            "there, or leave them out (--drop)"
        )
    rows = validation[validation[target].notna()]
    if len(rows) < 2:
        raise ValueError(f"2 validation rows with a target are needed, got {len(rows)}")
    chosen = choose_task(rows[target], target, task)
    X = rows.drop(columns=[target, *drop], errors="ignore").rename(columns=str)
    if not len(X.columns):
        raise ValueError(f"the table has no column besides '{target}'")
    model = make_estimator(
        chosen.kind,
        preset=preset,
        max_time=None,
        n_members=n_members,
        hidden_layer_sizes=hidden_layer_sizes,
        max_iter=max_iter,
        scoring=scoring,
        patience=patience,
        seed=seed,
    )
    source = ParquetRows(path, list(X.columns), target)
    try:
        drawn = model._fit(source, None, held_out=(X, rows[target], None), has_bar=True)
    except AttributeError as error:
        raise ValueError(f"scoring={scoring!r} does not fit {chosen.kind}: {error}") from error
    is_class = chosen.kind == "classification"
    classes = model.classes_ if is_class else None
    truth = rows[target].to_numpy()
    dtype = classes.dtype if classes is not None else np.dtype(float)
    y = np.concatenate([np.asarray(drawn.y, dtype=dtype), truth.astype(dtype)])
    predict = "predict_proba" if is_class else "predict"
    n_drawn, places = len(drawn.X), np.arange(len(y))
    seen = Part(places[:n_drawn], getattr(model.mlp_, predict)(drawn.X))
    held_out = Part(places[n_drawn:], getattr(model, predict)(X))
    metadata = {
        "rows": {
            "training": model.plan_.n_rows,
            "drawn": n_drawn,
            "held out": len(rows),
            "without target": len(validation) - len(rows),
        },
        "seed": seed,
        "reason": chosen.reason,
        **measured(seen, held_out, y, classes),
        # No table has this digest: a report takes none for the one that was trained on.
        "table": "",
    }
    return TableModel(model, target, chosen.kind, metadata)
