"""Generalization: measurements of trained networks on new data."""

from deepgen.generalization.diversity import Diversity, diversity
from deepgen.generalization.fit_poisoned import PoisonedFit, fit_poisoned
from deepgen.generalization.keskar_sharpness import KeskarSharpness, keskar_sharpness
from deepgen.generalization.lipschitz import Lipschitz, lipschitz
from deepgen.generalization.offset_law import OffsetLaw, offset_law
from deepgen.generalization.output_bounds import OutputBounds, output_bounds
from deepgen.generalization.randomize import randomize
from deepgen.generalization.sam_sharpness import SamSharpness, sam_sharpness

__all__ = [
    "Diversity",
    "KeskarSharpness",
    "Lipschitz",
    "OffsetLaw",
    "OutputBounds",
    "PoisonedFit",
    "SamSharpness",
    "diversity",
    "fit_poisoned",
    "keskar_sharpness",
    "lipschitz",
    "offset_law",
    "output_bounds",
    "randomize",
    "sam_sharpness",
]
