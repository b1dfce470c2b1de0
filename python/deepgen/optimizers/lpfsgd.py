"""LPF-SGD: the gradient of the loss averaged over a Gaussian around the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen.optimizers.gradient_wrapper import PerturbedGradient

__all__ = ["LPFSGD"]


@dataclass(repr=False)
class LPFSGD(PerturbedGradient):
    r"""Low-pass filtered SGD: the gradient of the loss averaged over a Gaussian around the weights.

    Parameters
    ----------
    base : FirstOrder, default=Adam()
        Wrapped optimizer; any but another wrapper and 'lbfgs'.
    gamma : float, default=5e-4
        Standard deviation of the Gaussian relative to the norm of each unit's weights, >= 0; 0 is
        the base itself.
    n_samples : int, default=1
        Number of draws per step, in [1, 1e6].

    Notes
    -----
    The base steps from w along the mean gradient at :math:`w + e` with :math:`e_i \sim N(0, (\gamma
    \|w_i\|)^2 I)`, where i runs over units (columns of ``coefs_``) and over biases, scales and
    shifts as whole vectors. ``gamma`` is constant, while the authors let it grow. Each draw uses
    the whole batch, while the authors' code gives it a part: this needs ``n_samples`` gradients per
    step and has less noise in the mean. ``history_`` reports the mean loss at the draws (its L2 at
    w) and the norm of the mean gradient. The noise has a separate random stream, keyed by the
    number of steps.

    References
    ----------
    .. [1] D. Bisla, J. Wang and A. Choromanska, "Low-pass filtering SGD for recovering flat optima
       in the deep learning optimization landscape", AISTATS 2022, algorithm 1.

    Examples
    --------
    >>> from deepgen.optimizers import LPFSGD
    >>> LPFSGD(gamma=1e-3).settings()
    {'gamma': 0.001, 'n_samples': 1}
    """

    name: ClassVar[str] = "lpfsgd"

    gamma: float = 5e-4
    n_samples: int = 1
