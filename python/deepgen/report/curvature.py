"""Where training has come to: curvature of the loss, sharpness, and the flow of gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen.report.report_data import ReportData
from deepgen.report.section import Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["curvature"]

MOST_ROWS: Final = 1_000
"""Largest number of rows whose loss is measured."""
RHO: Final = 0.05
"""Radius of the ball in which the highest loss is searched."""
MANY_DEAD: Final = 0.2
"""Share of dead units of a layer that is named."""


def curvature(data: ReportData) -> Section | None:
    """Measure the fitted network: spectrum of the Hessian, sharpness and gradients per layer.

    Parameters
    ----------
    data : ReportData
        Model and table.

    Returns
    -------
    section : Section or None
        None if the table has no targets.
    """
    from deepgen.generalization import sam_sharpness
    from deepgen.optimization import gradient_flow, hessian_spectrum
    from deepgen.probe import Probe

    if data.labelled is None:
        return None
    X, y = data.labelled
    rows = np.unique(np.linspace(0, len(y) - 1, MOST_ROWS).astype(int))
    try:
        probe = Probe(data.model.network, data.model.encoder.transform(X.iloc[rows]), y[rows])
        spectrum = hessian_spectrum(probe, random_state=0)
        sharpness = sam_sharpness(probe, RHO, n_starts=1)
        flow = gradient_flow(probe, n_points=0)
    except ValueError as error:
        return Section("Curvature, sharpness and flow", [f"Not measured: {error}."])
    loss, n_members = probe.loss(), len(data.model.estimator.mlp_.members_)
    largest, smallest = float(spectrum.top[0]), float(spectrum.bottom[0])
    text = [
        f"Of {f'the first of {n_members} networks' if n_members > 1 else 'the network'} and its "
        f"training loss (targets in units of training), {loss:.3g} on {len(rows):,} rows.",
    ]
    points = [
        f"The loss curves most in a direction with eigenvalue {largest:.3g}: plain gradient "
        f"descent would need a learning rate below {2 / largest:.2g}."
        if largest > 0
        else "The loss curves upward in no direction.",
        f"The lowest eigenvalue is {smallest:.3g}: {_valley(smallest, largest)}.",
        f"Within a distance of {RHO:g} in the weights the loss rises by at least "
        f"{sharpness.value:.3g}, {100 * sharpness.value / max(loss, 1e-300):.2g} % of it: "
        "the sharpness that SAM lowers. A flat minimum need not be a better one.",
        *_flow(flow),
    ]
    table = [
        {
            "layer": f"hidden {place + 1}" if place < len(flow.dead) - 1 else "output",
            "signal": float(flow.signal[place]),
            "gradient of weights": float(flow.weight_gradient[place]),
            "over their norm": float(flow.weight_ratio[place]),
            "dead units": None if place == len(flow.dead) - 1 else f"{flow.dead[place]:.0%}",
        }
        for place in range(len(flow.signal))
    ]

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        spectrum.plot(left)
        flow.plot(right)

    return Section("Curvature, sharpness and flow", text, table, draw, points=points)


def _valley(smallest: float, largest: float) -> str:
    if smallest < -0.01 * abs(largest):
        return "there is a way down that the optimizer has not taken, as where training stops early"
    return "next to none against the largest, so the weights lie in a valley"


def _flow(flow: Any) -> list[str]:
    points = []
    low, high = flow.slope_interval
    if np.isfinite([low, high]).all():
        vanishes = low > 0.5
        points.append(
            f"From layer to layer the squared signal changes by a factor of {2**flow.slope:.2g} on "
            f"its way back to the input{': it vanishes' if vanishes else ''}."
        )
    for place, dead in enumerate(flow.dead[:-1]):
        if dead > MANY_DEAD:
            points.append(
                f"{dead:.0%} of the units of hidden layer {place + 1} are dead: they pass no "
                "gradient on any of these rows."
            )
    return points
