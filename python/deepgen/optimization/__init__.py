"""Optimization: the loss between and around points of parameter space."""

from deepgen.optimization.gradient_flow import GradientFlow, gradient_flow
from deepgen.optimization.linear_path import LinearPath, linear_path
from deepgen.optimization.loss_surface import LossSurface, loss_surface

__all__ = [
    "GradientFlow",
    "LinearPath",
    "LossSurface",
    "gradient_flow",
    "linear_path",
    "loss_surface",
]
