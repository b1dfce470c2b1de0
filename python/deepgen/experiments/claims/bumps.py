"""Bumps in several dimensions, and products by the deep square."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import COLORS
from deepgen._engine.arrays import FloatArray
from deepgen._interval import exact
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepgen.estimators import MLPRegressor

__all__ = ["EXPERIMENT", "run"]

EXPERIMENT: Final = Experiment(
    name="bumps",
    title="Bumps and products in several dimensions",
    claim="ReLU networks make boxes in any dimension; sums of N x N of them come near a Lipschitz "
    "function as 1 / N; and a deep network multiplies two numbers to 2^-(2m+1) with m layers of "
    "9 units, which turns bumps of one input into bumps of two.",
    source="Slide 'Universal Function Approximation' (d inputs); Yarotsky 2017",
    protocol="Boxes [0, 1]^d, d = 1, 2, 3, 5, eps = 1e-3, at 20,000 random points of [-1, 2]^d off "
    "the ramps. Sums of N x N boxes for sin(2 pi x) cos(pi y), whose Lipschitz constant is 2 pi, "
    "on 251 x 251 points of the unit square off the ramps. xy on a 257 x 257 grid, and the product "
    "of two triangular bumps by the same network.",
    seeds=1,
    quick_seeds=1,
)

EPS: Final = 1e-3
LIPSCHITZ: Final = 2 * np.pi
"""Largest norm of the target's gradient, at (0, 0)."""


def _target(X: FloatArray) -> FloatArray:
    values: FloatArray = np.sin(2 * np.pi * X[..., 0]) * np.cos(np.pi * X[..., 1])
    return values


def _grid(n: int) -> FloatArray:
    axis = np.linspace(0, 1, n)
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)


def _sum_of_boxes(n: int) -> MLPRegressor:
    from deepgen.expressivity import bump

    corners = _grid(n + 1)[:-1, :-1].reshape(-1, 2)
    # Ramps are short compared with the cells, and the last cells extend beyond the square.
    eps = EPS / n
    upper = corners + 1 / n
    return bump(corners, upper, _target(corners + 0.5 / n), eps=eps)


def _measure(plan: RunPlan) -> Measurement:
    rows: list[dict[str, Any]] = [_box_row(d, plan.seeds[0]) for d in (1, 2, 3, 5)]
    sizes = (2, 4, 8) if plan.quick else (2, 4, 8, 16)
    sums = plan.map(partial(_sum_row, quick=plan.quick), sizes, "sums of boxes")
    products = [_product_row(m) for m in range(1, 5 if plan.quick else 8)]
    return Measurement(
        table=[*rows, *sums, *products],
        findings=_judge(rows, sums, products),
        notes=[
            "A box of d inputs takes 4 d + 1 units, but a grid of them N^d: the number of units "
            "needed for a given error grows exponentially with the dimension.",
            "The bound on a sum of boxes is L / (sqrt(2) N): half the diagonal of a cell.",
        ],
        draw=partial(_draw, sums, products),
    )


def _judge(
    rows: list[dict[str, Any]], sums: list[dict[str, Any]], products: list[dict[str, Any]]
) -> list[Finding]:
    """Return the findings for the measured errors."""
    return [
        Finding(
            "boxes: largest error, d up to 5",
            exact(max(row["error"] for row in rows)),
            at_most=1e-9,
            construction=True,
        ),
        Finding(
            "sums of boxes: largest error / bound",
            exact(max(row["error"] / row["bound"] for row in sums)),
            at_most=1.0,
            construction=True,
        ),
        Finding(
            "products: largest error / 2^-(2m+1)",
            exact(max(row["error"] / row["bound"] for row in products)),
            at_most=1.0 + 1e-9,
            construction=True,
        ),
        Finding(
            "product of two bumps: largest error / 2^-(2m+1)",
            exact(max(row["error on bumps"] / row["bound"] for row in products)),
            at_most=1.0 + 1e-9,
            construction=True,
        ),
    ]


def _box_row(d: int, seed: int) -> dict[str, Any]:
    from deepgen.expressivity import bump

    X = np.random.RandomState(seed).uniform(-1, 2, (20_000, d))
    inside = ((X >= EPS) & (X <= 1)).all(axis=1)
    outside = ((X <= 0) | (X >= 1 + EPS)).any(axis=1)
    error = np.abs(bump(np.zeros(d), np.ones(d), eps=EPS).predict(X) - inside)
    return {
        "network": f"box, d = {d}",
        "units": 4 * d + 1,
        "error": float(error[inside | outside].max()),
    }


def _sum_row(n: int, *, quick: bool) -> dict[str, Any]:
    grid = _grid(101 if quick else 251)
    cell = grid * n - np.floor(grid * n)
    off = np.all(cell > 2 * EPS, axis=-1)
    model = _sum_of_boxes(n)
    points = np.array_split(grid[off], 200)
    error = max(float(np.abs(model.predict(X) - _target(X)).max()) for X in points)
    return {
        "network": f"sum of {n} x {n} boxes",
        "cells a side": n,
        "units": 9 * n * n,
        "error": error,
        "bound": LIPSCHITZ / (np.sqrt(2) * n),
    }


def _product_row(m: int) -> dict[str, Any]:
    from deepgen.expressivity import piecewise_linear, product

    model = product(m)
    X = _grid(257).reshape(-1, 2)
    hat = piecewise_linear([0.0, 0.5, 1.0], [0.0, 1.0, 0.0])
    hats = np.stack([hat.predict(X[:, [0]]), hat.predict(X[:, [1]])], axis=1)
    return {
        "network": f"product, m = {m}",
        "units": 9 * m,
        "error": float(np.abs(model.predict(X) - X.prod(axis=1)).max()),
        "bound": 2.0 ** -(2 * m + 1),
        "error on bumps": float(np.abs(model.predict(hats) - hats.prod(axis=1)).max()),
    }


def _draw(sums: list[dict[str, Any]], products: list[dict[str, Any]], figure: Figure) -> None:
    from deepgen.expressivity import piecewise_linear, product

    figure.set_size_inches(13.5, 8.4)
    upper = figure.subplots(2, 3)
    grid = _grid(161)
    # Left and middle: a sum of boxes and a product of hats, each beside what it approximates.
    hat = piecewise_linear([0.0, 0.5, 1.0], [0.0, 1.0, 0.0])
    hats = np.stack([hat.predict(grid.reshape(-1, 2)[:, [i]]) for i in (0, 1)], axis=1)
    pictures = (
        (upper[0, 0], _target(grid), r"target: $\sin(2 \pi x) \, \cos(\pi y)$"),
        (upper[0, 1], _sum_of_boxes(8).predict(grid.reshape(-1, 2)), "sum of 8 x 8 boxes"),
        (upper[1, 0], hats.prod(axis=1), "product of two bumps"),
        (upper[1, 1], product(2).predict(hats), "the same by a network, m = 2"),
    )
    for axes, values, title in pictures:
        image = axes.imshow(
            values.reshape(grid.shape[:2]).T,
            origin="lower",
            extent=(0, 1, 0, 1),
            vmin=-1 if axes in upper[0] else 0,
            vmax=1,
        )
        axes.set(title=title, xlabel="x", ylabel="y")
        axes.grid(False)
        figure.colorbar(image, ax=axes, shrink=0.85)
    # Right: measured errors against their bounds.
    for axes, rows, x, label, bound in (
        (upper[0, 2], sums, [row["cells a side"] for row in sums], "N", r"$L / (\sqrt{2} N)$"),
        (upper[1, 2], products, [row["units"] for row in products], "units", r"$2^{-(2m+1)}$"),
    ):
        axes.plot(x, [row["bound"] for row in rows], "--", color=COLORS[6], label=f"bound {bound}")
        axes.plot(x, [row["error"] for row in rows], "o", color=COLORS[0], label="measured")
        axes.set(xlabel=label, ylabel="largest error", yscale="log")
        axes.legend()
    upper[0, 2].set_xscale("log", base=2)
    upper[0, 2].set_title("sums of N x N boxes")
    upper[1, 2].set_title("products")


run: Final = Runner(EXPERIMENT, _measure)
