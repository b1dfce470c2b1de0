"""Advice: a sentence about each measured number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from deepgen._interval import Interval

__all__ = ["advise"]

WORTHWHILE: Final = 0.02
"""Smallest share of the loss that is worth a change of the estimator."""
TINY: Final = 1e-300
"""Keeps shares of a loss of 0 finite."""
REMEDIES: Final = {
    "approximation": "a wider or deeper network, or more columns, would lower it",
    "estimation": "more rows, weight decay, dropout or several members would lower it",
    "optimization": "more epochs, another learning rate or a schedule would lower it",
}


def advise(facts: Mapping[str, Any], largest: str | None) -> tuple[str, ...]:
    """Say what the numbers mean for the next step.

    Parameters
    ----------
    facts : mapping
        Fields of `WhichError` by name.
    largest : str or None
        Name of the largest of the three errors.

    Returns
    -------
    advice : tuple of str
        One sentence per finding, the most important first.

    Examples
    --------
    >>> from deepgen._interval import Interval
    >>> from deepgen.report.advice import of_gain
    >>> of_gain("Twice the rows", Interval(0.1, 0.05, 0.15, ""), 1.0)
    'Twice the rows would lower the loss by 10 % (5 to 15 %): worth it.'
    """
    risk = facts["risk"].estimate
    sentences = [_of_largest(facts, largest, risk), _of_noise(facts["noise"], risk)]
    sentences += [
        of_gain("Twice the rows", facts["more_labels"], risk),
        of_gain("Training four times as long, without early stopping,", facts["longer"], risk),
        of_gain("Four times the units per layer", facts["wider"], risk),
        of_gain("Averaging many networks of different seeds", facts["seeds"], risk),
    ]
    sentences += [
        f"{name[0].upper()}{name[1:]} is better than the model by {_share(-gain.estimate, risk)} "
        "of the loss: find out why before anything else."
        for name, gain in facts["advantage"].items()
        if gain.high < 0
    ]
    return tuple(sentence for sentence in sentences if sentence)


def _of_largest(facts: Mapping[str, Any], largest: str | None, risk: float) -> str:
    if largest is None:
        return ""
    one: Interval = facts[largest]
    left, beyond = one.estimate, ""
    if largest == "estimation" and facts["optimization"].high < 0:
        # Stopping early keeps the estimator from what the best fit to the rows would err.
        left += facts["optimization"].estimate
        # The three errors and the noise sum to the loss.
        excess = risk - facts["noise"].estimate - facts["approximation"].estimate
        left = min(left, excess) if math.isfinite(excess) else left
        beyond = " beyond what stopping early saves"
    if left < WORTHWHILE * risk:
        return "None of the three errors is more than a small part of the loss: the rest is noise."
    others = [facts[name] for name in REMEDIES if name != largest]
    clear = all(one.low > other.high for other in others)
    certain = "" if clear else ", though the intervals overlap"
    return (
        f"The largest error is {largest}, {_share(left, risk)} of the loss{beyond}{certain}: "
        f"{REMEDIES[largest]}."
    )


def _of_noise(noise: Interval, risk: float) -> str:
    if not math.isfinite(noise.estimate):
        return ""
    # A confidence limit may be above the loss itself, the noise cannot.
    noise = replace(noise, high=min(noise.high, max(risk, noise.estimate)))
    return (
        f"About {_share(noise.estimate, risk)} of the loss is noise that no model avoids "
        f"({_range(noise, risk)}): only better columns or targets lower it."
    )


def of_gain(what: str, gain: Interval, risk: float) -> str:
    """Return a sentence about a remedy.

    Parameters
    ----------
    what : str
        Name of the remedy.
    gain : Interval
        Reduction of the loss by it.
    risk : float
        The loss.

    Returns
    -------
    sentence : str
        Empty if the gain is not known.
    """
    if not math.isfinite(gain.low + gain.high):
        return ""
    if gain.low > 0:
        worth = "worth it" if gain.estimate >= WORTHWHILE * risk else "little"
        return (
            f"{what} would lower the loss by {_share(gain.estimate, risk)} "
            f"({_range(gain, risk)}): {worth}."
        )
    if gain.high < 0:
        return f"{what} would raise the loss by {_share(-gain.estimate, risk)}: leave it."
    most = max(gain.high, 0.0)
    return f"{what} may change nothing; it would lower the loss by at most {_share(most, risk)}."


def _share(part: float, risk: float) -> str:
    return (
        f"{100 * part / max(risk, TINY):.2g} %"
        if part < risk
        else f"{100 * part / max(risk, TINY):.0f} %"
    )


def _range(interval: Interval, risk: float) -> str:
    low, high = (_share(limit, risk) for limit in (interval.low, interval.high))
    return f"{low.removesuffix(' %')} to {high}"
