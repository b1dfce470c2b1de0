"""Callbacks: observers of a fit, for ``set_callbacks`` of the estimators (scikit-learn 1.9)."""

from deepgen.callbacks.edge_of_stability import EdgeOfStability
from deepgen.callbacks.pruning import Pruning
from deepgen.callbacks.trajectory import Trajectory

__all__ = ["EdgeOfStability", "Pruning", "Trajectory"]
