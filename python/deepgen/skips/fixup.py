"""Fixup: residual blocks that start as the identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from deepgen import _core
from deepgen.skips.skip import Skip, closing_layers

if TYPE_CHECKING:
    from deepgen._network.network import Network
    from deepgen.normalizations import Normalization

__all__ = ["Fixup"]


@dataclass(repr=False)
class Fixup(Skip):
    r"""Blocks that start as the identity and need no normalization: h + g W2 act(W1 h + b1) + b2.

    Notes
    -----
    The blocks are those of `Residual`, each with one more trainable number, its multiplier g, which
    starts at 1: the block ``gain_2`` and so on of ``model.network_.blocks()``, while ``coefs_`` are
    W2 without it. At the start W2 and b2 of every block are zero, and so is the output layer; W1 is
    :math:`L^{-1/2}` times what the initializer draws, for L blocks (:math:`L^{-1/(2m-2)}` with
    m = 2 layers a block), and intercepts of the blocks are zero. So the network starts as its
    first layer, and a first step changes its outputs by an amount that does not grow with L. The
    rule is made for ``initializer='he_normal'``.

    The paper's scalar biases, one before each layer and each activation, are not needed beside the
    intercepts of a dense layer: one before the activation, or after W2, is an intercept whose
    entries are equal, and one before W, W (h + c 1) = W h + c W 1, moves the intercepts too. With
    ``bias=False`` there is neither.

    Any ``normalization`` is refused: Fixup stands in its place. The paper advises a smaller
    learning rate for the multipliers; here they learn at the rate of all others.

    References
    ----------
    .. [1] H. Zhang, Y. N. Dauphin and T. Ma, "Fixup initialization: residual learning without
       normalization", ICLR 2019, section 3.2.

    Examples
    --------
    >>> from deepgen.skips import Fixup
    >>> Fixup().sources([64, 64, 64, 64, 64])
    [-1, -1, 0, -1, 2]
    """

    name: ClassVar[str] = "fixup"
    sets_scales: ClassVar[bool] = True

    def norms(
        self, normalization: Normalization | None
    ) -> tuple[Normalization | None, Normalization | None]:
        """Return none, and refuse any."""
        if normalization is not None:
            raise ValueError(
                "skip='fixup' stands in the place of a normalization and takes normalization=None, "
                f"got {normalization!r}"
            )
        return None, None

    def closing_weights(self) -> _core.Component:
        return _core.Component("gain")

    def start(self, network: Network) -> None:
        """Scale the first layer of every block; make its second and the output layer zero."""
        closing = closing_layers(network)
        matrices, intercepts = network.blocks_of("coefs"), network.blocks_of("intercepts")
        factors = dict.fromkeys(closing, 0.0)
        factors |= {layer - 1: float(len(closing)) ** -0.5 for layer in closing}
        if closing:
            factors[network.n_layers - 1] = 0.0
        for layer, factor in factors.items():
            matrices[layer][...] *= factor
            if layer in intercepts:
                intercepts[layer][...] = 0.0
