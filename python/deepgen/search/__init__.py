"""Search: many fits on parts of the same rows, side by side."""

from __future__ import annotations

from deepgen.search.fit_many import fit_many

__all__ = ["fit_many"]
