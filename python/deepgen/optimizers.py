"""Optimizers: how a gradient becomes a change of the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from deepgen.component import Component, Range

__all__ = ["LBFGS", "SGD", "Adam", "AdamW", "FirstOrder", "Optimizer"]


@dataclass(repr=False)
class Optimizer(Component):
    """Base of all optimizers.

    Examples
    --------
    >>> from deepgen.optimizers import SGD, Optimizer
    >>> isinstance(SGD(), Optimizer)
    True
    """


@dataclass(repr=False)
class FirstOrder(Optimizer):
    """Base of the optimizers that step along the gradient of one batch.

    Examples
    --------
    >>> from deepgen.optimizers import Adam, FirstOrder
    >>> isinstance(Adam(), FirstOrder)
    True
    """

    def rate(self, default: float) -> float:
        """Return the learning rate before any schedule.

        Parameters
        ----------
        default : float
            The estimator's ``learning_rate_init``.

        Returns
        -------
        rate : float
            The field ``learning_rate_init`` of this object where it is set, else ``default``.
        """
        own: float | None = getattr(self, "learning_rate_init", None)
        return default if own is None else float(own)

    def settings(self) -> dict[str, Any]:
        """Return the settings under the engine's names.

        Returns
        -------
        settings : dict of str to float
            All fields but the learning rate, which reaches the engine step by step.
        """
        settings = super().settings()
        settings.pop("learning_rate_init", None)
        return settings


@dataclass(repr=False)
class SGD(FirstOrder):
    r"""Stochastic gradient descent with momentum, in scikit-learn's form.

    Parameters
    ----------
    momentum : float, default=0.9
        Share of the last change that is kept, in [0, 1]; 0 is plain gradient descent.
    nesterov : bool, default=True
        Whether to look ahead along the velocity.
    weight_decay : float, default=0.0
        Decoupled decay of the weights, >= 0; biases, scales and shifts are left alone.
    learning_rate_init : float, default=None
        Learning rate before any schedule, > 0; None takes the estimator's.

    Notes
    -----
    With gradient g and learning rate :math:`\eta`: :math:`v \leftarrow \mu v - \eta g`, then
    :math:`w \leftarrow w + v`, or with Nesterov's rule :math:`w \leftarrow w + \mu v - \eta g`.
    One extra number a parameter.

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
    ranges: ClassVar[dict[str, Range]] = {
        "momentum": Range(0, 1),
        "weight_decay": Range(0),
        "learning_rate_init": Range(0, without="low"),
    }
    flags: ClassVar[tuple[str, ...]] = ("nesterov",)

    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 0.0
    learning_rate_init: float | None = None


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
        Added to the root of the second moment, > 0.
    eps_mode : {'sklearn', 'torch'}, default='sklearn'
        Where ``epsilon`` stands: 'sklearn' (also Keras) adds it before the bias correction, the
        "epsilon hat" of the paper's section 2; 'torch' after it, the paper's algorithm 1.
    weight_decay : float, default=0.0
        Decoupled decay of the weights, >= 0; biases, scales and shifts are left alone.
    learning_rate_init : float, default=None
        Learning rate before any schedule, > 0; None takes the estimator's.

    Notes
    -----
    With :math:`m, v` the running means of :math:`g` and :math:`g^2` after t steps, 'sklearn' is
    :math:`w \leftarrow w - \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}
    \frac{m}{\sqrt v + \epsilon}`. Two extra numbers a parameter.

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
    ranges: ClassVar[dict[str, Range]] = {
        "beta_1": Range(0, 1, without="high"),
        "beta_2": Range(0, 1, without="high"),
        "epsilon": Range(0, without="low"),
        "weight_decay": Range(0),
        "learning_rate_init": Range(0, without="low"),
    }

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    eps_mode: str = "sklearn"
    weight_decay: float = 0.0
    learning_rate_init: float | None = None

    def settings(self) -> dict[str, Any]:
        """Return the settings under the engine's names.

        Returns
        -------
        settings : dict of str to float
            ``eps_mode`` becomes ``eps_hat``.

        Raises
        ------
        ValueError
            If ``eps_mode`` is not known.
        """
        settings = super().settings()
        mode = settings.pop("eps_mode")
        if mode not in ("sklearn", "torch"):
            raise ValueError(
                f"{type(self).__name__}: unknown eps_mode {mode!r}; known: sklearn, torch"
            )
        return {**settings, "eps_hat": mode == "sklearn"}


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
        Added to the root of the second moment, > 0.
    eps_mode : {'sklearn', 'torch'}, default='sklearn'
        Where ``epsilon`` stands, as in `Adam`.
    weight_decay : float, default=0.01
        Decoupled decay of the weights, >= 0; biases, scales and shifts are left alone.
    learning_rate_init : float, default=None
        Learning rate before any schedule, > 0; None takes the estimator's.

    Notes
    -----
    Before Adam's rule each weight is multiplied by 1 - learning rate x ``weight_decay``, the
    learning rate being the scheduled one.

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

    weight_decay: float = 0.01


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


SOLVERS: dict[str, type[Optimizer]] = {"adam": Adam, "adamw": AdamW, "lbfgs": LBFGS, "sgd": SGD}
"""The names that ``solver`` takes."""
