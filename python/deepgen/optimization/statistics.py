"""Statistics: batch norm's running means and variances at other points of parameter space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepgen._engine.arrays import FloatArray
from deepgen._network.network import Network

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["recalibrated", "with_all_parameters"]


def with_all_parameters(probe: Probe, parameters: FloatArray) -> Probe:
    """Return a probe of the same network and data at other parameters and running statistics.

    Parameters
    ----------
    probe : Probe
        Probe with the data.
    parameters : ndarray of shape (n_parameters + n_statistics,)
        Trainable parameters first, then the running statistics of batch norm.

    Returns
    -------
    probe : Probe
        It shares the data.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization.statistics import with_all_parameters
    >>> model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit([[0.0], [1.0]], [0.0, 1.0])
    >>> probe = Probe(model, [[0.0], [1.0]], [0.0, 1.0])
    >>> with_all_parameters(probe, 0 * probe.parameters).loss()
    0.5
    """
    here = probe.at(parameters[: probe.n_parameters])
    if len(parameters) > probe.n_parameters:
        parameters = parameters.copy()
        parameters.flags.writeable = False
        here.network = Network(here.network.core, parameters)
    return here


def recalibrated(probe: Probe) -> Probe:
    """Return a probe whose batch norm has the statistics of all rows of the data.

    Parameters
    ----------
    probe : Probe
        Probe with or without batch norm.

    Returns
    -------
    probe : Probe
        The given one without batch norm, else one that shares the data. Each row counts once,
        whatever its weight.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.optimization.statistics import recalibrated
    >>> model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit([[0.0], [1.0]], [0.0, 1.0])
    >>> probe = Probe(model, [[0.0], [1.0]], [0.0, 1.0])
    >>> recalibrated(probe) is probe
    True
    """
    if not probe.network.blocks_of("mean"):
        return probe
    network = Network(probe.network.core, probe.network.parameters.copy())
    n_threads = probe._threads(float(probe.n_samples * probe.n_parameters))
    network.recalibrate(probe.data.X, n_threads=n_threads)
    return with_all_parameters(probe, network.parameters)
