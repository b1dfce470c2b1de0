"""Fit a perceptron to a table, with rows set aside to stop and to measure."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._names import hint, listed
from deepgen.averaging import EMA
from deepgen.preprocessing import TableEncoder
from deepgen.tables.measures import class_measures
from deepgen.tables.model import TableModel, fingerprint
from deepgen.tables.task import choose_task

__all__ = ["fit_table"]

HELD_OUT: Final = 0.2
"""Share of the rows that are set aside."""
ALPHA: Final = 1e-4
"""L2 of the estimators, which numbers take; classes take no less."""
BATCH: Final = 200
"""Rows of a step."""
PRIOR: Final = 200.0
"""L2 of classes, over the rows that are not of the commonest one. Chosen with the average of
weights on adult, magic, spambase and draws 11 to 30 of credit_default (``benchmarks/recipe.py``
judges on draw 0): twice as much costs where classes are no line, less where they are."""
MIN_ROWS: Final = 10
"""Rows with a target that are needed."""


def fit_table(
    table: Any,
    target: str,
    *,
    task: str = "auto",
    hidden_layer_sizes: Sequence[int] = (128, 128),
    max_iter: int = 100,
    scoring: str | None = None,
    n_members: int = 1,
    patience: int = 10,
    seed: int = 0,
    drop: Sequence[str] = (),
    watch: Callable[[Any], Any] | None = None,
) -> TableModel:
    """Train a perceptron on a table.

    A fifth of the rows is set aside; training stops when their R2 has not risen, of classes their
    log loss not fallen, for ten epochs, and the weights of the best epoch are kept. Classes are
    learned with L2 that falls with the rows of all but the commonest class, and with the average of
    the weights of some twenty epochs: few rows of a rare class tell little.

    Parameters
    ----------
    table : pandas.DataFrame
        Features and target; rows without a target are left out.
    target : str
        Name of the target column.
    task : {'auto', 'regression', 'classification'}, default='auto'
        What the target asks for.
    hidden_layer_sizes : sequence of int, default=(128, 128)
        Units of the hidden layers.
    max_iter : int, default=100
        Epochs at most.
    scoring : str, default=None
        What stops training: a scikit-learn scorer's name or 'loss'; None takes R2 for numbers, the
        loss for classes.
    n_members : int, default=1
        Networks that are trained, each from weights and with an order of rows of its own; their
        mean predicts.
    patience : int, default=10
        Epochs without a better score after which training stops.
    seed : int, default=0
        Decides on the rows set aside, on starting weights and on the order of rows.
    drop : sequence of str, default=()
        Columns that are not looked at.
    watch : callable, default=None
        Given the estimator before it is fitted; what it returns is fitted.

    Returns
    -------
    model : TableModel
        The trained perceptron, the encoding of the table and what was measured.

    Raises
    ------
    ValueError
        If there is no such column, or too few rows or values to learn from.

    Examples
    --------
    >>> import numpy, pandas
    >>> from deepgen.tables.fit import fit_table
    >>> x = numpy.linspace(0, 1, 100)
    >>> model = fit_table(pandas.DataFrame({"x": x, "y": 2 * x + 1}), "y", max_iter=5)
    >>> model.task, model.metadata["rows"]["training"], model.metadata["rows"]["held out"]
    ('regression', 80, 20)
    """
    from sklearn.metrics import get_scorer_names

    from deepgen.estimators import MLPClassifier, MLPRegressor

    if target not in table.columns:
        columns = ", ".join(f"'{name}'" for name in table.columns)
        raise ValueError(
            f"there is no column '{target}'; the table has {columns}.{hint(target, table.columns)}"
        )
    strange = [name for name in drop if name not in table.columns or name == target]
    if strange:
        raise ValueError(
            f"there is no column '{strange[0]}' to drop.{hint(strange[0], table.columns)}"
        )
    scorers = {"loss", *get_scorer_names()}
    if scoring is not None and scoring not in scorers:
        known = listed(scorers)
        raise ValueError(f"unknown scoring '{scoring}'; known: {known}.{hint(scoring, scorers)}")
    rows = table[table[target].notna()]
    if len(rows) < MIN_ROWS:
        raise ValueError(f"{MIN_ROWS} rows with a target are needed, got {len(rows)}")
    chosen = choose_task(rows[target], target, task)
    y = chosen.targets(rows[target], target)
    train, held_out = _split(y, chosen.kind == "classification", seed)
    if not len(held_out):
        raise ValueError(
            f"no class of column '{target}' repeats often enough to be learnt: "
            f"{rows[target].nunique()} classes in {len(rows)} rows"
        )
    features = rows.drop(columns=[target, *drop]).rename(columns=str)
    if not len(features.columns):
        raise ValueError(f"the table has no column besides '{target}'")
    encoder = TableEncoder("standard").fit(features.iloc[train])
    X = encoder.transform(features)
    kind = MLPClassifier if chosen.kind == "classification" else MLPRegressor
    usual: dict[str, Any] = {"scoring": None}
    # Accuracy hardly moves where one class is rare, and would keep the weights of any epoch.
    if chosen.kind == "classification":
        usual = {"scoring": "loss", "alpha": _alpha(y[train]), "averaging": _average(len(train))}
    if scoring is not None:
        usual["scoring"] = scoring
    model = kind(
        **usual,
        n_members=n_members,
        n_iter_no_change=patience,
        hidden_layer_sizes=tuple(hidden_layer_sizes),
        max_iter=max_iter,
        early_stopping=True,
        random_state=seed,
    )
    if watch is not None:
        model = watch(model)
    with warnings.catch_warnings():
        # The user said how many epochs; divergence and Ctrl-C are still told.
        warnings.filterwarnings("ignore", message=".*Maximum iterations")
        try:
            model.fit(X[train], y[train], X_val=X[held_out], y_val=y[held_out])
        except AttributeError as error:
            raise ValueError(f"scoring={scoring!r} does not fit {chosen.kind}: {error}") from error
    metadata = {
        "rows": {
            "training": len(train),
            "held out": len(held_out),
            "without target": len(table) - len(rows),
        },
        "seed": seed,
        "reason": chosen.reason,
        "score": {
            "training": float(model.score(X[train], y[train])),
            "held out": float(model.score(X[held_out], y[held_out])),
        },
        "baseline": _baseline(y[train], y[held_out], chosen.kind),
        "probabilities": _of_probabilities(model, X, y, train, held_out),
        "table": fingerprint(table),
    }
    return TableModel(encoder, model, target, chosen.kind, metadata)


def _split(
    y: NDArray[Any], balanced: bool, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    from sklearn.model_selection import train_test_split

    n_held_out = max(2, round(HELD_OUT * len(y)))
    strata = None
    if balanced:
        classes, counts = np.unique(y, return_counts=True)
        # Both parts must be able to hold every class.
        if counts.min() > 1 and len(classes) <= n_held_out:
            strata = y
    parts = train_test_split(
        np.arange(len(y)), test_size=n_held_out, random_state=seed, stratify=strata
    )
    train, held_out = (np.sort(part) for part in parts)
    if balanced and strata is None:
        # A class that training does not see cannot be scored: its rows train.
        unseen = ~np.isin(y[held_out], y[train])
        train = np.sort(np.concatenate([train, held_out[unseen]]))
        held_out = held_out[~unseen]
    return train, held_out


def _alpha(y: NDArray[Any]) -> float:
    """Return L2 for a classifier: the less, the more rows tell of classes but the commonest.

    ``y`` (n_rows,). Where few do, a network learns them by heart before it has learnt what linear
    models see; the sum over all rows of what L2 takes is the same whatever the table.
    """
    counts = np.unique(y, return_counts=True)[1]
    return max(ALPHA, PRIOR / float(max(len(y) - counts.max(), 1)))


def _average(n_rows: int) -> EMA:
    """Return the average of weights that predicts: of twenty epochs, of 200 steps at most.

    What early stopping measures on few rows of a rare class then moves less from epoch to epoch.
    """
    n_steps = min(20 * -(-n_rows // BATCH), 200)
    return EMA(decay=1 - 1 / n_steps)


def _of_probabilities(
    model: Any, X: NDArray[Any], y: NDArray[Any], *parts: NDArray[np.int64]
) -> dict[str, dict[str, float]]:
    """Return measures of a classifier's probabilities by what they are measured on.

    ``X`` (n, n_features), ``y`` (n,), rows that trained and rows held out; nothing where numbers
    are predicted.
    """
    if not hasattr(model, "classes_"):
        return {}
    measured = {
        name: class_measures(y[rows], model.predict_proba(X[rows]), model.classes_)
        for name, rows in zip(("training", "held out"), parts, strict=True)
    }
    shares = np.array([np.mean(y[parts[0]] == name) for name in model.classes_])
    always = np.tile(shares, (len(parts[1]), 1))
    return measured | {"baseline": class_measures(y[parts[1]], always, model.classes_)}


def _baseline(y: NDArray[Any], y_held_out: NDArray[Any], kind: str) -> float:
    """Score of always saying the mean, or the most frequent class."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    dummy = DummyClassifier() if kind == "classification" else DummyRegressor()
    dummy.fit(np.zeros((len(y), 1)), y)
    return float(dummy.score(np.zeros((len(y_held_out), 1)), y_held_out))
