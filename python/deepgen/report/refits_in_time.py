"""Refits within a time budget: how many rows, splits and kinds of refits there is time for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen.report.losses_of_rows import LossOfRows
from deepgen.report.refits import KINDS, N_SEEDS, Refits
from deepgen.report.variants import FACTOR

__all__ = ["affordable_rows", "measure_in_time"]

FEWEST_ROWS: Final = 1_000
"""Number of rows below which a budget does not reduce them."""
FEW_SPLITS: Final = 5
"""Number of splits where the asked number would take too long."""
ROUNDS: Final = (3, 5, 1_000)
"""Numbers of splits that all kinds of refits reach before any is given more."""
LARGEST_SHARE: Final = 0.35
"""Largest share of the budget that the first split may take for one kind of refit."""
LONGEST_SEARCH: Final = 600.0
"""Seconds that searches may be foreseen to take without a budget."""
NEEDED: Final = ("own", "curve", "simple models")
"""Kinds of refits that are measured at least once whatever the budget."""
TOLD: Final = {
    "curve": "learning curve",
    "seed": "refits with other seeds",
    "search": "search for the least training loss",
    "simple models": "comparison with simple models",
    "longer": "longer training",
    "wider": "wider network",
}
"""Names of the kinds in messages to users."""

Split = tuple[NDArray[np.int64], NDArray[np.int64]]


def affordable_rows(
    model: Any,
    X: Any,
    y: NDArray[Any],
    weights: FloatArray | None,
    loss: LossOfRows,
    deadline: float,
    random: np.random.Generator,
    n_splits: int,
) -> tuple[NDArray[np.int64], int]:
    """Choose the rows and the number of splits for a time budget, after a trial on an eighth.

    Parameters
    ----------
    model : estimator
        Estimator to be refitted.
    X, y, weights : array-like, ndarray, ndarray or None
        All rows, their targets and weights.
    loss : LossOfRows
        Loss of a row.
    deadline : float
        Time of `time.perf_counter` at which all refits are to end.
    random : numpy.random.Generator
        Source of seeds.
    n_splits : int
        Number of splits that is asked for.

    Returns
    -------
    rows : ndarray
        Indices of the rows to be used: random ones, or all.
    n_splits : int
        Number of splits.
    """
    n = len(y)
    rows = np.arange(n)
    if n < FEWEST_ROWS:
        return rows, n_splits
    budget = deadline - time.perf_counter()
    trial = random.permutation(n)[: n // 8]
    if loss.classes is not None:
        # Every class, so that the trial can be fitted.
        trial = np.union1d(trial, np.unique(y, return_index=True)[1])
    refits = Refits(model, X, y, weights, loss, None, random)
    refits.measure("own", trial, trial[:100], 0)
    own = refits.seconds["own"] * n / len(trial)
    # Least program: the estimator and its curve on three splits, other seeds and longer training.
    least = own * (3 * 1.9 + N_SEEDS + FACTOR)
    if least > budget:
        share = budget / least
        rows = np.sort(random.permutation(n)[: max(int(n * share), FEWEST_ROWS)])
        own *= len(rows) / n
    whole = own * (2.9 + N_SEEDS + 2.5 * FACTOR)
    return rows, n_splits if n_splits * whole <= budget else min(n_splits, FEW_SPLITS)


def measure_in_time(
    refits: Refits,
    splits: list[Split],
    deadline: float | None,
    progress: Callable[[str, int, int], None] | None,
) -> list[str]:
    """Measure as many kinds of refits on as many splits as there is time for.

    Parameters
    ----------
    refits : Refits
        Without measurements; filled.
    splits : list of tuple of ndarray
        Training and held-out rows of each split.
    deadline : float or None
        Time of `time.perf_counter` at which all refits are to end.
    progress : callable or None
        Function of the current kind, the number of finished refits and their number.

    Returns
    -------
    notes : list of str
        A sentence for each kind that was left out.
    """
    notes = []
    done, total = 0, len(KINDS) * len(splits)

    def run(kind: str, split: int) -> None:
        nonlocal done
        if progress is not None:
            progress(TOLD.get(kind, "cross-validation"), done, total)
        refits.measure(kind, *splits[split], split)
        done += 1

    began = time.perf_counter()
    run("own", 0)
    for kind in KINDS[1:]:
        if kind == "search":
            if refits.hypotheses() is None:
                continue
            limit = LONGEST_SEARCH if deadline is None else LARGEST_SHARE * (deadline - began)
            seconds = refits.seconds_of_search(len(splits[0][0])) * len(splits)
        else:
            limit = np.inf if deadline is None else LARGEST_SHARE * (deadline - began)
            seconds = refits.seconds_of(kind)
        if seconds > limit and kind not in NEEDED:
            notes.append(f"No {TOLD[kind]}: it would take about {seconds:.0f} s.")
            continue
        run(kind, 0)
    chosen = _chosen(refits, len(splits), deadline)
    total = done + sum(map(len, chosen))
    for split, kinds in enumerate(chosen, start=1):
        for kind in kinds:
            late = deadline is not None and time.perf_counter() > deadline
            if not late or (kind == "own" and split < 3):
                run(kind, split)
    return notes


def _chosen(refits: Refits, n_splits: int, deadline: float | None) -> list[list[str]]:
    """Return the kinds of refits for each split after the first."""
    kinds: list[str] = [kind for kind in KINDS if kind in refits.seconds]
    if deadline is None:
        return [kinds] * (n_splits - 1)
    left = deadline - time.perf_counter()
    count = dict.fromkeys(kinds, 1)
    for wanted in ROUNDS:
        for kind in kinds:
            cost = max(refits.seconds[kind], 1e-9)
            more = min(min(wanted, n_splits) - count[kind], int(left / cost))
            if kind != "own":
                # Without the estimator's own fit, a split has nothing to compare with.
                more = min(more, count["own"] - count[kind])
            count[kind] += max(more, 0)
            left -= max(more, 0) * cost
    return [[kind for kind in kinds if count[kind] > split] for split in range(1, n_splits)]
