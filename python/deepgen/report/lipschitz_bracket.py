"""How fast predictions can change with the features, from below and above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.sparse import issparse

from deepgen._engine.arrays import FloatArray
from deepgen.generalization import lipschitz
from deepgen.generalization.norms.margins import margins
from deepgen.report.judged import Judged, refusing
from deepgen.report.section import Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepgen.generalization import Lipschitz

__all__ = ["lipschitz_bracket"]

TITLE: Final = "Lipschitz bracket"
MOST_ROWS: Final = 500
"""Largest number of rows whose Jacobians are taken."""
MOST_PARAMETERS: Final = 2_000_000
"""Largest number of parameters: norms of its matrices take seconds."""
WORK: Final = 2e9
"""Multiply-adds for Jacobians in the search for the steepest point."""
MAX_PROGRAMS: Final = 500
"""Linear programs for the cells of more than two inputs."""
MAX_PATTERNS: Final = 2**14
LEAST_SIDE: Final = 1e-3
"""Half side of the box where all rows have one value."""
MEANINGS: Final = {
    "lower": ("steepest point that was found", "at least"),
    "exact": ("largest slope of all linear pieces", "exactly"),
    "pattern_maximum": ("all patterns of active units, reachable or not", "at most"),
    "lipsdp": ("semidefinite program (LipSDP-Neuron)", "at most"),
    "product": ("product of the layers' norms", "at most"),
}


@refusing(TITLE)
def lipschitz_bracket(judged: Judged) -> Section | None:
    """Bound the Lipschitz constant of the network on the box of the rows.

    Parameters
    ----------
    judged : Judged
        Model and rows.

    Returns
    -------
    section : Section
        Bounds as a table.
    """
    network, features = judged.members[0], judged.measured[1]
    n_parameters = network.network_.core.n_trainable
    if issparse(features) or n_parameters > MOST_PARAMETERS:
        why = "rows are sparse" if issparse(features) else f"{n_parameters:,} parameters are many"
        return Section(TITLE, [f"Left out: {why}."])
    low, high = (np.asarray(ends(features, axis=0), dtype=float) for ends in (np.min, np.max))
    flat = high <= low
    box = np.column_stack([low - LEAST_SIDE * flat, high + LEAST_SIDE * flat])
    some = judged.some(MOST_ROWS)
    probe = some.probe
    per_point = probe.n_parameters * (1 + probe.n_outputs)
    measured = lipschitz(
        probe,
        box=box,
        max_programs=max(1, int(MAX_PROGRAMS * judged.share)),
        max_patterns=MAX_PATTERNS,
        n_points=int(np.clip(WORK * judged.share / per_point, 300, 20_000)),
    )
    inputs = "features" if judged.measured[0] is judged.model else "features behind the encoding"
    found = f"between {measured.lower:.3g} and {measured.upper:.3g}"
    if measured.exact is not None:
        found = f"{measured.exact:.3g}"
    text = (
        f"Of {judged.network}, on the box of {judged.where} ({box.shape[0]:,} {inputs}): the most "
        f"by which {_what(judged)} can change per unit of distance. It is {found}. Upper bounds "
        "hold everywhere, not in the box only."
    )
    table: list[dict[str, Any]] = []
    for name, (meaning, side) in MEANINGS.items():
        value, reason = getattr(measured, name), measured.missing.get(name)
        row = {"bound": meaning, "the constant is": side, "value": value}
        if value is not None:
            table.append(row)
        elif reason:
            table.append(row | {"not measured": reason})

    def draw(figure: Figure) -> None:
        figure.set_size_inches(6.5, 3)
        measured.plot(figure.subplots())

    known = sum(row["value"] is not None for row in table)
    # Two points are no picture.
    picture = draw if known > 2 else None
    return Section(TITLE, [text], table, picture, points=_radius(judged, some, measured))


def _what(judged: Judged) -> str:
    return "a prediction" if judged.classes is None else "the logits"


def _radius(judged: Judged, some: Judged, measured: Lipschitz) -> list[str]:
    """Return how far rows can move before their class changes, by the upper bound."""
    if judged.classes is None or judged.y.ndim > 1 or not measured.upper > 0:
        return []
    margin: FloatArray = margins(some.probe).margin
    right = margin[margin > 0]
    if not len(right):
        return []
    # The difference of two logits has a constant of at most sqrt(2) times that of all.
    slope = measured.upper * (np.sqrt(2) if len(judged.classes) > 2 else 1)
    return [
        f"A row that is right keeps its class within a distance of its margin over {slope:.3g}: "
        f"{np.median(right) / slope:.3g} in the median. This is certain, and mostly far less than "
        "the truth."
    ]
