"""ReparametrizedPoint: trained parameters of a reparametrized network, packed, with chain rule."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepgen import _core
from deepgen._engine.arrays import FloatArray

__all__ = ["ReparametrizedPoint"]


class ReparametrizedPoint(NamedTuple):
    """Trained parameters, packed once for all measurements at them.

    Parameters
    ----------
    chain : deepgen._core.Chain
        Chain rule from effective weights to trained parameters.
    plain : deepgen._core.Point
        Parameters of the plain network, packed.
    shared : ndarray of shape (n_trainable,)
        Which trained parameters the plain network has too.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.probe.reparametrized_point import ReparametrizedPoint
    >>> point = ReparametrizedPoint(None, None, np.array([True, False, True]))
    >>> point.placed(np.array([[1.0, 2.0]]))
    array([[1., 0., 2.]])
    """

    chain: _core.Chain
    plain: _core.Point
    shared: NDArray[np.bool_]

    def moved(self, directions: FloatArray) -> FloatArray:
        """Return how the plain network's parameters move along directions (k, n_trainable).

        Parameters
        ----------
        directions : ndarray of shape (k, n_trainable)
            Directions of the trained parameters.

        Returns
        -------
        moved : ndarray of shape (k, n_plain)
            Directions of the plain network's parameters.
        """
        moved = np.empty((len(directions), int(self.shared.sum())))
        for direction, to in zip(directions, moved, strict=True):
            to[:] = self.chain.push_forward(direction)[self.shared]
        return moved

    def placed(self, plain: FloatArray) -> FloatArray:
        """Return plain vectors at the positions of the trained parameters, with 0 for gains.

        Parameters
        ----------
        plain : ndarray of shape (k, n_plain)
            Vectors of the plain network.

        Returns
        -------
        placed : ndarray of shape (k, n_trainable)
            The same numbers and zeros.
        """
        placed = np.zeros((len(plain), len(self.shared)))
        placed[:, self.shared] = plain
        return placed

    def pulled_back(self, plain: FloatArray) -> FloatArray:
        """Return gradients of the trained parameters from those of the plain network.

        Parameters
        ----------
        plain : ndarray of shape (k, n_plain)
            Gradients by the effective weights.

        Returns
        -------
        gradients : ndarray of shape (k, n_trainable)
            Gradients by the trained parameters.
        """
        gradients = self.placed(plain)
        self.chain.pull_back(gradients)
        return gradients
