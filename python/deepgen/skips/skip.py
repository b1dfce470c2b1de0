"""Skip: base of all skip connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from deepgen import _core
from deepgen._component import Component
from deepgen._user_warnings import warn

if TYPE_CHECKING:
    from deepgen._network.network import Network
    from deepgen.normalizations import Normalization

__all__ = ["Skip", "closing_layers"]


@dataclass(repr=False)
class Skip(Component):
    """Base of all skip connections.

    Examples
    --------
    >>> from deepgen.skips import Residual, Skip
    >>> isinstance(Residual(), Skip)
    True
    """

    engine_name: ClassVar[str] = "residual"
    """The engine's name of the rule that combines the carried value with the layer's own output."""
    closes_linear: ClassVar[bool] = True
    """Whether the last layer of a block has neither activation nor normalization."""

    sets_scales: ClassVar[bool] = False
    """Whether `start` scales the weights."""

    def sources(self, widths: Sequence[int]) -> list[int]:
        """Return the index of the layer whose output is carried to each hidden layer.

        Parameters
        ----------
        widths : sequence of int
            Units of the hidden layers.

        Returns
        -------
        sources : list of int
            Index of a hidden layer, or -1 for none; one per hidden layer. After the first, hidden
            layers form pairs wherever the widths agree.
        """
        sources = [-1] * len(widths)
        for second in range(2, len(widths), 2):
            if widths[second] == widths[second - 2]:
                sources[second] = second - 2
        return sources

    def drops(self, n_blocks: int) -> list[float]:
        """Return the probability that each block's branch is dropped in training.

        Parameters
        ----------
        n_blocks : int
            Blocks of the network, >= 0.

        Returns
        -------
        drops : list of float
            One per block, in order.
        """
        return [0.0] * n_blocks

    def norms(
        self, normalization: Normalization | None
    ) -> tuple[Normalization | None, Normalization | None]:
        """Return the normalizations of a network with this skip.

        Parameters
        ----------
        normalization : Normalization or None
            Normalization that the estimator asks for.

        Returns
        -------
        open_norm, closing_norm : Normalization or None
            Normalizations of the layers inside the blocks and of the last layers of the blocks.
            Subclasses refuse a normalization that they cannot be combined with.
        """
        return normalization, None if self.closes_linear else normalization

    def engine_settings(self, n_blocks: int) -> dict[str, Any]:
        """Return the settings of the engine's skip.

        Parameters
        ----------
        n_blocks : int
            Blocks of the network, >= 0.

        Returns
        -------
        settings : dict of str to float
            Under the engine's names.
        """
        return {}

    def closing_weights(self) -> _core.Component:
        """Return the reparametrization of the last layer of a block.

        Returns
        -------
        reparametrization : deepgen._core.Component
            The engine's description; a normalization of weights takes precedence over it.
        """
        return _core.Component("none")

    def refuse(
        self, *, widths: Sequence[int], bias: bool, initializer: str, first_order: bool
    ) -> None:
        """Refuse parameters of the estimator that cannot be combined with this skip.

        Parameters
        ----------
        widths : sequence of int
            Units of the hidden layers.
        bias : bool
            Whether layers have intercepts.
        initializer : str
            Name of the initializer.
        first_order : bool
            Whether the solver works with a random loss, such as that of a batch.

        Raises
        ------
        ValueError
            If a field is out of range, or the initializer would undo the skip's starting weights.

        Warns
        -----
        UserWarning
            If no layer is bridged.
        """
        self.check()
        if max(self.sources(widths), default=-1) < 0:
            warn(
                f"skip={self!r} has no effect: it finds nothing to join among hidden layers of "
                f"widths {list(widths)}"
            )
        if self.sets_scales and initializer == "data_dependent":
            raise ValueError(
                f"skip='{self.name}' sets the scale of the starting weights, which "
                "initializer='data_dependent' would undo; take another, such as 'he_normal'"
            )

    def start(self, network: Network) -> None:
        """Adapt the starting weights.

        Parameters
        ----------
        network : Network
            Network after the initializer; its parameters are changed in place.
        """


def closing_layers(network: Network) -> list[int]:
    """Return the indices of the last layers of the blocks.

    Parameters
    ----------
    network : Network
        Network with or without blocks.

    Returns
    -------
    layers : list of int
        In ascending order.
    """
    return [layer for layer, spec in enumerate(network.core.spec.layers) if spec.skip_from >= 0]
