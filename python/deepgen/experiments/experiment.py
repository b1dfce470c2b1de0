"""Experiments: the description of a claim, and the plan and the result of its measurement.

An experiment is one file. It begins with an `Experiment`, the claim in words. A function of the
file takes a `RunPlan` (seeds, quick or full sizes, number of jobs), measures, and returns a
`Measurement`.
``run = Runner(EXPERIMENT, _measure)`` at the end of the file combines both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from deepgen._display.text_table import Row
from deepgen.experiments.finding import Finding

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Experiment", "Measurement", "Progress", "RunPlan"]

Progress: TypeAlias = Callable[[str, int, int], None]
"""Function of the current task's name, the number of finished parts and the number of parts."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Experiment:
    """The description of an experiment.

    Parameters
    ----------
    name : str
        Name on the command line: the slide's noun, and the stem of the file.
    title : str
        Heading.
    claim : str
        The claim in one or two sentences that a measurement can contradict.
    source : str
        The slide of the lecture, and author and year if the claim is from elsewhere.
    protocol : str
        Data, models, sizes, varied and measured quantities, in enough detail to repeat the
        experiment.
    seeds, quick_seeds : int
        Number of seeds of a full and of a quick run; 0 for experiments without randomness.

    Examples
    --------
    >>> from deepgen.experiments.claims import mlp_loss
    >>> mlp_loss.EXPERIMENT.name
    'mlp_loss'
    """

    name: str
    title: str
    claim: str
    source: str
    protocol: str
    seeds: int = 0
    quick_seeds: int = 0


@dataclass(frozen=True)
class Measurement:
    """Result of the measuring function of an experiment.

    Parameters
    ----------
    table : sequence of mapping
        The numbers, one row per condition.
    findings : sequence of Finding
        The statements of the claim, most important first; at least one.
    draw : callable
        Function that draws the figure on an empty `matplotlib.figure.Figure`.
    notes : sequence of str
        Remarks that a reader needs to judge the numbers.

    Examples
    --------
    >>> from deepgen.experiments import Finding, Measurement, exact
    >>> finding = Finding("pieces", exact(16), at_least=16, at_most=16)
    >>> Measurement([{"pieces": 16}], [finding], draw=lambda figure: None).notes
    ()
    """

    table: Sequence[Row]
    findings: Sequence[Finding]
    draw: Callable[[Figure], None] = field(repr=False)
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class RunPlan:
    """Settings of one run of an experiment.

    Parameters
    ----------
    seeds : tuple of int
        The seeds, one repeat each; empty for experiments without randomness.
    quick : bool
        Whether sizes are reduced so that the run takes seconds.
    n_jobs : int or None
        Number of processes for `map`, as in joblib.
    progress : callable or None
        Function for the progress, see `Progress`.

    Examples
    --------
    >>> from deepgen.experiments import RunPlan
    >>> RunPlan(seeds=(0, 1, 2), quick=True).map(abs, [-1, -2])
    [1, 2]
    """

    seeds: tuple[int, ...]
    quick: bool = False
    n_jobs: int | None = None
    progress: Progress | None = field(default=None, repr=False)

    def map(
        self, function: Callable[[Item], Answer], items: Iterable[Item], what: str = "running"
    ) -> list[Answer]:
        """Apply a function to items, in parallel if `n_jobs` allows, and report the progress.

        Parameters
        ----------
        function : callable
            Function of one item. For several processes it must be picklable: a function of a
            module, or a `functools.partial` of one.
        items : iterable
            Seeds, or other items of the experiment.
        what : str, default='running'
            The work in a word or two, for the progress bar.

        Returns
        -------
        answers : list
            Results in the order of the items, independent of the number of jobs.
        """
        work = list(items)
        if self.n_jobs in (None, 1):
            answers: Iterable[Answer] = map(function, work)
        else:
            from joblib import Parallel, delayed

            answers = Parallel(n_jobs=self.n_jobs, return_as="generator")(
                delayed(function)(item) for item in work
            )
        done: list[Answer] = []
        self._tell(what, 0, len(work))
        for answer in answers:
            done.append(answer)
            self._tell(what, len(done), len(work))
        return done

    def _tell(self, what: str, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(what, done, total)
