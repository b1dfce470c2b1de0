"""AdaDelta: steps in the weights' own units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from deepgen import _core
from deepgen._component import Component
from deepgen._settings import moving, numbers_by_name, one_of, real
from deepgen.optimizers.optimizer import FirstOrder, keras_defaults

__all__ = ["AdaDelta"]


@dataclass(repr=False)
class AdaDelta(FirstOrder):
    r"""Steps scaled by the ratio of past steps to past gradients, in the weights' own units.

    Parameters
    ----------
    rho : float, default=None
        Decay of both means, in [0, 1); None means the convention's value, 0.9 or 0.95.
    epsilon : float, default=None
        Added under both roots, > 0; the first steps are about its root. None means the convention's
        value, 1e-6 or 1e-7.
    eps_mode : {'torch', 'keras'}, default='torch'
        Convention for the defaults; the rule is the same, with ``epsilon`` inside the roots.
    weight_decay : float or Schedule, default=0.0
        Decoupled weight decay, >= 0, or a schedule of it; biases, scales and shifts do not decay.
    learning_rate_init : float, default=1.0
        Learning rate before any schedule, > 0. The rule has its own scale, so the estimator's rate
        is not used.
    rate_factors : dict of str to float, default=None
        Factors >= 0 of the learning rate, and so of weight decay, for some parameters, by the roles
        of `FirstOrder`, such as ``{"intercepts": 0.1}``.

    Notes
    -----
    With gradient g: :math:`s \leftarrow \rho s + (1 - \rho) g^2`, :math:`d = \frac{\sqrt{u +
    \epsilon}}{\sqrt{s + \epsilon}} g`, :math:`u \leftarrow \rho u + (1 - \rho) d^2` and :math:`w
    \leftarrow w - \eta d`. The state is two numbers per parameter.

    References
    ----------
    .. [1] M. D. Zeiler, "ADADELTA: an adaptive learning rate method", 2012, algorithm 1.

    Examples
    --------
    >>> from deepgen.optimizers import AdaDelta
    >>> AdaDelta().rate(default=0.001)
    1.0
    """

    name: ClassVar[str] = "adadelta"

    rho: float | None = None
    epsilon: float | None = None
    eps_mode: str = one_of("torch", "keras", "torch")
    weight_decay: float | Component = moving(0.0)
    learning_rate_init: float = real(1.0, "(0, inf)")
    rate_factors: dict[str, float] | None = numbers_by_name(_core.rate_roles, "[0, inf)")

    def settings(self) -> dict[str, Any]:
        """Return the settings, with the convention's value for None."""
        return {**super().settings(), **keras_defaults(self, rho=0.95, epsilon=1e-7)}
