"""Generalization: measurements of trained networks on new data."""

from deepgen.generalization.diversity import Diversity, diversity
from deepgen.generalization.offset_law import OffsetLaw, offset_law

__all__ = ["Diversity", "OffsetLaw", "diversity", "offset_law"]
