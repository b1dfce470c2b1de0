"""Generalization: measurements of trained networks on new data."""

from deepgen.generalization.attributions import attributions
from deepgen.generalization.diversity import Diversity, diversity
from deepgen.generalization.fit_poisoned import PoisonedFit, fit_poisoned
from deepgen.generalization.keskar_sharpness import KeskarSharpness, keskar_sharpness
from deepgen.generalization.offset_law import OffsetLaw, offset_law
from deepgen.generalization.randomize import randomize
from deepgen.generalization.sam_sharpness import SamSharpness, sam_sharpness
from deepgen.probe.attributions import Attributions

__all__ = [
    "Attributions",
    "Diversity",
    "KeskarSharpness",
    "OffsetLaw",
    "PoisonedFit",
    "SamSharpness",
    "attributions",
    "diversity",
    "fit_poisoned",
    "keskar_sharpness",
    "offset_law",
    "randomize",
    "sam_sharpness",
]
