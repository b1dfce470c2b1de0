"""Averaging: better predictions from the weights along one training.

An object holds settings only. The variables of an average between epochs are in a ``state`` that
the training loop keeps, so that a run can be pickled and continued.
"""

from deepgen.averaging.averaging import Averaging
from deepgen.averaging.batch_ensemble import BatchEnsemble
from deepgen.averaging.ema import EMA
from deepgen.averaging.learned_line import LearnedLine
from deepgen.averaging.snapshots import Snapshots
from deepgen.averaging.swa import SWA

__all__ = ["EMA", "SWA", "Averaging", "BatchEnsemble", "LearnedLine", "Snapshots"]

# A shorter name of the same class.
Line = LearnedLine

AVERAGINGS: dict[str, type[Averaging]] = {
    "batch_ensemble": BatchEnsemble,
    "ema": EMA,
    "snapshot": Snapshots,
    "subspace": LearnedLine,
    "swa": SWA,
}
"""Names that ``averaging`` accepts."""
