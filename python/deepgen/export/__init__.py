"""Fitted models for other programs: ONNX and C."""

from deepgen.export.c_model import to_c
from deepgen.export.onnx_model import to_onnx
from deepgen.export.sklearn_converters import register_skl2onnx

__all__ = ["register_skl2onnx", "to_c", "to_onnx"]
