"""Adam: steps scaled by running means of the gradient and of its square."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from deepgen import _core
from deepgen._component import Component
from deepgen._settings import moving, numbers_by_name, one_of, real
from deepgen.optimizers.optimizer import FirstOrder

__all__ = ["Adam"]


@dataclass(repr=False)
class Adam(FirstOrder):
    r"""Steps scaled by running estimates of the gradient's first two moments.

    Parameters
    ----------
    beta_1 : float, default=0.9
        Decay of the mean of the gradient, in [0, 1).
    beta_2 : float, default=0.999
        Decay of the mean of the squared gradient, in [0, 1).
    epsilon : float, default=1e-8
        Number added to the square root of the second moment, > 0.
    eps_mode : {'sklearn', 'torch'}, default='sklearn'
        Position of ``epsilon``: 'sklearn' (also Keras) adds it before the bias correction, the
        "epsilon hat" of the paper's section 2; 'torch' after it, the paper's algorithm 1.
    weight_decay : float or Schedule, default=0.0
        Decoupled weight decay, >= 0, or a schedule of it; biases, scales and shifts do not decay.
    learning_rate_init : float, default=None
        Learning rate before any schedule, > 0; None means the estimator's.
    rate_factors : dict of str to float, default=None
        Factors >= 0 of the learning rate, and so of weight decay, for some parameters, by the roles
        of `FirstOrder`, such as ``{"intercepts": 0.1}``.

    Notes
    -----
    With :math:`m, v` the running means of :math:`g` and :math:`g^2` after t steps, 'sklearn' is
    :math:`w \leftarrow w - \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \frac{m}{\sqrt v +
    \epsilon}`. The state is two numbers per parameter.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015,
       algorithm 1.

    Examples
    --------
    >>> from deepgen.optimizers import Adam
    >>> Adam(eps_mode="torch").settings()["eps_hat"]
    False
    """

    name: ClassVar[str] = "adam"

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    eps_mode: str = one_of("sklearn", "sklearn", "torch")
    weight_decay: float | Component = moving(0.0)
    learning_rate_init: float | None = real(None, "(0, inf)")
    rate_factors: dict[str, float] | None = numbers_by_name(_core.rate_roles, "[0, inf)")

    def settings(self) -> dict[str, Any]:
        """Return the settings, with ``eps_mode`` as ``eps_hat``."""
        return {**super().settings(), "eps_hat": self.eps_mode == "sklearn"}
