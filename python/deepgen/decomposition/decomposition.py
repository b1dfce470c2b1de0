"""The result of a decomposition: two definitions of the three errors, with standard errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import indent
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import BLUE, ORANGE, in_style
from deepgen._display.text_table import format_table
from deepgen._engine.arrays import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Decomposition", "Reading"]

TERMS = ("approximation", "estimation", "optimization", "excess")


@dataclass(frozen=True)
class Reading(ShownAsTable):
    """The three errors and their sum, by one of the two definitions.

    Parameters
    ----------
    approximation, estimation, optimization, excess : float
        Means over training sets, in units of the risk; the first three sum to the fourth.
    approximation_se, estimation_se, optimization_se, excess_se : float
        Their standard errors, >= 0; NaN after one training set.

    Examples
    --------
    >>> from deepgen.decomposition import Reading
    >>> Reading(1.0, 2.0, 0.5, 3.5, 0.0, 0.1, 0.1, 0.2).excess
    3.5
    """

    approximation: float
    estimation: float
    optimization: float
    excess: float
    approximation_se: float
    estimation_se: float
    optimization_se: float
    excess_se: float

    @classmethod
    def of(
        cls,
        approximation: FloatArray,
        estimation: FloatArray,
        optimization: FloatArray,
        excess: FloatArray,
    ) -> Any:
        """Average errors over training sets.

        Parameters
        ----------
        approximation, estimation, optimization, excess : ndarray of shape (n_repeats,)
            The errors, one entry per training set.

        Returns
        -------
        reading : Reading
            Means and standard errors.
        """
        terms = (approximation, estimation, optimization, excess)
        root = np.sqrt(len(excess))
        spread = (float(np.std(t, ddof=1) / root) if len(t) > 1 else float("nan") for t in terms)
        return cls(*(float(np.mean(t)) for t in terms), *spread)


@dataclass(frozen=True, repr=False)
class Decomposition(ShownAsTable):
    """Decomposition of the error of an estimator for a known truth.

    All numbers are in squared units of y (the squared error is not halved), or of classifiers in
    nats or shares of wrong answers. E is the risk, E_n the
    empirical risk, f* the truth, f_F* the best member of the class, f_n the member of least
    empirical risk and f~ the fitted estimator. The fields outside of ``bottou_bousquet`` and
    ``deck`` follow the definition of Bottou and Bousquet.

    Parameters
    ----------
    approximation : float
        E(f_F*) - E(f*), the error due to the limits of the class; an upper bound unless ``exact``.
    estimation : float
        E(f_n) - E(f_F*), the error due to the finite sample.
    optimization : float
        E(f~) - E(f_n), the error due to incomplete optimization; negative if stopping early helps.
    excess : float
        E(f~) - E(f*), the sum of the three.
    approximation_se, estimation_se, optimization_se, excess_se : float
        Standard errors over training sets.
    bottou_bousquet : Reading
        The same numbers: all three errors as risks over the whole distribution.
    deck : Reading
        The lecture's definition: estimation E_n(f_n) - E(f_F*), negative on average, optimization
        E_n(f~) - E_n(f_n) and excess E_n(f~) - E(f*).
    bayes_risk : float
        E(f*), the lowest possible risk.
    risk : float
        E(f~), mean over training sets.
    rho : float
        Mean of E_n(f~) - E_n(f_n), the achieved tolerance, >= 0.
    rho_asked : float or None
        Requested tolerance.
    reached : float
        Share of the training sets with the requested tolerance; 1 if none was requested.
    exact : bool
        Whether f_F* and f_n are the best members; if they are only good members, ``approximation``
        is an upper bound.
    hypotheses : str
        Description of the class.
    n_samples, n_repeats : int
        Size and number of the training sets.
    repeats : dict of str to ndarray of shape (n_repeats,)
        ``approximation``, ``risk_best`` E(f_n), ``risk`` E(f~), ``empirical_best`` E_n(f_n),
        ``empirical`` E_n(f~) and ``n_iter`` of each training set (-1 where not known).
    unit : str
        Name of the loss and its unit.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from deepgen.decomposition import GaussianLinear, decompose
    >>> truth = GaussianLinear([1.0, -1.0], noise_scale=0.5)
    >>> result = decompose(LinearRegression(), truth, 50, n_test=2000, random_state=0)
    >>> result.exact, abs(result.approximation) < 1e-12, result.estimation > 0
    (True, True, True)
    """

    approximation: float
    estimation: float
    optimization: float
    excess: float
    approximation_se: float
    estimation_se: float
    optimization_se: float
    excess_se: float
    bottou_bousquet: Reading
    deck: Reading
    bayes_risk: float
    risk: float
    rho: float
    rho_asked: float | None
    reached: float
    exact: bool
    hypotheses: str
    n_samples: int
    n_repeats: int
    repeats: dict[str, FloatArray] = field(compare=False)
    unit: str = "squared error, in squared units of y"

    def __repr__(self) -> str:
        readings = {"Bottou-Bousquet": self.bottou_bousquet, "lecture, empirical": self.deck}
        table = [
            {
                "term": term,
                **{
                    name: f"{getattr(reading, term):.4g} +- {getattr(reading, term + '_se'):.2g}"
                    for name, reading in readings.items()
                },
            }
            for term in TERMS
        ]
        lines = [
            f"Decomposition over {self.n_repeats} training sets of {self.n_samples} samples",
            f"  class: {self.hypotheses}; {self.unit}",
            indent(format_table(table), "  "),
        ]
        if not self.exact:
            lines.append("  approximation is an upper bound: the best of several searches")
        asked = "" if self.rho_asked is None else f" (asked: {self.rho_asked:.4g})"
        lines.append(f"  Bayes risk {self.bayes_risk:.4g}, tolerance rho {self.rho:.4g}{asked}")
        if self.reached < 1:
            lines.append(f"  the tolerance was reached on {self.reached:.0%} of the training sets")
        return "\n".join(lines)

    @in_style
    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw both decompositions as bars with standard errors.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            The axes drawn on.
        """
        ax = axes_or_new(ax)
        place = np.arange(len(TERMS))
        readings = {
            "population risks (Bottou and Bousquet)": (self.bottou_bousquet, BLUE, -0.2),
            "empirical risks (lecture)": (self.deck, ORANGE, 0.2),
        }
        for label, (reading, color, shift) in readings.items():
            values = [getattr(reading, term) for term in TERMS]
            errors = [np.nan_to_num(getattr(reading, term + "_se")) for term in TERMS]
            ax.bar(place + shift, values, 0.38, yerr=errors, capsize=3, color=color, label=label)
        ax.axhline(0, color="black", linewidth=0.8)
        names = list(TERMS)
        if not self.exact:
            names[0] += "\n(upper bound)"
        ax.set_xticks(place, names)
        ax.set_ylabel(self.unit)
        ax.set_title(f"{self.n_samples} samples, {self.n_repeats} training sets, mean and s.e.")
        ax.legend()
        return ax
