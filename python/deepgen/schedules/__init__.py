"""Schedules of the learning rate.

A schedule holds settings only. Its variables between epochs are in a ``state`` that the training
loop keeps, so that a run can be pickled and continued.
"""

from deepgen.schedules.adaptive import Adaptive
from deepgen.schedules.constant import Constant
from deepgen.schedules.cos_log import CosLog
from deepgen.schedules.cosine import Cosine
from deepgen.schedules.flat_cos import FlatCos
from deepgen.schedules.inv_scaling import InvScaling
from deepgen.schedules.one_cycle import OneCycle
from deepgen.schedules.planned import Planned
from deepgen.schedules.plateau import Plateau
from deepgen.schedules.scaled import Scaled
from deepgen.schedules.schedule import Position, Schedule
from deepgen.schedules.snapshot import Snapshot
from deepgen.schedules.warmup import Warmup

__all__ = [
    "Adaptive",
    "Constant",
    "CosLog",
    "Cosine",
    "FlatCos",
    "InvScaling",
    "OneCycle",
    "Planned",
    "Plateau",
    "Position",
    "Scaled",
    "Schedule",
    "Snapshot",
    "Warmup",
]

SCHEDULES: dict[str, type[Schedule]] = {
    "adaptive": Adaptive,
    "constant": Constant,
    "cosine": Cosine,
    "coslog4": CosLog,
    "flat_cos": FlatCos,
    "invscaling": InvScaling,
    "one_cycle": OneCycle,
    "plateau": Plateau,
    "snapshot": Snapshot,
}
"""Names that ``learning_rate`` accepts."""
