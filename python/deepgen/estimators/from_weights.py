"""Construction: an estimator with given weights, without training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepgen._training.state import TrainingState
from deepgen.estimators.from_parameters import make_network
from deepgen.estimators.regressor import MLPRegressor

__all__ = ["regressor_from_layers"]


def regressor_from_layers(
    coefs: Sequence[Any], intercepts: Sequence[Any], **parameters: Any
) -> MLPRegressor:
    """Return a fitted float64 regressor with the given weights.

    Parameters
    ----------
    coefs : sequence of array-like of shape (in, out)
        Weights, one array per layer; the last layer is the output.
    intercepts : sequence of array-like of shape (out,)
        Intercepts, one array per layer.
    **parameters : dict
        Further constructor parameters of `MLPRegressor`, such as ``activation`` or ``skip``;
        ``hidden_layer_sizes``, ``target_scaling=None`` and ``dtype='float64'`` are set here.

    Returns
    -------
    model : MLPRegressor
        Equivalent to a fitted one: predictions, attributes, saving and further training work. It
        has seen no data, so its history is empty. Gains and scales of norms are 1, gates are half
        open.

    Raises
    ------
    ValueError
        If shapes do not match each other or a number is not finite.

    Examples
    --------
    >>> from deepgen.estimators.from_weights import regressor_from_layers
    >>> absolute = regressor_from_layers([[[1.0, -1.0]], [[1.0], [1.0]]], [[0.0, 0.0], [0.0]])
    >>> absolute.predict([[-2.0], [3.0]]).tolist()
    [2.0, 3.0]
    """
    matrices = [np.asarray(matrix, dtype=np.float64) for matrix in coefs]
    for layer, matrix in enumerate(matrices):
        if matrix.ndim != 2:
            raise ValueError(f"coefs[{layer}] must have two axes (in, out), got {matrix.shape}")
    model = MLPRegressor(
        hidden_layer_sizes=tuple(matrix.shape[1] for matrix in matrices[:-1]),
        target_scaling=None,
        dtype="float64",
        **parameters,
    )
    model._validate_params()
    model.n_features_in_ = matrices[0].shape[0]
    model._targets = model._make_targets(np.zeros((0, matrices[-1].shape[1])), None)
    network = make_network(
        model,
        n_inputs=model.n_features_in_,
        n_outputs=model._targets.n_outputs,
        loss=model._targets.core,
        products="float64",
        before=None,
    )
    for kind in ("scale", "variance", "gain", "slope"):
        for view in network.blocks_of(kind).values():
            view[...] = 1.0
    network.set_layers(matrices, intercepts)
    model.n_iter_ = 0
    model.network_, model._training_state = network, TrainingState(seed=0)
    return model
