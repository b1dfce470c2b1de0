"""From the constructor parameters of an estimator to its starting weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._component import resolve
from deepgen._engine.arrays import AnyArray
from deepgen._engine.random_streams import INIT, generator
from deepgen._network.data_dependent import STANDARDIZING_ROWS, keep_lengths, standardize_layers
from deepgen._network.initializers import initialize, small_normal
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen.averaging.learned_line import middle
from deepgen.estimators.from_parameters import normalization_of
from deepgen.estimators.front import start_front
from deepgen.estimators.network_spec import hidden_activations, output_activation
from deepgen.initializers import DataDependent, Pretrained
from deepgen.normalizations import BatchNorm, WeightNorm
from deepgen.skips import SKIPS

__all__ = ["start_line", "start_members", "start_network"]

# Largest number of rows for the first outputs.
LOOKED_AT = 512
# The same for networks with batch norm.
NORMALIZED_BY = 64
# Distinguishes the seeds of a line's second end and of further members from that of the run.
OTHER_END = 0x2545F4914F6CDD1D


def start_network(
    model: Any, network: Network, data: Data, seed: int, *, coefs: Any, intercepts: Any
) -> AnyArray:
    """Write starting weights into a network.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    network : Network
        Network to be initialized.
    data : Data
        Training samples, used by 'data_dependent' and weight norm.
    seed : int
        Seed of the run.
    coefs, intercepts : sequence of array-like or None
        Weights and intercepts that replace the initializer's; with weights alone, intercepts are 0.

    Returns
    -------
    outputs : ndarray of shape (n_rows, n_outputs)
        Outputs for some training rows, evenly spaced among those with a positive weight.
    """
    rng = generator(seed, INIT)
    spec = network.core.spec
    last, n_hidden = output_activation(model.activation), len(spec.layers) - 1
    hidden = hidden_activations(model.activation, n_hidden)
    norm, rule, hull = normalization_of(model), model.initializer, None
    if isinstance(given := rule, Pretrained):
        rule = given.rest
    if isinstance(given, DataDependent):
        rule, hull = given.name, rng if given.intercepts == "hull" else None
    # The order matters: each rule below overwrites or rescales the result of the previous ones, and
    # all draws come from one generator.
    looks = isinstance(norm, WeightNorm) and norm.data_dependent
    initialize(network, rule, rng, [*hidden, last], hidden=small_normal if looks else None)
    if spec.embeddings or spec.input_scale:
        start_front(model, network, rng)
    if isinstance(norm, WeightNorm) and not looks:
        keep_lengths(network)
    if model.skip is not None:
        resolve(model.skip, SKIPS, "skip").start(network)
    if isinstance(given, Pretrained):
        _start_pretrained(network, given)
    by_data = rule == "data_dependent"
    rows = np.arange(len(data.y), dtype=np.int64) if data.rows is None else data.rows
    if data.weights is not None:
        rows = rows[data.weights[rows] > 0]
    # Statistics of a layer depend on the layers before it and on its skip, so this follows both.
    if coefs is None and (by_data or looks):
        chosen = rows
        if len(rows) > STANDARDIZING_ROWS:
            chosen = np.sort(rng.choice(rows, STANDARDIZING_ROWS, replace=False))
        standardize_layers(network, data.X, chosen, None if by_data else n_hidden, hull)
    # The user's weights replace the drawn ones last; the gains of weight norm follow from them.
    if coefs is not None and intercepts is None:
        intercepts = [np.zeros_like(own) for own in network.intercepts()]
    if coefs is not None or intercepts is not None:
        network.set_layers(coefs, intercepts)
    if isinstance(norm, WeightNorm) and coefs is not None:
        keep_lengths(network)
    # Statistics of batch norm cost a pass per layer, so fewer rows are looked at.
    is_batch_normed = isinstance(norm, BatchNorm)
    rows = rows[:: -(-len(rows) // (NORMALIZED_BY if is_batch_normed else LOOKED_AT))]
    rows = np.ascontiguousarray(rows)
    if is_batch_normed:
        return _batch_normed_outputs(network, data, rows)
    return network.core.predict(network.parameters, data.X, rows=rows)


def _start_pretrained(network: Network, given: Pretrained) -> None:
    """Write given weights into the first layers."""
    n_inputs = network.core.spec.n_inputs
    if len(given.coefs[0]) != n_inputs:
        raise ValueError(
            f"X has {n_inputs} features, and the pretrained layers take {len(given.coefs[0])}"
        )
    intercepts = network.blocks_of("intercepts")
    for layer, coefs in network.blocks_of("coefs").items():
        if layer < len(given.coefs):
            coefs[...] = given.coefs[layer]
            intercepts[layer][...] = given.intercepts[layer]


def _batch_normed_outputs(network: Network, data: Data, rows: NDArray[np.int64]) -> AnyArray:
    """Return outputs for some rows, which batch norm normalizes by their own statistics.

    Its running statistics are those of no data yet: with skips, outputs by them grow with every
    block, and those of the first batch do not.
    """
    copy = Network(network.core)
    copy.parameters[...] = network.parameters
    copy.recalibrate(data.X, rows=rows)
    return copy.core.predict(copy.parameters, data.X, rows=rows)


def start_line(model: Any, network: Network, data: Data, seed: int) -> AnyArray:
    """Move an initialized network half way to a second one, initialized independently.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    network : Network
        Network at the first end; it is moved to the midpoint.
    data : Data
        Training samples, used by 'data_dependent'.
    seed : int
        Seed of the run.

    Returns
    -------
    ends : ndarray of shape (2, n_parameters)
        Parameters at both ends.
    """
    other = Network(network.core)
    start_network(model, other, data, seed ^ OTHER_END, coefs=None, intercepts=None)
    ends = np.stack([network.parameters, other.parameters])
    network.parameters[...] = middle(ends)
    return ends


def start_members(model: Any, network: Network, data: Data, seed: int, n_members: int) -> AnyArray:
    """Return networks that give members their own numbers.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    network : Network
        Initialized network with the shared matrices; the first member's numbers are its own too.
    data : Data
        Training samples, used by 'data_dependent'.
    seed : int
        Seed of the run.
    n_members : int
        Number of members.

    Returns
    -------
    members : ndarray of shape (n_members, n_parameters)
        Parameters of networks with independent starting weights.
    """
    members = [network.parameters]
    for number in range(1, n_members):
        own = Network(network.core)
        other = seed ^ (number * OTHER_END % 2**63)
        start_network(model, own, data, other, coefs=None, intercepts=None)
        members.append(own.parameters)
    return np.stack(members)
