"""Style of all figures: colours, sizes and files.

The colours are those of Okabe and Ito (2008), which colour-blind readers can distinguish, in the
order of their contrast. Sizes suit a slide: text of 13 points on a figure 10 inches wide.
"""

from __future__ import annotations

import functools
import inspect
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec

from deepgen._optional import load_extra
from deepgen._replace_file import replace_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLORS",
    "SEQUENTIAL",
    "as_text",
    "in_style",
    "legend_below",
    "new_figure",
    "write_figure",
]

P = ParamSpec("P")

COLORS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Colours of series, in this order."""
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK = COLORS

MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
"""One marker per colour, so that series can be distinguished without colours."""

SEQUENTIAL: Final = "viridis"
"""Colour map of quantities from low to high."""

RC_PARAMS: Final[dict[str, Any]] = {
    "figure.figsize": (10.0, 5.0),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 150,
    "font.size": 13,
    "axes.titlesize": 14,
    "axes.labelsize": 13,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "lines.linewidth": 2.0,
    "lines.markersize": 6,
    "legend.frameon": False,
    "legend.fontsize": 12,
    "image.cmap": SEQUENTIAL,
    # A fixed salt, so that equal runs give equal files.
    "svg.hashsalt": "deepgen",
}


def new_figure(draw: Callable[[Figure], None]) -> Figure:
    """Draw on a new figure in the package's style; pyplot does not keep it open."""
    figure_module = load_extra("matplotlib.figure", "plot", "drawing a figure")
    with _style():
        figure: Figure = figure_module.Figure()
        draw(figure)
        # The style must hold until ticks and layout are drawn.
        figure.draw_without_rendering()
    return figure


def in_style(plot: Callable[P, Axes]) -> Callable[P, Axes]:
    """Let a function with a parameter ``ax`` draw in the package's style if it makes the axes.

    Axes that a user gives keep the style of their figure.
    """
    place = list(inspect.signature(plot).parameters).index("ax")

    @functools.wraps(plot)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Axes:
        if kwargs.get("ax", args[place] if len(args) > place else None) is not None:
            return plot(*args, **kwargs)
        with _style():
            axes = plot(*args, **kwargs)
            # The style must hold until ticks and layout are drawn.
            figure: Any = axes.figure
            figure.draw_without_rendering()
        return axes

    return styled


def _style() -> AbstractContextManager[None]:
    matplotlib = load_extra("matplotlib", "plot", "drawing")
    cycle = matplotlib.cycler(color=COLORS)
    style: AbstractContextManager[None] = matplotlib.rc_context(
        {**RC_PARAMS, "axes.prop_cycle": cycle}
    )
    return style


def as_text(name: Any) -> str:
    """Return a user's name for a figure, where text between two dollar signs would be a formula."""
    return str(name).replace("$", r"\$")


def legend_below(axes: Axes, n_columns: int = 3, **settings: Any) -> None:
    """Put the legend below the axes, where it hides no data."""
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=n_columns, **settings)


def write_figure(figure: Figure, stem: str | Path) -> list[Path]:
    """Write a figure as PNG and SVG to ``stem`` plus the suffix; return the two paths."""
    matplotlib = load_extra("matplotlib", "plot", "saving a figure")
    paths = [Path(f"{stem}.png"), Path(f"{stem}.svg")]
    with matplotlib.rc_context(RC_PARAMS):
        for path, metadata in zip(paths, (None, {"Date": None}), strict=True):
            content = io.BytesIO()
            figure.savefig(content, format=path.suffix[1:], metadata=metadata)
            replace_file(path, content.getvalue())
    return paths
