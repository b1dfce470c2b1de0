"""The error of a network whose weights are drawn anew for each block of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import Matrix
from deepgen._network.network import Network
from deepgen.generalization.random_weights.binary_kl import kl_inverse

__all__ = ["GibbsClassifier", "GibbsError"]


@dataclass(frozen=True)
class GibbsError:
    """Share of errors over independent draws of the weights, one draw per block of rows.

    Parameters
    ----------
    n_wrong, n_losses : int
        Errors, and how many predictions were made.
    n_draws : int
        Number of draws.
    longest : int
        Number of rows of the largest block.

    Examples
    --------
    >>> from deepgen.generalization.random_weights.gibbs_error import GibbsError
    >>> GibbsError(30, 600, n_draws=300, longest=2).mean
    0.05
    """

    n_wrong: int
    n_losses: int
    n_draws: int
    longest: int

    @property
    def mean(self) -> float:
        """Share of errors."""
        return self.n_wrong / self.n_losses

    def upper_limit(self, risk: float) -> float:
        """Return what the expected share exceeds with probability ``risk`` at most.

        Parameters
        ----------
        risk : float
            Probability, in (0, 1).

        Returns
        -------
        limit : float
            Upper limit by Hoeffding's theorem 1, in (0, 1].

        Notes
        -----
        Blocks count their errors in units of the longest block, so that each number is in [0, 1]
        and their mean is the share times a known factor of 1 or a little less. The numbers are
        independent, and their means need not be equal.
        """
        factor = self.n_losses / (self.n_draws * self.longest)
        limit = kl_inverse(self.mean * factor, -np.log(risk) / self.n_draws)
        return min(1.0, limit / factor)


@dataclass(frozen=True)
class GibbsClassifier:
    """A network, the mean of random weights, with labelled rows.

    Parameters
    ----------
    network : Network
        Network with the mean weights.
    X : ndarray of shape (n_samples, n_features) or deepgen._core.SparseRows
        Features in the network's type.
    labels : Labels
        The classes.
    y : ndarray of shape (n_samples,)
        Class numbers.

    Examples
    --------
    >>> from deepgen.generalization.random_weights.gibbs_error import GibbsClassifier
    >>> GibbsClassifier("a net", "rows", "classes", "numbers").network
    'a net'
    """

    network: Network
    X: Matrix
    labels: Any
    y: NDArray[Any]

    def wrong(self, network: Network, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether a network errs on some rows; outputs that overflow are errors.

        Parameters
        ----------
        network : Network
            Network of the same shape.
        rows : ndarray of shape (n_rows,)
            Numbers of rows.

        Returns
        -------
        wrong : ndarray of shape (n_rows,)
            One truth value per row.
        """
        outputs = network.outputs(self.X, rows=np.ascontiguousarray(rows))
        hits = self.labels.decide(outputs) == self.y[rows]
        return np.asarray(~(hits & np.isfinite(outputs).all(axis=1)))

    def error(
        self, rows: NDArray[np.int64], sigma: float, n_draws: int, random: np.random.Generator
    ) -> GibbsError:
        """Estimate the error on some rows with normal noise on all trainable numbers.

        Parameters
        ----------
        rows : ndarray of shape (n_rows,)
            Numbers of rows; blocks are made of neighbours in this order.
        sigma : float
            Standard deviation of the noise.
        n_draws : int
            Least number of draws; with more draws than rows all rows are used several times.
        random : numpy.random.Generator
            Source of the noise.

        Returns
        -------
        error : GibbsError
            Counts of errors and draws.
        """
        core, mean = self.network.core, self.network.parameters
        size, dtype = core.n_trainable, self.network.dtype.type
        passes = -(-n_draws // len(rows))
        longest = max(1, passes * len(rows) // n_draws)
        n_blocks = -(-len(rows) // longest)
        noisy = Network(core, mean.copy())
        draw = np.empty(size, dtype=dtype)
        n_wrong = 0
        for _ in range(passes):
            for block in np.array_split(rows, n_blocks):
                random.standard_normal(out=draw, dtype=dtype)
                draw *= dtype(sigma)
                np.add(mean[:size], draw, out=noisy.parameters[:size])
                n_wrong += int(np.count_nonzero(self.wrong(noisy, block)))
        return GibbsError(n_wrong, passes * len(rows), passes * n_blocks, longest)
