"""Divergence: messages for training that did not stay finite."""

from __future__ import annotations

import numpy as np

from deepgen._training.data import Data

__all__ = ["no_finite_step", "where_weights_are_from"]

# The squares of larger numbers, summed over many features, overflow float32.
LARGE = 1e6


def no_finite_step(data: Data) -> str:
    """Return the likely reason, judged by the data, why not even the first step was finite."""
    said = "Solver produced non-finite parameter weights."
    named = {"X": data.X, "y": data.y}
    dense = {name: values for name, values in named.items() if isinstance(values, np.ndarray)}
    for name, values in dense.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            return f"{said} {name} holds NaN or infinity, which assume_finite=True does not check."
    weights = data.weights
    if weights is not None and 0 < weights.sum(dtype=np.float64) < 1e-30:
        return (
            f"{said} The largest of sample_weight is {weights.max():.3g}: multiply all by a number "
            "that brings them near 1."
        )
    for name, values in dense.items():
        largest = float(np.abs(values).max(initial=0))
        if largest > LARGE:
            return (
                f"{said} The input data may contain large values and need to be preprocessed. "
                f"The largest value of {name} is {largest:.3g}."
            )
    return f"{said} Starting weights or settings of the solver are too large."


def where_weights_are_from(*, best_score: bool, incremental: bool) -> str:
    """Return a description of the weights that a model keeps after divergence."""
    if best_score:
        return "those with the best validation score"
    return (
        "those before this call"
        if incremental
        else ("those from the start of the epoch with the lowest loss")
    )
