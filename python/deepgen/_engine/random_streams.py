"""Random streams: a 64-bit key per purpose, all derived from one seed.

The engine derives the keys of shuffling and dropout from the seed in the same way, so switching a
feature off does not change the other streams.
"""

from __future__ import annotations

import numpy as np

__all__ = ["DRAWN_ROWS", "INIT", "ROW_GROUPS", "SPLIT", "generator", "mix", "stream"]

INIT = 0
"""Purpose of the starting weights."""
SPLIT = 6
"""Purpose of the split into training and validation rows."""
ROW_GROUPS = 12
"""Purpose of the order of row groups in an epoch."""
DRAWN_ROWS = 13
"""Purpose of the rows drawn for statistics."""

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = 0xFFFFFFFFFFFFFFFF


def mix(x: int) -> int:
    """Scramble 64 bits: the finalizer of SplitMix64 (G. Steele et al., OOPSLA 2014, figure 16)."""
    x &= _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def stream(seed: int, purpose: int) -> int:
    """Return the 64-bit key of the random stream of one purpose for a seed."""
    return mix(mix(seed + _GOLDEN) + purpose * _GOLDEN)


def generator(seed: int, purpose: int) -> np.random.Generator:
    """Return NumPy's generator (Philox, counter-based) for the stream of one purpose."""
    return np.random.Generator(np.random.Philox(key=stream(seed, purpose)))
