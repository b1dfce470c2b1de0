"""Augmentations: random changes of the features, drawn anew for every row and epoch.

Only training steps use changed rows; validation, prediction and measurements do not. Targets stay
unchanged. The change of a row depends on the seed, the epoch and the position of the row in the
epoch, not on threads. Statistics of features are those of the training rows of the call, by sample
weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen._component import Component

__all__ = ["Augmentation", "Jitter", "MarginalNoise", "Mask", "SwapNoise"]


@dataclass(repr=False)
class Augmentation(Component):
    """Base of all augmentations.

    Examples
    --------
    >>> from deepgen.augmentation import Augmentation, Jitter
    >>> isinstance(Jitter(), Augmentation)
    True
    """

    family: ClassVar[str] = "augmentations"


@dataclass(repr=False)
class Jitter(Augmentation):
    """Add Gaussian noise to every feature, in units of the feature's standard deviation.

    Parameters
    ----------
    scale : float, default=0.02
        Standard deviation of the noise relative to that of the feature, >= 0. The default is the
        largest tried value that costs no table of ``benchmarks/methods.py`` 2 %; 0.1 costs one
        table 9 %.

    Notes
    -----
    x_j + scale s_j g with g standard normal and s_j the weighted standard deviation of feature j,
    so the units of features have no influence; constant features stay constant. In a linear model
    with squared error its expected effect is that of ridge with n scale^2 s_j^2 on the weight of
    feature j. Sparse X is refused, since noise would fill all zeros.

    References
    ----------
    .. [1] C. M. Bishop, "Training with noise is equivalent to Tikhonov regularization", Neural
       Computation 7, 1995.
    .. [2] G. Marsaglia and W. W. Tsang, "The ziggurat method for generating random variables",
       Journal of Statistical Software 5, 2000.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.augmentation import Jitter
    >>> MLPRegressor(augmentation=Jitter(scale=0.05)).augmentation
    Jitter(scale=0.05)
    """

    name: ClassVar[str] = "jitter"

    scale: float = 0.02


@dataclass(repr=False)
class MarginalNoise(Augmentation):
    """Replace random entries by draws from the values of their feature.

    Parameters
    ----------
    probability : float, default=0.02
        Probability that an entry of X is replaced, in [0, 1]. The default is that of `SwapNoise`;
        pretext tasks use 0.3 [1]_ and 0.6 [2]_.

    See Also
    --------
    SwapNoise : The values of few other rows, for sparse X too.

    Notes
    -----
    Each value is drawn by itself, with equal probabilities, from the training rows, so replaced
    values of one row are independent of each other. Rows of weight 0 give none. Sparse X is
    refused, since most draws would have to be looked for among zeros.

    References
    ----------
    .. [1] J. Yoon, Y. Zhang, J. Jordon and M. van der Schaar, "VIME: extending the success of self-
       and semi-supervised learning to tabular domain", NeurIPS 2020.
    .. [2] D. Bahri, H. Jiang, Y. Tay and D. Metzler, "SCARF: self-supervised contrastive learning
       using random feature corruption", ICLR 2022.

    Examples
    --------
    >>> from deepgen.augmentation import MarginalNoise
    >>> MarginalNoise(probability=0.3)
    MarginalNoise(probability=0.3)
    """

    name: ClassVar[str] = "marginal"

    probability: float = 0.02


@dataclass(repr=False)
class Mask(Augmentation):
    """Replace random entries by the mean of their feature.

    Parameters
    ----------
    probability : float, default=0.02
        Probability that an entry of X is replaced, in [0, 1]. The default is the largest tried
        value that costs no table of ``benchmarks/methods.py`` 2 %; 0.1 costs one table 11 %.

    Notes
    -----
    The mean is the weighted mean of the training rows. In sparse X it is 0, so entries are only
    removed.

    References
    ----------
    .. [1] T. DeVries and G. W. Taylor, "Improved regularization of convolutional neural networks
       with cutout", 2017.

    Examples
    --------
    >>> from deepgen.augmentation import Mask
    >>> Mask(probability=0.2)
    Mask(probability=0.2)
    """

    name: ClassVar[str] = "mask"

    probability: float = 0.02


@dataclass(repr=False)
class SwapNoise(Augmentation):
    """Replace random entries by values of the same feature in other training rows.

    Parameters
    ----------
    probability : float, default=0.02
        Probability that an entry of X is replaced, in [0, 1]. The default is the largest tried
        value that costs no table of ``benchmarks/methods.py`` 2 %; 0.1 costs one table 25 %.
        Autoencoders use 0.15 [1]_.

    Notes
    -----
    Each epoch draws four distances and assigns one of them to each column; a replaced value comes
    from the row at that distance before in the epoch's order, which is taken as a circle. So every
    value is used as often as it is replaced: with probability 1 an epoch contains the values of
    every column exactly once each. With four donors per row sparse X stays sparse: a step needs
    memory for five times the entries of its rows, never for all features. Rows of weight 0 are not
    donors.

    References
    ----------
    .. [1] M. Jahrer, "1st place with representation learning", Porto Seguro's safe driver
       prediction, 2017 (swap noise).

    Examples
    --------
    >>> from deepgen.augmentation import SwapNoise
    >>> SwapNoise(probability=0.15)
    SwapNoise(probability=0.15)
    """

    name: ClassVar[str] = "swap"

    probability: float = 0.02


AUGMENTATIONS: dict[str, type[Augmentation]] = {
    "jitter": Jitter,
    "marginal": MarginalNoise,
    "mask": Mask,
    "swap": SwapNoise,
}
"""Names that ``augmentation`` accepts."""
