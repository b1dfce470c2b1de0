"""The page of claims as of the full runs in docs/experiments.md.

python docs/make_claims.py          writes docs/claims.html

A run on another machine: `deepgen experiment run NAME --out DIR`, then `deepgen experiment claims
--out DIR`, which shows the figures too.
"""

import re
from pathlib import Path

from deepgen.experiments import CATALOG
from deepgen.experiments.lecture_page import lecture_page
from deepgen.experiments.run_record import JudgedFinding, RunRecord

RUNS = Path(__file__).parent / "experiments.md"
PAGE = Path(__file__).parent / "claims.html"


def read_documented_runs():
    """Return the full runs that the documentation holds, by name."""
    text = RUNS.read_text()
    names = [runner.experiment.name for runner in CATALOG]
    return {name: _read_section(name, text) for name in names if f"\n## {name}\n" in text}


def _read_section(name, text):
    section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    verdict = re.search(r"\*\*.*: ([a-z ]+)\.\*\*", section)[1]
    told = [line for line in section.splitlines() if line.startswith(("Run:", "Full run"))]
    parts = [line.replace("`", "").removeprefix("Run: ").rstrip(".") for line in told]
    run = "; ".join(part.replace("Full run: ", "full run of ", 1) for part in parts)
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    findings = tuple(JudgedFinding(*_cells(row)) for row in rows)
    return RunRecord(name, verdict, run, f"experiments.md#{name}", findings)


def _cells(row):
    cells = re.split(r"(?<!\\)\|", row.strip().strip("|"))
    return [cell.strip().replace("\\|", "|") for cell in cells]


def page():
    """Return the page of claims."""
    return lecture_page(read_documented_runs())


if __name__ == "__main__":
    PAGE.write_text(page())
