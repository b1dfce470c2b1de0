"""Runner: the combination of an experiment's claim and its measuring function."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

from deepgen.experiments.experiment import Experiment, Measurement, Progress, RunPlan
from deepgen.experiments.result import Result

__all__ = ["Runner", "check_seeds"]


@dataclass(frozen=True)
class Runner:
    """An experiment that can be called to run it.

    Parameters
    ----------
    experiment : Experiment
        Description of the claim.
    measure : callable
        Function from a `RunPlan` to a `Measurement`.

    Examples
    --------
    >>> from deepgen.experiments.claims import mlp_loss
    >>> result = mlp_loss.run(quick=True, seeds=3)
    >>> result.verdict
    'mixed'
    """

    experiment: Experiment
    measure: Callable[[RunPlan], Measurement] = field(repr=False)

    def __call__(
        self,
        *,
        quick: bool = False,
        seeds: int | Sequence[int] | None = None,
        n_jobs: int | None = None,
        progress: Progress | None = None,
    ) -> Result:
        """Run the experiment.

        Parameters
        ----------
        quick : bool, default=False
            Whether to reduce sizes and seeds so that the run takes seconds; its verdict is weaker.
        seeds : int, sequence of int or None, default=None
            The seeds, or their number for the seeds 0, 1, 2 ...; None means the experiment's
            number. An experiment without randomness uses none.
        n_jobs : int or None, default=None
            Number of processes: None is one, -1 one per core.
        progress : callable or None, default=None
            Function for the progress, see `Progress`.

        Returns
        -------
        result : Result
            Table, findings, verdict and figure.

        Raises
        ------
        ValueError
            If `seeds` or `n_jobs` is out of range.
        """
        if not (n_jobs is None or (_is_whole(n_jobs) and n_jobs != 0)):
            raise ValueError(
                f"n_jobs must be None (one process), -1 (one per core) or an integer that is not "
                f"0, got {n_jobs!r}"
            )
        wanted = check_seeds(seeds, self.experiment.quick_seeds if quick else self.experiment.seeds)
        used = wanted if self.experiment.seeds else ()
        start = time.perf_counter()
        measured = self.measure(RunPlan(used, bool(quick), n_jobs, progress))
        return Result(
            experiment=self.experiment,
            table=tuple(dict(row) for row in measured.table),
            findings=tuple(measured.findings),
            notes=tuple(measured.notes),
            seeds=used,
            quick=bool(quick),
            seconds=time.perf_counter() - start,
            date=time.strftime("%Y-%m-%d"),
            draw=measured.draw,
        )


def check_seeds(seeds: Any, default: int) -> tuple[int, ...]:
    """Convert the argument ``seeds`` to a tuple of seeds.

    Parameters
    ----------
    seeds : int, sequence of int or None
        The seeds, or their number for the seeds 0, 1, 2 ...; None means `default` seeds.
    default : int
        Number of seeds for None.

    Returns
    -------
    seeds : tuple of int
        Distinct integers >= 0.

    Raises
    ------
    ValueError
        If there are none, or they are not distinct integers >= 0.

    Examples
    --------
    >>> from deepgen.experiments.runner import check_seeds
    >>> check_seeds(3, 10), check_seeds([4, 2], 10)
    ((0, 1, 2), (4, 2))
    """
    if seeds is None:
        return tuple(range(default))
    if _is_whole(seeds):
        if seeds < 1:
            raise ValueError(f"seeds must be at least 1, got {seeds}")
        return tuple(range(int(seeds)))
    if isinstance(seeds, (str, bytes)) or not isinstance(seeds, Iterable):
        raise ValueError(f"seeds must be an integer or a sequence of integers, got {seeds!r}")
    several = tuple(seeds)
    if (
        not several
        or not all(map(_is_whole, several))
        or min(several) < 0
        or len(set(several)) < len(several)
    ):
        raise ValueError(f"seeds must be distinct integers of at least 0, got {seeds!r}")
    return tuple(int(seed) for seed in several)


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
