"""Signals of layers: the gradients that come back to each layer, sample by sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen.probe.held_network import GRADIENT
from deepgen.probe.probe import Probe

__all__ = ["LayerSignals", "layer_signals"]


@dataclass(frozen=True, eq=False)
class LayerSignals:
    r"""The signal that comes back to each layer, and the units that let it pass.

    Parameters
    ----------
    norms : ndarray of shape (n_samples, n_layers)
        :math:`|\partial l_i / \partial z_l|` of every sample, without weights, where
        :math:`z_l = W_l a_{l-1} + b_l` is a layer before its norm and activation.
    alive : list of ndarray of shape (width,)
        For each layer the units whose activation has a slope other than 0 at one of the samples; a
        ReLU that is never on has none.

    Examples
    --------
    >>> from deepgen.probe.layer_signals import LayerSignals
    >>> LayerSignals([[1.0]], []).norms
    [[1.0]]
    """

    norms: FloatArray
    alive: list[NDArray[np.bool_]]


def layer_signals(probe: Probe) -> LayerSignals:
    """Measure the signal of every sample at every layer, at the cost of one gradient.

    Parameters
    ----------
    probe : Probe
        Network and data.

    Returns
    -------
    signals : LayerSignals
        Norms, and the units that are alive.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.probe.layer_signals import layer_signals
    >>> X, y = [[0.0], [1.0]], [0.0, 1.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(4, 4)).partial_fit(X, y), X, y)
    >>> layer_signals(probe).norms.shape
    (2, 3)
    """
    widths: list[Any] = [layer.width for layer in probe.network.core.spec.layers]
    norms = np.empty((probe.n_samples, len(widths)))
    alive = np.zeros(sum(widths), dtype=bool)
    probe._in_chunks(probe._core.signals, norms, alive, work=GRADIENT)
    return LayerSignals(norms, np.split(alive, np.cumsum(widths)[:-1]))
