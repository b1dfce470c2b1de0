r"""Lipschitz constants: how fast the predictions can change with the inputs, from both sides.

    lower <= exact <= {pattern maximum, LipSDP-Neuron} <= product

The constant is the least L with ||f(x) - f(x')|| <= L ||x - x'||, both norms Euclidean. It is the
supremum of the Jacobian's spectral norm.

Sources: A. Virmaux, K. Scaman, "Lipschitz regularity of deep neural networks: analysis and
efficient estimation", NeurIPS 2018; M. Fazlyab, A. Robey, H. Hassani, M. Morari, G. Pappas,
"Efficient and accurate estimation of Lipschitz constants for deep neural networks", NeurIPS 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen._counts import checked_count
from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen._optional import MissingExtra, load_extra
from deepgen.expressivity.box import checked_box
from deepgen.expressivity.piecewise import piecewise_linear
from deepgen.generalization.certified_ranges.backward_bounds import ranges_of
from deepgen.generalization.lipschitz_constants.cell_gradients import cell_gradients
from deepgen.generalization.lipschitz_constants.lipschitz_product import layer_bounds
from deepgen.generalization.lipschitz_constants.lipsdp import lipsdp, n_unknowns
from deepgen.generalization.lipschitz_constants.pattern_maximum import (
    Slopes,
    n_free_units,
    pattern_maximum,
)
from deepgen.generalization.lipschitz_constants.predicting_layers import predicting_layers
from deepgen.generalization.lipschitz_constants.slope_ranges import slope_range
from deepgen.generalization.lipschitz_constants.spectral_norm import (
    EPS,
    frobenius_norms,
    spectral_norms,
)
from deepgen.generalization.lipschitz_constants.steepest_points import steepest_point
from deepgen.generalization.settings import generator
from deepgen.probe.folded_layers import FoldedLayer

__all__ = ["Lipschitz", "lipschitz"]

# Of the semidefinite program that is solved without being asked for.
MAX_UNKNOWNS = 64
# Of the search: squares of such distances do not overflow.
FARTHEST = 1e100

NAMES = {
    "lower": "lower",
    "exact": "exact",
    "pattern_maximum": "pattern maximum",
    "lipsdp": "LipSDP",
    "product": "product",
}


@dataclass(frozen=True, eq=False)
class Lipschitz(ShownAsTable):
    """Bounds on the Lipschitz constant of a model's predictions.

    Parameters
    ----------
    lower : float
        Largest norm of a Jacobian that was found, rounded down.
    exact : float or None
        The constant, up to rounding; None where the cells were not enumerated.
    pattern_maximum : float or None
        Upper bound over all patterns of slopes; None where there are too many.
    lipsdp : float or None
        Upper bound by a semidefinite program; None where it was not solved.
    upper : float
        The least of the upper bounds ``pattern_maximum``, ``lipsdp`` and ``product``.
    product : float
        Upper bound by the product of the layers' spectral norms and slopes.
    point : ndarray of shape (n_inputs,)
        Input at which ``lower`` was found.
    norms : ndarray of shape (n_layers,)
        Spectral norms of the weights, layer by layer.
    box : ndarray of shape (n_inputs, 2) or None
        Where the constant is taken; None means the whole input space.
    missing : dict of str to str
        Why a field is None.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization import lipschitz
    >>> result = lipschitz(tri(2), sdp=False)
    >>> result.exact, round(result.product, 3)
    (4.0, 40.0)
    """

    lower: float
    exact: float | None
    pattern_maximum: float | None
    lipsdp: float | None
    upper: float
    product: float
    point: FloatArray
    norms: FloatArray
    box: FloatArray | None
    missing: dict[str, str]

    def __repr__(self) -> str:
        parts = []
        for name, label in NAMES.items():
            value = getattr(self, name)
            reason = self.missing.get(name, "")
            parts.append(f"{label} {value:.5g}" if value is not None else f"no {label} ({reason})")
        return f"Lipschitz({', '.join(parts)})"

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the bounds side by side on a logarithmic scale.

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
        known = {
            label: float(getattr(self, name))
            for name, label in NAMES.items()
            if getattr(self, name) is not None
        }
        ax.plot(list(known.values()), list(known), linestyle="none", marker="o")
        if all(value > 0 for value in known.values()):
            ax.set_xscale("log")
        ax.invert_yaxis()
        ax.set(xlabel="Lipschitz constant")
        return ax


def lipschitz(
    model: Any,
    X: Any = None,
    *,
    box: Any = None,
    sdp: bool | None = None,
    max_cells: int = 20_000,
    max_programs: int = 2_000,
    max_patterns: int = 2**20,
    n_points: int | None = None,
    random_state: int = 0,
) -> Lipschitz:
    r"""Bound the Lipschitz constant of a model's predictions from below and above.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier or Probe, or with X a pipeline or tabular estimator
        Fitted, with one network and no embedded features. The constant is that of a regressor's
        `predict`, in units of y, before ``clip_predictions`` clips, and of a classifier's
        `decision_function`; behind a pipeline or an encoder it is of the network on transformed
        features.
    X : array-like of shape (n_samples, n_features), default=None
        Rows whose Jacobians count for ``lower``; None means those of a probe, or none. With a probe
        they are rows of what reaches its network.
    box : array-like of shape (n_inputs, 2), default=None
        Lower and upper bound of each input: the constant is then that on the box. None means the
        whole input space.
    sdp : bool, default=None
        Whether to solve ``lipsdp``, which needs cvxpy (the extra 'sdp'). None means where cvxpy is
        installed and the program has at most 64 unknowns: hidden units, plus inputs or
        first-layer units, whichever are fewer; True solves it at any size.
    max_cells : int, default=20_000
        With one or two inputs, the largest number of cells for ``exact``.
    max_programs : int, default=2_000
        With more inputs, the largest number of linear programs, of about a millisecond each.
    max_patterns : int, default=2**20
        Largest number of patterns for ``pattern_maximum``: 2 to the number of hidden units whose
        slope is not fixed.
    n_points : int, default=None
        Number of Jacobians in the search for ``lower``; None means 60,000, or fewer in a network
        of more than a thousand parameters, down to 600.
    random_state : int, default=0
        Seed of the search, at least 0.

    Returns
    -------
    result : Lipschitz
        ``lower``, ``exact``, ``pattern_maximum``, ``lipsdp``, ``upper``, ``product``. Beyond a
        limit a field is None, and the repr says why.

    Raises
    ------
    ValueError
        If a skip is 'highway', whose gate makes the slope unbounded, if the predictions pass
        through an exponential or through several quantiles, if the box has no volume, does not
        contain X or is so large that ranges overflow, or if features are embedded.

    Notes
    -----
    **Lower**: Jacobians of X, of random points, and of ever closer points around the steepest; only
    points where no unit is at a kink count, since there the Jacobian is that of a neighbourhood.
    **Exact**: the largest norm over all cells of a piecewise linear network: along the line with
    one input, polygons with two, linear programs with more. Without a box the unbounded cells are
    seen on the faces of a homogeneous extension. Cells thinner than rounding, or than 1e-8 of the
    box's half side with three inputs and more, are overlooked. **Pattern maximum** [1]_: all
    combinations of each hidden unit's least and greatest slope. **LipSDP-Neuron** [3]_: a
    semidefinite program by Clarabel, or SCS; the solver's multipliers are kept and the bound is
    raised by what the smallest eigenvalue lacks, so that the number is certain whatever the
    solver's accuracy. **Product** [2]_: with L for a
    layer's constant, s for the activation's largest slope, :math:`L_l = s \|W_l\| L_{l-1}`; a
    residual block adds its input's constant (1 + product for a block on its own), DeepNorm adds
    alpha times it, and layer norm multiplies by ``max |scale| / sqrt(epsilon)``, 316 by default,
    which is true and says nothing. No theorem is assumed beyond the chain rule.

    On a box the pattern maximum and LipSDP know the certified range of each unit's argument (see
    `output_bounds`) and so its range of slopes: a unit that is active everywhere in the box counts
    as linear, and the patterns are those of the others.

    ``upper`` leaves out ``exact``, which is no proof for what enumeration overlooks. Upper bounds
    are rounded up by 16 (m + n) eps, and never exceed the product, which is above each of them but
    for rounding.

    At the default limits each part takes some seconds at most; a Jacobian costs
    two passes per output.

    References
    ----------
    .. [1] A. Virmaux, K. Scaman, "Lipschitz regularity of deep neural networks: analysis and
       efficient estimation", NeurIPS 2018.
    .. [2] C. Szegedy et al., "Intriguing properties of neural networks", ICLR 2014, section 4.3.
    .. [3] M. Fazlyab, A. Robey, H. Hassani, M. Morari, G. Pappas, "Efficient and accurate
       estimation of Lipschitz constants for deep neural networks", NeurIPS 2019.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> from deepgen.generalization import lipschitz
    >>> result = lipschitz(tri(3), sdp=False)
    >>> result.exact, round(result.lower, 9)
    (8.0, 8.0)
    """
    max_cells = checked_count("max_cells", max_cells)
    max_programs = checked_count("max_programs", max_programs)
    max_patterns = checked_count("max_patterns", max_patterns)
    if not (sdp is None or isinstance(sdp, bool)):
        raise ValueError(f"sdp must be True, False or None, got {sdp!r}")
    random = generator(random_state)
    layers, rows, _ = predicting_layers(model, X, what="a Lipschitz constant")
    sides = None if box is None else checked_box(box, len(layers[0].weights))
    if rows is not None and sides is not None:
        outside = int(((rows < sides[:, 0]) | (rows > sides[:, 1])).any(axis=1).sum())
        if outside:
            raise ValueError(f"{outside} of {len(rows)} rows of X are outside the box")
    if n_points is None:
        work = layers[-1].width * sum(layer.weights.size for layer in layers)
        n_points = min(60_000, max(600, 60_000_000 // work))
    n_points = checked_count("n_points", n_points)
    reach = _reach(layers, rows)
    with np.errstate(over="ignore", invalid="ignore"):
        bounds, norms = layer_bounds(layers)
    if not np.isfinite(bounds).all():
        raise ValueError(
            "the product of the layers' norms overflows: the weights are too large for a Lipschitz "
            f"constant in float64 (norms {', '.join(f'{norm:.2g}' for norm in norms)})"
        )
    product = float(bounds[-1])
    slopes = _slopes(layers, sides)
    missing: dict[str, str] = {}

    steepest = steepest_point(layers, rows, sides, reach=reach, n_points=n_points, random=random)
    exact = None
    try:
        function = piecewise_linear(layers)
        limit = max_cells if function.n_inputs <= 2 else max_programs
        # Squares of distances may overflow, which then bound nothing.
        with np.errstate(over="ignore"):
            exact = max(
                float(spectral_norms(gradients).max())
                for gradients in cell_gradients(function, sides, reach=reach, max_cells=limit)
            )
    except ValueError as reason:
        missing["exact"] = str(reason)
    highest = by_program = None
    n_free = n_free_units(slopes)
    if any(layer.normalized for layer in layers):
        missing["pattern_maximum"] = "layer norm has no slopes of single units"
    elif n_free > np.log2(max_patterns):
        missing["pattern_maximum"] = f"{n_free} units, 2**{n_free} patterns, over {max_patterns}"
    else:
        highest = min(product, pattern_maximum(layers, slopes))
    why = _no_program(layers, slopes, sdp)
    if why:
        missing["lipsdp"] = why
    else:
        by_program = min(product, lipsdp(layers, slopes, bounds)) if product else 0.0
    upper = min(value for value in (highest, by_program, product) if value is not None)
    # Large intercepts hide small slopes from the enumeration, not from the bounds.
    exact = None if exact is None else min(exact, upper)
    # The Jacobian's rounding may not lift a lower bound above the constant.
    n_terms = sum(sum(layer.weights.shape) for layer in layers)
    lower = steepest.norm * (1 - 16 * n_terms * EPS)
    return Lipschitz(
        lower, exact, highest, by_program, upper, product, steepest.point, norms, sides, missing
    )


def _slopes(layers: list[FoldedLayer], sides: FloatArray | None) -> Slopes:
    """Return the slope range of each unit, on a box that of the arguments that occur there."""
    if sides is None or any(layer.normalized for layer in layers):
        return [slope_range(layer) for layer in layers]
    arguments = ranges_of(layers, sides).arguments
    return [
        slope_range(layer, ends.lower, ends.upper)
        for layer, ends in zip(layers, arguments, strict=True)
    ]


def _no_program(layers: list[FoldedLayer], slopes: Slopes, sdp: bool | None) -> str:
    """Return why the semidefinite program is not solved; empty where it is."""
    if any(layer.normalized for layer in layers):
        return "layer norm has no slopes of single units"
    if sdp is None:
        size = n_unknowns(layers, slopes)
        if size > MAX_UNKNOWNS:
            return f"{size} unknowns, over {MAX_UNKNOWNS}; sdp=True solves it"
        try:
            load_extra("cvxpy", "sdp", "LipSDP")
        except MissingExtra:
            return "cvxpy is not installed"
    return "" if sdp is not False else "not asked for"


def _reach(layers: list[FoldedLayer], rows: FloatArray | None) -> float:
    """Return a power of two beyond the rows and most kinks of the first layer, if not too far."""
    lengths = frobenius_norms(layers[0].weights.T[:, None])
    used = lengths > 0
    distances = np.abs(layers[0].intercepts[used]) / lengths[used]
    reach = 4 * float(np.median(distances)) if used.any() else 0.0
    if rows is not None:
        reach = max(reach, float(np.abs(rows).max()))
    return float(2.0 ** np.ceil(np.log2(min(reach, FARTHEST)))) if reach > 0 else 1.0
