"""Training on bundled real data, compared with scikit-learn's MLP at the same settings."""

from __future__ import annotations

import textwrap
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._display.text_table import format_table
from deepgen.datasets import load_california_housing

__all__ = ["DemoReport", "DemoRow", "format_report", "run_demo"]

SETTINGS: dict[str, Any] = {
    "hidden_layer_sizes": (64, 64),
    "batch_size": 128,
    "learning_rate_init": 1e-3,
    "early_stopping": True,
    "max_iter": 20,
}
"""Constructor parameters of both libraries' models in the demo."""

SEEDS = (0, 1, 2)
"""Values of ``random_state``, with one fit each."""


@dataclass(frozen=True)
class DemoRow:
    """One model of the demo with one fit per seed.

    Parameters
    ----------
    model : str
        Name of the model.
    scores : tuple of float
        R2 or accuracy on the test rows, at most 1, one entry per seed.
    seconds : float
        Wall-clock time of all fits.

    Examples
    --------
    >>> from deepgen.cli.demo_report import DemoRow
    >>> DemoRow("deepgen", (0.75, 0.85), 0.5).seconds
    0.5
    """

    model: str
    scores: tuple[float, ...]
    seconds: float


@dataclass(frozen=True)
class DemoReport:
    """Results of the demo on one data set.

    Parameters
    ----------
    title : str
        Name of the data set, task and size.
    metric : str
        Name of the score.
    rows : tuple of DemoRow
        One entry per model.

    Examples
    --------
    >>> from deepgen.cli.demo_report import DemoReport, DemoRow
    >>> DemoReport("Digits", "accuracy", (DemoRow("deepgen", (0.97, 0.98), 0.1),)).metric
    'accuracy'
    """

    title: str
    metric: str
    rows: tuple[DemoRow, ...]


def run_demo(progress: Callable[[str], None] | None = None) -> Iterator[DemoReport]:
    """Train both estimators on real data, beside scikit-learn's MLP with the same settings.

    The regressor predicts house values in California, the classifier reads handwritten digits.
    Inputs (and the target of the regression) are standardized for both libraries, each model is
    fitted once per seed of `SEEDS`, and both libraries use one thread.

    Parameters
    ----------
    progress : callable or None, default=None
        Function called with one line of text before each fit.

    Yields
    ------
    report : DemoReport
        One report per data set, as soon as its models are trained.

    Notes
    -----
    Takes well under a minute on two cores, nearly all of it scikit-learn's.

    Examples
    --------
    >>> from deepgen.cli.demo_report import format_report, run_demo
    >>> for report in run_demo():  # doctest: +SKIP
    ...     print(format_report(report))
    """
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier as PeerClassifier
    from sklearn.neural_network import MLPRegressor as PeerRegressor
    from sklearn.preprocessing import StandardScaler

    from deepgen.estimators import MLPClassifier, MLPRegressor

    yield _compare(
        "California housing, regression",
        "R2",
        load_california_housing(),
        {
            "deepgen.MLPRegressor": MLPRegressor(**SETTINGS),
            "sklearn.neural_network.MLPRegressor": TransformedTargetRegressor(
                PeerRegressor(**SETTINGS), transformer=StandardScaler()
            ),
        },
        progress,
    )
    yield _compare(
        "Handwritten digits, 10 classes",
        "accuracy",
        load_digits(return_X_y=True),
        {
            "deepgen.MLPClassifier": MLPClassifier(**SETTINGS),
            "sklearn.neural_network.MLPClassifier": PeerClassifier(**SETTINGS),
        },
        progress,
    )


def _compare(
    title: str,
    metric: str,
    data: tuple[NDArray[Any], NDArray[Any]],
    models: dict[str, Any],
    progress: Callable[[str], None] | None,
) -> DemoReport:
    from sklearn.base import clone
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    X_train, X_test, y_train, y_test = train_test_split(*data, test_size=0.2, random_state=0)
    scaler = StandardScaler().fit(X_train)
    inputs_train = scaler.transform(X_train).astype(np.float32)
    inputs_test = scaler.transform(X_test).astype(np.float32)
    rows = []
    for name, model in models.items():
        scores, seconds = [], 0.0
        for seed in SEEDS:
            if progress is not None:
                progress(f"{title}: fitting {name} with seed {seed} ...")
            fresh = clone(model).set_params(**{_seed_of(model): seed})
            with warnings.catch_warnings(), threadpool_limits(1):
                # Stopping at max_iter is part of the equal settings, so its warning says nothing
                # new.
                warnings.simplefilter("ignore", ConvergenceWarning)
                start = time.perf_counter()
                fresh.fit(inputs_train, y_train)
                seconds += time.perf_counter() - start
            scores.append(float(fresh.score(inputs_test, y_test)))
        rows.append(DemoRow(name, tuple(scores), seconds))
    size = f"{len(X_train):,} rows to train, {len(X_test):,} to test"
    return DemoReport(f"{title}: {size}, one thread", metric, tuple(rows))


def _seed_of(model: Any) -> str:
    return "regressor__random_state" if hasattr(model, "regressor") else "random_state"


def format_report(report: DemoReport) -> str:
    """Format a report of the demo as a table.

    Parameters
    ----------
    report : DemoReport
        Report of `run_demo`.

    Returns
    -------
    text : str
        A title, a header and one line per model, aligned for a terminal.

    Examples
    --------
    >>> from deepgen.cli.demo_report import DemoReport, DemoRow, format_report
    >>> row = DemoRow("deepgen.MLPClassifier", (0.97, 0.98), 0.12)
    >>> print(format_report(DemoReport("Digits", "accuracy", (row,))))
    Digits
      model                  accuracy        seconds
      deepgen.MLPClassifier  0.975 +- 0.007     0.12
    """
    rows = [
        {
            "model": row.model,
            report.metric: f"{np.mean(row.scores):.3f} +- {np.std(row.scores, ddof=1):.3f}",
            "seconds": round(row.seconds, 2),
        }
        for row in report.rows
    ]
    return f"{report.title}\n{textwrap.indent(format_table(rows), '  ')}"
