"""Callbacks: observers of a fit, for ``set_callbacks`` of the estimators (scikit-learn 1.9)."""

from deepgen.callbacks.trajectory import Trajectory

__all__ = ["Trajectory"]
