"""Folding: a network that predicts the same and is trained in plainer numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen import _core
from deepgen._network.network import Network

__all__ = ["effective", "fold", "shared_with_effective"]


def shared_with_effective(network: Network) -> NDArray[np.bool_]:
    """Say which parameters a network shares with that of its effective weights.

    Parameters
    ----------
    network : Network
        With reparametrizations or without.

    Returns
    -------
    shared : ndarray of shape (n_parameters,)
        False at gains, which are part of the weights there.
    """
    shared = np.ones(network.core.n_parameters, dtype=bool)
    for block in network.core.layout:
        if block.name.startswith("gain_"):
            shared[block.offset : block.offset + block.size] = False
    return shared


def effective(network: Network) -> Network:
    """Return the network whose parameters are the weights that products use.

    Parameters
    ----------
    network : Network
        With reparametrizations or without; it is left alone.

    Returns
    -------
    network : Network
        Without reparametrizations, with parameters of its own: no gains, else block for block.
    """
    core = _core.Network(network.core.spec.plain(), dtype=network.core.products)
    used = network.core.effective(network.parameters)
    return Network(core, used[shared_with_effective(network)])


def fold(network: Network) -> Network:
    """Return a network that predicts the same, without reparametrizations and batch norm.

    Parameters
    ----------
    network : Network
        It is left alone.

    Returns
    -------
    network : Network
        With parameters of its own and an intercept for each layer that had batch norm.
    """
    plain = effective(network)
    folded = Network(_core.Network(plain.core.spec.folded(), dtype=plain.core.products))
    blocks: dict[str, NDArray[Any]] = {**plain.blocks()}
    for layer, spec in enumerate(plain.core.spec.layers):
        if f"mean_{layer}" in blocks:
            mean, variance, scale, shift = (
                blocks[f"{kind}_{layer}"].astype(np.float64)
                for kind in ("mean", "variance", "scale", "shift")
            )
            factor = scale / np.sqrt(variance + spec.normalization.settings["epsilon"])
            blocks[f"coefs_{layer}"] = blocks[f"coefs_{layer}"] * factor
            blocks[f"intercepts_{layer}"] = shift - mean * factor
    for name, own in folded.blocks().items():
        own[...] = blocks.get(name, 0.0)
    return folded
