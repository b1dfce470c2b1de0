"""Generalization: measurements of trained networks on new data."""

from deepgen.generalization.diversity import Diversity, diversity

__all__ = ["Diversity", "diversity"]
