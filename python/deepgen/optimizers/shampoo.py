"""Shampoo: a matrix's gradient between inverse fourth roots of its row and column statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen._component import Component
from deepgen._settings import moving, real
from deepgen.optimizers.optimizer import FirstOrder

__all__ = ["Shampoo"]


@dataclass(repr=False)
class Shampoo(FirstOrder):
    r"""A matrix's gradient between inverse fourth roots of its row and column statistics.

    Parameters
    ----------
    beta_2 : float, default=1.0
        Decay of the means of both statistics, in [0, 1]; 1 gives sums, as in the paper.
    epsilon : float, default=1e-12
        Number added to the diagonal of both statistics, >= 0.
    block_size : int, default=128
        Largest number of rows and columns of a block, in [1, 32768]; a matrix is divided into
        blocks of nearly equal size with separate statistics.
    interval : int, default=20
        Number of steps between updates of the roots, >= 1; within the first interval they are also
        updated at steps 2, 4, 8 ...
    grafting : {'none', 'sgd', 'adagrad', 'adam'}, default='adam'
        Rule whose step gives a layer's direction its length, so that the learning rate has the
        meaning that it has for that rule.
    momentum : float, default=0.9
        Decay of the mean of directions, in [0, 1).
    weight_decay : float or Schedule, default=0.0
        Decoupled weight decay, >= 0, or a schedule of it; biases, scales and shifts do not decay.
    learning_rate_init : float, default=None
        Learning rate before any schedule, > 0; None means the estimator's.

    Notes
    -----
    With the gradient G of a block of weights, :math:`L \leftarrow L + G G^T`, :math:`R \leftarrow R
    + G^T G`, and the direction is :math:`(L + \epsilon I)^{-1/4} G (R + \epsilon I)^{-1/4}`. Roots
    are computed from eigenvalues by LAPACK, each of which is raised at least to the rounding error
    of the largest. Biases, scales and shifts use the grafted rule itself, AdaGrad if there is none.
    Grafted AdaGrad divides by the root of the sum of squares plus 1e-8, grafted Adam by that of
    their mean of decay 0.999, corrected for its start.

    A step needs about four products of a block with a square of its size. Memory is four squares of
    the block size per block, and three numbers per parameter.

    Several public implementations use the exponent -1/2 and update R with a gradient that is
    already preconditioned; they agree with the paper, and with this one, at the first step only.

    References
    ----------
    .. [1] V. Gupta, T. Koren and Y. Singer, "Shampoo: preconditioned stochastic tensor
       optimization", ICML 2018, algorithm 1.
    .. [2] R. Anil, V. Gupta, T. Koren, K. Regan and Y. Singer, "Scalable second order optimization
       for deep learning", 2020 (blocks, means, grafting, late roots).

    Examples
    --------
    >>> from deepgen.optimizers import Shampoo
    >>> Shampoo(beta_2=0.99, grafting="sgd")
    Shampoo(beta_2=0.99, grafting='sgd')
    """

    name: ClassVar[str] = "shampoo"

    beta_2: float = 1.0
    epsilon: float = 1e-12
    block_size: int = 128
    interval: int = 20
    grafting: str = "adam"
    momentum: float = 0.9
    weight_decay: float | Component = moving(0.0)
    learning_rate_init: float | None = real(None, "(0, inf)")
