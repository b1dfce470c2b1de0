"""Fitted models for other programs: ONNX and C."""

from deepgen.export.onnx_model import to_onnx

__all__ = ["to_onnx"]
