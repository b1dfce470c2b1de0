"""Optimization: the loss between and around points of parameter space, and the way to them."""

from deepgen.optimization.align import align
from deepgen.optimization.balance import balanced_probe
from deepgen.optimization.gradient_flow import GradientFlow, gradient_flow
from deepgen.optimization.linear_path import LinearPath, linear_path
from deepgen.optimization.loss_surface import LossSurface, loss_surface
from deepgen.optimization.trajectory_pca import TrajectoryPCA, trajectory_pca
from deepgen.optimization.unit_matching import UnitMatching, match_units

__all__ = [
    "GradientFlow",
    "LinearPath",
    "LossSurface",
    "TrajectoryPCA",
    "UnitMatching",
    "align",
    "balanced_probe",
    "gradient_flow",
    "linear_path",
    "loss_surface",
    "match_units",
    "trajectory_pca",
]
