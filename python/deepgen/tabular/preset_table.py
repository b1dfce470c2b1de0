"""Table of the presets' settings for a number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepgen._display.html import table as html_table
from deepgen._display.text_table import Row, format_table
from deepgen.tabular.plan import MLPS, make_plan
from deepgen.tabular.presets import PRESETS, TIMED_MEMBERS

__all__ = ["PresetTable", "presets"]


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
    'encoder: numbers'
    """

    def __init__(self, n_rows: int) -> None:
        self.n_rows = n_rows
        plans = {
            f"{preset}, {'numbers' if task == 'regression' else 'classes'}": make_plan(
                preset,
                task,
                n_rows=n_rows,
                parameters={"loss": "log_loss"} if task == "classification" else None,
            )
            for preset in PRESETS
            for task in MLPS
        }
        settings = {
            name: {
                f"{part}: {key}": value
                for part in ("encoder", "network")
                for key, value in getattr(plan, part).items()
            }
            for name, plan in plans.items()
        }
        names = dict.fromkeys(key for own in settings.values() for key in own)
        self.rows: list[Row] = [
            {"setting": key, **{name: _shown(own, key) for name, own in settings.items()}}
            for key in sorted(names, key=lambda key: key.startswith("network"))
        ]
        self.rows.append(
            {
                "setting": "networks at most with max_time",
                **dict.fromkeys(plans, str(TIMED_MEMBERS)),
            }
        )

    def __repr__(self) -> str:
        return f"Presets for {self.n_rows:,} rows\n\n{format_table(self.rows)}"

    def _repr_html_(self) -> str:
        return f"<p>Presets for {self.n_rows:,} rows</p>{html_table(self.rows)}"


def _shown(settings: Mapping[str, Any], key: str) -> str:
    value = settings.get(key, "")
    return value if isinstance(value, str) else repr(value)


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
