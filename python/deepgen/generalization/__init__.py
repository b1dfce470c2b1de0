"""Generalization: measurements of trained networks on new data."""

from deepgen.generalization.diversity import Diversity, diversity
from deepgen.generalization.fit_poisoned import PoisonedFit, fit_poisoned
from deepgen.generalization.influence import Influence, influence
from deepgen.generalization.keskar_sharpness import KeskarSharpness, keskar_sharpness
from deepgen.generalization.laplace import Laplace, laplace
from deepgen.generalization.offset_law import OffsetLaw, offset_law
from deepgen.generalization.pac_bayes import PacBayes, pac_bayes
from deepgen.generalization.randomize import randomize
from deepgen.generalization.sam_sharpness import SamSharpness, sam_sharpness

__all__ = [
    "Diversity",
    "Influence",
    "KeskarSharpness",
    "Laplace",
    "OffsetLaw",
    "PacBayes",
    "PoisonedFit",
    "SamSharpness",
    "diversity",
    "fit_poisoned",
    "influence",
    "keskar_sharpness",
    "laplace",
    "offset_law",
    "pac_bayes",
    "randomize",
    "sam_sharpness",
]
