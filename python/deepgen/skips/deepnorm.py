"""DeepNorm: blocks with a scaled-up input and a layer norm after the sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from deepgen.skips.skip import Skip, closing_layers

if TYPE_CHECKING:
    from deepgen._network.network import Network
    from deepgen.normalizations import Normalization

__all__ = ["DeepNorm"]


@dataclass(repr=False)
class DeepNorm(Skip):
    r"""Blocks with a scaled-up input and a layer norm after the sum: norm(alpha h + f(h)).

    Notes
    -----
    The blocks are those of `Residual`, f(h) = W2 act(W1 h + b1) + b2, followed by a layer norm of
    the sum. With S blocks

    .. math:: \alpha = S^{1/4}, \qquad \beta = (4 S)^{-1/4},

    and both layers of every block start with :math:`\beta` times the initializer's weights. So the
    first step changes the outputs by an amount that does not grow with the depth, unlike with the
    plain sum (alpha = beta = 1, "post-LN"). The paper states the rule for N encoder layers; their
    2N residual sub-layers correspond to S blocks here.

    ``normalization`` must be None, or 'layer' or `LayerNorm` for its ``eps``: only the sums are
    normalized. The cost is one layer norm per block.

    References
    ----------
    .. [1] H. Wang, S. Ma, L. Dong, S. Huang, D. Zhang and F. Wei, "DeepNet: scaling transformers to
       1,000 layers", 2022, eq. (1) and figure 2.

    Examples
    --------
    >>> from deepgen.skips import DeepNorm
    >>> DeepNorm().engine_settings(16)
    {'alpha': 2.0}
    """

    name: ClassVar[str] = "deepnorm"
    sets_scales: ClassVar[bool] = True
    engine_name: ClassVar[str] = "deepnorm"

    def norms(
        self, normalization: Normalization | None
    ) -> tuple[Normalization | None, Normalization | None]:
        """Return no norm inside and the layer norm after the sums; refuse others."""
        from deepgen.normalizations import LayerNorm

        norm = LayerNorm() if normalization is None else normalization
        if not isinstance(norm, LayerNorm):
            raise ValueError(
                "skip='deepnorm' brings a layer norm after each block and takes normalization=None "
                f"or 'layer', got {normalization!r}"
            )
        return None, norm

    def engine_settings(self, n_blocks: int) -> dict[str, Any]:
        """Return ``alpha``."""
        return {"alpha": float(max(n_blocks, 1)) ** 0.25}

    def start(self, network: Network) -> None:
        """Scale both layers of every block by beta."""
        closing = closing_layers(network)
        inside = {layer for last in closing for layer in (last - 1, last)}
        for block, view in network.views():
            if block.kind in ("coefs", "intercepts") and block.layer in inside:
                view[...] *= (4.0 * len(closing)) ** -0.25
