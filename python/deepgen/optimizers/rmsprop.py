"""RMSProp: steps scaled by a running mean of the squared gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from deepgen import _core
from deepgen._component import Component
from deepgen._settings import moving, numbers_by_name, one_of, real
from deepgen.optimizers.optimizer import FirstOrder, keras_defaults

__all__ = ["RMSProp"]


@dataclass(repr=False)
class RMSProp(FirstOrder):
    r"""Steps scaled by a running mean of the squared gradient, or of its variance.

    Parameters
    ----------
    rho : float, default=None
        Decay of the means, in [0, 1); None means the convention's value, 0.99 or 0.9.
    momentum : float, default=0.0
        Decay of the velocity, in [0, 1].
    centered : bool, default=False
        Whether to subtract the squared mean of the gradient, which leaves its variance.
    epsilon : float, default=None
        Keeps the division finite, > 0; None means the convention's value, 1e-8 or 1e-7.
    eps_mode : {'torch', 'keras'}, default='torch'
        Convention: 'torch' adds ``epsilon`` outside the root and lets the learning rate act on the
        momentum, 'keras' adds it inside and lets the rate act on new steps only.
    weight_decay : float or Schedule, default=0.0
        Decoupled weight decay, >= 0, or a schedule of it; biases, scales and shifts do not decay.
    learning_rate_init : float, default=None
        Learning rate before any schedule, > 0; None means the estimator's.
    rate_factors : dict of str to float, default=None
        Factors >= 0 of the learning rate, and so of weight decay, for some parameters, by the roles
        of `FirstOrder`, such as ``{"intercepts": 0.1}``.

    Notes
    -----
    With gradient g: :math:`s \leftarrow \rho s + (1 - \rho) g^2`, centred also :math:`m \leftarrow
    \rho m + (1 - \rho) g`, then in PyTorch's form :math:`b \leftarrow \mu b + \frac{g}{\sqrt{s -
    m^2} + \epsilon}` and :math:`w \leftarrow w - \eta b`, with m = 0 if not centred. The state is
    two numbers per parameter, centred three. A variance below 0 by rounding counts as 0.

    References
    ----------
    .. [1] T. Tieleman and G. Hinton, "Lecture 6.5: RMSProp", Neural networks for machine learning,
       2012.
    .. [2] A. Graves, "Generating sequences with recurrent neural networks", 2013, eq. (38)-(41).

    Examples
    --------
    >>> from deepgen.optimizers import RMSProp
    >>> RMSProp(eps_mode="keras").settings()["rho"]
    0.9
    """

    name: ClassVar[str] = "rmsprop"

    rho: float | None = None
    momentum: float = 0.0
    centered: bool = False
    epsilon: float | None = None
    eps_mode: str = one_of("torch", "keras", "torch")
    weight_decay: float | Component = moving(0.0)
    learning_rate_init: float | None = real(None, "(0, inf)")
    rate_factors: dict[str, float] | None = numbers_by_name(_core.rate_roles, "[0, inf)")

    def settings(self) -> dict[str, Any]:
        """Return the settings, with the convention's value for None."""
        own, keras = keras_defaults(self, rho=0.9, epsilon=1e-7), self.eps_mode == "keras"
        return {**super().settings(), **own, "eps_inside": keras, "rate_inside": keras}

    def to_core(self) -> _core.Component:
        """Return 'centered_rmsprop' if ``centered``, else 'rmsprop'."""
        core = super().to_core()
        return _core.Component("centered_rmsprop", core.settings) if self.centered else core
