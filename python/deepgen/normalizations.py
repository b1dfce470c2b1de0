"""Normalizations of the pre-activations of hidden layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from deepgen.component import Component, Range

__all__ = ["BatchNorm", "LayerNorm", "Normalization"]


@dataclass(repr=False)
class Normalization(Component):
    """Base of all normalizations.

    Examples
    --------
    >>> from deepgen.normalizations import BatchNorm, Normalization
    >>> isinstance(BatchNorm(), Normalization)
    True
    """

    def settings(self) -> dict[str, Any]:
        """Return the settings under the engine's names.

        Returns
        -------
        settings : dict of str to float
            ``eps`` becomes ``epsilon``.
        """
        settings = super().settings()
        settings["epsilon"] = settings.pop("eps")
        return settings


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
    ranges: ClassVar[dict[str, Range]] = {
        "momentum": Range(0, 1),
        "eps": Range(0, without="low"),
    }
    flags: ClassVar[tuple[str, ...]] = ("recalibrate",)

    momentum: float = 0.1
    eps: float = 1e-5
    recalibrate: bool = False

    def settings(self) -> dict[str, Any]:
        """Return the settings under the engine's names.

        Returns
        -------
        settings : dict of str to float
            All fields but ``recalibrate``, which is the estimator's business.
        """
        settings = super().settings()
        settings.pop("recalibrate")
        return settings


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
    ranges: ClassVar[dict[str, Range]] = {"eps": Range(0, without="low")}

    eps: float = 1e-5


NORMALIZATIONS: dict[str, type[Normalization]] = {"batch": BatchNorm, "layer": LayerNorm}
"""The names that ``normalization`` takes."""
