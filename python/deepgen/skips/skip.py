"""Skip: the base of all skips."""

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
    """Base of all skips.

    Examples
    --------
    >>> from deepgen.skips import Residual, Skip
    >>> isinstance(Residual(), Skip)
    True
    """

    engine_name: ClassVar[str] = "residual"
    """The engine's name of how what a layer computes meets what is carried past it."""
    closes_linear: ClassVar[bool] = True
    """Whether the layers that close a block have neither activation nor normalization."""

    sets_scales: ClassVar[bool] = False
    """Whether `start` scales weights."""

    def sources(self, widths: Sequence[int]) -> list[int]:
        """Return which layer's output is carried to each hidden layer's.

        Parameters
        ----------
        widths : sequence of int
            Units of the hidden layers.

        Returns
        -------
        sources : list of int
            Index of a hidden layer, or -1 for none; one for each hidden layer. Hidden layers are
            taken two by two after the first, wherever the widths agree.
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
            One for each block, from the first.
        """
        return [0.0] * n_blocks

    def norms(
        self, normalization: Normalization | None
    ) -> tuple[Normalization | None, Normalization | None]:
        """Return the normalizations of a network with this skip.

        Parameters
        ----------
        normalization : Normalization or None
            What the estimator asks for.

        Returns
        -------
        open_norm, closing_norm : Normalization or None
            Of the layers that close no block, and of those that do; a member that does not go with
            the one asked for refuses it.
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
        """Return how the weights of a layer that closes a block are made of what is trained.

        Returns
        -------
        reparametrization : deepgen._core.Component
            The engine's; a normalization of weights goes before it.
        """
        return _core.Component("none")

    def refuse(
        self, *, widths: Sequence[int], bias: bool, initializer: str, first_order: bool
    ) -> None:
        """Refuse parameters of the estimator that do not go with this skip.

        Parameters
        ----------
        widths : sequence of int
            Units of the hidden layers.
        bias : bool
            Whether layers have intercepts.
        initializer : str
            Name of the starting weights' rule.
        first_order : bool
            Whether the loss may be random, as that of a batch is.

        Raises
        ------
        ValueError
            If a field is out of range, or the initializer would undo what the skip starts with.

        Warns
        -----
        UserWarning
            If there is nothing to join.
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
        """Change the starting weights as the skip wants them.

        Parameters
        ----------
        network : Network
            After the initializer; its parameters are changed in place.
        """


def closing_layers(network: Network) -> list[int]:
    """Return the layers that close a block.

    Parameters
    ----------
    network : Network
        Any.

    Returns
    -------
    layers : list of int
        In rising order.
    """
    return [layer for layer, spec in enumerate(network.core.spec.layers) if spec.skip_from >= 0]
