r"""Faces: finitely many boxes that together see all of an unbounded input space.

A piecewise linear network f on R^d is the part t = 1 of F(x, t) = t f(x / t), which is positively
homogeneous and computed by the same layers with intercepts times t. Each ray of the half space
t > 0 meets the surface of the box [-R, R]^d x [0, 1]: in its top t = 1, where F is f itself, or in
a side x_j = +-R, where t is an input in place of x_j. So every cell of f, bounded or not, shows on
one of 2 d + 1 faces, with its own gradient; and on a side the gradient's entry j is what Euler's
identity F = sum_i x_i dF/dx_i + t dF/dt leaves for it.

Each hidden layer carries t to the next one by a unit that passes it on, since t >= 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.expressivity.piecewise import BentLayer, PiecewiseLinear

__all__ = ["Face", "faces_of"]


@dataclass(frozen=True, eq=False)
class Face:
    """One face: a network on a bounded box.

    Parameters
    ----------
    function : PiecewiseLinear
        F on the face; its inputs are x, on a side with t in place of input ``axis``.
    box : ndarray of shape (n_inputs, 2)
        Lower and upper bound of each input.
    axis : int or None
        The fixed input of a side, None at the top.
    at : float
        The fixed input's value.

    Examples
    --------
    >>> from deepgen.expressivity import tri
    >>> from deepgen.expressivity.piecewise import piecewise_linear_of
    >>> from deepgen.generalization.lipschitz_constants.faces import faces_of
    >>> [face.box.ravel().tolist() for face in faces_of(piecewise_linear_of(tri(1)), 2.0)]
    [[-2.0, 2.0], [0.0, 1.0], [0.0, 1.0]]
    """

    function: PiecewiseLinear
    box: FloatArray
    axis: int | None = None
    at: float = 1.0

    def gradients(self, maps: FloatArray) -> FloatArray:
        """Return the gradients of f on cells of the face.

        Parameters
        ----------
        maps : ndarray of shape (n_cells, n_inputs + 1, n_outputs)
            The derivative of F by each input of the face, then its value at input 0.

        Returns
        -------
        gradients : ndarray of shape (n_cells, n_inputs, n_outputs)
            The derivative of f by each of its inputs.
        """
        gradients = maps[:, :-1].copy()
        if self.axis is not None:
            gradients[:, self.axis] = maps[:, -1] / self.at
        return gradients


def faces_of(function: PiecewiseLinear, reach: float) -> Iterator[Face]:
    """Yield the faces of a network: the top, then two sides per input.

    Parameters
    ----------
    function : PiecewiseLinear
        The network.
    reach : float
        R; any positive number is right, and the top shows most cells if R is beyond most kinks.

    Yields
    ------
    face : Face
        The networks on the sides are one unit wider in each hidden layer.
    """
    d = function.n_inputs
    whole = np.tile([-reach, reach], (d, 1))
    yield Face(function, whole)
    carried = _homogeneous(function)
    for axis in range(d):
        box = whole.copy()
        box[axis] = 0.0, 1.0
        for at in (-reach, reach):
            yield Face(_fixed(carried, axis, at), box, axis, at)


def _homogeneous(function: PiecewiseLinear) -> PiecewiseLinear:
    """Return F, with the inputs x and then t, and without intercepts."""
    layers = []
    last = len(function.layers) - 1
    for index, layer in enumerate(function.layers):
        weights = np.vstack([layer.weights, layer.intercepts])
        if index < last:
            # A layer that adds an earlier one gets t from there.
            column = np.zeros((len(weights), 1))
            column[-1] = 0.0 if layer.skip_from >= 0 else 1.0
            weights = np.hstack([weights, column])
        layers.append(BentLayer(weights, np.zeros(weights.shape[1]), layer.leak, layer.skip_from))
    return PiecewiseLinear(layers)


def _fixed(carried: PiecewiseLinear, axis: int, at: float) -> PiecewiseLinear:
    """Return F on a side: t, the last input, takes the place of a fixed one."""
    first = carried.layers[0]
    weights = first.weights[:-1].copy()
    weights[axis] = first.weights[-1]
    start = replace(first, weights=weights, intercepts=at * first.weights[axis])
    return PiecewiseLinear([start, *carried.layers[1:]])
