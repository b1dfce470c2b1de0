"""L-BFGS: full-batch quasi-Newton steps with a line search."""

from __future__ import annotations

from dataclasses import dataclass

from deepgen._settings import whole
from deepgen.optimizers.optimizer import Optimizer

__all__ = ["LBFGS"]


@dataclass(repr=False)
class LBFGS(Optimizer):
    """Full-batch quasi-Newton steps with a line search: SciPy's L-BFGS-B in float64.

    Parameters
    ----------
    history_size : int, default=10
        Number of pairs of differences that approximate the Hessian, >= 1; each needs two vectors of
        memory.
    max_fun : int, default=None
        Largest number of loss evaluations, >= 1; None means the estimator's.

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

    history_size: int = whole(10, "[1, inf)")
    max_fun: int | None = whole(None, "[1, inf)")
