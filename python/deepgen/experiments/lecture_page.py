"""The page of claims: each claim of the lecture with its verdict, its intervals and its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from deepgen._display.html import render
from deepgen._engine.version import VERSION
from deepgen.experiments.catalog import CATALOG
from deepgen.experiments.finding import INCONCLUSIVE, MIXED, NOT_SUPPORTED, RULE, joint_verdict
from deepgen.experiments.lecture import LECTURE
from deepgen.experiments.lecture_claim import LectureClaim
from deepgen.experiments.run_record import JudgedFinding, RunRecord

__all__ = ["NOT_MEASURED", "SELECTION", "lecture_page"]

NOT_MEASURED: Final = "not yet measured"
"""Verdict on a claim, or on a finding, of which there is no run."""

SELECTION: Final = (
    "Which findings count for a claim was decided when nearly all verdicts were known, so a rule "
    "decides it that does not look at them. All findings count that compare what the claim "
    "compares, by a quantity that it names; for a takeaway by errors, gaps, conditioning or "
    "computing. Not counted are checks of a protocol, and findings that claim the opposite, which "
    "the limits name. A part of a claim that no experiment measures is a row of its own."
)
"""Rule for the choice of findings."""


def lecture_page(runs: Mapping[str, RunRecord], claims: Sequence[LectureClaim] = LECTURE) -> str:
    """Return the page of claims as HTML.

    Parameters
    ----------
    runs : mapping of str to RunRecord
        Runs by the name of the experiment; claims whose experiments are missing read "not yet
        measured".
    claims : sequence of LectureClaim, default=LECTURE
        The claims, in the order of the page.

    Returns
    -------
    page : str
        One page; figures are inside it, where the runs have them.

    Examples
    --------
    >>> from deepgen.experiments.lecture_page import lecture_page
    >>> "not yet measured" in lecture_page({})
    True
    """
    used = dict.fromkeys(name for claim in claims for name in claim.evidence if name in runs)
    about = {runner.experiment.name: runner.experiment for runner in CATALOG}
    return render(
        "experiments/lecture_page.html",
        "the page of claims",
        title="deepgen: claims of the lecture",
        version=VERSION,
        rule=RULE,
        selection=SELECTION,
        items=[_item(claim, runs) for claim in claims],
        has_figures=any(runs[name].png for name in used),
        runs={name: {"run": runs[name], "about": about[name]} for name in used},
    )


def _item(claim: LectureClaim, runs: Mapping[str, RunRecord]) -> dict[str, Any]:
    """Return what the template shows of a claim."""
    evidence = [
        (name, what, runs[name].finding(what) if name in runs else None)
        for name, findings in claim.evidence.items()
        for what in findings
    ]
    found = [finding for *_, finding in evidence if finding is not None]
    missing = [what for _, what, finding in evidence if finding is None] + [*claim.unmeasured]
    verdict = NOT_MEASURED
    if found:
        kept = [INCONCLUSIVE] * bool(missing)
        verdict = joint_verdict([*(finding.verdict for finding in found), *kept])
    return {
        "claim": claim,
        "verdict": verdict,
        "decisive": _decisive(found, verdict, bool(missing)),
        "missing": missing,
        "n_found": len(found),
        "evidence": evidence,
        "experiments": dict.fromkeys(name for name, *_ in evidence),
    }


def _decisive(
    found: Sequence[JudgedFinding], verdict: str, incomplete: bool
) -> JudgedFinding | None:
    """Return the first finding that decides the verdict; None if what is missing decides it."""
    wanted = NOT_SUPPORTED if verdict == MIXED else verdict
    # Constructions alone are supported, and none of them says so.
    otherwise = found[0] if found and not incomplete else None
    return next((one for one in found if one.verdict == wanted), otherwise)
