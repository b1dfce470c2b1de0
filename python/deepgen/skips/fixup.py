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
    r"""Unnormalized blocks that start as the identity: h + g W2 act(W1 h + b1) + b2.

    Notes
    -----
    The blocks are those of `Residual` with one more trainable number each, the multiplier g, which
    starts at 1. The multipliers are the blocks ``gain_2`` and so on of ``model.network_.blocks()``;
    ``coefs_`` are W2 without g. At the start W2 and b2 of every block and the output layer are
    zero, W1 is :math:`L^{-1/2}` times the initializer's weights for L blocks (:math:`L^{-1/(2m-2)}`
    with m = 2 layers per block), and the intercepts of the blocks are zero. So the network starts
    as its first layer, and the first step changes its outputs by an amount that does not grow with
    L. The rule is meant for ``initializer='he_normal'``.

    The paper's scalar biases, one before each layer and each activation, are not needed beside the
    intercepts of a dense layer: a scalar bias before the activation, or after W2, is an intercept
    with equal entries, and one before W, W (h + c 1) = W h + c W 1, changes the intercepts too.
    With ``bias=False`` there are neither.

    Any ``normalization`` is refused, since Fixup replaces it. The paper advises a smaller learning
    rate for the multipliers; here they have the learning rate of all parameters.

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
        """Return no normalization; refuse any other."""
        if normalization is not None:
            raise ValueError(
                "skip='fixup' stands in the place of a normalization and takes normalization=None, "
                f"got {normalization!r}"
            )
        return None, None

    def closing_weights(self) -> _core.Component:
        return _core.Component("gain")

    def start(self, network: Network) -> None:
        """Scale the first layer of every block; zero its second layer and the output layer."""
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
