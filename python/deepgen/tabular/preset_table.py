"""Table of the presets' settings for a number of rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from deepgen._display.html import table as html_table
from deepgen._display.text_table import Row, format_table
from deepgen.tabular.plan import make_plan
from deepgen.tabular.presets import PRESETS, RARE_ROWS, TIMED_MEMBERS

__all__ = ["PresetTable", "presets"]

KINDS: Final = {"regression": "numbers", "classification": "classes"}
RARE: Final = f"rare class: fewer than {RARE_ROWS} rows outside of the most frequent class"
# Largest width of a preset's column of text: with the settings' names, 100 columns suffice.
WIDTH: Final = 21


class PresetTable:
    """The settings of all presets for tables of one size, for printing.

    Parameters
    ----------
    n_rows : int
        Number of rows of the table.

    Attributes
    ----------
    rows : list of dict
        One row per setting: its name, and its value by preset and task.

    Examples
    --------
    >>> from deepgen.tabular import presets
    >>> presets(n_rows=1000).rows[0]["setting"]
    'encoder: numerical_encoding'
    """

    def __init__(self, n_rows: int) -> None:
        self.n_rows = n_rows
        plans = {
            f"{preset}, {kind}": make_plan(
                preset,
                task,
                n_rows=n_rows,
                parameters={"loss": "log_loss"} if task == "classification" else None,
            )
            for preset in PRESETS
            for task, kind in KINDS.items()
        }
        settings = {
            name: {
                f"{part}: {key}": value
                for part, values in (
                    ("encoder", plan.encoder),
                    ("network", plan.network),
                    ("rare class", PRESETS[plan.preset][plan.task].rare),
                )
                for key, value in values.items()
            }
            for name, plan in plans.items()
        }
        names = dict.fromkeys(key for own in settings.values() for key in own)
        parts = ("encoder", "network", "rare class")
        self.rows: list[Row] = [
            {"setting": key, **{name: _shown(own, key) for name, own in settings.items()}}
            for key in sorted(names, key=lambda key: parts.index(key.partition(":")[0]))
        ]
        self.rows.append(
            {
                "setting": "networks at most with max_time",
                **dict.fromkeys(plans, str(TIMED_MEMBERS)),
            }
        )

    def __repr__(self) -> str:
        tables = "\n\n".join(self._text(kind) for kind in KINDS.values())
        return f"Presets for {self.n_rows:,} rows\n\n{tables}\n\n{RARE}"

    def _repr_html_(self) -> str:
        return f"<p>Presets for {self.n_rows:,} rows</p>{html_table(self.rows)}<p>{RARE}</p>"

    def _text(self, kind: str) -> str:
        """Return the settings for one kind of target as text, long ones on several lines."""
        lines: list[Row] = []
        for row in self.rows:
            texts = [row[f"{preset}, {kind}"] for preset in PRESETS]
            if not any(texts):
                continue
            cells = [_broken(text) for text in texts]
            for place in range(max(map(len, cells))):
                pieces = [cell[place] if place < len(cell) else "" for cell in cells]
                setting = row["setting"] if place == 0 else ""
                lines.append({kind: setting, **dict(zip(PRESETS, pieces, strict=True))})
        return format_table(lines)


def _shown(settings: Mapping[str, Any], key: str) -> str:
    value = settings.get(key, "")
    return value if isinstance(value, str) else repr(value)


def _broken(text: str) -> list[str]:
    """Break a setting into lines after commas and brackets; numbers are shown with four digits."""
    short = re.sub(r"\d+\.\d{5,}", lambda number: f"{float(number[0]):.4g}", text)
    lines: list[str] = []
    for piece in re.split(r"(?<=[(,])(?=[^)\s])|(?<=, )", short):
        if lines and len(lines[-1] + piece.rstrip()) <= WIDTH:
            lines[-1] += piece
        else:
            lines.append(piece)
    return [line.rstrip() for line in lines]


def presets(n_rows: int = 10_000) -> PresetTable:
    """Return the settings of all presets as a table.

    Parameters
    ----------
    n_rows : int, default=10_000
        Number of rows of the table; epochs, batches and encodings depend on it.

    Returns
    -------
    table : PresetTable
        Printed as text, in a notebook as HTML; ``rows`` contains the data.

    See Also
    --------
    deepgen.TabularRegressor : Estimator with the name of a preset as parameter.

    Examples
    --------
    >>> from deepgen.tabular import presets
    >>> sorted(presets(n_rows=500).rows[0])[:3]
    ['balanced, classes', 'balanced, numbers', 'best, classes']
    """
    return PresetTable(n_rows)
