r"""The noise on the weights that a classifier bears: the flatness that PAC-Bayes bounds measure.

sigma is the largest standard deviation for which N(0, sigma^2) noise on every parameter raises the
share of wrong answers by at most 0.1 in the mean; 1 / sigma^2 is the sharpness.

Source: Y. Jiang, B. Neyshabur, H. Mobahi, D. Krishnan, S. Bengio, "Fantastic generalization
measures and where to find them", ICLR 2020, appendix C.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deepgen._counts import checked_count
from deepgen._display.shown_as_table import ShownAsTable
from deepgen.generalization.settings import checked_size, generator
from deepgen.optimization.validation import accuracy_of, check_classes
from deepgen.probe.probe import check_probe

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["NoiseFlatness", "noise_flatness"]

# Noise far above the weights, at which a network answers at random.
LARGEST = 2.0**4
N_HALVINGS = 12


@dataclass(frozen=True)
class NoiseFlatness(ShownAsTable):
    """The largest noise on the weights that a classifier bears.

    Parameters
    ----------
    sigma : float
        Largest standard deviation found; infinite if even noise of 16 raises the error less.
    error : float
        Share of wrong answers without noise.
    noisy_error : float
        Mean share of wrong answers with noise of sigma.
    rise : float
        Rise of the share that counts as borne.

    Examples
    --------
    >>> from deepgen.generalization.random_weights.noise_flatness import NoiseFlatness
    >>> NoiseFlatness(0.5, 0.0, 0.09, 0.1).sharpness
    4.0
    """

    sigma: float
    error: float
    noisy_error: float
    rise: float

    @property
    def sharpness(self) -> float:
        """1 / sigma^2: the larger, the sharper."""
        return 1 / self.sigma**2


def noise_flatness(
    probe: Probe, *, rise: float = 0.1, n_draws: int = 8, random_state: int = 0
) -> NoiseFlatness:
    """Search the largest Gaussian noise on the weights that a classifier bears.

    Parameters
    ----------
    probe : Probe
        Probe of a classifier on its training rows.
    rise : float, default=0.1
        Rise of the mean share of wrong answers that counts as borne, above 0.
    n_draws : int, default=8
        Number of directions, at least 1; all standard deviations share them.
    random_state : int, default=0
        Seed of the directions, at least 0.

    Returns
    -------
    flatness : NoiseFlatness
        ``sigma``, by twelve halvings on a logarithmic scale between 16 and 16 times 2^-24, and the
        errors with and without noise.

    Notes
    -----
    It is no bound. The mean over few draws is a rough one, and sigma depends on the scale of the
    weights: it changes if units are rescaled. The cost is ``13 n_draws`` forward passes. A
    regressor is refused.

    References
    ----------
    .. [1] Y. Jiang, B. Neyshabur, H. Mobahi, D. Krishnan, S. Bengio, "Fantastic generalization
       measures and where to find them", ICLR 2020.

    Examples
    --------
    >>> from deepgen import MLPClassifier, Probe
    >>> from deepgen.generalization import noise_flatness
    >>> X, y = [[-1.0], [1.0]], [0, 1]
    >>> net = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs").fit(X, y)
    >>> noise_flatness(Probe(net, X, y)).error
    0.0
    """
    check_probe(probe)
    check_classes(probe)
    rise, n_draws = checked_size("rise", rise), checked_count("n_draws", n_draws)
    w = probe.parameters
    directions = generator(random_state).standard_normal((n_draws, len(w)))
    error = 1 - accuracy_of(probe)

    def noisy(sigma: float) -> float:
        """Return the mean error with noise."""
        return float(np.mean([1 - accuracy_of(probe.at(w + sigma * one)) for one in directions]))

    at_most = noisy(LARGEST)
    if at_most <= error + rise:
        return NoiseFlatness(float("inf"), error, at_most, rise)
    low, high = np.log2(LARGEST) - 24.0, np.log2(LARGEST)
    borne = error
    for _ in range(N_HALVINGS):
        middle = (low + high) / 2
        found = noisy(2.0**middle)
        if found <= error + rise:
            low, borne = middle, found
        else:
            high = middle
    return NoiseFlatness(float(2.0**low), error, borne, rise)
