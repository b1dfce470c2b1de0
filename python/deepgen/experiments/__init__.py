"""The claims of the lecture as experiments.

An experiment is a module of the room ``claims``, named after its slide and importable from here:
``run(quick=True)`` measures and returns a `Result` with table, findings, verdict and figure.
`CATALOG` lists all of them.
"""

from __future__ import annotations

from typing import Any

from deepgen._interval import (
    Interval,
    bootstrap_interval,
    exact,
    t_interval,
    wilson_interval,
)
from deepgen.experiments import claims
from deepgen.experiments.catalog import CATALOG, find_experiment
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.result import Result
from deepgen.experiments.runner import Runner

__all__ = [
    "CATALOG",
    "Experiment",
    "Finding",
    "Interval",
    "Measurement",
    "RunPlan",
    "Result",
    "Runner",
    "bootstrap_interval",
    "exact",
    "find_experiment",
    "t_interval",
    "wilson_interval",
]


def __getattr__(name: str) -> Any:
    # ``from deepgen.experiments import mlp_loss``: the catalog has imported every claim.
    if name in {run.experiment.name for run in CATALOG}:
        return getattr(claims, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
