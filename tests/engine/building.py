"""From the twin's specs to the engine's."""

import numpy as np

from deepgen import _core
from reference import Component

NONE = Component("none")


def component_of(component):
    return _core.Component(component.name, component.settings)


def spec_of(spec):
    layers = [
        _core.LayerSpec(
            width=layer.width,
            activation=layer.activation,
            normalization=component_of(layer.normalization),
            skip_from=layer.skip_from,
            dropout=layer.dropout,
            reparametrization=component_of(layer.reparametrization),
            skip=component_of(layer.skip),
            branch_drop=layer.branch_drop,
        )
        for layer in spec.layers
    ]
    return _core.NetworkSpec(
        n_inputs=spec.n_inputs,
        layers=layers,
        loss=component_of(spec.loss),
        bias=spec.bias,
        embeddings=[
            _core.EmbeddingSpec(
                member=component_of(embedding.member),
                features=embedding.features,
                constants=embedding.constants,
            )
            for embedding in spec.embeddings
        ],
        input_scale=spec.input_scale,
    )


def network_of(spec, dtype="float64", simd=""):
    return _core.Network(spec_of(spec), dtype, simd)


def trainer_of(
    spec,
    optimizer,
    *,
    wrappers=(),
    dtype="float64",
    simd="",
    alpha=0.0,
    batch_size=32,
    shuffle=True,
    seed=0,
    augmentation=NONE,
    mixup=0.0,
    rate_factors=None,
    pretext=None,
):
    return _core.Trainer(
        network_of(spec, dtype, simd),
        optimizer=component_of(optimizer),
        wrappers=[component_of(wrapper) for wrapper in wrappers],
        alpha=alpha,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        augmentation=component_of(augmentation),
        mixup=mixup,
        rate_factors=rate_factors or {},
        pretext=None if pretext is None else component_of(pretext),
    )


def cast(array, dtype):
    """C-contiguous copy in the network's dtype; class numbers and None stay as they are."""
    if array is None or array.dtype == np.int32:
        return array
    return np.ascontiguousarray(array, dtype=dtype)


def rows_of_csr(matrix, dtype):
    """The engine's view of a SciPy CSR matrix."""
    return _core.SparseRows(
        np.ascontiguousarray(matrix.data, dtype=dtype),
        np.ascontiguousarray(matrix.indices, dtype=np.int32),
        np.ascontiguousarray(matrix.indptr, dtype=np.int64),
        matrix.shape[1],
    )


def parameters_after(trainer, like):
    """The trained vector; ``like`` tells its size and dtype."""
    parameters = np.empty_like(like)
    trainer.store(parameters)
    return parameters
