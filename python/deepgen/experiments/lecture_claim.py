"""Claims of the lecture, and the findings of experiments that test them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["LectureClaim", "over"]


@dataclass(frozen=True)
class LectureClaim:
    """A claim of the lecture.

    Parameters
    ----------
    label : str
        Short name: H1 to H14 for hypotheses, T1 to T7 for practical takeaways.
    text : str
        The claim in a sentence.
    slide : str
        Where the lecture says so.
    evidence : mapping of str to tuple of str
        For each experiment the names of its findings that test the claim.
    limits : str, default=''
        What the evidence does not cover.
    unmeasured : tuple of str, default=()
        Parts of the claim that no experiment measures; each keeps the verdict from 'supported'.

    Examples
    --------
    >>> from deepgen.experiments.lecture_claim import LectureClaim
    >>> LectureClaim("H1", "Wide is good.", "Wide", {"tri": ("teeth",)}).evidence["tri"]
    ('teeth',)
    """

    label: str
    text: str
    slide: str
    evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limits: str = ""
    unmeasured: tuple[str, ...] = ()


def over(names: tuple[str, ...], rest: str) -> tuple[str, ...]:
    """Return the names of one finding for several conditions.

    Parameters
    ----------
    names : tuple of str
        Names of the conditions.
    rest : str
        Rest of the finding's name.

    Returns
    -------
    findings : tuple of str
        One name per condition.

    Examples
    --------
    >>> from deepgen.experiments.lecture_claim import over
    >>> over(("sine", "digits"), "test error")
    ('sine: test error', 'digits: test error')
    """
    return tuple(f"{name}: {rest}" for name in names)
