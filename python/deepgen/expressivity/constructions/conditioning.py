"""Conditioning: the effect of rounding on a network that memorizes a sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen._display.shown_as_table import ShownAsTable

__all__ = ["Conditioning", "conditioning"]


@dataclass(frozen=True)
class Conditioning(ShownAsTable):
    """Conditioning of the triangular system behind a memorizing network.

    Parameters
    ----------
    smallest_diagonal : float
        Smallest eigenvalue of the system: half the smallest gap between projected samples.
    largest_weight : float
        Largest absolute weight of the output layer.
    residual : float
        Largest absolute error on the sample, in units of y.

    Examples
    --------
    >>> from deepgen.expressivity import conditioning, memorize
    >>> X, y = [[0.0], [1.0], [2.0]], [1.0, -1.0, 0.0]
    >>> conditioning(memorize(X, y), X, y).smallest_diagonal
    0.5
    """

    smallest_diagonal: float
    largest_weight: float
    residual: float


def conditioning(model: Any, X: Any, y: Any) -> Conditioning:
    """Report the effect of rounding on a network made by `memorize`.

    Parameters
    ----------
    model : MLPRegressor
        Network made by `memorize`.
    X : array-like of shape (n_samples, n_features)
        The memorized sample.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets of the sample.

    Returns
    -------
    report : Conditioning
        Smallest diagonal, largest weight and residual.

    Raises
    ------
    ValueError
        If the units of the model do not lie between the projected samples.

    Notes
    -----
    The system :math:`(z_i - b_j)_+` of `memorize` is triangular, so its eigenvalues are its
    diagonal z_i - b_i. Weights grow like differences of targets over the smallest eigenvalue, and
    errors are about 1e-16 times the weights. The cost is one prediction.

    References
    ----------
    .. [1] C. Zhang, S. Bengio, M. Hardt, B. Recht and O. Vinyals, "Understanding deep learning
       requires rethinking generalization", ICLR 2017, lemma 1.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import conditioning, memorize
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    >>> bool(conditioning(memorize(X, y), X, y).residual < 1e-6)
    True
    """
    samples = np.asarray(X, dtype=np.float64)
    targets = np.asarray(y, dtype=np.float64)
    first, last = model.coefs_[0], model.coefs_[-1]
    z = np.unique(samples, axis=0) @ first[:, 0]
    corners = -np.asarray(model.intercepts_[0])
    diagonal = np.sort(z) - corners if len(z) == len(corners) else np.full(1, -np.inf)
    if len(model.coefs_) != 2 or not diagonal.min() > 0:
        raise ValueError("the model does not memorize X: its units do not lie between the samples")
    return Conditioning(
        float(diagonal.min()),
        float(np.abs(last).max()),
        float(np.abs(model.predict(samples).reshape(targets.shape) - targets).max()),
    )
