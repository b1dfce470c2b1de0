"""The command line: one command per file, found by ``main``."""

from __future__ import annotations

from deepgen.cli.main import COMMANDS, main

__all__ = ["COMMANDS", "main"]
