"""Matching: which unit of one network corresponds to which unit of another.

Hidden units can be put into any order without a change of the function. Weight matching orders the
units of b so that its weights agree best with those of a: it maximizes the sum over all weights of
a_i times b_i. With all layers but one in a fixed order this is a linear assignment, so one layer
after the other is solved until none changes any more.

Layers that a skip connects share one order, since their outputs are added unit by unit: together
they are a lane.

Source: S. K. Ainsworth, J. Hayase, S. Srinivasa, "Git Re-Basin: merging models modulo permutation
symmetries", ICLR 2023, section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._display.shown_as_table import ShownAsTable
from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen._network.network import MATRICES, Network
from deepgen.estimators.base import BaseMLP
from deepgen.estimators.fitted import network_of

__all__ = ["UnitMatching", "lanes", "match_units", "permuted"]

Orders = Mapping[int, NDArray[np.intp]]

INPUTS = -1
"""The lane of the features, whose order is given."""

MAX_SWEEPS = 100


@dataclass(frozen=True, eq=False)
class UnitMatching(ShownAsTable):
    """A correspondence of the hidden units of two networks.

    Parameters
    ----------
    orders : tuple of ndarray of shape (width,)
        Per hidden layer the units of b in the order of a's: unit i of a corresponds to unit
        ``order[i]`` of b.
    similarity, similarity_before : float
        Cosine of the angle between the weights of a and b in the found order, and in b's own.
    n_sweeps : int
        Number of passes over all layers until none changed.

    Examples
    --------
    >>> from deepgen.estimators.from_weights import regressor_from_layers
    >>> from deepgen.optimization import match_units
    >>> a = regressor_from_layers([[[1.0, -2.0]], [[3.0], [4.0]]], [[0.0, 0.0], [0.0]])
    >>> b = regressor_from_layers([[[-2.0, 1.0]], [[4.0], [3.0]]], [[0.0, 0.0], [0.0]])
    >>> [order.tolist() for order in match_units(a, b).orders]
    [[1, 0]]
    """

    orders: tuple[NDArray[np.intp], ...]
    similarity: float
    similarity_before: float
    n_sweeps: int

    def __repr__(self) -> str:
        widths = "-".join(str(len(order)) for order in self.orders)
        return (
            f"UnitMatching({widths} units, cosine {self.similarity_before:.3f} to "
            f"{self.similarity:.3f} in {self.n_sweeps} sweeps)"
        )


def match_units(a: Any, b: Any) -> UnitMatching:
    """Match the hidden units of two networks by their weights.

    Parameters
    ----------
    a, b : MLPRegressor or MLPClassifier
        Fitted, of one architecture.

    Returns
    -------
    matching : UnitMatching
        Order of b's units in each hidden layer.

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
    align : Copy of b in this order.

    Notes
    -----
    It needs no data and no gradient; a layer of w units costs w^2 times the number of weights of
    one unit, plus a linear assignment of w^3 operations at most. The search begins twice: with b's
    own order, and with an order found from the inputs on, layer by layer, from the weights into
    each layer alone, which restores a permuted copy. The better end counts. Both are local optima:
    the problem is NP-hard from two hidden layers on. Compared are the weights that products use
    (also with weight norm), intercepts, and scales and shifts of norms.

    References
    ----------
    .. [1] S. K. Ainsworth, J. Hayase, S. Srinivasa, "Git Re-Basin: merging models modulo
       permutation symmetries", ICLR 2023.

    Examples
    --------
    >>> from deepgen.estimators.from_weights import regressor_from_layers
    >>> from deepgen.optimization import match_units
    >>> a = regressor_from_layers([[[1.0, -2.0]], [[3.0], [4.0]]], [[0.0, 0.0], [0.0]])
    >>> round(match_units(a, a).similarity, 6)
    1.0
    """
    _refuse_differences(a, b)
    networks = [network_of(model).as_type(np.dtype(np.float64)) for model in (a, b)]
    lane = lanes(networks[0])
    first, second = (_weights(network, lane) for network in networks)
    widths = {
        lane[layer]: spec.width
        for layer, spec in enumerate(networks[0].core.spec.layers)
        if lane[layer] != INPUTS
    }
    own: Orders = {each: np.arange(width) for each, width in widths.items()}
    before = _agreement(first, second, own)
    ends = []
    for start in (own, _from_the_inputs(first, second, widths)):
        ends.append(_improved(first, second, start))
    orders, agreement, n_sweeps = max(ends, key=lambda end: end[1])
    size = float(np.sqrt(_agreement(first, first, own) * _agreement(second, second, own)))
    return UnitMatching(
        orders=tuple(
            orders[lane[layer]] if lane[layer] in orders else np.arange(spec.width)
            for layer, spec in enumerate(networks[0].core.spec.layers[:-1])
        ),
        similarity=agreement / size if size else 1.0,
        similarity_before=before / size if size else 1.0,
        n_sweeps=n_sweeps,
    )


def lanes(network: Network) -> list[int]:
    """Return the lane of each layer, named after its first layer; -1 for the outputs.

    Parameters
    ----------
    network : Network
        Network with or without skips.

    Returns
    -------
    lanes : list of int
        Layers of one lane have one order of units.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.optimization.unit_matching import lanes
    >>> model = MLPRegressor(hidden_layer_sizes=(3, 3, 3), skip="residual")
    >>> model = model.partial_fit([[0.0], [1.0]], [0.0, 1.0])
    >>> lanes(model.network_)
    [0, 1, 0, -1]
    """
    found: list[int] = []
    specs = network.core.spec.layers
    for layer, spec in enumerate(specs):
        lane = layer if spec.skip_from < 0 else found[spec.skip_from]
        if layer == len(specs) - 1:
            # The order of the outputs is given, and so is that of a lane that ends there.
            found = [INPUTS if each == lane else each for each in found]
            lane = INPUTS
        found.append(lane)
    return found


def permuted(network: Network, orders: tuple[NDArray[np.intp], ...]) -> AnyArray:
    """Return the parameters of a network whose hidden units stand in another order.

    Parameters
    ----------
    network : Network
        Network of any type.
    orders : tuple of ndarray of shape (width,)
        Per hidden layer the units in their new order.

    Returns
    -------
    parameters : ndarray of shape (n_parameters,)
        All parameters, the statistics of batch norm included.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.estimators.from_weights import regressor_from_layers
    >>> from deepgen.optimization.unit_matching import permuted
    >>> model = regressor_from_layers([[[1.0, 2.0]], [[3.0], [4.0]]], [[5.0, 6.0], [7.0]])
    >>> permuted(model.network_, (np.array([1, 0]),)).tolist()
    [2.0, 1.0, 6.0, 5.0, 4.0, 3.0, 7.0]
    """
    result = Network(network.core, network.parameters.copy())
    last = network.n_layers - 1
    for (block, source), (_, target) in zip(network.views(), result.views(), strict=True):
        if block.layer < 0:
            continue
        outgoing = orders[block.layer] if block.layer < last else None
        if block.kind in MATRICES:
            rows = source if block.layer == 0 else source[orders[block.layer - 1]]
            target[...] = rows if outgoing is None else rows[:, outgoing]
        elif outgoing is not None and block.size == len(outgoing):
            # A gain of a whole layer has one number, which stays.
            target[...] = source[outgoing]
    return result.parameters


@dataclass(frozen=True, eq=False)
class _Weights:
    """A matrix (in, out) with the lanes of its rows and columns."""

    values: FloatArray
    rows: int
    columns: int

    def ordered(self, orders: Orders, *, rows: bool = True, columns: bool = True) -> FloatArray:
        """Return the matrix with its rows, its columns or both in the given orders."""
        values = self.values
        if rows and self.rows in orders:
            values = values[orders[self.rows]]
        if columns and self.columns in orders:
            values = values[:, orders[self.columns]]
        return values


def _weights(network: Network, lane: list[int]) -> list[_Weights]:
    """Return the trained blocks as matrices; vectors are rows from the lane of the inputs."""
    found = []
    for block, view in network.effective().views():
        if block.layer < 0 or not block.trainable:
            continue
        values = np.atleast_2d(view)
        into = block.layer > 0 and block.kind in MATRICES
        rows = lane[block.layer - 1] if into else INPUTS
        if values.shape[1] == network.core.spec.layers[block.layer].width:
            found.append(_Weights(values, rows, lane[block.layer]))
    return found


def _agreement(first: list[_Weights], second: list[_Weights], orders: Orders) -> float:
    """Return the sum of products of the weights, the second ones in the given order."""
    return float(
        sum(
            np.vdot(ours.values, theirs.ordered(orders))
            for ours, theirs in zip(first, second, strict=True)
        )
    )


def _gains(
    first: list[_Weights], second: list[_Weights], lane: int, orders: Orders, known: set[int]
) -> FloatArray:
    """Return the products of unit i of the first with unit j of the second network, (w, w).

    Counted are weights from and to lanes with a known order.
    """
    total: Any = 0.0
    for ours, theirs in zip(first, second, strict=True):
        if ours.columns == lane and ours.rows in known:
            total = total + ours.values.T @ theirs.ordered(orders, columns=False)
        if ours.rows == lane and ours.columns in known:
            total = total + ours.values @ theirs.ordered(orders, rows=False).T
    return np.asarray(total)


def _assigned(gains: FloatArray) -> NDArray[np.intp]:
    from scipy.optimize import linear_sum_assignment

    return np.asarray(linear_sum_assignment(gains, maximize=True)[1])


def _from_the_inputs(
    first: list[_Weights], second: list[_Weights], widths: dict[int, int]
) -> Orders:
    """Return an order found lane by lane, each by the weights that join it to earlier lanes."""
    orders: dict[int, NDArray[np.intp]] = {}
    for lane in widths:
        # Weights to the outputs do not count yet, although the order of outputs is given.
        pairs = [
            pair for pair in zip(first, second, strict=True) if pair[0].columns in {lane, *orders}
        ]
        ours, theirs = ([pair[side] for pair in pairs] for side in (0, 1))
        orders[lane] = _assigned(_gains(ours, theirs, lane, orders, {INPUTS, *orders}))
    return orders


def _improved(
    first: list[_Weights], second: list[_Weights], start: Orders
) -> tuple[Orders, float, int]:
    """Return the order after passes over all lanes until none changes, its agreement, the passes.

    A lane that layers enter and leave (a gate, for example) makes the agreement quadratic in its
    order; the step that is best for the products then counts only if it raises the agreement.
    """
    orders, n_sweeps, changed = dict(start), 0, True
    best = _agreement(first, second, orders)
    while changed and n_sweeps < MAX_SWEEPS:
        changed = False
        n_sweeps += 1
        for lane in orders:
            gains = _gains(first, second, lane, orders, {INPUTS, *orders})
            trial = {**orders, lane: _assigned(gains)}
            agreement = _agreement(first, second, trial)
            if agreement > best + 1e-12 * abs(best):
                orders, best, changed = trial, agreement, True
    return orders, best, n_sweeps


def _refuse_differences(a: Any, b: Any) -> None:
    """Raise an error that names the first difference between two architectures."""
    for model in (a, b):
        if not isinstance(model, BaseMLP):
            raise TypeError(
                f"units of an MLPRegressor or MLPClassifier are matched, got {type(model).__name__}"
            )
    ours, theirs = dict(_architecture(a)), dict(_architecture(b))
    for what in [*ours, *(name for name in theirs if name not in ours)]:
        mine, other = ours.get(what, "none"), theirs.get(what, "none")
        if mine != other:
            raise ValueError(
                f"both networks must have one architecture; {what}: {mine} in a, {other} in b"
            )


def _architecture(model: Any) -> Iterator[tuple[str, str]]:
    """Yield the properties that two matched networks share, in words."""
    spec = network_of(model).core.spec
    yield "estimator", type(model).__name__
    yield "features", str(spec.n_inputs)
    yield "layers", str(len(spec.layers))
    for layer, each in enumerate(spec.layers):
        yield f"units of layer {layer}", str(each.width)
        yield f"activation of layer {layer}", each.activation
        yield f"normalization of layer {layer}", _described(each.normalization)
        yield f"reparametrization of layer {layer}", _described(each.reparametrization)
        source = each.skip_from
        yield (
            f"skip into layer {layer}",
            "none" if source < 0 else f"{_described(each.skip)} from layer {source}",
        )
    yield "loss", _described(spec.loss)
    yield "intercepts", "yes" if spec.bias else "no"
    yield "input scale", "yes" if spec.input_scale else "no"
    yield (
        "embeddings",
        "; ".join(
            f"{_described(each.member)} of features {list(each.features)}"
            for each in spec.embeddings
        )
        or "none",
    )
    if hasattr(model, "classes_"):
        yield "classes", str(model.classes_)


def _described(component: Any) -> str:
    settings = ", ".join(f"{name}={value}" for name, value in component.settings.items())
    return f"{component.name}({settings})" if settings else component.name
