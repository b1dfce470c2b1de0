"""Alignment: a copy of a network with its units in the order of another's."""

from __future__ import annotations

import copy
from typing import Any

from deepgen._network.network import Network
from deepgen.estimators.fitted import network_of
from deepgen.optimization.unit_matching import match_units, permuted

__all__ = ["align"]


def align(a: Any, b: Any) -> Any:
    """Return a copy of a network with its hidden units in the order of another's.

    Parameters
    ----------
    a : MLPRegressor or MLPClassifier
        Fitted network whose order counts.
    b : MLPRegressor or MLPClassifier
        Fitted network of the same architecture.

    Returns
    -------
    model : MLPRegressor or MLPClassifier
        Copy of b with its units permuted by `match_units`: the same function but for rounding.
        Units of layers that a skip connects move together, and batch norm's running statistics move
        with their units. It keeps history and settings; training that continues starts with a new
        state of the optimizer.

    Raises
    ------
    TypeError
        If one is no such estimator.
    ValueError
        If the architectures differ; the message names the difference. Or if an estimator has
        several members.
    NotFittedError
        If an estimator is not fitted.

    See Also
    --------
    linear_path : The loss between both; with batch norm it recomputes the running statistics.

    Notes
    -----
    The cost is that of `match_units`; no data are needed. Networks that are averaged after
    alignment need new statistics of batch norm, since activations lose variance.

    References
    ----------
    .. [1] S. K. Ainsworth, J. Hayase, S. Srinivasa, "Git Re-Basin: merging models modulo
       permutation symmetries", ICLR 2023.
    .. [2] K. Jordan, H. Sedghi, O. Saukh, R. Entezari, B. Neyshabur, "REPAIR: renormalizing
       permuted activations for interpolation repair", ICLR 2023.

    Examples
    --------
    >>> from deepgen.estimators.from_weights import regressor_from_layers
    >>> from deepgen.optimization import align
    >>> a = regressor_from_layers([[[1.0, -2.0]], [[3.0], [4.0]]], [[0.0, 0.0], [0.0]])
    >>> b = regressor_from_layers([[[-2.0, 1.0]], [[4.0], [3.0]]], [[0.0, 0.0], [0.0]])
    >>> align(a, b).coefs_[0].tolist()
    [[1.0, -2.0]]
    """
    orders = match_units(a, b).orders
    network = network_of(b)
    model = copy.deepcopy(b)
    model.network_ = Network(network.core, permuted(network, orders))
    # State of the optimizer belongs to the units in their old order.
    model._training_state = b._training_state.snapshot()
    vars(model).pop("_members", None)
    return model
