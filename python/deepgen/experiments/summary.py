"""The summary: claims and findings of all experiments as a Markdown page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from deepgen._engine.version import VERSION
from deepgen.experiments.finding import RULE
from deepgen.experiments.result import Result

__all__ = ["to_markdown"]


def to_markdown(results: Sequence[Result]) -> str:
    """Write results as a page of the documentation.

    Parameters
    ----------
    results : sequence of Result
        Results in the order of the page.

    Returns
    -------
    text : str
        Markdown: an overview, then claim, findings, seeds and command of each experiment. Outside
        tables each sentence has a line of its own, so that changes are readable.

    Examples
    --------
    >>> from deepgen.experiments.claims import mlp_loss
    >>> from deepgen.experiments.summary import to_markdown
    >>> to_markdown([mlp_loss.run(quick=True)]).splitlines()[0]
    '# Experiments'
    """
    lines = [
        "# Experiments",
        "",
        "Claims of a lecture on deep learning, measured.",
        "`deepgen experiment list` lists them; `deepgen experiment run NAME` repeats one, with "
        "`--quick` in seconds.",
        "`deepgen experiment gallery --out DIR` shows all of them with their figures on one HTML "
        "page, and writes this page as `summary.md`.",
        "",
        *_sentences(RULE),
        f"deepgen {VERSION}.",
        "",
        "| experiment | claim in short | verdict | seeds |",
        "|---|---|---|---|",
        *(
            f"| [`{result.name}`](#{result.name}) | {result.experiment.title} | {result.verdict} | "
            f"{_seeds(result)} |"
            for result in results
        ),
    ]
    for result in results:
        lines += ["", *_section(result)]
    return "\n".join(lines) + "\n"


def _seeds(result: Result) -> str:
    return f"{len(result.seeds) or 'exact'}{', quick' if result.quick else ''}"


def _section(result: Result) -> list[str]:
    return [
        f"## {result.name}",
        "",
        f"**{result.experiment.title}: {result.verdict}.**",
        *_sentences(result.claim),
        "",
        f"{result.experiment.source}.",
        f"Run: `{result.command}`, on {result.date} in {result.seconds:.0f} s.",
        "",
        "| finding | measured | interval | claim | verdict |",
        "|---|---|---|---|---|",
        *(
            f"| {_cell(finding.what)} | {finding.interval} | {finding.interval.method} | "
            f"{finding.claim} | {finding.verdict} |"
            for finding in result.findings
        ),
        *([""] if result.notes else []),
        *(line for note in result.notes for line in _item(note)),
    ]


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=\.) (?=[A-Z])", text)


def _item(text: str) -> list[str]:
    first, *others = _sentences(text)
    return [f"- {first}", *(f"  {sentence}" for sentence in others)]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
