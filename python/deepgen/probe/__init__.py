"""Probe: measurements of a fitted network on data, in float64."""

from __future__ import annotations

from deepgen.probe.probe import Probe

__all__ = ["Probe"]
