"""Network: an engine network together with its parameters."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen import _core
from deepgen._engine.arrays import AnyArray, Matrix
from deepgen._engine.row_chunks import (
    pooled_moments,
    row_chunks,
    stacked_rows,
    weighted_mean_over_chunks,
)
from deepgen._network.layer_values import layer_values

__all__ = ["MATRICES", "Network"]

MATRICES = ("coefs", "gate_coefs")
"""Kinds of blocks that are matrices of shape (in, out); the others are vectors."""


IN_FRONT = -1
"""The layer of blocks that stand before layer 0."""


class Network:
    """A dense network with its parameters in one flat vector, in the order of ``core.layout``.

    ``core`` is the engine's network: structure and type, no numbers. ``parameters`` (n_parameters,)
    contain the trainable blocks first, then the statistics of batch norm; writing into the array,
    or into a view of it, changes the network. None means zeros.

    Methods that measure samples take ``X``, an array of shape (n_samples, n_features) or the
    engine's sparse rows, in the network's type; ``rows``, the indices of the samples in use (None:
    all); and ``n_threads``, the largest number of threads. Targets ``y`` are in scaled units, or
    class numbers; ``weights`` are sample weights.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=1, tol=1e9, n_iter_no_change=1)
    >>> network = model.partial_fit([[0.0], [1.0]], [0.0, 1.0]).network_
    >>> {name: block.shape for name, block in network.blocks().items()}
    {'coefs_0': (1, 3), 'intercepts_0': (3,), 'coefs_1': (3, 1), 'intercepts_1': (1,)}
    """

    def __init__(self, core: _core.Network, parameters: AnyArray | None = None) -> None:
        self.core = core
        if parameters is None:
            parameters = np.zeros(core.n_parameters, dtype=core.dtype)
        self.parameters: AnyArray = parameters

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of parameters, inputs and outputs."""
        return np.dtype(self.core.dtype)

    @property
    def n_layers(self) -> int:
        """Number of layers with weights, the output layer included."""
        return len(self.core.spec.layers)

    def __repr__(self) -> str:
        spec = self.core.spec
        widths = [spec.n_inputs, *(layer.width for layer in spec.layers)]
        return f"Network({'-'.join(map(str, widths))}, {self.core.n_trainable} parameters)"

    def as_type(self, dtype: np.dtype[Any]) -> Network:
        """Return the network in float32 or float64; this object if it has the type already."""
        if dtype.name == self.core.products:
            return self
        core = _core.Network(self.core.spec, dtype=dtype.name)
        return Network(core, self.parameters.astype(dtype))

    def checksum(self) -> str:
        """Return a checksum that identifies the parameters to the bit."""
        return f"{zlib.crc32(np.ascontiguousarray(self.parameters).data):08x}"

    def prepare(self) -> _core.Prepared:
        """Return the network in its present state, packed once for many calls of few rows.

        ``forward(X)`` and ``predict(X)`` of the result give the same bits as `outputs` and `means`
        for an ndarray in the network's type. Later changes of the parameters do not affect it. A
        call of `outputs` first packs all weights into the engine's layout, which for one row takes
        longer than the products: 64-256-256-256-1 takes 65 microseconds, prepared 15 (one thread of
        an AMD EPYC; ``python benchmarks/targets.py`` times 64-100-1).
        """
        return self.core.prepare(self.parameters)

    def fold(self) -> Network:
        """Return a network that predicts the same, without reparametrizations and batch norm.

        The result has its own parameters, no input scale, and intercepts in each layer that had
        batch norm. Layer norm is kept, since it is not affine, and so are embeddings.
        """
        plain = self.effective()
        folded = Network(_core.Network(plain.core.spec.folded(), dtype=plain.core.products))
        values: dict[tuple[str, int], AnyArray] = {
            (block.kind, block.layer): view for block, view in plain.views()
        }
        specs = plain.core.spec.layers  # the engine copies all of them for each who asks
        for layer in plain.blocks_of("mean"):
            mean, variance, scale, shift = (
                values[kind, layer].astype(np.float64)
                for kind in ("mean", "variance", "scale", "shift")
            )
            epsilon = specs[layer].normalization.settings["epsilon"]
            factor = scale / np.sqrt(variance + epsilon)
            values["coefs", layer] = values["coefs", layer] * factor
            values["intercepts", layer] = shift - mean * factor
        if ("input_scale", IN_FRONT) in values:
            scale = values["input_scale", IN_FRONT].astype(np.float64)
            values["coefs", 0] = scale[:, np.newaxis] * values["coefs", 0]
        for block, view in folded.views():
            # A layer without intercepts may have some now, at 0.
            view[...] = values.get((block.kind, block.layer), 0.0)
        return folded

    def effective(self) -> Network:
        """Return the plain network of the effective weights.

        It has its own parameters and no reparametrizations; its blocks are the same except for
        gains.
        """
        core = _core.Network(self.core.spec.plain(), dtype=self.core.products)
        used = self.core.effective(self.parameters)
        return Network(core, used[self.shared_with_effective()])

    def shared_with_effective(self) -> NDArray[np.bool_]:
        """Return a mask (n_parameters,) of the parameters that `effective` keeps: all but gains."""
        shared = np.ones(self.core.n_parameters, dtype=bool)
        for block in self.core.layout:
            if block.kind == "gain":
                shared[block.offset : block.offset + block.size] = False
        return shared

    def blocks(self) -> dict[str, AnyArray]:
        """Return views of all blocks: ``coefs_0`` (in, out), ``intercepts_0`` (out,) and so on.

        Blocks of an embedding have shape (rows, columns); rows are features, or the basis functions
        of each feature.
        """
        return {block.name: view for block, view in self.views()}

    def blocks_of(self, kind: str) -> dict[int, AnyArray]:
        """Return views of the blocks of one kind, such as 'coefs' or 'mean', by layer."""
        return {block.layer: view for block, view in self.views() if block.kind == kind}

    def views(self) -> list[tuple[_core.Block, AnyArray]]:
        """Return each block's description by the engine together with a view of its numbers."""
        return [
            (
                block,
                self.parameters[block.offset : block.offset + block.size].reshape(
                    (block.rows, block.columns)
                    if block.kind in MATRICES or block.kind.startswith("embedding")
                    else (block.size,)
                ),
            )
            for block in self.core.layout
        ]

    def coefs(self) -> list[AnyArray]:
        """Return views of the weight matrices, (in, out) each."""
        return list(self.blocks_of("coefs").values())

    def intercepts(self) -> list[AnyArray]:
        """Return views of the intercepts, (out,) each; new zeros for a layer without intercepts."""
        own = self.blocks_of("intercepts")
        return [
            own.get(layer, np.zeros(spec.width, dtype=self.dtype))
            for layer, spec in enumerate(self.core.spec.layers)
        ]

    def set_layers(
        self,
        coefs: Sequence[Any] | None = None,
        intercepts: Sequence[Any] | None = None,
        suffix: str = "init",
    ) -> None:
        """Overwrite weights, intercepts or both (None: neither), after validation.

        ``suffix`` completes the name ``coefs_`` or ``intercepts_`` in messages.
        """
        changes: list[tuple[AnyArray, AnyArray]] = []
        for what, sources, targets in (
            (f"coefs_{suffix}", coefs, self.coefs()),
            (f"intercepts_{suffix}", intercepts, self.intercepts()),
        ):
            if sources is None:
                continue
            if isinstance(sources, str) or not hasattr(sources, "__len__"):
                raise ValueError(f"{what} must be a list of arrays, one per layer, got {sources!r}")
            if len(sources) != len(targets):
                raise ValueError(
                    f"{what} has {len(sources)} arrays, the network has {len(targets)} layers"
                )
            for layer, (source, target) in enumerate(zip(sources, targets, strict=True)):
                values = layer_values(source, target, f"{what}[{layer}]")
                changes.append((target, values))
        for target, values in changes:
            target[...] = values

    def outputs(
        self, X: Matrix, *, rows: NDArray[np.int64] | None = None, n_threads: int = 1
    ) -> AnyArray:
        """Return the outputs before the link, (n_rows, n_outputs): logits, logs, scaled targets."""
        forward = partial(self.core.forward, self.parameters, X)
        return stacked_rows(forward, row_chunks(self.core, X, rows, n_threads))

    def means(
        self, X: Matrix, *, rows: NDArray[np.int64] | None = None, n_threads: int = 1
    ) -> AnyArray:
        """Return the predictions, (n_rows, n_outputs): outputs after the inverse link."""
        predict = partial(self.core.predict, self.parameters, X)
        return stacked_rows(predict, row_chunks(self.core, X, rows, n_threads))

    def predictions(
        self,
        X: Matrix,
        mean: NDArray[np.float64],
        scale: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        n_threads: int = 1,
    ) -> tuple[NDArray[np.float64], int]:
        """Return ``scale * means + mean``, (n_rows, n_outputs), and the number of non-finite rows.

        Computed from the outputs in float64; ``mean`` and ``scale`` are of shape (n_targets,).
        """
        predict = partial(self.core.predict_in_units, self.parameters, X, mean, scale)
        pieces = [
            predict(rows=chunk.rows, n_threads=chunk.n_threads)
            for chunk in row_chunks(self.core, X, rows, n_threads)
        ]
        if len(pieces) == 1:
            return pieces[0]
        values, n_wrong = zip(*pieces, strict=True)
        return np.concatenate(values), sum(n_wrong)

    def activations(
        self, X: Matrix, layer: int, *, rows: NDArray[np.int64] | None = None, n_threads: int = 1
    ) -> AnyArray:
        """Return what a layer (the first is 0) passes on to the next one, (n_rows, width)."""
        activations = partial(self.core.activations, self.parameters, X, layer)
        return stacked_rows(activations, row_chunks(self.core, X, rows, n_threads))

    def pre_activations(
        self, X: Matrix, layer: int, *, rows: NDArray[np.int64] | None = None, n_threads: int = 1
    ) -> AnyArray:
        """Return what a layer computes before its normalization, (n_rows, width)."""
        compute = partial(self.core.pre_activations, self.parameters, X, layer)
        return stacked_rows(compute, row_chunks(self.core, X, rows, n_threads))

    def moments(
        self, X: Matrix, layer: int, *, rows: NDArray[np.int64] | None = None, n_threads: int = 1
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and biased variance, (width,), of a layer before its normalization."""
        moments = partial(self.core.moments, self.parameters, X, layer)
        return pooled_moments(moments, row_chunks(self.core, X, rows, n_threads))

    def loss(
        self,
        X: Matrix,
        y: AnyArray,
        weights: AnyArray | None = None,
        *,
        rows: NDArray[np.int64] | None = None,
        alpha: float = 0.0,
        n_threads: int = 1,
    ) -> float:
        """Return the loss: summed over outputs, averaged over samples by weight, plus L2.

        ``alpha`` is the factor of L2 on the weights; it is divided by the sum of sample weights.
        """
        loss = partial(self.core.loss, self.parameters, X, y, weights)
        chunks = row_chunks(self.core, X, rows, n_threads)
        return weighted_mean_over_chunks(lambda **how: (loss(**how), None), chunks, weights, alpha)[
            0
        ]

    def loss_and_gradient(
        self,
        X: Matrix,
        y: AnyArray,
        weights: AnyArray | None = None,
        *,
        rows: NDArray[np.int64] | None = None,
        alpha: float = 0.0,
        n_threads: int = 1,
    ) -> tuple[float, AnyArray]:
        """Return `loss` and its gradient (n_parameters,), zero at the statistics of batch norm."""
        compute = partial(self.core.loss_and_gradient, self.parameters, X, y, weights)
        chunks = row_chunks(self.core, X, rows, n_threads, passes=3)
        return weighted_mean_over_chunks(compute, chunks, weights, alpha)

    def recalibrate(
        self, X: Matrix, *, rows: NDArray[np.int64] | None = None, n_threads: int = 1
    ) -> None:
        """Replace batch norm's running statistics by those of all given samples.

        The layers are processed in order, since a layer's statistics depend on those below it; the
        variance is the biased one.
        """
        variances = self.blocks_of("variance")
        for layer, mean in self.blocks_of("mean").items():
            moments = self.moments(X, layer, rows=rows, n_threads=n_threads)
            mean[...], variances[layer][...] = moments
