"""The gallery: one HTML page with every claim, its figure and its findings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deepgen._display.html import render
from deepgen._engine.version import VERSION
from deepgen._optional import load_extra
from deepgen._replace_file import replace_file
from deepgen.experiments.finding import RULE
from deepgen.experiments.result import Result
from deepgen.experiments.summary import to_markdown

__all__ = ["write_gallery"]


def write_gallery(results: Sequence[Result], folder: str | Path) -> Path:
    """Save every result and write a page that shows them.

    Parameters
    ----------
    results : sequence of Result
        Results in the order of the page.
    folder : str or path
        Created if missing.

    Returns
    -------
    page : pathlib.Path
        ``index.html``; figures are inside it, tables, figures and ``summary.md`` beside it.

    Raises
    ------
    ValueError
        If a file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deepgen.experiments.claims import mlp_loss
    >>> from deepgen.experiments.gallery import write_gallery
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_gallery([mlp_loss.run(quick=True)], folder).name
    'index.html'
    """
    load_extra("matplotlib", "report", "the gallery")
    place = Path(folder)
    items = [_item(result, place) for result in results]
    page = render(
        "experiments/gallery.html",
        "the gallery",
        title="deepgen: experiments",
        version=VERSION,
        rule=RULE,
        items=items,
    )
    path = place / "index.html"
    try:
        replace_file(path, page.encode())
        replace_file(place / "summary.md", to_markdown(results).encode())
    except OSError as error:
        raise ValueError(f"cannot write {error.filename}: {error.strerror or error}") from None
    return path


def _item(result: Result, folder: Path) -> dict[str, Any]:
    """Save a result; return what the template shows of it."""
    paths = {path.suffix: path for path in result.save(folder)}
    findings = [
        {
            "finding": finding.what,
            "measured": str(finding.interval),
            "interval": finding.interval.method,
            "claim": finding.claim,
            "verdict": finding.verdict,
        }
        for finding in result.findings
    ]
    return {
        "result": result,
        "about": result.experiment,
        "findings": findings,
        "paths": paths,
        "png": paths[".png"].read_bytes(),
    }
