"""Run records: the verdicts of one run of an experiment, as its JSON file holds them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepgen._interval import Interval

__all__ = ["JudgedFinding", "RunRecord", "read_runs"]


@dataclass(frozen=True)
class JudgedFinding:
    """A finding of a finished run.

    Parameters
    ----------
    what : str
        Name of the quantity, with its unit.
    measured : str
        Estimate and limits.
    interval : str
        Name of the interval's method.
    claim : str
        The claimed range.
    verdict : str
        Verdict on the finding.

    Examples
    --------
    >>> from deepgen.experiments.run_record import JudgedFinding
    >>> JudgedFinding("gap", "0.1 [0, 0.2]", "95 % t interval", "at least 0", "supported").what
    'gap'
    """

    what: str
    measured: str
    interval: str
    claim: str
    verdict: str


@dataclass(frozen=True)
class RunRecord:
    """One run of an experiment.

    Parameters
    ----------
    name : str
        Name of the experiment.
    verdict : str
        Joint verdict of all its findings.
    run : str
        Command, and when and with which seeds it was run.
    link : str
        Address of the full result, relative to the page.
    findings : tuple of JudgedFinding
        All findings.
    png : bytes or None, default=None
        The figure.

    Examples
    --------
    >>> from deepgen.experiments.run_record import RunRecord
    >>> RunRecord("tri", "supported", "today", "tri.json", ()).finding("teeth") is None
    True
    """

    name: str
    verdict: str
    run: str
    link: str
    findings: tuple[JudgedFinding, ...]
    png: bytes | None = None

    def finding(self, what: str) -> JudgedFinding | None:
        """Return the finding of a name.

        Parameters
        ----------
        what : str
            Name of the quantity.

        Returns
        -------
        finding : JudgedFinding or None
            None if the run has no such finding.
        """
        return next((one for one in self.findings if one.what == what), None)


def read_runs(folder: str | Path, names: Sequence[str]) -> dict[str, RunRecord]:
    """Read the results that runs of experiments saved in a folder.

    Parameters
    ----------
    folder : str or path
        Folder of the files ``<name>.json`` and ``<name>.png``.
    names : sequence of str
        Names of experiments.

    Returns
    -------
    runs : dict of str to RunRecord
        The runs of which there is a file.

    Raises
    ------
    ValueError
        If a file cannot be read, or is no result of an experiment.

    Examples
    --------
    >>> import tempfile
    >>> from deepgen.experiments.run_record import read_runs
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_runs(folder, ["tri"])
    {}
    """
    runs = {}
    for name in names:
        path = Path(folder) / f"{name}.json"
        if not path.exists():
            continue
        try:
            runs[name] = _read(name, path)
        except OSError as error:
            raise ValueError(f"cannot read {error.filename}: {error.strerror or error}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is no result of an experiment ({error!r})") from None
    return runs


def _read(name: str, path: Path) -> RunRecord:
    document = json.loads(path.read_text(encoding="utf-8"))
    seeds = len(document["seeds"])
    repeats = f"{seeds} seed{'s' if seeds != 1 else ''}" if seeds else "no randomness"
    quick = ", quick sizes" if document["quick"] else ""
    png = path.with_suffix(".png")
    return RunRecord(
        name,
        document["verdict"],
        f"{document['command']}, {repeats}{quick}, {document['date']}",
        path.name,
        tuple(_finding(one) for one in document["findings"]),
        png.read_bytes() if png.exists() else None,
    )


def _finding(entry: dict[str, Any]) -> JudgedFinding:
    # Infinite limits are texts and undefined ones null in JSON.
    estimate, low, high = (
        float("nan") if entry[key] is None else float(entry[key])
        for key in ("estimate", "low", "high")
    )
    text = str(Interval(estimate, low, high, entry["interval"]))
    return JudgedFinding(entry["what"], text, entry["interval"], entry["claim"], entry["verdict"])
