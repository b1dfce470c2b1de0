r"""The three errors and the noise floor, estimated from refits without knowledge of the truth.

With T the held-out loss and R the training loss of the function of least training loss f_n,

    R <= E(f_F*) <= T    on average over training sets,

for the best member of the class has on average as large a loss on the training rows as on others,
and no smaller one than f_n on them. For least squares with p parameters and n Gaussian rows both
gaps are equal in relative size: T R = E(f_F*)^2 up to terms of order 1/n, so

    approximation    sqrt(T R) - E(f*)
    estimation       T - sqrt(T R)
    optimization     held-out loss of the estimator - T.

The noise floor E(f*) is the loss of near rows' noise (`deepgen.report.noise_floor`), and at most
the asymptote of any model: a wider network's own sqrt(T R), or the loss of boosted trees.

For the log loss the first terms of both gaps are equal, too, so that the same mean of T and R
serves. If f_n cannot be found, training four times as long stands in. A classifier, or a network
that was trained for long, may have hardly any training loss: then R says nothing about E(f_F*), and
the noise floor is taken where it is higher.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from deepgen._interval import Interval
from deepgen.generalization import OffsetLaw, offset_law
from deepgen.report.jackknife import FEWEST_SPLITS, Jackknife, Means, unknown
from deepgen.report.noise_floor import N_NEIGHBORS

__all__ = ["ThreeErrors", "three_errors"]

MODELS: Final = (
    *("search", "wide search", "HistGradientBoosting", "linear model"),
    *("wider", "longer", "seed 0", "own"),
)
"""Models whose losses are upper bounds of the noise floor."""
DOUBT: Final = 0.25
"""Share of T - sqrt(T R) by which the loss of the best member may differ from sqrt(T R) where the
theory of least squares does not hold; networks are not linear."""
FITS_NOISE: Final = 0.25
"""Share of the held-out loss below which a training loss is that of a model that fits noise."""
EXPONENTS: Final = (0.5, 1.0)
"""Exponents of the learning curve between which the unknown one is taken to be."""


@dataclass(frozen=True)
class ThreeErrors:
    """The three errors of an estimator, and the noise floor.

    Parameters
    ----------
    approximation, estimation, optimization : Interval
        Reductions of the loss by a larger class, more rows and better training.
    noise : Interval
        The loss that no model can avoid.
    more_labels : Interval
        Reduction of the loss by twice the rows.
    law : OffsetLaw or None
        The law of the estimator's own learning curve; None with fewer than three points.

    Examples
    --------
    >>> from deepgen.report.jackknife import unknown
    >>> from deepgen.report.three_errors import ThreeErrors
    >>> nothing = unknown("no rows")
    >>> ThreeErrors(nothing, nothing, nothing, nothing, nothing, None).largest is None
    True
    """

    approximation: Interval
    estimation: Interval
    optimization: Interval
    noise: Interval
    more_labels: Interval
    law: OffsetLaw | None

    @property
    def largest(self) -> str | None:
        """Name of the largest of the three; None if none is known."""
        known = {
            name: interval.estimate
            for name in ("approximation", "estimation", "optimization")
            if math.isfinite((interval := getattr(self, name)).estimate)
        }
        return max(known, key=lambda name: known[name]) if known else None


def three_errors(refits: Any, n_rows: int) -> ThreeErrors:
    """Estimate the three errors from the measurements of refits.

    Parameters
    ----------
    refits : Refits
        Measurements; kinds that were left out make the errors that need them unknown.
    n_rows : int
        Number of rows on which the estimator itself is trained.

    Returns
    -------
    errors : ThreeErrors
        For the loss of `refits`.
    """
    known = _measured(refits)
    losses = Jackknife(refits.columns, refits.split, refits.weights)
    n_classes = 0 if refits.loss.classes is None else len(refits.loss.classes)
    curve = [(n, f"own {place}") for place, n in enumerate(refits.sizes[:-1])]
    curve += [(refits.sizes[-1], "own")] if refits.sizes else []
    whole = losses.means(refits.split >= 0, tuple(name for _, name in curve))
    points = np.array([(n, whole[name]) for n, name in curve]).T
    law = offset_law(*points) if len(curve) > 2 else None
    estimate = _Estimates(refits, known, n_classes, curve, n_rows)
    own = tuple(name for _, name in curve)
    reference = "search" if "search" in known else "longer"
    limited = (*own, *_seeds(known), reference, f"{reference} train")
    floors = estimate.floors()
    # Of the noise floor's columns those that are measured on every split.
    own_floor = [name for name in floors if name.startswith(("own square", "own p", "distance "))]
    limited = (*limited, *own_floor)
    if not curve:
        none = unknown("too few rows for a learning curve")
        estimation = approximation = more = none
    else:
        estimation = losses.interval(estimate.estimation, *limited)
        approximation = losses.interval(estimate.approximation, *limited, *floors)
        if not floors:
            approximation = unknown("the noise floor is not known")
        more = (
            losses.interval(estimate.more_labels, *own)
            if law is not None
            else unknown("too few rows for the law of a learning curve")
        )
    optimization = losses.interval(estimate.optimization, *limited)
    noise = losses.interval(estimate.noise, *floors) if floors else unknown("no near rows")
    # None of these is negative on average, whatever the estimate's chance.
    approximation, estimation, noise = (
        replace(interval, low=max(interval.low, 0.0)) if 0 <= interval.high < math.inf else interval
        for interval in (approximation, estimation, noise)
    )
    return ThreeErrors(approximation, estimation, optimization, noise, more, law)


def _measured(refits: Any) -> tuple[str, ...]:
    """Names of the columns that were measured on three splits, or on all if there are fewer."""

    def count(name: str) -> int:
        return len(np.unique(refits.split[np.isfinite(refits.columns[name]) & (refits.split >= 0)]))

    fewest = min(FEWEST_SPLITS, count("own"))
    return tuple(name for name in refits.columns if count(name) >= fewest)


def _seeds(known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in known if name.startswith("seed "))


@dataclass(frozen=True)
class _Estimates:
    """Statistics of mean losses: each an estimate and two limits besides the statistical ones."""

    refits: Any
    known: tuple[str, ...]
    n_classes: int
    curve: list[tuple[int, str]]
    n_rows: int

    def floors(self) -> tuple[str, ...]:
        """Names of the columns that bound the noise floor."""
        models: list[str] = [name for name in MODELS if name in self.known]
        names = list(models)
        for name in models:
            names += [one for one in self.known if one.startswith((f"{name} square", f"{name} p"))]
        names += [one for one in self.known if one.startswith("distance ")]
        names += [one for one in self.known if one in ("wide search train", "repeated")]
        return tuple(dict.fromkeys(names)) if "own square" in self.known else ()

    def _own(self, means: Means) -> float:
        """Mean held-out loss of the estimator over its seeds."""
        return float(np.mean([means["own"], *(means[name] for name in _seeds(tuple(means)))]))

    def _drop(self, means: Means) -> float:
        """Return what the rows that were held out would take off the estimator's loss."""
        if len(self.curve) < 3:
            return 0.0
        n, names = zip(*self.curve, strict=True)
        law = offset_law(n, [means[name] for name in names])
        return float(law.predict(n[-1]) - law.predict(self.n_rows))

    def _asymptote(self, means: Means) -> float:
        """Loss of the best member of the class."""
        name = "search" if "search" in means else "longer"
        held_out, trained = means[name], means[f"{name} train"]
        limit = float(np.clip(np.sqrt(held_out * trained), min(trained, held_out), held_out))
        roughly = self.n_classes > 0 or name == "longer"
        if roughly and trained < FITS_NOISE * held_out and "own square" in means:
            limit = float(np.clip(self.noise(means)[0], limit, held_out))
        return limit

    def optimization(self, means: Means) -> tuple[float, float, float]:
        reference = means["search" if "search" in means else "longer"]
        gap = self._own(means) - reference
        # All rows train better than the training rows of a split, and so does f_n; a law of few
        # points must not make more of it than half the gap.
        held_out = reference - self._asymptote(means)
        change = self._drop(means) - (1 - self.curve[-1][0] / self.n_rows) * held_out
        whole = gap - float(np.clip(change, -abs(gap) / 2, abs(gap) / 2))
        return whole, min(gap, whole), max(gap, whole) + self._later(means)

    def _doubt(self, means: Means) -> float:
        """Return the share of T - sqrt(T R) by which the loss of the best member may be wrong."""
        if not self.n_classes:
            return DOUBT
        # Both gaps of the log loss are equal as long as they are small.
        name = "search" if "search" in means else "longer"
        return max(DOUBT, 1 - means[f"{name} train"] / means[name])

    def _later(self, means: Means) -> float:
        """Return what still longer training may change where it stands in for a search."""
        if "search" in means:
            return 0.0
        return DOUBT * max(self._own(means) - means["longer"], 0.0)

    def estimation(self, means: Means) -> tuple[float, float, float]:
        reference = means["search" if "search" in means else "longer"]
        gap = reference - self._asymptote(means)
        share = self.curve[-1][0] / self.n_rows
        doubt = self._doubt(means)
        high = (1 + doubt) * gap + self._later(means)
        return share * gap, share**2 * (1 - doubt) * gap, high

    def approximation(self, means: Means) -> tuple[float, float, float]:
        limit = self._asymptote(means)
        estimate, low, _ = self.noise(means)
        bound = self._bound(means)
        at_least, likely, at_most = limit - bound, limit - estimate, limit - low
        reference = means["search" if "search" in means else "longer"]
        doubt = self._doubt(means) * max(reference - limit, 0.0)
        return (
            max(at_least, 0.0),
            max(min(at_least, likely) - doubt, 0.0),
            max(at_least, likely, at_most, 0.0) + doubt,
        )

    def _bound(self, means: Means) -> float:
        """Upper bound of the noise floor: the least loss that a model has or would have."""
        losses = [means[name] for name in MODELS if name in means]
        if "wide search train" in means:
            losses.append(float(np.sqrt(means["wide search"] * means["wide search train"])))
        return min(losses)

    def noise(self, means: Means) -> tuple[float, float, float]:
        models = [name for name in MODELS if f"{name} square" in means]
        best = min(models, key=lambda name: means[f"{name} square"])
        places = [place for place in range(N_NEIGHBORS) if f"{best} product {place}" in means]
        products = np.array([means[f"{best} product {place}"] for place in places])
        distances = np.array([means[f"distance {place}"] for place in places])
        near = nearest = float(products.mean())
        if np.ptp(distances) > 0:
            nearest = max(near, float(np.polyfit(distances, products, 1)[1]))
        square = means[f"{best} square"]
        if "repeated" in means:
            near = nearest = square - means["repeated"]
        if not self.n_classes:
            return square - near, square - nearest, square - near
        # Of classes the squares are those of probabilities; the log loss has no such identity.
        share = (square - near) / square
        impure = self.n_classes * (square - nearest)
        at_least = _least_entropy(impure, self.n_classes)
        loss = min(means[name] for name in models)
        return share * loss, min(at_least, share * loss), loss

    def more_labels(self, means: Means) -> tuple[float, float, float]:
        n, names = zip(*self.curve, strict=True)
        losses = [means[name] for name in names]
        gains = []
        for exponents in (None, *EXPONENTS):
            law = (
                offset_law(n, losses)
                if exponents is None
                else offset_law(n, losses, exponents=exponents)
            )
            gains.append(float(law.predict(self.n_rows) - law.predict(2 * self.n_rows)))
        return gains[0], min(gains), max(gains)


def _least_entropy(impurity: float, n_classes: int) -> float:
    """Return the least mean entropy for a mean probability that two labels of a row differ.

    The least entropy of a distribution lies on lines between those of equal probabilities of k and
    k + 1 classes (P. Harremoes, F. Topsoe, "Inequalities between entropy and index of coincidence
    derived from information diagrams", IEEE Transactions on Information Theory 47, 2001), and a
    line may be averaged.
    """
    k = np.arange(1, n_classes)
    slopes = k * (k + 1) * np.log((k + 1) / k)
    lines = np.log(k) + slopes * (1 / k - (1 - impurity))
    return float(max(lines.max(), 0.0))
