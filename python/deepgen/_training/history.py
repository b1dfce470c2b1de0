"""History: the measurements of each epoch of training."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["History"]

ALWAYS = ("epoch", "loss", "learning_rate", "gradient_norm", "time")
VALIDATION = ("val_loss", "val_score")


@dataclass
class History:
    """Columns of equal length, one row per epoch.

    Parameters
    ----------
    columns : dict of str to list of float
        Measurements so far; without rows at first.

    Examples
    --------
    >>> from deepgen._training.history import History
    >>> history = History()
    >>> history.append(loss=0.5, learning_rate=0.1, gradient_norm=1.0, time=0.01)
    >>> history.arrays()["epoch"].tolist()
    [1]
    """

    columns: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in ALWAYS})

    def __len__(self) -> int:
        return len(self.columns["epoch"])

    def append(
        self,
        *,
        loss: float,
        learning_rate: float,
        gradient_norm: float,
        time: float,
        validation: tuple[float, float] | None = None,
    ) -> None:
        """Add a row for an epoch.

        ``loss`` and ``gradient_norm`` are means over the epoch's batches, each before its step, L2
        included; ``validation`` is loss and score after the epoch, ``time`` the seconds of training
        so far.
        """
        n_rows = len(self.columns["epoch"])
        row = {
            "epoch": n_rows + 1,
            "loss": loss,
            "learning_rate": learning_rate,
            "gradient_norm": gradient_norm,
            "time": time,
        }
        if validation is not None:
            row.update(zip(VALIDATION, validation, strict=True))
        for name in row:
            # Calls with and without validation data may alternate, so missing entries are NaN.
            if name not in self.columns:
                self.columns[name] = [math.nan] * n_rows
        for name, column in self.columns.items():
            column.append(row.get(name, math.nan))

    def copy(self) -> History:
        """Return an independent copy."""
        return History({name: list(column) for name, column in self.columns.items()})

    @property
    def seconds(self) -> float:
        """Seconds of training so far."""
        times = self.columns["time"]
        return times[-1] if times else 0.0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the columns as arrays, (n_rows,) each; missing entries are NaN.

        They are ``epoch`` (from 1), ``loss``, ``learning_rate``, ``gradient_norm``, ``time`` and,
        if there was validation, ``val_loss`` and ``val_score``.
        """
        types = {"epoch": np.int64}
        return {
            name: np.asarray(column, dtype=types.get(name, np.float64))
            for name, column in self.columns.items()
        }
