"""PreparedNetwork: a network packed once, with the methods of `Network` that predict."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import AnyArray, Matrix
from deepgen._network.network import Network

__all__ = ["PreparedNetwork"]


class PreparedNetwork:
    """A network in its present state, packed once for many calls of few rows.

    Later changes of the network do not affect it. Methods have the bits and the parameters of the
    same methods of `Network`; a call cannot be interrupted.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor
    >>> from deepgen._network.prepared_network import PreparedNetwork
    >>> model = MLPRegressor().partial_fit([[0.0], [1.0]], [0.0, 1.0])
    >>> PreparedNetwork(model.network_).outputs(np.ones((2, 1), dtype=np.float32)).shape
    (2, 1)
    """

    def __init__(self, network: Network) -> None:
        self.dtype = network.dtype
        self._prepared = network.prepare()

    def outputs(
        self, X: Matrix, *, rows: NDArray[np.int64] | None = None, n_threads: int = 1
    ) -> AnyArray:
        """Return the outputs before the link, (n_rows, n_outputs)."""
        return self._prepared.forward(X, rows=rows, n_threads=n_threads)

    def predictions(
        self,
        X: Matrix,
        mean: NDArray[np.float64],
        scale: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        n_threads: int = 1,
    ) -> tuple[NDArray[np.float64], int]:
        """Return ``scale * means + mean``, (n_rows, n_outputs), and the number of rows not finite.

        ``mean`` and ``scale`` are of shape (n_targets,).
        """
        found: tuple[Any, int] = self._prepared.predict_in_units(
            X, mean, scale, rows=rows, n_threads=n_threads
        )
        return found
