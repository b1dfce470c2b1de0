"""The network that a training began from, built again from the seed."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np

from deepgen._training.data import Data
from deepgen.estimators.fitted import FittedMLP, network_of
from deepgen.estimators.from_parameters import make_network
from deepgen.estimators.settings import read_settings
from deepgen.estimators.starting_weights import start_network

__all__ = ["starting_model"]


def starting_model(model: Any) -> Any:
    """Return a copy of a fitted estimator with the weights that its training began from.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier or Probe
        Fitted by one call, with one network.

    Returns
    -------
    start : MLPRegressor or MLPClassifier
        The same estimator with its starting weights, the same to the bit: a checksum of them that
        was kept by the fit is compared. Batch norm has the running statistics 0 and 1.

    Raises
    ------
    TypeError
        If ``model`` is no estimator or probe of this package.
    ValueError
        If ``random_state`` is None, if weights were given (``coefs_init``), if training was
        continued (warm start, further calls of ``partial_fit``), or if the starting weights depend
        on the training rows or on parameters that were changed since.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.generalization.norms.starting_model import starting_model
    >>> model = MLPRegressor(hidden_layer_sizes=(3,), learning_rate_init=1e-9, random_state=0)
    >>> start = starting_model(model.partial_fit([[0.0], [1.0]], [0.0, 1.0]))
    >>> bool(abs(start.coefs_[0] - model.coefs_[0]).max() < 1e-6)
    True
    """
    estimator = getattr(model, "model", model)
    if not isinstance(estimator, FittedMLP):
        raise TypeError(
            f"a fitted MLPRegressor or MLPClassifier is needed, got {type(model).__name__}"
        )
    fitted, state = network_of(estimator), estimator._training_state
    settings_of: Any = estimator
    if settings_of.random_state is None:
        raise ValueError(
            "the starting weights of random_state=None are not those of a stated seed; fit with an "
            "integer, or give the reference weights as arrays"
        )
    if not state.start:
        raise ValueError(
            "the starting weights are not known: they were given (coefs_init), training was "
            "continued (warm_start, partial_fit), or the model was saved by a version that kept no "
            "checksum of them; give the reference weights as arrays"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the fit has warned
        settings = read_settings(estimator, incremental=False)
    spec, targets = fitted.core.spec, estimator._targets
    network = make_network(
        estimator,
        n_inputs=spec.n_inputs,
        n_outputs=targets.n_outputs,
        loss=targets.core,
        products=settings.products,
        before=None,
    )
    # Rows that draw nothing: where weights depend on rows, the checksum is another one.
    row = Data(
        np.zeros((1, spec.n_inputs), dtype=network.dtype), np.zeros((1, 1), dtype=network.dtype)
    )
    start_network(estimator, network, row, state.seed, coefs=None, intercepts=None)
    if network.checksum() != state.start:
        raise ValueError(
            "the starting weights cannot be built again: they depend on the training rows (a "
            "data-dependent start, embedded or scaled inputs, a learned line), or parameters of "
            "the estimator were changed since; give the reference weights as arrays"
        )
    start = copy.copy(estimator)
    start.network_ = network
    return start
