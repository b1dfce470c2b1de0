"""The laboratory: the lecture's claims as experiments.

An experiment is a module of this room, named after its slide: ``run(quick=True)`` measures and
returns a `Result` with table, findings, verdict and figure. `CATALOG` lists all of them.
"""

from __future__ import annotations

from deepgen.experiments.catalog import CATALOG, find_experiment
from deepgen.experiments.experiment import Experiment, Measurement, Plan, Runner
from deepgen.experiments.finding import Finding
from deepgen.experiments.interval import (
    Interval,
    bootstrap_interval,
    exact,
    t_interval,
    wilson_interval,
)
from deepgen.experiments.result import Result

__all__ = [
    "CATALOG",
    "Experiment",
    "Finding",
    "Interval",
    "Measurement",
    "Plan",
    "Result",
    "Runner",
    "bootstrap_interval",
    "exact",
    "find_experiment",
    "t_interval",
    "wilson_interval",
]
