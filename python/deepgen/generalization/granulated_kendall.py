r"""The granulated Kendall coefficient of a measure: its ranks, other things being equal.

A measure and a gap may go along only because both follow a third quantity, such as the noise of the
labels. So pairs are compared that differ in one hyper-parameter and agree in all others:

    tau(group) = mean over pairs of sign(mu_i - mu_j) sign(g_i - g_j)
    psi_h = mean of tau over the groups in which only hyper-parameter h varies
    Psi = mean of psi_h over the hyper-parameters.

Source: Y. Jiang, B. Neyshabur, H. Mobahi, D. Krishnan, S. Bengio, "Fantastic generalization
measures and where to find them", ICLR 2020, section 2.2.2.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import as_text, in_style
from deepgen._display.text_table import format_table
from deepgen._engine.arrays import FloatArray
from deepgen._interval import Interval

__all__ = ["GranulatedKendall", "HyperParameterKendall", "granulated_kendall"]

N_RESAMPLES = 2000
# Number of comparisons at a time.
BLOCK = 4_000_000


@dataclass(frozen=True)
class HyperParameterKendall(ShownAsTable):
    """The coefficient of one hyper-parameter.

    Parameters
    ----------
    name : str
        Name of the hyper-parameter.
    value : float
        Coefficient psi: mean of tau over the groups; NaN without groups.
    n_groups : int
        Number of groups of rows that agree in all other hyper-parameters and differ in this one.
    n_pairs : int
        Number of pairs in all groups.

    Examples
    --------
    >>> from deepgen.generalization.granulated_kendall import HyperParameterKendall
    >>> HyperParameterKendall("depth", 0.5, 12, 36).n_groups
    12
    """

    name: str
    value: float
    n_groups: int
    n_pairs: int


@dataclass(frozen=True, eq=False)
class GranulatedKendall(ShownAsTable):
    """Granulated and pooled rank correlation of a measure with a gap.

    Parameters
    ----------
    value : float
        Psi, in [-1, 1]: the mean over the hyper-parameters that have groups.
    by : tuple of HyperParameterKendall
        Coefficient psi of each hyper-parameter.
    pooled : float
        Coefficient tau over all pairs of rows, whatever they differ in.
    interval : Interval
        95 % percentile interval of Psi: the groups of each hyper-parameter drawn again.
    n_rows : int
        Number of rows.
    measure, gap : str
        Names of the two columns.

    Examples
    --------
    >>> from deepgen.generalization import granulated_kendall
    >>> table = {"width": [4, 8, 4, 8], "noise": [0, 0, 1, 1]}
    >>> table |= {"norm": [1, 2, 11, 12], "gap": [0.2, 0.1, 0.9, 0.8]}
    >>> result = granulated_kendall(table, "norm", "gap", by=["width", "noise"])
    >>> result.by[0].value, round(result.pooled, 3)
    (-1.0, 0.333)
    """

    value: float
    by: tuple[HyperParameterKendall, ...]
    pooled: float
    interval: Interval
    n_rows: int
    measure: str
    gap: str

    def __repr__(self) -> str:
        own = ", ".join(f"{one.name} {one.value:.3g}" for one in self.by)
        return (
            f"GranulatedKendall({self.measure} with {self.gap}: {self.value:.3g} "
            f"[{self.interval.low:.3g}, {self.interval.high:.3g}], pooled {self.pooled:.3g}, "
            f"{own}, {self.n_rows} rows)"
        )

    def table(self) -> str:
        """Return the coefficients as text.

        Returns
        -------
        table : str
            One line per hyper-parameter, then the granulated and the pooled coefficient.
        """
        rows = [
            {"varies": one.name, "tau": one.value, "groups": one.n_groups, "pairs": one.n_pairs}
            for one in self.by
        ]
        rows.append({"varies": "one of them (granulated)", "tau": self.value})
        rows.append({"varies": "anything (pooled)", "tau": self.pooled})
        return format_table(rows)

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the coefficient of each hyper-parameter, their mean and the pooled one.

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
        names = [as_text(one.name) for one in self.by]
        ax.barh(names, [one.value for one in self.by], color="C0")
        ax.axvline(self.value, color="black", label="granulated")
        ax.axvspan(self.interval.low, self.interval.high, color="black", alpha=0.1)
        ax.axvline(self.pooled, color="C1", linestyle="--", label="pooled")
        ax.set(
            xlim=(-1.05, 1.05), xlabel=as_text(f"Kendall's tau of {self.measure} with {self.gap}")
        )
        ax.invert_yaxis()
        ax.legend()
        return ax


def granulated_kendall(table: Any, measure: str, gap: str, by: Sequence[str]) -> GranulatedKendall:
    """Correlate the ranks of a measure and a gap within groups that differ in one thing only.

    Parameters
    ----------
    table : mapping of str to array-like, data frame, or sequence of mappings
        Columns by name, or one mapping per trained network.
    measure, gap : str
        Names of the columns of the measure and of what it is to rank, such as the generalization
        gap.
    by : sequence of str
        Names of the hyper-parameters: all that was varied, confounders such as the share of wrong
        labels included.

    Returns
    -------
    coefficient : GranulatedKendall
        ``value``, the coefficient per hyper-parameter, and the pooled one beside it.

    Raises
    ------
    ValueError
        If a column is missing, has another length, is not numeric or has NaN, or if no two rows
        differ in one hyper-parameter only.

    Notes
    -----
    A tie counts as 0, as in the source, so that many ties draw the coefficient towards 0. Pairs
    that agree in all hyper-parameters, such as two seeds, belong to no group; give the seed as a
    hyper-parameter to compare seeds. Groups count equally, and hyper-parameters do, whatever the
    number of their pairs. The interval takes groups for independent; one network is in several, so
    it is a rough one. The cost is the square of the number of rows.

    References
    ----------
    .. [1] Y. Jiang, B. Neyshabur, H. Mobahi, D. Krishnan, S. Bengio, "Fantastic generalization
       measures and where to find them", ICLR 2020.

    Examples
    --------
    >>> from deepgen.generalization import granulated_kendall
    >>> rows = [{"depth": d, "norm": d, "gap": d / 10} for d in range(1, 5)]
    >>> granulated_kendall(rows, "norm", "gap", by=["depth"]).value
    1.0
    """
    names = [by] if isinstance(by, str) else list(by)
    if not names:
        raise ValueError("by must name at least one hyper-parameter, got none")
    columns = _columns(table, [measure, gap, *names])
    mu, g = (_numbers(name, columns[name]) for name in (measure, gap))
    codes = {name: _codes(columns[name]) for name in names}
    by_name, taus_by_name = [], []
    for name in names:
        taus, n_pairs = _taus_of(name, codes, mu, g)
        psi = float(np.mean(taus)) if len(taus) else float("nan")
        by_name.append(HyperParameterKendall(name, psi, len(taus), n_pairs))
        if len(taus):
            taus_by_name.append(taus)
    if not taus_by_name:
        raise ValueError(f"no two rows differ in one of {', '.join(names)} only")
    value = float(np.mean([taus.mean() for taus in taus_by_name]))
    random = np.random.default_rng(0)
    again = np.mean(
        [
            taus[random.integers(len(taus), size=(N_RESAMPLES, len(taus)))].mean(axis=1)
            for taus in taus_by_name
        ],
        axis=0,
    )
    low, high = np.percentile(again, [2.5, 97.5])
    return GranulatedKendall(
        value=value,
        by=tuple(by_name),
        pooled=_tau(mu, g),
        interval=Interval(
            value, float(low), float(high), "95 % percentile bootstrap interval, groups"
        ),
        n_rows=len(mu),
        measure=measure,
        gap=gap,
    )


def _columns(table: Any, names: Sequence[str]) -> dict[str, list[Any]]:
    """Return some columns of a table as lists of equal length."""
    if isinstance(table, Mapping) or hasattr(table, "columns"):
        known = list(table.keys()) if isinstance(table, Mapping) else list(table.columns)
        missing = [name for name in names if name not in known]
        columns = {name: list(table[name]) for name in names if name not in missing}
    else:
        rows = list(table)
        missing = [name for name in names if not rows or any(name not in row for row in rows)]
        columns = {name: [row[name] for row in rows] for name in names if name not in missing}
    if missing:
        raise ValueError(f"the table has no column {', '.join(map(repr, missing))}")
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"the columns have different lengths: {lengths}")
    return columns


def _numbers(name: str, column: list[Any]) -> FloatArray:
    """Return a column as numbers without NaN."""
    try:
        values = np.array(column, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"column {name!r} must be numbers") from None
    if np.isnan(values).any():
        raise ValueError(f"column {name!r} has {int(np.isnan(values).sum())} rows without a number")
    return values


def _codes(column: list[Any]) -> NDArray[np.int64]:
    """Return the values of a column as numbers 0, 1, ..., equal ones and all NaN alike."""
    seen: dict[Hashable, int] = {}
    # A data frame writes None as NaN, which differs from itself.
    same = (None if isinstance(value, float) and isnan(value) else value for value in column)
    keys = (value if isinstance(value, Hashable) else repr(value) for value in same)
    return np.array([seen.setdefault(key, len(seen)) for key in keys], dtype=np.int64)


def _taus_of(
    name: str, codes: Mapping[str, NDArray[np.int64]], mu: FloatArray, g: FloatArray
) -> tuple[FloatArray, int]:
    """Return tau of each group in which one hyper-parameter varies, and the number of pairs."""
    others = [codes[other] for other in codes if other != name]
    groups: dict[tuple[int, ...], list[int]] = {}
    for row in range(len(mu)):
        groups.setdefault(tuple(int(code[row]) for code in others), []).append(row)
    taus, n_pairs = [], 0
    for members in groups.values():
        rows = np.array(members)
        differ = codes[name][rows][:, None] != codes[name][rows]
        if differ.any():
            signs = _signs(mu[rows], mu[rows]) * _signs(g[rows], g[rows])
            taus.append(float(signs[differ].mean()))
            n_pairs += int(differ.sum()) // 2
    return np.array(taus), n_pairs


def _tau(mu: FloatArray, g: FloatArray) -> float:
    """Return tau over all pairs of rows."""
    n, total = len(mu), 0.0
    step = max(1, BLOCK // n)
    for first in range(0, n, step):
        some = slice(first, first + step)
        total += float((_signs(mu[some], mu) * _signs(g[some], g)).sum())
    return total / (n * (n - 1))


def _signs(some: FloatArray, all_of_them: FloatArray) -> NDArray[np.int8]:
    """Return the signs of all differences; those of equal infinities are 0."""
    greater, less = some[:, None] > all_of_them, some[:, None] < all_of_them
    return greater.astype(np.int8) - less.astype(np.int8)
