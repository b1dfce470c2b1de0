"""Losses: the functions that training minimises, each with its link from outputs to predictions.

A loss is summed over outputs and averaged over samples by weight. With a network output z and a
target y the formulas below are those of one output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from deepgen import _core
from deepgen._component import Component
from deepgen._settings import settings_of

__all__ = [
    "AbsoluteError",
    "BinaryCrossEntropy",
    "ClassificationLoss",
    "Focal",
    "Gamma",
    "Huber",
    "LogLoss",
    "Poisson",
    "Quantile",
    "RegressionLoss",
    "SquaredError",
]


@dataclass(repr=False)
class RegressionLoss(Component):
    """Base of the losses of `MLPRegressor`.

    Examples
    --------
    >>> from deepgen.losses import Poisson
    >>> Poisson().out_activation
    'exp'
    """

    family: ClassVar[str] = "losses"
    out_activation: ClassVar[str] = "identity"
    """Name of the inverse link: the function that maps outputs to predictions."""
    positive_link: ClassVar[bool] = False
    """Whether predictions are positive, so that targets are divided but not centred."""
    is_homogeneous: ClassVar[bool] = True
    """Whether scaling outputs and targets by a factor only scales the loss."""
    has_own_scale: ClassVar[bool] = False
    """Whether targets have a fixed scale, such as [0, 1]: they are neither divided nor centred."""


@dataclass(repr=False)
class SquaredError(RegressionLoss):
    """Half the squared difference, (z - y)^2 / 2: predicts the mean.

    Examples
    --------
    >>> from deepgen.losses import SquaredError
    >>> SquaredError()
    SquaredError()
    """

    name: ClassVar[str] = "squared_error"


@dataclass(repr=False)
class AbsoluteError(RegressionLoss):
    """The absolute difference, abs(z - y): predicts the median.

    Examples
    --------
    >>> from deepgen.losses import AbsoluteError
    >>> AbsoluteError()
    AbsoluteError()
    """

    name: ClassVar[str] = "absolute_error"


@dataclass(repr=False)
class Huber(RegressionLoss):
    """Squared error near the target, absolute error far from it.

    Parameters
    ----------
    delta : float, default=1.0
        Distance from the target at which the loss changes from squared to absolute, > 0, in units
        of the scaled target.

    Notes
    -----
    With r = z - y: r^2 / 2 where abs(r) <= delta, else delta (abs(r) - delta / 2).

    References
    ----------
    .. [1] P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical
       Statistics 35, 1964.

    Examples
    --------
    >>> from deepgen.losses import Huber
    >>> Huber(delta=0.5)
    Huber(delta=0.5)
    """

    name: ClassVar[str] = "huber"
    is_homogeneous: ClassVar[bool] = False

    delta: float = 1.0


@dataclass(repr=False)
class Quantile(RegressionLoss):
    """The pinball loss: predicts one quantile of the target, or several that never cross.

    Parameters
    ----------
    quantile : float or sequence of float, default=0.5
        Level or ascending levels, in (0, 1).

    Notes
    -----
    max(q (y - z), (q - 1) (y - z)). With several levels, the first output is the lowest quantile
    and each further output adds its softplus to the quantile before, so that predictions ascend;
    the losses of the levels are added and ``predict`` returns (n_samples, n_levels).

    References
    ----------
    .. [1] R. Koenker and G. Bassett, "Regression quantiles", Econometrica 46, 1978.

    Examples
    --------
    >>> from deepgen.losses import Quantile
    >>> Quantile([0.1, 0.5, 0.9]).n_levels
    3
    """

    name: ClassVar[str] = "quantile"

    quantile: float | Sequence[float] = 0.5

    def settings(self) -> dict[str, Any]:
        levels: list[Any] = [self.quantile] if self.levels is None else self.levels
        return {"quantile": [float(level) for level in levels]}

    @property
    def levels(self) -> list[float] | None:
        """The levels where a sequence was given, else None."""
        quantile: Any = self.quantile
        several = hasattr(quantile, "__iter__") and not isinstance(quantile, str)
        return list(quantile) if several else None

    @property
    def n_levels(self) -> int:
        """Number of predicted levels."""
        levels = self.levels
        return 1 if levels is None else len(levels)

    def check(self) -> None:
        """Refuse an empty list of levels, levels outside (0, 1) and levels that do not ascend."""
        levels: list[Any] = [self.quantile] if self.levels is None else self.levels
        if not levels:
            raise ValueError("Quantile: quantile must have at least one level, got none")
        setting = settings_of(Quantile)["quantile"]
        for level in levels:
            if refusal := setting.refusal("quantile", level, shown=self.quantile):
                raise ValueError(f"Quantile: {refusal}")
        if any(low >= high for low, high in pairwise(map(float, levels))):
            raise ValueError(f"Quantile: quantile must ascend without repeats, got {levels}")


@dataclass(repr=False)
class Poisson(RegressionLoss):
    """Half the Poisson deviance with a log link: predicts the mean of counts, y >= 0.

    Notes
    -----
    With mu = exp(z): y log(y / mu) - y + mu.

    Examples
    --------
    >>> from deepgen.losses import Poisson
    >>> Poisson()
    Poisson()
    """

    name: ClassVar[str] = "poisson"
    is_homogeneous: ClassVar[bool] = False
    out_activation: ClassVar[str] = "exp"
    positive_link: ClassVar[bool] = True


@dataclass(repr=False)
class Gamma(RegressionLoss):
    """Half the gamma deviance with a log link: predicts the mean of positive targets.

    Notes
    -----
    With mu = exp(z): y / mu - log(y / mu) - 1.

    Examples
    --------
    >>> from deepgen.losses import Gamma
    >>> Gamma()
    Gamma()
    """

    name: ClassVar[str] = "gamma"
    is_homogeneous: ClassVar[bool] = False
    out_activation: ClassVar[str] = "exp"
    positive_link: ClassVar[bool] = True


@dataclass(repr=False)
class BinaryCrossEntropy(RegressionLoss):
    """Cross-entropy with a logistic link: predicts the mean of targets in [0, 1].

    Notes
    -----
    With p = 1 / (1 + exp(-z)): -y log p - (1 - y) log(1 - p), for every y in [0, 1]. Predictions
    lie in [0, 1]; ``target_scaling`` has no effect.

    References
    ----------
    .. [1] L. E. Papke and J. M. Wooldridge, "Econometric methods for fractional response
       variables", Journal of Applied Econometrics 11, 1996.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.losses import BinaryCrossEntropy
    >>> model = MLPRegressor(BinaryCrossEntropy(), (), solver="lbfgs", alpha=0)
    >>> model.fit([[0.0], [1.0]], [0.25, 0.75]).predict([[0.5], [9.0]]).round(2).tolist()
    [0.5, 1.0]
    """

    name: ClassVar[str] = "binary_log_loss"
    is_homogeneous: ClassVar[bool] = False
    out_activation: ClassVar[str] = "logistic"
    has_own_scale: ClassVar[bool] = True


@dataclass(repr=False)
class ClassificationLoss(Component):
    """Base of the losses of `MLPClassifier`.

    Examples
    --------
    >>> from deepgen.losses import ClassificationLoss, LogLoss
    >>> isinstance(LogLoss(), ClassificationLoss)
    True
    """

    family: ClassVar[str] = "losses"

    def binary_core(self) -> _core.Component:
        """Return the engine's loss for independent binary outputs.

        Returns
        -------
        component : deepgen._core.Component
            The loss for two classes (one output) and for multilabel targets.
        """
        core = self.to_core()
        return _core.Component(f"binary_{core.name}", core.settings)


@dataclass(repr=False)
class LogLoss(ClassificationLoss):
    """Cross-entropy: minus the log of the probability predicted for the true class.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        Share of the target's probability that is spread evenly over all classes, in [0, 1).

    Notes
    -----
    Predictions are the softmax over the classes, or the logistic function for two classes and for
    multilabel targets.

    References
    ----------
    .. [1] C. Szegedy et al., "Rethinking the Inception architecture for computer vision",
       CVPR 2016, section 7 (label smoothing).

    Examples
    --------
    >>> from deepgen.losses import LogLoss
    >>> LogLoss(label_smoothing=0.1)
    LogLoss(label_smoothing=0.1)
    """

    name: ClassVar[str] = "log_loss"

    label_smoothing: float = 0.0


@dataclass(repr=False)
class Focal(ClassificationLoss):
    """Cross-entropy that gives less weight to samples that are already classified well.

    Parameters
    ----------
    gamma : float, default=2.0
        Exponent of the down-weighting, >= 0; 0 gives `LogLoss`.

    Notes
    -----
    -(1 - p)^gamma log p, with p the probability predicted for the true class.

    References
    ----------
    .. [1] T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollar, "Focal loss for dense object
       detection", ICCV 2017, eq. (4).

    Examples
    --------
    >>> from deepgen.losses import Focal
    >>> Focal(gamma=1.0)
    Focal(gamma=1.0)
    """

    name: ClassVar[str] = "focal"

    gamma: float = 2.0


REGRESSION_LOSSES: dict[str, type[RegressionLoss]] = {
    "absolute_error": AbsoluteError,
    "binary_cross_entropy": BinaryCrossEntropy,
    "gamma": Gamma,
    "huber": Huber,
    "poisson": Poisson,
    "quantile": Quantile,
    "squared_error": SquaredError,
}
"""Names that the regressor's ``loss`` accepts."""

CLASSIFICATION_LOSSES: dict[str, type[ClassificationLoss]] = {"focal": Focal, "log_loss": LogLoss}
"""Names that the classifier's ``loss`` accepts."""
