"""Presets: named recipes of settings for tables.

A recipe contains parameters of `TableEncoder` and of the MLPs, and settings that depend on the
width of the network or the number of rows. The plan (`deepgen.tabular.plan`) converts it to one set
of parameters. There are no other settings: `to_pipeline` returns the two parts with these
parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from deepgen.optimizers import AdamW
from deepgen.schedules import Scaled

__all__ = ["PRESETS", "RARE_ROWS", "ROWS", "TIMED_MEMBERS", "Recipe"]

ROWS: Final = (2_000, 20_000, 500_000)
"""Numbers of rows for which `Recipe.by_rows` states its settings."""
TIMED_MEMBERS: Final = 5
"""Largest number of networks if ``max_time`` determines their number."""
RARE_ROWS: Final = 200
"""Number of rows outside of the most frequent class below which `Recipe.rare` applies. Few of these
rows are held out to choose the epoch, so a single network would depend on its seed."""


@dataclass(frozen=True)
class Recipe:
    """Settings of a preset for one task.

    Parameters
    ----------
    encoder : mapping
        Parameters of `TableEncoder`.
    network : mapping
        Parameters of the MLP.
    by_rows : mapping of str to tuple
        Parameters of the encoder or the network, ``width`` (units of each hidden layer) or
        ``n_hidden`` (number of hidden layers) at each of `ROWS`. Between them numbers are
        interpolated on logarithmic scales, other settings are those of the nearest; outside the
        first or last applies.
    learning_rate : float
        Learning rate for a layer of unit width; it is divided by the root of the width, unless
        ``parametrization`` is 'ntk', which does so per layer.
    decay : float or None
        Decoupled weight decay per step at ``learning_rate``, as a share of the weights, for every
        width, or a schedule of it; None keeps the solver's value.
    averaged_epochs : float, default=0.0
        Number of last epochs in the average of the weights; 0 means no average.
    rare : mapping, default={}
        Parameters of the MLP that replace others if fewer than `RARE_ROWS` rows are outside of the
        most frequent class.

    Examples
    --------
    >>> from deepgen.tabular.presets import PRESETS
    >>> PRESETS["balanced"]["regression"].network["activation"]
    'mish'
    """

    encoder: Mapping[str, Any] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)
    by_rows: Mapping[str, tuple[Any, Any, Any]] = field(default_factory=dict)
    learning_rate: float = 0.2
    decay: float | Scaled | None = 0.02
    averaged_epochs: float = 0.0
    rare: Mapping[str, Any] = field(default_factory=dict)


# What both tasks share. Schedules of the rate, dropout and decay and the start are the simplest of
# those that are equally good (``benchmarks/tabular_choice.md``).
NETWORK: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "activation": "mish",
        "initializer": "data_dependent",
        "solver": AdamW(beta_2=0.95),
        "learning_rate": "cosine",
        "n_members": 1,
    }
)
BY_ROWS: Final[Mapping[str, tuple[Any, Any, Any]]] = MappingProxyType(
    {
        "n_hidden": (3, 3, 3),
        "width": (128, 128, 128),
        "batch_size": (64, 128, 1024),
        "max_iter": (128, 128, 12),
        # A quarter of the epochs: with this schedule no better epoch came later.
        "n_iter_no_change": (32, 32, 12),
    }
)
NUMBERS: Final = Recipe(
    encoder={"numerical_encoding": "ple"},
    network={**NETWORK, "dropout": 0.1, "clip_predictions": True},
    by_rows={"n_bins": (16, 24, 48), **BY_ROWS},
    learning_rate=0.1,
    averaged_epochs=1.5,
)
CLASSES: Final = Recipe(
    # With few rows NTK is better for classes, and never worse; for numbers it is, with many rows.
    network={**NETWORK, "parametrization": "ntk", "dropout": 0.2, "scoring": "loss"},
    by_rows={**BY_ROWS},
    learning_rate=0.04,
    averaged_epochs=1.5,
    # Chosen on draws 11, 12 and 14 of credit_default, where it gave larger areas under the ROC
    # curve and smaller log losses (``benchmarks/recipe.py`` uses draw 0).
    rare={"dropout": 0.4},
)


def _fast(recipe: Recipe) -> Recipe:
    """Return a recipe with narrower layers, fewer epochs, and no encoding of large tables."""
    by_rows = {
        **recipe.by_rows,
        "width": (64, 64, 128),
        "batch_size": (64, 128, 1024),
        "max_iter": (64, 32, 8),
        "n_iter_no_change": (16, 8, 8),
    }
    if "numerical_encoding" in recipe.encoder:
        by_rows["numerical_encoding"] = ("ple", "ple", None)
    return replace(recipe, by_rows=by_rows)


def _balanced(recipe: Recipe) -> Recipe:
    """Return a recipe with three networks for a rare class."""
    return replace(recipe, rare={**recipe.rare, "n_members": 3})


def _best(recipe: Recipe) -> Recipe:
    """Return a recipe with five networks."""
    return replace(recipe, network={**recipe.network, "n_members": 5})


PRESETS: Final[Mapping[str, Mapping[str, Recipe]]] = MappingProxyType(
    {
        "fast": {"regression": _fast(NUMBERS), "classification": _fast(CLASSES)},
        "balanced": {"regression": NUMBERS, "classification": _balanced(CLASSES)},
        "best": {"regression": _best(NUMBERS), "classification": _best(CLASSES)},
    }
)
"""Recipes by preset and task."""
