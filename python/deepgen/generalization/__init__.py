"""Generalization: measures of what a trained network, or several, makes of new data."""

from deepgen.generalization.diversity import Diversity, diversity

__all__ = ["Diversity", "diversity"]
