"""Output bounds: certified ranges of a model's predictions over a box of inputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepgen._counts import checked_count
from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen.expressivity.box import checked_box
from deepgen.expressivity.piecewise import piecewise_linear
from deepgen.generalization.certified_ranges.backward_bounds import ranges_of
from deepgen.generalization.certified_ranges.cell_values import cell_values
from deepgen.generalization.certified_ranges.intervals import Interval, activated
from deepgen.generalization.lipschitz_constants.predicting_layers import predicting_layers
from deepgen.generalization.lipschitz_constants.spectral_norm import EPS
from deepgen.probe.folded_layers import FoldedLayer

__all__ = ["OutputBounds", "output_bounds"]

# Multiply-adds of all backward passes: some minutes.
MAX_WORK = 1e12


@dataclass(frozen=True, eq=False)
class OutputBounds(ShownAsTable):
    """Ranges that a model's predictions do not leave on a box.

    Parameters
    ----------
    lower, upper : ndarray of shape (n_outputs,)
        The best certified range of each output.
    interval : ndarray of shape (n_outputs, 2)
        Ranges by interval propagation alone.
    crown : ndarray of shape (n_outputs, 2)
        Ranges by backward linear bounds.
    exact : ndarray of shape (n_outputs, 2) or None
        Ranges over all cells, with one or two inputs; None where these were not enumerated.
    box : ndarray of shape (n_inputs, 2)
        The box.
    missing : str
        Why ``exact`` is None.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization import output_bounds
    >>> bounds = output_bounds(tri(2), [(0, 1)])
    >>> bounds.upper.round(9), bounds.interval[:, 1].round(9)
    (array([1.]), array([4.]))
    """

    lower: FloatArray
    upper: FloatArray
    interval: FloatArray
    crown: FloatArray
    exact: FloatArray | None
    box: FloatArray
    missing: str

    def __repr__(self) -> str:
        shown = [
            f"{low:.5g} to {high:.5g}"
            for low, high in zip(self.lower[:3], self.upper[:3], strict=True)
        ]
        more = [f"{len(self.lower) - 3} more"] if len(self.lower) > 3 else []
        exact = "exact" if self.exact is not None else f"not exact: {self.missing}"
        return f"OutputBounds({', '.join(shown + more)}; {exact})"

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the range of each output by each method.

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
        methods = {"interval": self.interval, "crown": self.crown, "exact": self.exact}
        known = {name: ranges for name, ranges in methods.items() if ranges is not None}
        for place, (name, ranges) in enumerate(known.items()):
            at = np.arange(len(ranges)) + 0.2 * (place - 1)
            ax.vlines(at, ranges[:, 0], ranges[:, 1], colors=f"C{place}", label=name, linewidth=3)
        ax.set_xticks(np.arange(len(self.lower)))
        ax.set(xlabel="output", ylabel="range on the box")
        ax.legend(frameon=False)
        return ax


def output_bounds(model: Any, box: Any, *, max_cells: int = 20_000) -> OutputBounds:
    r"""Certify ranges of a model's predictions over a box of inputs.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier or Probe
        Fitted, with one network and no embedded features. The ranges are those of a regressor's
        `predict`, in units of y, and of a classifier's `decision_function`; behind a probe of a
        pipeline or an encoder they are of the network on transformed features.
    box : array-like of shape (n_inputs, 2)
        Lower and upper bound of each input.
    max_cells : int, default=20_000
        Largest number of cells for ``exact``.

    Returns
    -------
    bounds : OutputBounds
        ``lower``, ``upper``, and the ranges by each method, of which they are the intersection.

    Raises
    ------
    ValueError
        If a skip is 'highway', if the loss has several quantiles, if the box has no volume, does
        not fit or is so large that ranges overflow, if features are embedded, or if the backward
        passes need more than 1e12 multiply-adds.

    Notes
    -----
    **Interval** propagation bounds each unit from the units before. **CROWN** [1]_ bounds each unit
    by a linear form in the inputs, for which each activation is replaced by a line above and a line
    below; every layer's range is the intersection of both before the next one's is taken. All
    activations have lines, whose slopes are those with the least area; skips are carried as they
    are; layer norm has an interval rule, at which a form ends. **Exact**: a piecewise linear
    network's extremes are at corners of its cells, which are visited with one or two inputs.

    The ranges are true of the network with its folded float64 weights in real arithmetic: every
    rounding error of the computation is bounded by the classical bound for sums of products
    (n + 4) eps times the sum of absolute terms, taken four times, or by 1e-14 for an activation,
    and is added outwards. The same kind of bound for a forward pass in float64 is added at the end,
    so predictions computed in float64 stay inside too; those in float32 may leave by their own
    rounding. The corners' rounding in ``exact`` is added likewise.

    For widths n and L layers the cost is L^2 n^3 / 2 multiply-adds for each of two signs: 3 hidden
    layers of 256 units take about a second.

    References
    ----------
    .. [1] H. Zhang, T.-W. Weng, P.-Y. Chen, C.-J. Hsieh, L. Daniel, "Efficient neural network
       robustness certification with general activation functions", NeurIPS 2018.

    Examples
    --------
    >>> from deepgen.expressivity import bump
    >>> from deepgen.generalization import output_bounds
    >>> bounds = output_bounds(bump([0, 0], [1, 1], eps=0.5), [(-1, 2), (-1, 2)])
    >>> bounds.lower.round(6) + 0.0, bounds.upper.round(6)
    (array([0.]), array([1.]))
    """
    max_cells = checked_count("max_cells", max_cells)
    layers, _, link = predicting_layers(model, what="a certified range", links=("exp",))
    sides = checked_box(box, len(layers[0].weights))
    work = _work(layers)
    if work > MAX_WORK:
        raise ValueError(
            f"the backward passes need {work:.2g} multiply-adds, and at most {MAX_WORK:.0e} are "
            "allowed; measure a narrower network"
        )
    bounds = ranges_of(layers, sides)
    found = {"interval": bounds.interval, "crown": bounds.crown}
    missing = ""
    try:
        # A logistic function behind the outputs keeps their order.
        before = [*layers[:-1], replace(layers[-1], activation="identity")]
        # Squares of distances may overflow, which then bound nothing.
        with np.errstate(over="ignore"):
            exact = cell_values(piecewise_linear(before), sides, max_cells)
        found["exact"] = activated(layers[-1], exact)
    except ValueError as reason:
        missing = str(reason)
    widened = {
        name: _linked(Interval(ends.lower - bounds.error, ends.upper + bounds.error), link)
        for name, ends in found.items()
    }
    targets = getattr(model, "model", model)._targets
    if targets.clips and targets.lowest is not None:
        limits = targets.lowest, targets.highest
        widened = {
            name: Interval(np.clip(ends.lower, *limits), np.clip(ends.upper, *limits))
            for name, ends in widened.items()
        }
    ranges = {name: np.stack([ends.lower, ends.upper], axis=1) for name, ends in widened.items()}
    every = np.stack(list(ranges.values()))
    return OutputBounds(
        lower=every[:, :, 0].max(axis=0),
        upper=every[:, :, 1].min(axis=0),
        interval=ranges["interval"],
        crown=ranges["crown"],
        exact=ranges.get("exact"),
        box=sides,
        missing=missing,
    )


def _work(layers: list[FoldedLayer]) -> float:
    """Return the multiply-adds of a backward pass from each layer."""
    before, total = 0.0, 0.0
    for layer in layers:
        total += 2.0 * layer.width * before
        before += float(layer.weights.size)
    return total


def _linked(ends: Interval, link: str) -> Interval:
    if link == "identity":
        return ends
    low, high = (np.exp(np.clip(end, -700.0, 709.0)) for end in (ends.lower, ends.upper))
    return Interval(
        # Below, exp may round to 0.
        np.where(ends.lower < -700.0, 0.0, low * (1 - 8 * EPS)),
        np.where(ends.upper > 709.0, np.inf, high * (1 + 8 * EPS)),
    )
