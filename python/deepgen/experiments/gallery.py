"""The gallery: one HTML page with every figure, its claim and what was found."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

from deepgen._display.text_table import to_html
from deepgen._engine.version import VERSION
from deepgen._optional import load_extra
from deepgen.experiments.finding import RULE
from deepgen.experiments.result import Result
from deepgen.experiments.summary import to_markdown

__all__ = ["write_gallery"]

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8888; padding: 1rem 0; }
img { width: 100%; background: white; border-radius: 4px; }
table { border-collapse: collapse; font-size: 0.9rem; }
.scroll { overflow-x: auto; }
th, td { padding: 0.2rem 0.7rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
.verdict { border-radius: 1rem; color: white; font-size: 0.8rem; padding: 0.15rem 0.7rem; }
.supported { background: #00674c; }
.not-supported { background: #a34700; }
.inconclusive { background: #555; }
.small { font-size: 0.9rem; opacity: 0.8; }
code { font-size: 0.9rem; }
"""


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
    page.write_text(_page(results, sections), encoding="utf-8")
    (place / "summary.md").write_text(to_markdown(results), encoding="utf-8")
    return page


def _page(results: Sequence[Result], sections: Sequence[str]) -> str:
    lines = "\n".join(
        f'<tr><td><a href="#{result.name}">{escape(result.experiment.title)}</a></td>'
        f"<td>{_badge(result.verdict)}</td></tr>"
        for result in results
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>deepgen: experiments</title>\n<style>{STYLE}</style></head>\n<body>\n"
        f"<h1>Experiments</h1>\n<p>The lecture's claims, measured with deepgen {VERSION}. "
        f"{escape(RULE)}</p>\n<table>{lines}</table>\n" + "\n".join(sections) + "\n</body></html>\n"
    )


def _section(result: Result, paths: dict[str, Path]) -> str:
    about = result.experiment
    picture = base64.b64encode(paths[".png"].read_bytes()).decode("ascii")
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
<img src="data:image/png;base64,{picture}" alt="{escape(about.title)}">
<div class="scroll">{to_html(findings)}</div>
<ul>{notes}</ul>
<p class="small"><b>Protocol.</b> {escape(about.protocol)}</p>
<p class="small"><b>Source.</b> {escape(about.source)}. <b>Run.</b> {seeds}{size},
{result.seconds:.1f} s: <code>{escape(result.command)}</code>. <b>Files.</b> {files}</p>
<details><summary>Table</summary><div class="scroll">{to_html(result.table)}</div></details>
</section>"""


def _badge(verdict: str) -> str:
    return f'<span class="verdict {verdict.replace(" ", "-")}">{verdict}</span>'
