"""Fitted models for other programs: ONNX and C."""

from deepgen.export.c_model import to_c
from deepgen.export.onnx_model import to_onnx

__all__ = ["to_c", "to_onnx"]
