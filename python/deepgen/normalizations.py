"""Normalizations of the pre-activations of hidden layers, or of their weights.

Normalizations of weights are reparametrizations: training changes the vectors v in ``coefs_``, and
each layer multiplies by weights that are computed from v.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from deepgen import _core
from deepgen._component import Component
from deepgen._engine.activations import variance_gain

__all__ = [
    "BatchNorm",
    "LayerNorm",
    "Normalization",
    "Reparametrization",
    "ScaledWeightStandardization",
    "WeightNorm",
    "WeightStandardization",
]


@dataclass(repr=False)
class Normalization(Component):
    """Base of all normalizations.

    Examples
    --------
    >>> from deepgen.normalizations import BatchNorm, Normalization
    >>> isinstance(BatchNorm(), Normalization)
    True
    """

    family: ClassVar[str] = "normalizations"
    engine_names: ClassVar[dict[str, str]] = {"eps": "epsilon"}


@dataclass(repr=False)
class Reparametrization(Normalization):
    """Base of the normalizations of weights.

    Examples
    --------
    >>> from deepgen.normalizations import Reparametrization, WeightNorm
    >>> isinstance(WeightNorm(), Reparametrization)
    True
    """

    family: ClassVar[str] = "reparametrizations"

    def on_features(self) -> _core.Component:
        """Return the engine's description for the first hidden layer.

        Returns
        -------
        component : deepgen._core.Component
            Name and settings.
        """
        return self.after("identity")

    def after(self, activation: str) -> _core.Component:
        """Return the engine's description for a layer on top of an activation.

        Parameters
        ----------
        activation : str
            Activation that produced the layer's inputs; 'identity' for features and for sums of
            layers.

        Returns
        -------
        component : deepgen._core.Component
            Name and settings.
        """
        return self.to_core()


@dataclass(repr=False)
class BatchNorm(Normalization):
    """Standardize each unit's pre-activation over the batch, then scale and shift it.

    Parameters
    ----------
    momentum : float, default=0.1
        Share of the newest batch in the running statistics, in [0, 1].
    eps : float, default=1e-5
        Number added to the variance, > 0.
    recalibrate : bool, default=False
        Whether ``fit`` ends by replacing the running statistics with the mean and variance over all
        training rows, layer by layer. This costs one prediction per normalized layer.

    Notes
    -----
    Training uses the mean and the biased variance of the batch, without sample weights; predictions
    use the running statistics with the unbiased variance, as in PyTorch. A layer with batch norm
    has no intercept, since the shift replaces it.

    References
    ----------
    .. [1] S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by
       reducing internal covariate shift", ICML 2015, algorithms 1 and 2.

    Examples
    --------
    >>> from deepgen.normalizations import BatchNorm
    >>> BatchNorm(recalibrate=True)
    BatchNorm(recalibrate=True)
    """

    name: ClassVar[str] = "batch"

    momentum: float = 0.1
    eps: float = 1e-5
    recalibrate: bool = False


@dataclass(repr=False)
class LayerNorm(Normalization):
    """Standardize each sample's pre-activations over the layer, then scale and shift them.

    Parameters
    ----------
    eps : float, default=1e-5
        Number added to the variance, > 0.

    References
    ----------
    .. [1] J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016, eq. (4).

    Examples
    --------
    >>> from deepgen.normalizations import LayerNorm
    >>> LayerNorm()
    LayerNorm()
    """

    name: ClassVar[str] = "layer"

    eps: float = 1e-5


@dataclass(repr=False)
class WeightNorm(Reparametrization):
    r"""Train the direction and the length of each unit's weights separately.

    .. math::
        w = g \, v / |v|

    with v a column of ``coefs_`` and g a trained gain per unit.

    Parameters
    ----------
    data_dependent : bool, default=True
        Whether a fit starts from directions drawn from a normal distribution of standard deviation
        0.05, with gains and intercepts that give each unit's pre-activations mean 0 and variance 1
        over at most 2048 training rows, layer by layer. With False, or with ``coefs_init``, a fit
        starts from the given or drawn weights and g is their length.

    Notes
    -----
    The gradient with respect to v is orthogonal to v, so plain gradient steps never shorten v. A
    unit with v = 0 has no direction: its weights are 0 and stay 0. The output layer is not
    reparametrized. The cost is a few passes over the weights per step and does not depend on the
    batch size.

    References
    ----------
    .. [1] T. Salimans and D. P. Kingma, "Weight normalization: a simple reparameterization to
       accelerate training of deep neural networks", NeurIPS 2016, eq. (2)-(3) and section 3.

    Examples
    --------
    >>> from deepgen.normalizations import WeightNorm
    >>> WeightNorm(data_dependent=False)
    WeightNorm(data_dependent=False)
    """

    name: ClassVar[str] = "weight_norm"

    data_dependent: bool = True


@dataclass(repr=False)
class WeightStandardization(Reparametrization):
    r"""Centre each unit's weights and divide them by their standard deviation.

    .. math::
        w = (v - \bar v) / (s(v) + \epsilon)

    with v a column of ``coefs_``.

    Parameters
    ----------
    eps : float, default=1e-5
        Number added to the standard deviation, > 0.
    ddof : int, default=0
        The divisor of the variance is fan_in - ddof, in [0, 1]: 0 as in the paper's TensorFlow
        code, 1 as in its PyTorch code.
    centre_features : bool, default=False
        Whether the first hidden layer is standardized too, as in the paper; False leaves it plain.

    Notes
    -----
    Centred weights do not respond to the sum of a layer's inputs. An image has thousands of inputs,
    a table few, and its target may depend on their sum: with ``centre_features=True`` the error on
    kin8nm (8 features) grows by half. Layers with a single input are refused. Weights have standard
    deviation 1, so pre-activations grow with the square root of the number of inputs;
    `ScaledWeightStandardization` removes this growth and adds a gain. The output layer is plain.

    References
    ----------
    .. [1] S. Qiao, H. Wang, C. Liu, W. Shen and A. Yuille, "Micro-batch training with batch-channel
       normalization and weight standardization", 2019, eq. (10).

    Examples
    --------
    >>> from deepgen.normalizations import WeightStandardization
    >>> WeightStandardization(ddof=1)
    WeightStandardization(ddof=1)
    """

    name: ClassVar[str] = "weight_standardization"

    eps: float = 1e-5
    ddof: int = 0
    centre_features: bool = False

    def on_features(self) -> _core.Component:
        """Return no reparametrization without ``centre_features``."""
        return super().on_features() if self.centre_features else _core.Component("none")


@dataclass(repr=False)
class ScaledWeightStandardization(Reparametrization):
    r"""Centre each unit's weights and scale them so that the variance of the signal is kept.

    .. math::
        w = g \, \gamma \, (v - \bar v) / \sqrt{\max(n \, \mathrm{var}(v), \epsilon)}

    with v a column of ``coefs_``, n its length and g a trained gain per unit.

    Parameters
    ----------
    eps : float, default=1e-4
        Lower bound of the sum of squares in the denominator, > 0.
    centre_features : bool, default=False
        Whether the weights of the first hidden layer are centred too, as in the paper; False only
        scales them.

    Notes
    -----
    Centred weights do not respond to the sum of a layer's inputs. An image has thousands of inputs,
    a table few, and its target may depend on their sum: with ``centre_features=True`` the error on
    kin8nm (8 features) grows by half. Layers with a single input are refused. With standard normal
    inputs each layer's pre-activations have mean 0 and variance 1 at the start. For that,
    :math:`\gamma` is the gain of the activation that produced the layer's inputs, :math:`1 /
    \sqrt{\mathrm{Var} f(x)}` with x standard normal: for ReLU :math:`\sqrt{2 / (1 - 1 / \pi)}` =
    1.71285855..., for features and sums of layers 1. In a residual network the last layer of each
    block starts with g = 0, so every block starts as the identity (SkipInit). The output layer is
    not reparametrized.

    This is the reparametrization of NF-ResNets and NFNets, networks without normalization; they
    combine it with gradient clipping per unit (``adaptive_clip=0.01``).

    References
    ----------
    .. [1] A. Brock, S. De and S. L. Smith, "Characterizing signal propagation to close the
       performance gap in unnormalized ResNets", ICLR 2021, section 4.
    .. [2] S. De and S. L. Smith, "Batch normalization biases residual blocks towards the identity
       function in deep networks", NeurIPS 2020, section 4 (SkipInit).

    Examples
    --------
    >>> from deepgen.normalizations import ScaledWeightStandardization
    >>> ScaledWeightStandardization().after("relu").settings["gamma"]
    1.7128585504496...
    """

    name: ClassVar[str] = "scaled_weight_standardization"

    eps: float = 1e-4
    centre_features: bool = False

    def settings(self) -> dict[str, Any]:
        """Return the settings of a layer on top of features."""
        return {**super().settings(), "gamma": 1.0}

    def on_features(self) -> _core.Component:
        """Return weight norm, which has the same gains, without ``centre_features``."""
        return super().on_features() if self.centre_features else _core.Component("weight_norm")

    def after(self, activation: str) -> _core.Component:
        """Return the description with the gain of the given activation."""
        settings = self.to_core().settings
        return _core.Component(self.name, {**settings, "gamma": variance_gain(activation)})


NORMALIZATIONS: dict[str, type[Normalization]] = {
    "batch": BatchNorm,
    "layer": LayerNorm,
    "scaled_weight_standardization": ScaledWeightStandardization,
    "weight": WeightNorm,
    "weight_standardization": WeightStandardization,
}
"""Names that ``normalization`` accepts."""
