"""Training on rows that lie in several places: local steps on each shard, then one average.

This room knows no framework: an `Executor` runs functions where the shards are, and every executor
gives the bits of `SerialExecutor`, which runs them here. `deepgen.dask` has one for Dask.
"""

from __future__ import annotations

from deepgen.distributed.advance import Advanced, Steps, Work, advance
from deepgen.distributed.combine import combine
from deepgen.distributed.executor import Executor, SerialExecutor
from deepgen.distributed.fit import Course, fit_shards
from deepgen.distributed.rows import Rows, Shard

__all__ = [
    "Advanced",
    "Course",
    "Executor",
    "Rows",
    "SerialExecutor",
    "Shard",
    "Steps",
    "Work",
    "advance",
    "combine",
    "fit_shards",
]
