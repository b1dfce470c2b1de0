"""AdaGrad: steps scaled by the sum of all squared gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from deepgen import _core
from deepgen._component import Component
from deepgen._settings import moving, numbers_by_name, one_of, real
from deepgen.optimizers.optimizer import FirstOrder, keras_defaults

__all__ = ["AdaGrad"]


@dataclass(repr=False)
class AdaGrad(FirstOrder):
    r"""Steps scaled by the sum of all squared gradients: rare features keep large steps.

    Parameters
    ----------
    epsilon : float, default=None
        Keeps the division finite, > 0; None means the convention's value, 1e-10 or 1e-7.
    eps_mode : {'torch', 'keras'}, default='torch'
        Convention: 'torch' adds ``epsilon`` outside the root, 'keras' inside.
    initial_accumulator : float, default=None
        Initial value of the sum, >= 0; None means the convention's value, 0 or 0.1.
    weight_decay : float or Schedule, default=0.0
        Decoupled weight decay, >= 0, or a schedule of it; biases, scales and shifts do not decay.
    learning_rate_init : float, default=None
        Learning rate before any schedule, > 0; None means the estimator's.
    rate_factors : dict of str to float, default=None
        Factors >= 0 of the learning rate, and so of weight decay, for some parameters, by the roles
        of `FirstOrder`, such as ``{"intercepts": 0.1}``.

    Notes
    -----
    With gradient g and learning rate :math:`\eta`: :math:`s \leftarrow s + g^2`, then :math:`w
    \leftarrow w - \eta \frac{g}{\sqrt s + \epsilon}` ('torch') or :math:`w \leftarrow w - \eta
    \frac{g}{\sqrt{s + \epsilon}}` ('keras'). Steps never grow again, so the learning rate should be
    larger than Adam's: 0.01 to 0.1. The state is one number per parameter.

    References
    ----------
    .. [1] J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and
       stochastic optimization", JMLR 12, 2011.

    Examples
    --------
    >>> from deepgen.optimizers import AdaGrad
    >>> AdaGrad(eps_mode="keras").settings()["initial_accumulator"]
    0.1
    """

    name: ClassVar[str] = "adagrad"

    epsilon: float | None = None
    eps_mode: str = one_of("torch", "keras", "torch")
    initial_accumulator: float | None = None
    weight_decay: float | Component = moving(0.0)
    learning_rate_init: float | None = real(None, "(0, inf)")
    rate_factors: dict[str, float] | None = numbers_by_name(_core.rate_roles, "[0, inf)")

    def settings(self) -> dict[str, Any]:
        """Return the settings, with the convention's value for None."""
        own = keras_defaults(self, epsilon=1e-7, initial_accumulator=0.1)
        return {**super().settings(), **own, "eps_inside": self.eps_mode == "keras"}
