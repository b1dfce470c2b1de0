"""Probe: a fitted network and data, held still in float64 and measured."""

from __future__ import annotations

from deepgen.probe.probe import Probe

__all__ = ["Probe"]
