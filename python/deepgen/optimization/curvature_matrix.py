"""Curvature matrices of a probe by name: the Hessian, the Gauss-Newton and the Fisher matrix.

With the outputs z_i of sample i, their Jacobian J_i and weights w,

    Gauss-Newton   sum_i w_i J_i^T (d2l_i/dz2) J_i / sum_i w_i
    Fisher         sum_i w_i J_i^T F(z_i) J_i / sum_i w_i,   F(z) = E[(dl/dz)(dl/dz)^T]

where the expectation is over targets drawn from the model's own distribution, whose negative
logarithm the loss is. With a canonical link d2l/dz2 does not depend on the target and equals F.
Elsewhere F is constant and Gauss-Newton is not Fisher:

    loss             distribution                     d2l/dz2      F
    squared_error    normal of variance 1             1            1
    poisson          Poisson                          mu           mu
    log_loss         classes with probabilities p     diag p - p p^T, both
    binary_log_loss  0 and 1 with probability p       p (1 - p)    p (1 - p)
    gamma            gamma of shape 1, log link       y / mu       1
    absolute_error   Laplace's of scale 1             0            1
    huber            normal with Laplace's tails      1 or 0       probability of |z - y| <= delta
    quantile         asymmetric Laplace's             0            q (1 - q)

Source: J. Martens, "New insights and perspectives on the natural gradient method", JMLR 21, 2020,
sections 5, 8 and 9; P. J. Huber, E. M. Ronchetti, "Robust statistics", 2009, section 4.5.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy.sparse.linalg import LinearOperator

from deepgen import _core
from deepgen._network.network import Network
from deepgen._settings import engine_settings

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["MATRICES", "curvature_matrix"]

MATRICES = ("hessian", "gauss_newton", "fisher")
"""Names of the matrices."""
CANONICAL = ("squared_error", "poisson", "log_loss", "binary_log_loss")
"""Losses whose Gauss-Newton matrix is the Fisher matrix."""


def curvature_matrix(probe: Probe, matrix: str) -> LinearOperator:
    """Return a curvature matrix as an operator.

    Parameters
    ----------
    probe : Probe
        Probe with the point and the data.
    matrix : {'hessian', 'gauss_newton', 'fisher'}
        Name of the matrix.

    Returns
    -------
    operator : scipy.sparse.linalg.LinearOperator
        Symmetric, of shape (n_parameters, n_parameters).

    Raises
    ------
    ValueError
        If the name is not known, or the loss is no likelihood and the Fisher matrix is asked for.

    Notes
    -----
    A product with the Hessian costs at most 8/3 gradients, one with the other two 5/3.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization.curvature_matrix import curvature_matrix
    >>> X, y = [[-1.0], [1.0]], [1.0, 2.0]
    >>> model = MLPRegressor("gamma", hidden_layer_sizes=(), solver="lbfgs").fit(X, y)
    >>> (curvature_matrix(Probe(model, X, y), "fisher") @ np.eye(2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if matrix == "hessian":
        return probe.hessian
    if matrix == "gauss_newton":
        return probe.gauss_newton_operator
    if matrix != "fisher":
        raise ValueError(f"matrix must be one of {', '.join(MATRICES)}, got {matrix!r}")
    loss = probe.network.core.spec.loss
    if loss.name in CANONICAL:
        return probe.gauss_newton_operator
    information = _information(loss)
    # Of squared error d2l/dz2 is 1, so its Gauss-Newton matrix is that of J^T J.
    return information * _with_squared_error(probe).gauss_newton_operator


def _information(loss: _core.Component) -> float:
    """Return the constant Fisher information of an output."""
    defaults = engine_settings("losses", loss.name)
    settings = {name: setting.default for name, setting in defaults.items()} | loss.settings
    if loss.name in ("gamma", "absolute_error"):
        return 1.0
    if loss.name == "huber":
        delta = float(settings["delta"])
        inside = math.sqrt(2 * math.pi) * math.erf(delta / math.sqrt(2))
        return inside / (inside + 2 / delta * math.exp(-(delta**2) / 2))
    if loss.name == "quantile":
        levels = settings["quantile"]
        levels = levels if isinstance(levels, list) else [levels]
        if len(levels) == 1:
            return float(levels[0] * (1 - levels[0]))
        raise ValueError(
            "matrix='fisher' needs a loss that is a likelihood, and that of several quantiles of "
            "one target is none; use matrix='gauss_newton'"
        )
    name = loss.name.removeprefix("binary_")
    raise ValueError(
        f"matrix='fisher' needs a loss that is a likelihood, and {name} is none; use "
        "matrix='gauss_newton'"
    )


def _with_squared_error(probe: Probe) -> Probe:
    """Return the probe with another loss."""
    spec = probe.network.core.spec
    other = _core.NetworkSpec(
        n_inputs=spec.n_inputs,
        layers=spec.layers,
        loss=_core.Component("squared_error"),
        bias=spec.bias,
        embeddings=spec.embeddings,
        input_scale=spec.input_scale,
    )
    network = Network(_core.Network(other, dtype="float64"), probe.network.parameters)
    twin = object.__new__(type(probe))
    twin.__setstate__({**probe.__getstate__(), "network": network})
    return twin
