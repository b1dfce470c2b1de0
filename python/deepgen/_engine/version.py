"""The version of the package, as the engine was built with it."""

from __future__ import annotations

from typing import Final

from deepgen import _core

__all__ = ["VERSION"]

VERSION: Final[str] = _core.build_info()["version"]
