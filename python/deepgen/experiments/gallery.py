"""The gallery: one HTML page with every figure, its claim and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from deepgen._display import html
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
        What was run, in the order of the page.
    folder : str or path
        Made where it does not exist.

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
    load_extra("matplotlib", "plot", "the gallery")
    place = Path(folder)
    sections = []
    for result in results:
        paths = {path.suffix: path for path in result.save(place)}
        sections.append(_section(result, paths))
    page = place / "index.html"
    try:
        replace_file(page, _page(results, sections).encode())
        replace_file(place / "summary.md", to_markdown(results).encode())
    except OSError as error:
        raise ValueError(f"cannot write {error.filename}: {error.strerror or error}") from None
    return page


def _page(results: Sequence[Result], sections: Sequence[str]) -> str:
    lines = "\n".join(
        f'<tr><td><a href="#{result.name}">{escape(result.experiment.title)}</a></td>'
        f"<td>{_badge(result.verdict)}</td></tr>"
        for result in results
    )
    return html.page(
        "deepgen: experiments",
        f"<h1>Experiments</h1>\n<p>The lecture's claims, measured with deepgen {VERSION}. "
        f"{escape(RULE)}</p>\n<table>{lines}</table>\n" + "\n".join(sections),
    )


def _section(result: Result, paths: dict[str, Path]) -> str:
    about = result.experiment
    seeds = f"{len(result.seeds)} seeds" if result.seeds else "no randomness"
    size = ", quick sizes" if result.quick else ""
    files = " ".join(
        f'<a href="{path.name}">{suffix[1:].upper()}</a>' for suffix, path in paths.items()
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in result.notes)
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
    return f"""<section id="{result.name}">
<h2>{escape(about.title)} {_badge(result.verdict)}</h2>
<p><b>Claim.</b> {escape(about.claim)}</p>
{html.image(paths[".png"].read_bytes(), about.title)}
{html.table(findings)}
<ul>{notes}</ul>
<p class="small"><b>Protocol.</b> {escape(about.protocol)}</p>
<p class="small"><b>Source.</b> {escape(about.source)}. <b>Run.</b> {seeds}{size},
{result.seconds:.1f} s: <code>{escape(result.command)}</code>. <b>Files.</b> {files}</p>
<details><summary>Table</summary>{html.table(result.table)}</details>
</section>"""


def _badge(verdict: str) -> str:
    return f'<span class="verdict {verdict.replace(" ", "-")}">{verdict}</span>'
