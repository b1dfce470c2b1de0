"""Tables for experiments on methods: bundled ones, and larger ones where their files are at hand.

The environment variable DEEPGEN_DATA names the folder with ``letter.csv.gz`` and the like: one line
of names, the target in the last column. A third of a table's rows, at most 2,000, serves for
choices alone; measurements draw their training and test rows from the others.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["BUNDLED", "FILES", "SplitTable", "split_table", "table_names"]

FILES: Final = ("letter", "satimage", "spambase", "magic", "uci_kin8nm")
"""Tables of the folder; the last one has numbers as targets, the others classes."""
BUNDLED: Final = ("digits", "breast_cancer", "wine", "diabetes", "california_housing")
"""Tables of scikit-learn and of this package; the last two have numbers as targets."""
NUMBERS: Final = ("uci_kin8nm", "diabetes", "california_housing")
MOST_CHOICE, MOST_TEST = 2_000, 3_000
FIXED_SEED: Final = 2**31


@dataclass(frozen=True)
class SplitTable:
    """Training and test rows of a table, standardized by the training rows.

    Parameters
    ----------
    X, y : ndarray of shape (n, n_features) and (n,)
        Training rows.
    X_test, y_test : ndarray of shape (n_test, n_features) and (n_test,)
        Test rows.
    classes : bool
        Whether the targets are classes.

    Examples
    --------
    >>> from deepgen.experiments.shared.split_tables import split_table
    >>> split_table("digits", 0, 400).X.shape
    (400, 64)
    """

    X: NDArray[np.float64]
    y: NDArray[Any]
    X_test: NDArray[np.float64]
    y_test: NDArray[Any]
    classes: bool

    @property
    def estimator(self) -> type:
        """`MLPClassifier` or `MLPRegressor`."""
        from deepgen.estimators import MLPClassifier, MLPRegressor

        return MLPClassifier if self.classes else MLPRegressor

    def error(self, model: Any, *, training: bool = False) -> float:
        """Return the share of wrong answers, or the squared error over the targets' variance.

        Parameters
        ----------
        model : estimator
            A fitted estimator.
        training : bool, default=False
            Whether to take the training rows instead of the test rows.

        Returns
        -------
        error : float
            Error on these rows.
        """
        X, y = (self.X, self.y) if training else (self.X_test, self.y_test)
        return 1 - float(model.score(X, y))


def table_names() -> tuple[str, ...]:
    """Return the names of the tables at hand.

    Returns
    -------
    names : tuple of str
        `FILES` and California housing where DEEPGEN_DATA has all of them, else `BUNDLED`.

    Examples
    --------
    >>> from deepgen.experiments.shared.split_tables import table_names
    >>> len(table_names()) >= 5
    True
    """
    folder = os.environ.get("DEEPGEN_DATA", "")
    if all((Path(folder) / f"{name}.csv.gz").is_file() for name in FILES):
        return (*FILES, "california_housing")
    return BUNDLED


def split_table(name: str, seed: int, n_train: int, *, choice: bool = False) -> SplitTable:
    """Draw training and test rows.

    Parameters
    ----------
    name : str
        One of `table_names`.
    seed : int
        Seed of the draw.
    n_train : int
        Number of training rows, at most half of those at hand (three quarters for choices).
    choice : bool, default=False
        Whether to draw from the rows for choices instead of those for measurements.

    Returns
    -------
    table : SplitTable
        The draw, with at most 3,000 test rows.

    Examples
    --------
    >>> from deepgen.experiments.shared.split_tables import split_table
    >>> len(split_table("wine", 0, 400, choice=True).X_test)
    15
    """
    X, y = _load(name)
    fixed = np.random.default_rng(FIXED_SEED).permutation(len(y))
    n_choice = min(len(y) // 3, MOST_CHOICE)
    rows = fixed[:n_choice] if choice else fixed[n_choice:]
    rows = np.random.default_rng(np.random.SeedSequence([seed])).permutation(rows)
    n = min(n_train, len(rows) * 3 // 4 if choice else len(rows) // 2)
    training, test = rows[:n], rows[n : n + MOST_TEST]
    scale = X[training].std(axis=0)
    X = (X - X[training].mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    return SplitTable(X[training], y[training], X[test], y[test], name not in NUMBERS)


@lru_cache(maxsize=8)
def _load(name: str) -> tuple[NDArray[np.float64], NDArray[Any]]:
    import sklearn.datasets

    from deepgen.datasets import load_california_housing

    if name == "california_housing":
        return load_california_housing()
    if name in BUNDLED:
        load: Callable[..., Any] = getattr(sklearn.datasets, f"load_{name}")
        X, y = load(return_X_y=True)
        return np.asarray(X, dtype=np.float64), y
    path = Path(os.environ["DEEPGEN_DATA"]) / f"{name}.csv.gz"
    cells = np.loadtxt(path, dtype=str, delimiter=",", skiprows=1)
    y = cells[:, -1].astype(np.float64) if name in NUMBERS else np.unique(
        cells[:, -1], return_inverse=True
    )[1]  # fmt: skip
    return cells[:, :-1].astype(np.float64), y
