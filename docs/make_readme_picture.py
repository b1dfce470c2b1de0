"""The picture of the README: time of a training step, and the three errors as a class grows.

python docs/make_readme_picture.py          writes docs/readme.png

The times are read from the table of AVX2 in docs/performance.md, which says how they were measured.
The errors are measured here, in about a minute.
"""

from io import BytesIO
from pathlib import Path

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from deepgen._display.style import COLORS, RC_PARAMS, new_figure
from deepgen.decomposition import HeteroscedasticSine, decompose

DOCS = Path(__file__).parent
NETWORK = "64-256-256-256-1"
LIBRARIES = ("deepgen", "JAX", "PyTorch", "NumPy", "scikit-learn")
LEAVES = (4, 8, 16, 32, 64)
TERMS = ("approximation", "estimation", "optimization")


def step_times():
    """Return milliseconds of a step per library, from the table of AVX2."""
    table = (DOCS / "performance.md").read_text().partition("With AVX2")[2]
    row = next(line for line in table.splitlines() if line.startswith(f"| {NETWORK} |"))
    return np.array(row.strip("| ").split(" | ")[2:], dtype=float) / 1000


def errors():
    """Return the three errors of regression trees, one row per number of leaves."""
    results = [
        decompose(
            DecisionTreeRegressor(max_leaf_nodes=leaves),
            HeteroscedasticSine(),
            n_samples=200,
            n_repeats=40,
            random_state=0,
        )
        for leaves in LEAVES
    ]
    return np.array([[getattr(result, term) for term in TERMS] for result in results])


def draw(figure):
    """Draw both panels."""
    left, right = figure.subplots(1, 2)
    times = step_times()
    bars = left.barh(LIBRARIES, times, color=[COLORS[0], *["#bbbbbb"] * 4])
    left.bar_label(bars, [f"{time:.1f} ms" for time in times], padding=4)
    left.invert_yaxis()
    left.set_xlim(0, 1.2 * times.max())
    left.set(title=f"Training step of {NETWORK}", xlabel="milliseconds")
    left.grid(visible=False)
    base = np.zeros(len(LEAVES))
    places = np.arange(len(LEAVES))
    for term, values, color in zip(TERMS, errors().T, COLORS[:3], strict=True):
        right.bar(places, values, bottom=base, color=color, label=term)
        base = base + values
    right.set_xticks(places, [str(leaves) for leaves in LEAVES])
    right.set(title="Which error is it? Trees, 200 samples", xlabel="leaves", ylabel="excess risk")
    right.set_ylim(0, 1.1 * base.max())
    right.legend()


def main():
    """Write the picture."""
    content = BytesIO()
    new_figure(draw).savefig(content, format="png", dpi=RC_PARAMS["savefig.dpi"])
    (DOCS / "readme.png").write_bytes(content.getvalue())


if __name__ == "__main__":
    main()
