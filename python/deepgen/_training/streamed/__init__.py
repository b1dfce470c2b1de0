"""Training on rows that pass through two buffers, for data larger than memory."""

from __future__ import annotations
