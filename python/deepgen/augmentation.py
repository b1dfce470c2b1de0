"""Augmentations: the features of a row, changed anew each time that training looks at it.

Only training steps see changed rows; validation, prediction and measuring do not. Targets stay as
they are. What happens to a row depends on the seed, the epoch and the row's place in it, not on
threads. Statistics are those of the training rows of the call, by sample weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen._component import Component

__all__ = ["Augmentation", "Jitter", "Mask", "SwapNoise"]


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
    """Gaussian noise on every feature, in units of the feature's standard deviation.

    Parameters
    ----------
    scale : float, default=0.02
        Standard deviation of the noise over that of the feature, >= 0. Of the sizes tried it is the
        largest that costs no table of ``benchmarks/methods.py`` 2 %; 0.1 costs one 9 %.

    Notes
    -----
    x_j + scale s_j g with g standard normal and s_j the weighted standard deviation of feature j,
    so that units do not matter; a constant feature stays as it is. On a linear model with squared
    error it acts, in expectation, as ridge with n scale^2 s_j^2 on the weight of feature j. Sparse
    X is refused: noise would leave no zero.

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
class Mask(Augmentation):
    """Features hidden at random: each is replaced by its mean with one probability.

    Parameters
    ----------
    probability : float, default=0.02
        Of each feature of each row, in [0, 1]. Of the sizes tried it is the largest that costs no
        table of ``benchmarks/methods.py`` 2 %; 0.1 costs one 11 %.

    Notes
    -----
    The mean is the weighted mean of the training rows; in sparse X, where 0 means nothing, it is 0,
    so that entries only go.

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
    """Features replaced by those of other training rows: each column keeps its distribution.

    Parameters
    ----------
    probability : float, default=0.02
        Of each feature of each row, in [0, 1]. Of the sizes tried it is the largest that costs no
        table of ``benchmarks/methods.py`` 2 %; 0.1 costs one 25 %. Autoencoders take 0.15 [1]_.

    Notes
    -----
    Each epoch draws four distances and gives each column one of them; a value comes from the row
    that stands so far behind in the epoch's order, which closes to a circle. So a row gives each of
    its values away as often as it takes one: with probability 1 an epoch sees the values of every
    column exactly once each. Four donors a row keep sparse X sparse: a step
    has room for five times the entries of its rows, never for all features. Rows of weight 0 lend
    nothing.

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


AUGMENTATIONS: dict[str, type[Augmentation]] = {"jitter": Jitter, "mask": Mask, "swap": SwapNoise}
"""The names that ``augmentation`` takes."""
