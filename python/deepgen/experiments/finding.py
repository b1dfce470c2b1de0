"""Findings: a measured number, the claim about it, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from deepgen._display.shown_as_table import ShownAsTable
from deepgen._interval import Interval

__all__ = [
    "CONSTRUCTION",
    "INCONCLUSIVE",
    "MIXED",
    "NOT_SUPPORTED",
    "RULE",
    "SUPPORTED",
    "Finding",
    "joint_verdict",
    "overall_verdict",
]

SUPPORTED: Final = "supported"
NOT_SUPPORTED: Final = "not supported"
INCONCLUSIVE: Final = "inconclusive"
CONSTRUCTION: Final = "construction"
"""Verdict on an identity or a theorem that holds, where nothing was drawn or trained."""
MIXED: Final = "mixed"
"""Verdict on an experiment alone."""

RULE: Final = (
    "A finding is supported where its whole interval satisfies the claim, not supported where no "
    "part of it does, else inconclusive. A formula or a construction that holds, with nothing "
    "drawn or trained, is called a construction. An experiment is mixed if one of its findings is "
    "supported and another is not, not supported if one is not and none is supported, supported if "
    "all of them are, else inconclusive. Constructions count only where there is nothing else."
)
"""Rule for verdicts from intervals."""


@dataclass(frozen=True)
class Finding(ShownAsTable):
    """A measured number together with the claimed range.

    Parameters
    ----------
    what : str
        Name of the quantity, with its unit.
    interval : Interval
        Measured estimate and limits.
    at_least, at_most : float
        Limits of the claimed range. Give one or both.
    construction : bool, default=False
        Whether the number is deterministic and follows from a formula or a construction, with
        nothing drawn or trained: then it is no evidence, and its verdict says so.

    Examples
    --------
    >>> from deepgen.experiments import Finding, exact
    >>> print(Finding("test error", exact(0.03), at_most=0.05))
    test error: 0.03 (claim: at most 0.05): supported
    >>> print(Finding("teeth of tri^4", exact(8), at_least=8, at_most=8, construction=True))
    teeth of tri^4: 8 (claim: 8): construction
    """

    what: str
    interval: Interval
    at_least: float = -math.inf
    at_most: float = math.inf
    construction: bool = False

    def __post_init__(self) -> None:
        if not (self.at_least <= self.at_most and (self.at_least, self.at_most) != _ANY):
            raise ValueError(
                f"'{self.what}' claims nothing that can fail: at_least={self.at_least}, "
                f"at_most={self.at_most}"
            )

    @property
    def claim(self) -> str:
        """Text of the claimed range."""
        if self.at_least == self.at_most:
            return f"{self.at_least:.6g}"
        if self.at_most == math.inf:
            return f"at least {self.at_least:.4g}"
        if self.at_least == -math.inf:
            return f"at most {self.at_most:.4g}"
        return f"in [{self.at_least:.4g}, {self.at_most:.4g}]"

    @property
    def verdict(self) -> str:
        """Verdict by `RULE`."""
        low, high = self.interval.low, self.interval.high
        if self.at_least <= low and high <= self.at_most:
            return CONSTRUCTION if self.construction else SUPPORTED
        if high < self.at_least or low > self.at_most:
            return NOT_SUPPORTED
        return INCONCLUSIVE

    def __str__(self) -> str:
        return f"{self.what}: {self.interval} (claim: {self.claim}): {self.verdict}"


_ANY = (-math.inf, math.inf)


def overall_verdict(findings: Sequence[Finding]) -> str:
    """Combine the verdicts of several findings by `RULE`.

    Parameters
    ----------
    findings : sequence of Finding
        At least one.

    Returns
    -------
    verdict : {'supported', 'mixed', 'not supported', 'inconclusive'}
        The joint verdict.

    Examples
    --------
    >>> from deepgen.experiments import Finding, exact
    >>> from deepgen.experiments.finding import overall_verdict
    >>> holds, fails = Finding("ratio", exact(2), at_least=1), Finding("gap", exact(2), at_most=1)
    >>> overall_verdict([holds]), overall_verdict([holds, fails])
    ('supported', 'mixed')
    """
    return joint_verdict(finding.verdict for finding in findings)


def joint_verdict(verdicts: Iterable[str]) -> str:
    """Combine verdicts on findings by `RULE`.

    Parameters
    ----------
    verdicts : iterable of str
        At least one.

    Returns
    -------
    verdict : {'supported', 'mixed', 'not supported', 'inconclusive'}
        The joint verdict.

    Examples
    --------
    >>> from deepgen.experiments.finding import joint_verdict
    >>> joint_verdict(["supported", "inconclusive"])
    'inconclusive'
    """
    counted = set(verdicts) - {CONSTRUCTION} or {SUPPORTED}
    if NOT_SUPPORTED in counted:
        return MIXED if SUPPORTED in counted else NOT_SUPPORTED
    return SUPPORTED if counted == {SUPPORTED} else INCONCLUSIVE
