"""PBLD: a feature together with trained cosine features of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._settings import real
from deepgen.embeddings.embedding import NumericalEmbedding

__all__ = ["PBLD"]


@dataclass(repr=False)
class PBLD(NumericalEmbedding):
    r"""Each feature together with linear maps of trained cosines: "periodic bias linear DenseNet".

    .. math::
        x \mapsto (x, \; W^T \cos(2 \pi w x + c) + b)

    Frequencies w, phases c, weights W and intercepts b are trained separately for each feature.

    Parameters
    ----------
    features : sequence of int or None, default=None
        Columns of X that are mapped; None means all columns except categories. For columns of zeros
        and ones an embedding has no benefit.
    n_frequencies : int, default=16
        Number of cosines per feature, in [1, 256].
    size : int, default=4
        Number of outputs per feature, the feature itself included, in [2, 256].
    sigma : float, default=0.1
        Standard deviation of the initial frequencies, > 0; with larger frequencies the function
        varies faster. Features should have unit scale.

    Notes
    -----
    Initial frequencies are drawn from N(0, sigma^2), phases from U(-pi, pi), weights and intercepts
    from U(-1/sqrt(n), 1/sqrt(n)), where n is ``n_frequencies``. Derivatives with respect to the
    frequencies grow with the feature; the authors of [1]_ train the whole embedding with a tenth of
    the learning rate. The error of the cosine is less than two units in the last place.

    References
    ----------
    .. [1] D. Holzmueller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs
       and boosted trees on tabular data", NeurIPS 2024, section 3.
    .. [2] Y. Gorishniy, I. Rubachev and A. Babenko, "On embeddings for numerical features in
       tabular deep learning", NeurIPS 2022, section 3.3.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.embeddings import PBLD
    >>> model = MLPRegressor(numerical_embedding=PBLD(size=3), hidden_layer_sizes=(8,))
    >>> model.partial_fit([[0.0, 1.0], [1.0, 0.5]], [0.0, 1.0]).coefs_[0].shape
    (6, 8)
    """

    name: ClassVar[str] = "pbld"

    n_frequencies: int = 16
    size: int = 4
    sigma: float = real(0.1, "(0, inf)")

    def start(self, rng: np.random.Generator, blocks: Mapping[str, NDArray[Any]]) -> None:
        """Draw frequencies, phases, weights and intercepts."""
        bound = 1.0 / np.sqrt(self.n_frequencies)
        ranges = {"frequencies": None, "phases": np.pi, "weights": bound, "intercepts": bound}
        for what, largest in ranges.items():
            view = blocks[f"embedding_{what}"]
            if largest is None:
                view[...] = rng.normal(0.0, self.sigma, view.shape)
            else:
                view[...] = rng.uniform(-largest, largest, view.shape)
