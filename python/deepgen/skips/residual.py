"""Residual: blocks that add to their input, with optional stochastic depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from deepgen._settings import real
from deepgen.skips.skip import Skip

__all__ = ["Residual"]


@dataclass(repr=False)
class Residual(Skip):
    r"""Blocks of two hidden layers that add to their input: h + W2 act(norm(W1 h + b1)) + b2.

    Parameters
    ----------
    drop : float, default=0.0
        Stochastic depth: probability that a training step omits the last block's branch for a row,
        in [0, 1). Earlier blocks have smaller probabilities.

    Notes
    -----
    The first hidden layer maps the inputs to the width of the blocks; the hidden layers after it
    form pairs, each of which is a block. A pair is left plain if the width of its second layer
    differs from the width before the pair, and so is a last layer without a partner. The second
    layer of a block has neither activation nor normalization.

    With ``drop``, block l of L is dropped with probability :math:`p_l = drop \cdot l / L`,
    independently for each row; branches that are not dropped are divided by :math:`1 - p_l`, so
    that predictions and measurements use every block unchanged. ``random_state``, the epoch and the
    position of the row in the epoch determine the dropped rows.

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren and J. Sun, "Identity mappings in deep residual networks",
       ECCV 2016.
    .. [2] G. Huang, Y. Sun, Z. Liu, D. Sedra and K. Q. Weinberger, "Deep networks with stochastic
       depth", ECCV 2016, eq. (4).

    Examples
    --------
    >>> from deepgen.skips import Residual
    >>> Residual().sources([64, 64, 64, 32])
    [-1, -1, 0, -1]
    >>> Residual(drop=0.5).drops(4)
    [0.125, 0.25, 0.375, 0.5]
    """

    name: ClassVar[str] = "residual"

    drop: float = real(0.0, "[0, 1)")

    def drops(self, n_blocks: int) -> list[float]:
        return [float(self.drop) * block / n_blocks for block in range(1, n_blocks + 1)]

    def refuse(
        self, *, widths: Sequence[int], bias: bool, initializer: str, first_order: bool
    ) -> None:
        """Refuse L-BFGS with dropped branches, since its loss must not be random."""
        super().refuse(widths=widths, bias=bias, initializer=initializer, first_order=first_order)
        if self.drop > 0 and not first_order:
            raise ValueError(
                "solver='lbfgs' does not support dropped branches: its loss must not be random"
            )
