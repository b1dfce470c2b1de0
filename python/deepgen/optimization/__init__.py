"""Optimization: the loss between and around points of parameter space, and the way to them."""

from deepgen.optimization.align import align
from deepgen.optimization.balance import balanced_probe
from deepgen.optimization.condition_number import ConditionNumber, condition_number
from deepgen.optimization.gradient_flow import GradientFlow, gradient_flow
from deepgen.optimization.gradient_noise import GradientNoise, gradient_noise
from deepgen.optimization.hessian_spectrum import HessianSpectrum, hessian_spectrum
from deepgen.optimization.linear_path import LinearPath, linear_path
from deepgen.optimization.loss_surface import LossSurface, loss_surface
from deepgen.optimization.trajectory_pca import TrajectoryPCA, trajectory_pca
from deepgen.optimization.unit_matching import UnitMatching, match_units

__all__ = [
    "ConditionNumber",
    "GradientFlow",
    "GradientNoise",
    "HessianSpectrum",
    "LinearPath",
    "LossSurface",
    "TrajectoryPCA",
    "UnitMatching",
    "align",
    "balanced_probe",
    "condition_number",
    "gradient_flow",
    "gradient_noise",
    "hessian_spectrum",
    "linear_path",
    "loss_surface",
    "match_units",
    "trajectory_pca",
]
