"""Balance: the same function with each unit's incoming weights as long as its outgoing ones.

relu(c z) = c relu(z) for c > 0: a unit's incoming weights and intercept times c, and its outgoing
weights divided by c, leave the function as it is. Among all these networks one has the least sum of
squares; in it the incoming numbers of each unit have the norm of its outgoing weights. Pictures
around it do not depend on the scales that training happened to leave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from deepgen.optimization.statistics import with_all_parameters
from deepgen.probe.probe import check_probe

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["balanced_probe"]

HOMOGENEOUS: Final = ("identity", "leaky_relu", "relu")
"""Activations with f(c z) = c f(z) for c > 0."""

TOLERANCE: Final = 1e-13
MAX_SWEEPS: Final = 10_000


def balanced_probe(probe: Probe) -> Probe:
    """Return a probe of the same function at the balanced weights.

    Parameters
    ----------
    probe : Probe
        Probe of a network of plain layers with ReLU, leaky ReLU or identity, with or without norms.
        With a norm the incoming numbers of a unit are its scale and shift.

    Returns
    -------
    probe : Probe
        It shares the data. Units without incoming or without outgoing weights stay as they are.

    Raises
    ------
    ValueError
        If the network has skips, reparametrizations or another activation.

    Notes
    -----
    The cost is that of some passes over the weights, without data.

    Examples
    --------
    >>> from deepgen import Probe
    >>> from deepgen.estimators.from_weights import regressor_from_layers
    >>> from deepgen.optimization import balanced_probe
    >>> model = regressor_from_layers([[[8.0]], [[0.5]]], [[0.0], [0.0]])
    >>> balanced_probe(Probe(model, [[1.0]], [4.0])).parameters.round(6).tolist()
    [2.0, 0.0, 2.0, 0.0]
    """
    check_probe(probe)
    specs = probe.network.core.spec.layers
    for layer, spec in enumerate(specs):
        for what, found in (
            ("a skip", spec.skip_from >= 0),
            (f"{spec.reparametrization.name} weights", spec.reparametrization.name != "none"),
            (
                f"activation '{spec.activation}'",
                layer < len(specs) - 1 and spec.activation not in HOMOGENEOUS,
            ),
        ):
            if found:
                raise ValueError(
                    f"weights are balanced in plain layers of {', '.join(HOMOGENEOUS)}; layer "
                    f"{layer} has {what}"
                )
    here = with_all_parameters(probe, probe.network.parameters.copy())
    parameters = here.network.parameters.copy()
    views = {}
    for block in here.network.core.layout:
        part = parameters[block.offset : block.offset + block.size]
        is_matrix = block.kind == "coefs"
        views[block.kind, block.layer] = part.reshape(block.rows, -1) if is_matrix else part
    for _ in range(MAX_SWEEPS):
        change = 0.0
        for layer, spec in enumerate(specs[:-1]):
            kinds = ("coefs", "intercepts")
            if spec.normalization.name != "none":
                kinds = ("scale", "shift")
            incoming = [views[kind, layer] for kind in kinds if (kind, layer) in views]
            outgoing = views["coefs", layer + 1]
            into = np.sqrt(
                np.sum([np.sum(np.atleast_2d(v) ** 2, axis=0) for v in incoming], axis=0)
            )
            out = np.linalg.norm(outgoing, axis=1)
            alive = (into > 0) & (out > 0)
            factors = np.ones(len(out))
            factors[alive] = np.sqrt(out[alive] / into[alive])
            for view in incoming:
                view *= factors
            outgoing /= factors[:, None]
            change = max(change, float(np.abs(factors - 1).max()))
        if change < TOLERANCE:
            break
    return with_all_parameters(here, parameters) if len(specs) > 1 else here
