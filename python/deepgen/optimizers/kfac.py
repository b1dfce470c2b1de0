"""KFAC: natural gradient with a Kronecker-factored curvature."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar

from deepgen._component import Component
from deepgen._settings import moving, one_of, real
from deepgen.optimizers.optimizer import FirstOrder

__all__ = ["KFAC"]


@dataclass(repr=False)
class KFAC(FirstOrder):
    r"""Natural gradient with a Kronecker-factored curvature, then momentum.

    Parameters
    ----------
    fisher : {'true', 'empirical'}, default='true'
        Fisher matrix to approximate: 'true' samples targets from the model's predictive
        distribution, 'empirical' uses the training targets. Focal losses are no likelihoods and
        need 'empirical'.
    form : {'inverse', 'eigen'}, default='inverse'
        Damping and inversion of the factors: 'inverse' treats each one separately, 'eigen' both
        together in their eigenbasis, which is more exact and takes longer.
    damping : float, default=0.01
        Number added to the curvature, >= 0.
    factor_decay : float, default=0.95
        Decay of the running means of the factors, in [0, 1).
    interval : int, default=20
        Number of steps between updates of factors and inverses, >= 1.
    kl_clip : float, default=1e-3
        Bound on learning rate² x direction x gradient, which is about twice the change of the
        predictions in Kullback-Leibler divergence, >= 0; None means no bound.
    momentum : float, default=0.9
        Decay of the velocity, in [0, 1].
    weight_decay : float or Schedule, default=0.0
        Decoupled weight decay, >= 0, or a schedule of it; biases, scales and shifts do not decay.
    largest_factor : int, default=4096
        Largest size of a factor, in [1, 32768]; layers with more inputs or outputs are divided into
        blocks of nearly equal size.
    learning_rate_init : float, default=0.01
        Learning rate before any schedule, > 0. The rule has its own scale, so the estimator's rate
        is not used.

    Notes
    -----
    For a layer with inputs a (and a 1 for the bias) and gradients s with respect to its
    pre-activations, the Fisher matrix is approximated by the Kronecker product of :math:`A = E[a
    a^T]` and :math:`G = E[s s^T]`, means over batches and sample weights. For the gradient D the
    direction is :math:`(A + \pi r I)^{-1} D (G + \tfrac{r}{\pi} I)^{-1}` with :math:`r` the root of
    the damping and :math:`\pi^2` the ratio of the mean eigenvalues of A and G, or with
    ``form='eigen'`` :math:`Q_A \frac{Q_A^T D Q_G}{d_A d_G^T + \lambda} Q_G^T`. SGD with momentum
    uses the direction as a gradient. L2 is part of the gradient, not of the curvature. Scales and
    shifts of norms use the gradient itself; layers with skips need no special treatment. With batch
    norm, whose rows depend on each other, a row's gradients are those that reach it.

    A step needs two more products per layer (four with ``form='eigen'``), an update another
    backward pass, the factors and their inverses by LAPACK. Memory is about four squares of inputs
    and outputs per layer. If factors cannot be inverted, the previous inverses are kept. Products
    are in float32 if ``dtype`` is 'bfloat16'.

    References
    ----------
    .. [1] J. Martens and R. Grosse, "Optimizing neural networks with Kronecker-factored approximate
       curvature", ICML 2015.
    .. [2] J. Ba, R. Grosse and J. Martens, "Distributed second-order optimization using
       Kronecker-factored approximations", ICLR 2017, section 5.1 (the clip).

    Examples
    --------
    >>> from deepgen.optimizers import KFAC
    >>> KFAC(form="eigen", interval=10)
    KFAC(form='eigen', interval=10)
    """

    name: ClassVar[str] = "kfac"

    fisher: str = one_of("true", "empirical", "true")
    form: str = one_of("inverse", "eigen", "inverse")
    damping: float = 0.01
    factor_decay: float = 0.95
    interval: int = 20
    kl_clip: float | None = real(1e-3, optional=True)
    momentum: float = 0.9
    weight_decay: float | Component = moving(0.0)
    largest_factor: int = 4096
    learning_rate_init: float = real(0.01, "(0, inf)")

    def settings(self) -> dict[str, Any]:
        """Return the settings in the engine's form; no clip is an infinite bound."""
        return {
            **super().settings(),
            "empirical": self.fisher == "empirical",
            "eigen": self.form == "eigen",
            "kl_clip": inf if self.kl_clip is None else self.kl_clip,
        }
