"""L-BFGS: full-batch quasi-Newton steps with a line search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen._component import Range
from deepgen.optimizers.optimizer import Optimizer

__all__ = ["LBFGS"]


@dataclass(repr=False)
class LBFGS(Optimizer):
    """Full-batch quasi-Newton steps with a line search: SciPy's L-BFGS-B in float64.

    Parameters
    ----------
    history_size : int, default=10
        Pairs of differences that approximate the Hessian, >= 1; each takes two vectors of memory.
    max_fun : int, default=None
        Largest number of loss evaluations, >= 1; None takes the estimator's.

    Notes
    -----
    The estimator's ``tol`` bounds the largest component of the gradient.

    References
    ----------
    .. [1] R. H. Byrd, P. Lu, J. Nocedal and C. Zhu, "A limited memory algorithm for bound
       constrained optimization", SIAM Journal on Scientific Computing 16, 1995.

    Examples
    --------
    >>> from deepgen.optimizers import LBFGS
    >>> LBFGS(history_size=20)
    LBFGS(history_size=20)
    """

    ranges: ClassVar[dict[str, Range]] = {"history_size": Range(1), "max_fun": Range(1)}
    integers: ClassVar[tuple[str, ...]] = ("history_size", "max_fun")

    history_size: int = 10
    max_fun: int | None = None
