"""Skips: connections that carry a layer's output past the layers after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from deepgen.component import Component

__all__ = ["Residual", "Skip"]


@dataclass(repr=False)
class Skip(Component):
    """Base of all skips.

    Examples
    --------
    >>> from deepgen.skips import Residual, Skip
    >>> isinstance(Residual(), Skip)
    True
    """

    def sources(self, widths: Sequence[int]) -> list[int]:
        """Return which layer's output is added to each hidden layer's.

        Parameters
        ----------
        widths : sequence of int
            Units of the hidden layers.

        Returns
        -------
        sources : list of int
            Index of a hidden layer, or -1 for none; one for each hidden layer.
        """
        return [-1] * len(widths)


@dataclass(repr=False)
class Residual(Skip):
    """Blocks of two hidden layers that add to their input: h + W2 act(norm(W1 h + b1)) + b2.

    Notes
    -----
    The first hidden layer brings the inputs to the blocks' width; the hidden layers after it are
    taken two by two. A pair whose second width differs from the width before it stays plain, and so
    does a last layer without a partner. The second layer of a block has neither activation nor
    normalization.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren and J. Sun, "Identity mappings in deep residual networks",
       ECCV 2016.

    Examples
    --------
    >>> from deepgen.skips import Residual
    >>> Residual().sources([64, 64, 64, 32])
    [-1, -1, 0, -1]
    """

    name: ClassVar[str] = "residual"

    def sources(self, widths: Sequence[int]) -> list[int]:
        """Return which layer's output is added to each hidden layer's.

        Parameters
        ----------
        widths : sequence of int
            Units of the hidden layers.

        Returns
        -------
        sources : list of int
            Index of a hidden layer, or -1 for none; one for each hidden layer.
        """
        sources = [-1] * len(widths)
        for second in range(2, len(widths), 2):
            if widths[second] == widths[second - 2]:
                sources[second] = second - 2
        return sources


SKIPS: dict[str, type[Skip]] = {"residual": Residual}
"""The names that ``skip`` takes."""
