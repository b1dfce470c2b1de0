"""SGD: stochastic gradient descent with momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen import _core
from deepgen._component import Component
from deepgen._settings import moving, numbers_by_name, real
from deepgen.optimizers.optimizer import FirstOrder

__all__ = ["SGD"]


@dataclass(repr=False)
class SGD(FirstOrder):
    r"""Stochastic gradient descent with momentum, in scikit-learn's form.

    Parameters
    ----------
    momentum : float, default=0.9
        Decay of the velocity, in [0, 1]; 0 is plain gradient descent.
    nesterov : bool, default=True
        Whether to use Nesterov's momentum.
    weight_decay : float or Schedule, default=0.0
        Decoupled weight decay, >= 0, or a schedule of it; biases, scales and shifts do not decay.
    learning_rate_init : float, default=None
        Learning rate before any schedule, > 0; None means the estimator's.
    rate_factors : dict of str to float, default=None
        Factors >= 0 of the learning rate, and so of weight decay, for some parameters, by the roles
        of `FirstOrder`, such as ``{"intercepts": 0.1}``.

    Notes
    -----
    With gradient g and learning rate :math:`\eta`: :math:`v \leftarrow \mu v - \eta g`, then
    :math:`w \leftarrow w + v`, or with Nesterov's rule :math:`w \leftarrow w + \mu v - \eta g`. The
    state is one number per parameter.

    References
    ----------
    .. [1] I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of initialization and
       momentum in deep learning", ICML 2013, eq. (3)-(4).

    Examples
    --------
    >>> from deepgen.optimizers import SGD
    >>> SGD(momentum=0.5)
    SGD(momentum=0.5)
    """

    name: ClassVar[str] = "sgd"
    is_adaptive: ClassVar[bool] = False

    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float | Component = moving(0.0)
    learning_rate_init: float | None = real(None, "(0, inf)")
    rate_factors: dict[str, float] | None = numbers_by_name(_core.rate_roles, "[0, inf)")
