"""Version of the package at the time when the engine was built."""

from __future__ import annotations

from typing import Final

from deepgen import _core

__all__ = ["VERSION"]

VERSION: Final[str] = _core.build_info()["version"]
