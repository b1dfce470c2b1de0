"""Experiments: what is claimed, and how a run of it goes.

An experiment is one file. It opens with an `Experiment`, the claim in words. A function of the
file measures, given a `RunPlan` (which seeds, quick or full, how many jobs), and returns a
`Measurement`.
``run = Runner(EXPERIMENT, _measure)`` at its end ties both together.
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
"""Is told what runs, how many parts are done and how many there are."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Experiment:
    """The description of an experiment.

    Parameters
    ----------
    name : str
        Name on the command line: the slide's noun and the stem of the file.
    title : str
        A heading.
    claim : str
        What is claimed, in one or two sentences that a measurement can contradict.
    source : str
        The slide of the lecture, and author and year where the claim comes from elsewhere.
    protocol : str
        Data, models, sizes, what is varied and what is measured, so that somebody else could
        repeat it.
    seeds, quick_seeds : int
        How many seeds a full and a quick run take; 0 where no randomness enters.

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
    """What the measuring function of an experiment hands over.

    Parameters
    ----------
    table : sequence of mapping
        The numbers, one row a condition.
    findings : sequence of Finding
        The statements of the claim, most important first; at least one.
    draw : callable
        Draws the picture on an empty `matplotlib.figure.Figure` in the house style.
    notes : sequence of str
        What a reader must know to judge the numbers.

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
    """How one run of an experiment is to go.

    Parameters
    ----------
    seeds : tuple of int
        The seeds, each a repeat; empty where no randomness enters.
    quick : bool
        Whether sizes are cut so that the run takes seconds.
    n_jobs : int or None
        Processes that `map` may use, as joblib counts them.
    progress : callable or None
        Is told how far the run is.

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
        """Apply a function to items, in parallel where `n_jobs` allows, and tell the progress.

        Parameters
        ----------
        function : callable
            Of one item. In several processes it must be picklable: a function of a module, or a
            `functools.partial` of one.
        items : iterable
            Seeds, or whatever the experiment goes through.
        what : str, default='running'
            The work in a word or two, for the progress bar.

        Returns
        -------
        answers : list
            In the order of the items, whatever the number of jobs.
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
