"""Results: table, findings and figure of a run, as text and as files."""

from __future__ import annotations

import json
import math
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepgen._display.html import table as html_table
from deepgen._display.style import new_figure, write_figure
from deepgen._display.text_table import Row, columns_of, format_table, to_csv
from deepgen._engine.version import VERSION
from deepgen._interval import Interval
from deepgen._optional import MissingExtra
from deepgen._replace_file import replace_file
from deepgen.experiments.experiment import Experiment
from deepgen.experiments.finding import MIXED, NOT_SUPPORTED, Finding, overall_verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Result", "make_folder"]


@dataclass(frozen=True)
class Result:
    """Result of a run of an experiment.

    Parameters
    ----------
    experiment : Experiment
        Description of the claim.
    table : tuple of dict
        The numbers, one row per condition.
    findings : tuple of Finding
        The statements of the claim with the measured numbers, most important first.
    notes : tuple of str
        Remarks that a reader needs to judge the numbers.
    seeds : tuple of int
        The seeds; empty for experiments without randomness.
    quick : bool
        Whether sizes were reduced.
    seconds : float
        Wall-clock time of the run.
    date : str
        Day of the run, such as "2026-11-29".
    draw : callable
        Function that draws the figure on an empty figure.

    Examples
    --------
    >>> from deepgen.experiments.claims import mlp_loss
    >>> result = mlp_loss.run(quick=True, seeds=3)
    >>> result.seeds, result.verdict
    ((0, 1, 2), 'mixed')
    """

    experiment: Experiment
    table: tuple[Row, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    seeds: tuple[int, ...]
    quick: bool
    seconds: float
    date: str
    draw: Callable[[Figure], None] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.findings:
            raise ValueError(f"experiment '{self.name}' has no finding, so no verdict")

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return self.experiment.name

    @property
    def claim(self) -> str:
        """Text of the claim."""
        return self.experiment.claim

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the table's columns."""
        return columns_of(self.table)

    @property
    def verdict(self) -> str:
        """``'supported'``, ``'mixed'``, ``'not supported'`` or ``'inconclusive'``."""
        return overall_verdict(self.findings)

    @property
    def interval(self) -> Interval:
        """Interval of the first finding that decides the verdict.

        Of a mixed verdict it is the first that is not supported, of constructions alone the first.
        """
        wanted = NOT_SUPPORTED if self.verdict == MIXED else self.verdict
        decisive = (f.interval for f in self.findings if f.verdict == wanted)
        return next(decisive, self.findings[0].interval)

    @property
    def command(self) -> str:
        """The command that repeats this run."""
        words = ["deepgen experiment run", self.name]
        default = self.experiment.quick_seeds if self.quick else self.experiment.seeds
        if self.quick:
            words.append("--quick")
        if self.seeds == tuple(range(len(self.seeds))):
            if len(self.seeds) != default:
                words.append(f"--seeds {len(self.seeds)}")
        else:
            words.append("--seeds " + ",".join(map(str, self.seeds)))
        return " ".join(words)

    def __str__(self) -> str:
        claimed, found = self._texts()
        return f"{claimed}\n\n{format_table(self.table)}\n\n{found}"

    def _repr_html_(self) -> str:
        claimed, found = map(escape, self._texts())
        return f"<pre>{claimed}</pre>\n{html_table(self.table)}\n<pre>{found}</pre>"

    def _texts(self) -> tuple[str, str]:
        """Return the lines before the table and after it."""
        methods = dict.fromkeys(finding.interval.method for finding in self.findings)
        repeats = f"{len(self.seeds)} seeds" if self.seeds else "no randomness"
        claimed = [
            f"{self.experiment.title} ({self.name})",
            f"claim:   {self.claim}",
            f"source:  {self.experiment.source}",
        ]
        found = [
            *(f"finding: {finding}" for finding in self.findings),
            *(f"note:    {note}" for note in self.notes),
            f"seeds:   {repeats}{', quick sizes' if self.quick else ''}"
            f"; intervals: {'; '.join(methods)}",
            f"verdict: {self.verdict}",
        ]
        return "\n".join(claimed), "\n".join(found)

    def to_csv(self) -> str:
        """Return the table as CSV.

        Returns
        -------
        text : str
            A header and one line per row, with all digits of the numbers.
        """
        return to_csv(self.table)

    def to_json(self) -> str:
        """Return everything but the figure as JSON.

        Returns
        -------
        text : str
            NaN is written as null, infinities as the texts "inf" and "-inf".
        """
        about = self.experiment
        document = {
            "name": self.name,
            "title": about.title,
            "claim": self.claim,
            "source": about.source,
            "protocol": about.protocol,
            "verdict": self.verdict,
            "findings": [
                {
                    "what": finding.what,
                    "estimate": finding.interval.estimate,
                    "low": finding.interval.low,
                    "high": finding.interval.high,
                    "interval": finding.interval.method,
                    "claim": finding.claim,
                    "verdict": finding.verdict,
                }
                for finding in self.findings
            ],
            "notes": list(self.notes),
            "seeds": list(self.seeds),
            "quick": self.quick,
            "seconds": round(self.seconds, 3),
            "date": self.date,
            "command": self.command,
            "version": VERSION,
            "table": [dict(row) for row in self.table],
        }
        return json.dumps(_finite(document), indent=2, allow_nan=False) + "\n"

    def figure(self) -> Figure:
        """Draw the figure in the package's style.

        Returns
        -------
        figure : matplotlib.figure.Figure
            A new figure, not managed by pyplot; needs matplotlib (else `MissingExtra`).
        """
        return new_figure(self.draw)

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Write ``<name>.csv``, ``.json``, ``.png`` and ``.svg`` into a folder.

        Parameters
        ----------
        folder : str or path
            Created if missing; files of the same names are replaced.

        Returns
        -------
        paths : tuple of pathlib.Path
            The files written.

        Raises
        ------
        ValueError
            If the folder cannot be created or written to.

        Warns
        -----
        UserWarning
            If matplotlib is not installed; then only the table is written.
        """
        place = make_folder(folder)
        paths = [place / f"{self.name}.csv", place / f"{self.name}.json"]
        try:
            replace_file(paths[0], self.to_csv().encode())
            replace_file(paths[1], self.to_json().encode())
            try:
                paths += write_figure(self.figure(), place / self.name)
            except MissingExtra as error:
                warnings.warn(f"no picture saved: {error}", stacklevel=2)
        except OSError as error:
            name = error.filename or place
            raise ValueError(f"cannot write {name}: {error.strerror or error}") from None
        return tuple(paths)


def make_folder(folder: str | Path) -> Path:
    """Create a folder unless it exists.

    Parameters
    ----------
    folder : str or path
        The folder; missing parent folders are created too.

    Returns
    -------
    folder : pathlib.Path
        The folder.

    Raises
    ------
    ValueError
        If it cannot be created or written to.

    Examples
    --------
    >>> from deepgen.experiments.result import make_folder
    >>> make_folder(".").is_dir()
    True
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"cannot make the folder {place}: {error.strerror}") from None
    if not os.access(place, os.W_OK):
        raise ValueError(f"cannot write to the folder {place}")
    return place


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value
