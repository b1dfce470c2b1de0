"""A network at some parameters with data, and calls of the engine on chunks of its rows."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen import _core
from deepgen._display.shown_as_table import ShownAsTable, in_a_few_words
from deepgen._display.text_table import Row
from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen._engine.row_chunks import row_spans
from deepgen._engine.threads import effective_threads, worthwhile_threads
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen.probe.linear_operator import checked_vector
from deepgen.probe.reparametrized import ReparametrizedProbe

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["FORWARD", "FORWARD_TANGENT", "GAUSS_NEWTON", "GRADIENT", "HESSIAN", "HeldNetwork"]

# Multiply-adds per row and parameter.
FORWARD, GRADIENT, FORWARD_TANGENT, GAUSS_NEWTON, HESSIAN = 1, 3, 3, 5, 8
# Vectors that the engine multiplies by at once; memory grows with them.
VECTORS_AT_ONCE = 8
# Of activations and gradients that products at one point share; what is past it is computed anew.
KEPT_BYTES = 512 * 2**20


class HeldNetwork(ShownAsTable):
    """What every measurement of a probe needs: network, data, and calls on chunks of rows.

    Attributes
    ----------
    network : Network
        Copy of the network in float64; its arrays are read-only.
    data : Data
        Samples in the engine's format.

    Examples
    --------
    >>> from deepgen import Probe
    >>> from deepgen.probe.held_network import HeldNetwork
    >>> issubclass(Probe, HeldNetwork)
    True
    """

    network: Network
    data: Data
    _estimator: Any
    _core: Any  # deepgen._core.Probe or ReparametrizedProbe, which have the same methods
    _packed: Any  # parameters, as its `point` packs them

    def _measure(self, network: Network) -> None:
        samples = (self.data.X, self.data.y, self.data.weights)
        if network.core.reparametrized:
            self._core = ReparametrizedProbe(network, *samples, kept_bytes=KEPT_BYTES)
        else:
            self._core = _core.Probe(network.core, *samples, kept_bytes=KEPT_BYTES)
        self._hold(network, network.parameters)

    def _hold(self, network: Network, parameters: AnyArray) -> None:
        """Set the parameters, buffers included."""
        parameters = np.array(parameters, dtype=np.float64)
        parameters.flags.writeable = False
        self.network = Network(network.core, parameters)
        self._packed = None

    def __getstate__(self) -> dict[str, Any]:
        return {k: value for k, value in vars(self).items() if k not in ("_core", "_packed")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._measure(self.network)

    def _html_rows(self) -> list[Row]:
        """Return the blocks of parameters with their sizes and ranges."""
        return [
            {"block": name, "numbers": in_a_few_words(block)}
            for name, block in self.network.blocks().items()
        ]

    def __repr__(self) -> str:
        spec = self.network.core.spec
        widths = "-".join(str(n) for n in [spec.n_inputs, *(l.width for l in spec.layers)])
        return f"Probe({widths}, {self.n_parameters} parameters, {self.n_samples} samples)"

    @property
    def n_samples(self) -> int:
        """Number of samples n, including those of weight 0."""
        return int(self._core.n_rows)

    @property
    def n_parameters(self) -> int:
        """Number of trainable parameters P."""
        return self.network.core.n_trainable

    @property
    def n_outputs(self) -> int:
        """Number of outputs of the network before the link."""
        return self.network.core.n_outputs

    @property
    def parameters(self) -> FloatArray:
        """Trainable parameters (P,): per layer ``coefs``, ``intercepts``, scale, shift and gain.

        A read-only view; `at` gives a probe at other parameters.
        """
        parameters: FloatArray = self.network.parameters[: self.n_parameters]
        return parameters

    @property
    def model(self) -> Any:
        """Fitted estimator, a copy, that predicts with the probe's network."""
        model = copy.deepcopy(self._estimator)
        model.network_ = self.network
        return model

    def at(self, parameters: Any) -> Self:
        """Return a probe of the same network and data at other parameters.

        Parameters
        ----------
        parameters : array-like of shape (n_parameters,)
            Trainable parameters in the order of `parameters`; they are copied.

        Returns
        -------
        probe : Probe
            It shares the data and keeps the statistics of batch norm. Its parameters are packed for
            the engine at its first measurement, once for all.

        Raises
        ------
        ValueError
            If there is not one finite number per parameter.
        """
        trainable = checked_vector(
            "parameters", parameters, self.n_parameters, "one per trainable parameter"
        )
        if not np.isfinite(trainable).all():
            raise ValueError("parameters must be finite, got NaN or infinity")
        probe = object.__new__(type(self))  # copy would make the engine's probe anew
        vars(probe).update(vars(self))
        buffers = self.network.parameters[self.n_parameters :]
        probe._hold(self.network, np.concatenate([trainable, buffers]))
        return probe

    def _threads(self, work: float) -> int:
        """Return the number of threads that so many multiply-adds are worth."""
        few = worthwhile_threads(2, work) == 1
        return 1 if few else worthwhile_threads(effective_threads(self._estimator.n_jobs), work)

    @property
    def _point(self) -> Any:
        """The parameters, packed at the first use; two threads may both do it, with one result."""
        if self._packed is None:
            self._packed = self._core.point(self.network.parameters)
        return self._packed

    def _multiply(
        self, measure: Callable[..., None], vectors: FloatArray, shape: int, *, work: int
    ) -> FloatArray:
        """Return products with vectors (k, any) as rows of an array (k, shape)."""
        products = np.zeros((len(vectors), shape))
        for first in range(0, len(vectors), VECTORS_AT_ONCE):
            some = slice(first, first + VECTORS_AT_ONCE)
            self._in_chunks(measure, vectors[some], products[some], work=work * len(vectors[some]))
        return products

    def _in_chunks(self, measure: Callable[..., None], *arrays: AnyArray, work: int) -> None:
        """Call a measurement on chunks of the samples; ``work`` is per row and parameter."""
        row_work = work * self.n_parameters
        for rows in row_spans(self.n_samples, row_work, block=_core.measured_rows):
            n_threads = self._threads(float(row_work * (rows.stop - rows.start)))
            measure(self._point, *arrays, rows.start, rows.stop, n_threads=n_threads)
