"""Skip connections: they carry a layer's output past the layers after it."""

from deepgen.skips.deepnorm import DeepNorm
from deepgen.skips.fixup import Fixup
from deepgen.skips.highway import Highway
from deepgen.skips.residual import Residual
from deepgen.skips.skip import Skip

__all__ = ["DeepNorm", "Fixup", "Highway", "Residual", "Skip"]

SKIPS: dict[str, type[Skip]] = {
    "deepnorm": DeepNorm,
    "fixup": Fixup,
    "highway": Highway,
    "residual": Residual,
}
"""Names that ``skip`` accepts."""
