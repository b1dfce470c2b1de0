"""AdamW: Adam with decoupled weight decay."""

from __future__ import annotations

from dataclasses import dataclass

from deepgen._component import Component
from deepgen._settings import moving
from deepgen.optimizers.adam import Adam

__all__ = ["AdamW"]


@dataclass(repr=False)
class AdamW(Adam):
    """Adam with decoupled weight decay: equals ``Adam(weight_decay=0.01)``.

    Parameters
    ----------
    beta_1 : float, default=0.9
        Decay of the mean of the gradient, in [0, 1).
    beta_2 : float, default=0.999
        Decay of the mean of the squared gradient, in [0, 1).
    epsilon : float, default=1e-8
        Number added to the square root of the second moment, > 0.
    eps_mode : {'sklearn', 'torch'}, default='sklearn'
        Position of ``epsilon``, as in `Adam`.
    weight_decay : float or Schedule, default=0.01
        Decoupled weight decay, >= 0, or a schedule of it; biases, scales and shifts do not decay.
    learning_rate_init : float, default=None
        Learning rate before any schedule, > 0; None means the estimator's.
    rate_factors : dict of str to float, default=None
        Factors >= 0 of the learning rate, and so of weight decay, for some parameters, by the roles
        of `FirstOrder`, such as ``{"intercepts": 0.1}``.

    Notes
    -----
    Before Adam's rule each weight is multiplied by 1 - learning rate x ``weight_decay``, with the
    scheduled learning rate.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019,
       algorithm 2.

    Examples
    --------
    >>> from deepgen.optimizers import Adam, AdamW
    >>> AdamW().settings() == Adam(weight_decay=0.01).settings()
    True
    """

    weight_decay: float | Component = moving(0.01)
