"""Normalizations of hidden layers: of their pre-activations, or of their weights.

Those of weights are reparametrizations: what is trained and stands in ``coefs_`` is v, and the
products use the weights that a formula makes of it.
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
            What the layer's inputs went through; 'identity' for features and for sums of layers.

        Returns
        -------
        component : deepgen._core.Component
            Name and settings.
        """
        return self.to_core()


@dataclass(repr=False)
class BatchNorm(Normalization):
    """Each unit's pre-activation is standardised over the batch, then scaled and shifted.

    Parameters
    ----------
    momentum : float, default=0.1
        Share of the newest batch in the running statistics, in [0, 1].
    eps : float, default=1e-5
        Added to the variance, > 0.
    recalibrate : bool, default=False
        Whether ``fit`` ends by computing mean and variance over all training rows, layer by layer,
        in place of the running statistics; costs one prediction a normalised layer.

    Notes
    -----
    Training uses the mean and the biased variance of the batch, without sample weights; predictions
    use the running statistics, in which the variance is unbiased, as in PyTorch. A layer with batch
    norm has no intercept: the shift does its work.

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
    """Each sample's pre-activations are standardised over the layer, then scaled and shifted.

    Parameters
    ----------
    eps : float, default=1e-5
        Added to the variance, > 0.

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
    r"""Each unit's weights are a direction and a length, which are trained apart.

    .. math::
        w = g \, v / |v|

    with v a column of ``coefs_`` and one trained gain g a unit.

    Parameters
    ----------
    data_dependent : bool, default=True
        Whether a fit begins with directions drawn from a normal distribution of deviation 0.05, and
        with gains and intercepts that give each unit's pre-activations mean 0 and variance 1 over
        at most 2048 training rows, layer by layer. False starts at the weights that ``initializer``
        draws, g being their length, and so do weights given as ``coefs_init``.

    Notes
    -----
    The gradient in v is orthogonal to v, so plain gradient steps never shorten it. A unit whose v
    is 0 has no direction: its weights are 0 and stay so. The output layer is plain. Costs some
    passes over the weights a step, nothing a sample.

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
    r"""Each unit's weights are centred and divided by their standard deviation.

    .. math::
        w = (v - \bar v) / (s(v) + \epsilon)

    with v a column of ``coefs_``.

    Parameters
    ----------
    eps : float, default=1e-5
        Added to the deviation, > 0.
    ddof : int, default=0
        The deviation's divisor is fan_in - ddof, in [0, 1]: 0 as the paper's TensorFlow code, 1 as
        its PyTorch code.
    centre_features : bool, default=False
        Whether the first hidden layer is standardised too, as in the paper; False leaves it plain.

    Notes
    -----
    Centred weights do not see the sum of a layer's inputs. An image has thousands of inputs, a
    table few, and its target may depend on their sum: with ``centre_features=True`` the error on
    kin8nm (8 features) grows by half. Standardised layers of a single input are refused.
    Weights have deviation 1, so pre-activations grow with the square root of the layer's inputs;
    `ScaledWeightStandardization` takes that out and adds a gain. The output layer is plain.

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
        """Return none of it without ``centre_features``."""
        return super().on_features() if self.centre_features else _core.Component("none")


@dataclass(repr=False)
class ScaledWeightStandardization(Reparametrization):
    r"""Each unit's weights are centred and scaled to keep the variance of the signal.

    .. math::
        w = g \, \gamma \, (v - \bar v) / \sqrt{\max(n \, \mathrm{var}(v), \epsilon)}

    with v a column of ``coefs_``, n its length and one trained gain g a unit.

    Parameters
    ----------
    eps : float, default=1e-4
        Smallest sum of squares that is divided by, > 0.
    centre_features : bool, default=False
        Whether the weights of the first hidden layer are centred too, as in the paper; False only
        scales them.

    Notes
    -----
    Centred weights do not see the sum of a layer's inputs. An image has thousands of inputs, a
    table few, and its target may depend on their sum: with ``centre_features=True`` the error on
    kin8nm (8 features) grows by half. Standardised layers of a single input are refused.
    With standard normal inputs each layer's pre-activations have mean 0 and variance 1 at the
    start. For that, :math:`\gamma` is the exact gain of the activation that the layer's inputs
    went through, :math:`1 / \sqrt{\mathrm{Var} f(x)}` with x standard normal: for ReLU
    :math:`\sqrt{2 / (1 - 1 / \pi)}` = 1.71285855..., for features and sums of layers 1. In a
    residual network the layer that closes a block begins with g = 0, so every block begins as the
    identity (SkipInit). The output layer is plain.

    These are the networks without normalization of NF-ResNets and NFNets; there clipping by unit
    (``adaptive_clip=0.01``) goes with them.

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
        """Return weight norm, which scales alike, without ``centre_features``."""
        return super().on_features() if self.centre_features else _core.Component("weight_norm")

    def after(self, activation: str) -> _core.Component:
        """Return it with the activation's gain."""
        settings = self.to_core().settings
        return _core.Component(self.name, {**settings, "gamma": variance_gain(activation)})


NORMALIZATIONS: dict[str, type[Normalization]] = {
    "batch": BatchNorm,
    "layer": LayerNorm,
    "scaled_weight_standardization": ScaledWeightStandardization,
    "weight": WeightNorm,
    "weight_standardization": WeightStandardization,
}
"""The names that ``normalization`` takes."""
