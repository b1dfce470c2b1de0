"""Optimization: the loss between and around points of parameter space, its curvature and noise."""

from deepgen.optimization.condition_number import ConditionNumber, condition_number
from deepgen.optimization.gradient_noise import GradientNoise, gradient_noise
from deepgen.optimization.hessian_spectrum import HessianSpectrum, hessian_spectrum
from deepgen.optimization.linear_path import LinearPath, linear_path
from deepgen.optimization.loss_surface import LossSurface, loss_surface

__all__ = [
    "ConditionNumber",
    "GradientNoise",
    "HessianSpectrum",
    "LinearPath",
    "LossSurface",
    "condition_number",
    "gradient_noise",
    "hessian_spectrum",
    "linear_path",
    "loss_surface",
]
