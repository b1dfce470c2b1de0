"""Estimators for raw tables: an encoder and an MLP, with settings for the table's size."""

from __future__ import annotations

from deepgen.tabular.classifier import TabularClassifier
from deepgen.tabular.plan import Plan
from deepgen.tabular.prepared import PreparedClassifier, PreparedRegressor
from deepgen.tabular.preset_table import PresetTable, presets
from deepgen.tabular.regressor import TabularRegressor

__all__ = [
    "Plan",
    "PreparedClassifier",
    "PreparedRegressor",
    "PresetTable",
    "TabularClassifier",
    "TabularRegressor",
    "presets",
]
