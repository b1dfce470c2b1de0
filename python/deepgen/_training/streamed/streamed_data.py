"""StreamedData: rows for training that pass through two buffers, and some drawn ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from deepgen import _core
from deepgen._training.data import Data
from deepgen._training.plan import FirstOrderPlan
from deepgen._training.streamed.part_ends import part_ends
from deepgen._training.streamed.part_reader import PartReader, RowSource
from deepgen._training.streamed.parts_trainer import PartsTrainer

__all__ = ["StreamedData"]


@dataclass(frozen=True)
class StreamedData(Data):
    """Rows in files; ``X``, ``y`` and ``weights`` are those of rows drawn from them.

    The drawn rows serve where some are enough, such as for batch norm's statistics after training.
    """

    source: RowSource = field(kw_only=True)

    @property
    def n_rows(self) -> int:
        return self.source.reader.n_rows

    def feed(
        self, trainer: PartsTrainer, network: _core.Network, plan: FirstOrderPlan, seed: int
    ) -> None:
        """Give a trainer the rows of the files, part by part."""
        reader = self.source.reader
        layers = network.spec.layers
        trainer.follow(
            PartReader(
                self.source,
                part_ends(reader.n_rows, plan.batch_size, reader.buffer_rows),
                seed=seed,
                shuffle=plan.shuffle,
                n_epochs=plan.n_epochs,
            ),
            plan.batch_size,
            joins_single_row=any(layer.normalization.name == "batch" for layer in layers),
        )
