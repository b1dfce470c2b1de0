"""Highway: a gate between a layer's output and its input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from deepgen._settings import real
from deepgen.skips.skip import Skip

if TYPE_CHECKING:
    from deepgen._network.network import Network
    from deepgen.normalizations import Normalization

__all__ = ["Highway"]


@dataclass(repr=False)
class Highway(Skip):
    r"""Layers with a trained gate t: t act(W h + b) + (1 - t) h, t = 1 / (1 + exp(-(W_T h + b_T))).

    Parameters
    ----------
    gate_bias : float, default=-2.0
        Initial intercepts b_T of the gates; the lower they are, the more of h passes unchanged at
        first.

    Notes
    -----
    Every hidden layer that is as wide as the one before has a gate; the first layer and layers of
    another width have none. Normalization and dropout act on the layer's own output, not on the h
    that is carried past it. A gate doubles the weights of its layer and the time of its products.
    The gates' weights are not part of ``coefs_``: ``model.network_.blocks()`` names them
    ``gate_coefs_1``, ``gate_intercepts_1`` and so on. ``alpha`` and weight decay apply to them too.

    They start from the same initializer as the layer's own weights ('lecun_normal' in place of
    'data_dependent').

    References
    ----------
    .. [1] R. K. Srivastava, K. Greff and J. Schmidhuber, "Highway networks", 2015, eqs. (2) and
       (3), section 2.2.

    Examples
    --------
    >>> from deepgen.skips import Highway
    >>> Highway().sources([64, 64, 32, 32])
    [-1, 0, -1, 2]
    """

    name: ClassVar[str] = "highway"
    engine_name: ClassVar[str] = "highway"
    closes_linear: ClassVar[bool] = False

    gate_bias: float = real(-2.0, "(-inf, inf)")

    def sources(self, widths: Sequence[int]) -> list[int]:
        """Return, for each hidden layer, the layer before, or -1 where the widths differ."""
        return [
            layer - 1 if layer > 0 and width == widths[layer - 1] else -1
            for layer, width in enumerate(widths)
        ]

    def norms(
        self, normalization: Normalization | None
    ) -> tuple[Normalization | None, Normalization | None]:
        """Return the given norm for both kinds of layers; refuse one of weights."""
        from deepgen.normalizations import Reparametrization

        if isinstance(normalization, Reparametrization):
            raise ValueError(
                "skip='highway' normalizes sums, not weights, which its gates have too; give "
                f"normalization='layer', 'batch' or None, got {normalization!r}"
            )
        return normalization, normalization

    def refuse(
        self, *, widths: Sequence[int], bias: bool, initializer: str, first_order: bool
    ) -> None:
        """Refuse a network without intercepts."""
        super().refuse(widths=widths, bias=bias, initializer=initializer, first_order=first_order)
        if not bias:
            raise ValueError(
                "skip='highway' needs bias=True: its gates start closed by their intercepts"
            )

    def start(self, network: Network) -> None:
        """Set the intercepts of the gates to ``gate_bias``."""
        for view in network.blocks_of("gate_intercepts").values():
            view[...] = self.gate_bias
