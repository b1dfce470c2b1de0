"""OutputChange: conversion of a network to outputs in other units, with the same predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepgen import _core
from deepgen._engine.arrays import AnyArray

__all__ = ["OutputChange"]


@dataclass(frozen=True)
class OutputChange:
    """Change of outputs z to ``factor * z + shift`` and of losses to ``losses`` times their value.

    Parameters
    ----------
    factor, shift : ndarray of shape (n_outputs,)
        Factor and shift of each output.
    losses : ndarray of shape (n_outputs,)
        Factor of each output's share of the loss.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor
    >>> from deepgen._network.output_change import OutputChange
    >>> network = MLPRegressor(hidden_layer_sizes=()).partial_fit([[0.0], [1.0]], [0, 1]).network_
    >>> change = OutputChange(np.array([2.0]), np.array([1.0]), np.array([4.0]))
    >>> change.of_weights(network.core, np.array([3.0, 5.0]))
    array([ 6., 11.])
    """

    factor: NDArray[np.float64]
    shift: NDArray[np.float64]
    losses: NDArray[np.float64]

    def of_weights(self, core: _core.Network, weights: AnyArray) -> AnyArray:
        """Return the weights for the new outputs, in the same shape and type.

        ``weights`` are one or several concatenated vectors of (n_parameters,).
        """
        changed = weights.astype(np.float64).reshape(-1, core.n_parameters)
        for columns, is_intercept in self._last(core, changed):
            columns *= self.factor
            if is_intercept:
                columns += self.shift
        return _like(weights, changed)

    def of_gradients(self, core: _core.Network, values: AnyArray, power: int) -> AnyArray:
        """Return a state made of powers of gradients, converted to gradients of the new outputs.

        ``values`` has the format of ``weights`` in `of_weights`.
        """
        # Shared layers get the geometric mean of the outputs' factors.
        shared = np.exp(np.log(self.losses).mean())
        factors = np.full((1, core.n_parameters), shared)
        for columns, _ in self._last(core, factors):
            columns[...] = self.losses / self.factor
        changed = values.astype(np.float64).reshape(-1, core.n_parameters) * factors**power
        return _like(values, changed)

    def _last(
        self, core: _core.Network, vectors: NDArray[np.float64]
    ) -> list[tuple[NDArray[np.float64], bool]]:
        """Return views (..., n_outputs) of the last layer, and whether they are intercepts."""
        last = len(core.spec.layers) - 1
        return [
            (
                vectors[:, block.offset : block.offset + block.size].reshape(
                    len(vectors), -1, len(self.factor)
                ),
                block.kind == "intercepts",
            )
            for block in core.layout
            if block.layer == last
        ]


def _like(values: AnyArray, changed: NDArray[np.float64]) -> AnyArray:
    """Return numbers in the shape and type of ``values``, clipped to the range of the type."""
    largest = np.finfo(values.dtype).max
    like: AnyArray = np.clip(changed, -largest, largest).reshape(values.shape).astype(values.dtype)
    return like
