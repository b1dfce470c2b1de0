"""Optimization: the loss between and around points of parameter space."""

from deepgen.optimization.linear_path import LinearPath, linear_path
from deepgen.optimization.loss_surface import LossSurface, loss_surface

__all__ = ["LinearPath", "LossSurface", "linear_path", "loss_surface"]
