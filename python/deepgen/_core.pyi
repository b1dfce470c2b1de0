"""
The engine of deepgen: networks, their gradients, their training and its measurement.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
__all__: list[str] = ['Block', 'Chain', 'Component', 'DeviceDescription', 'DeviceError', 'EmbeddingSpec', 'LayerSpec', 'Network', 'NetworkSpec', 'Parameter', 'Plugin', 'Point', 'Prepared', 'Probe', 'Progress', 'SparseRows', 'Trainer', 'build_info', 'catalog', 'chunk_rows', 'fma_peak', 'max_threads', 'measured_rows', 'needs_lapack', 'rate_roles', 'simd_paths']
class Component:
    """
    A member of a family by name, with the settings that differ.
    """
    def __getstate__(self) -> tuple[str, dict[str, float | list[float]]]:
        ...
    def __init__(self, name: str, settings: collections.abc.Mapping[str, typing.SupportsFloat | typing.SupportsIndex | collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]] = {}) -> None:
        ...
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    def __repr__(self) -> str:
        ...
    def __setstate__(self, arg0: tuple[str, collections.abc.Mapping[str, typing.SupportsFloat | typing.SupportsIndex | collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]]]) -> None:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def settings(self) -> dict[str, float | list[float]]:
        ...
class Parameter:
    """
    A setting's default, and what it may be.
    """
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    @property
    def choices(self) -> list[str]:
        """
        What the numbers 0, 1 ... stand for; none where they are numbers.
        """
    @property
    def default(self) -> float:
        ...
    @property
    def high(self) -> float:
        ...
    @property
    def integer(self) -> bool:
        ...
    @property
    def low(self) -> float:
        ...
    @property
    def many(self) -> bool:
        """
        Whether a list of numbers is taken.
        """
    @property
    def open_high(self) -> bool:
        """
        Whether `high` itself is refused.
        """
    @property
    def open_low(self) -> bool:
        """
        Whether `low` itself is refused.
        """
class LayerSpec:
    """
    One dense layer and what follows it.
    """
    def __getstate__(self) -> tuple[int, str, Component, int, float, Component, Component, float]:
        ...
    def __init__(self, *, width: typing.SupportsInt | typing.SupportsIndex, activation: str = 'relu', normalization: Component = ..., skip_from: typing.SupportsInt | typing.SupportsIndex = -1, dropout: typing.SupportsFloat | typing.SupportsIndex = 0.0, reparametrization: Component = ..., skip: Component = ..., branch_drop: typing.SupportsFloat | typing.SupportsIndex = 0.0) -> None:
        ...
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    def __setstate__(self, arg0: tuple[typing.SupportsInt | typing.SupportsIndex, str, Component, typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex, Component, Component, typing.SupportsFloat | typing.SupportsIndex]) -> None:
        ...
    @property
    def activation(self) -> str:
        ...
    @property
    def branch_drop(self) -> float:
        ...
    @property
    def dropout(self) -> float:
        ...
    @property
    def normalization(self) -> Component:
        ...
    @property
    def reparametrization(self) -> Component:
        ...
    @property
    def skip(self) -> Component:
        ...
    @property
    def skip_from(self) -> int:
        ...
    @property
    def width(self) -> int:
        ...
class EmbeddingSpec:
    """
    A map of single features, by trained numbers of each.
    """
    def __getstate__(self) -> tuple[Component, list[int], list[list[float]]]:
        ...
    def __init__(self, *, member: Component, features: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], constants: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]] = []) -> None:
        ...
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    def __setstate__(self, arg0: tuple[Component, collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], collections.abc.Sequence[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]]]) -> None:
        ...
    @property
    def constants(self) -> list[list[float]]:
        ...
    @property
    def features(self) -> list[int]:
        ...
    @property
    def member(self) -> Component:
        ...
class NetworkSpec:
    """
    What a network is made of.
    """
    def __getstate__(self) -> tuple[int, list[LayerSpec], Component, bool] | tuple[int, list[LayerSpec], Component, bool, list[EmbeddingSpec], bool]:
        ...
    def __init__(self, *, n_inputs: typing.SupportsInt | typing.SupportsIndex, layers: collections.abc.Sequence[LayerSpec], loss: Component, bias: bool = True, embeddings: collections.abc.Sequence[EmbeddingSpec] = [], input_scale: bool = False) -> None:
        ...
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    def __setstate__(self, arg0: tuple[typing.SupportsInt | typing.SupportsIndex, collections.abc.Sequence[LayerSpec], Component, bool] | tuple[typing.SupportsInt | typing.SupportsIndex, collections.abc.Sequence[LayerSpec], Component, bool, collections.abc.Sequence[EmbeddingSpec], bool]) -> None:
        ...
    def folded(self) -> NetworkSpec:
        """
        The same for prediction only: also without batch norm and dropout.
        """
    def plain(self) -> NetworkSpec:
        """
        The same network whose weights are trained as they are.
        """
    @property
    def bias(self) -> bool:
        ...
    @property
    def embeddings(self) -> list[EmbeddingSpec]:
        ...
    @property
    def input_scale(self) -> bool:
        ...
    @property
    def layers(self) -> list[LayerSpec]:
        ...
    @property
    def loss(self) -> Component:
        ...
    @property
    def n_inputs(self) -> int:
        ...
class DeviceError(RuntimeError):
    pass
class DeviceDescription:
    """
    A device, and what it can do.
    """
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    @property
    def compute_capability(self) -> tuple[int, int]:
        ...
    @property
    def driver(self) -> tuple[int, int]:
        """
        Newest version of CUDA that the driver knows.
        """
    @property
    def free_memory(self) -> int:
        """
        Bytes.
        """
    @property
    def memory(self) -> int:
        """
        Bytes.
        """
    @property
    def n_multiprocessors(self) -> int:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def refusal(self) -> str:
        """
        Why the plugin does not run on it; empty where it does.
        """
    @property
    def runtime(self) -> tuple[int, int]:
        """
        Version of CUDA in the plugin.
        """
class Plugin:
    """
    A shared library that computes on a device.
    """
    def __init__(self, path: str) -> None:
        ...
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    def describe(self, device: typing.SupportsInt | typing.SupportsIndex) -> DeviceDescription:
        """
        A device, which may be too old.
        """
    def n_devices(self) -> int:
        """
        Number of devices of the machine, at least 1.
        """
    @property
    def built_for(self) -> str:
        ...
class Block:
    """
    A named stretch of the flat parameter vector.
    """
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    def __repr__(self) -> str:
        ...
    @property
    def columns(self) -> int:
        ...
    @property
    def kind(self) -> str:
        ...
    @property
    def layer(self) -> int:
        """
        Of the blocks before layer 0 it is -1.
        """
    @property
    def name(self) -> str:
        ...
    @property
    def offset(self) -> int:
        ...
    @property
    def rows(self) -> int:
        ...
    @property
    def size(self) -> int:
        ...
    @property
    def trainable(self) -> bool:
        ...
class SparseRows:
    """
    CSR rows with rising column numbers, in place.
    """
    def __getstate__(self) -> tuple[numpy.ndarray, typing.Any, typing.Any, int]:
        ...
    def __init__(self, data: numpy.ndarray, indices: typing.Any, indptr: typing.Any, n_columns: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    def __setstate__(self, arg0: tuple[numpy.ndarray, typing.Any, typing.Any, typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def n_columns(self) -> int:
        ...
    @property
    def n_rows(self) -> int:
        ...
    @property
    def n_stored(self) -> int:
        ...
class Prepared:
    """
    A network and its parameters as they were, packed once for many calls.
    """
    def __getstate__(self) -> tuple[Network, typing.Any]:
        ...
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    def __setstate__(self, arg0: tuple[Network, typing.Any]) -> None:
        ...
    def forward(self, X: typing.Any, *, rows: typing.Any = None, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.ndarray:
        """
        Raw outputs (m, n_outputs).
        """
    def predict(self, X: typing.Any, *, rows: typing.Any = None, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.ndarray:
        """
        Means (m, n_outputs): the inverse link of the outputs.
        """
    def predict_in_units(self, X: typing.Any, mean: typing.Any, scale: typing.Any, *, rows: typing.Any = None, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> tuple[numpy.typing.NDArray[numpy.float64], int]:
        """
        Means in the targets' units, scale * m + mean of (n_targets,) each, and how many rows are not finite.
        """
class Network:
    """
    A network made ready to run; parameters come with each call.
    """
    def __getstate__(self) -> tuple[NetworkSpec, str, str]:
        ...
    def __init__(self, spec: NetworkSpec, dtype: str = 'float32', simd: str = '', device: Plugin | None = None) -> None:
        """
        The outputs, and what follows from them, are computed on the first device of a plugin, or on the processor. Pickles do not hold the device.
        """
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    def __setstate__(self, arg0: tuple[NetworkSpec, str, str]) -> None:
        ...
    def activations(self, parameters: typing.Any, X: typing.Any, layer: typing.SupportsInt | typing.SupportsIndex, *, rows: typing.Any = None, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.ndarray:
        """
        What a layer gives (m, width), in inference mode.
        """
    def effective(self, parameters: typing.Any) -> numpy.ndarray:
        """
        The parameters with the weights that products use in place of the trained coefs.
        """
    def forward(self, parameters: typing.Any, X: typing.Any, *, rows: typing.Any = None, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.ndarray:
        """
        Raw outputs (m, n_outputs).
        """
    def loss(self, parameters: typing.Any, X: typing.Any, y: typing.Any, weights: typing.Any = None, *, rows: typing.Any = None, alpha: typing.SupportsFloat | typing.SupportsIndex = 0.0, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> float:
        """
        The weighted mean loss with L2.
        """
    def loss_and_gradient(self, parameters: typing.Any, X: typing.Any, y: typing.Any, weights: typing.Any = None, *, rows: typing.Any = None, alpha: typing.SupportsFloat | typing.SupportsIndex = 0.0, training: bool = False, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> tuple[float, numpy.ndarray]:
        """
        The loss and its gradient (n_parameters,), zero at the buffers.
        """
    def moments(self, parameters: typing.Any, X: typing.Any, layer: typing.SupportsInt | typing.SupportsIndex, *, rows: typing.Any = None, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]]:
        """
        Mean and biased variance (width,) of what a layer's normalization takes.
        """
    def pre_activations(self, parameters: typing.Any, X: typing.Any, layer: typing.SupportsInt | typing.SupportsIndex, *, rows: typing.Any = None, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.ndarray:
        """
        What a layer's normalization takes (m, width), in inference mode.
        """
    def predict(self, parameters: typing.Any, X: typing.Any, *, rows: typing.Any = None, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.ndarray:
        """
        Means (m, n_outputs): the inverse link of the outputs.
        """
    def predict_in_units(self, parameters: typing.Any, X: typing.Any, mean: typing.Any, scale: typing.Any, *, rows: typing.Any = None, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> tuple[numpy.typing.NDArray[numpy.float64], int]:
        """
        Means in the targets' units, scale * m + mean of (n_targets,) each, and how many rows are not finite.
        """
    def prepare(self, parameters: typing.Any) -> Prepared:
        """
        The network with these parameters, packed once for many calls.
        """
    @property
    def dtype(self) -> str:
        ...
    @property
    def layout(self) -> list[Block]:
        ...
    @property
    def n_outputs(self) -> int:
        ...
    @property
    def n_parameters(self) -> int:
        ...
    @property
    def n_trainable(self) -> int:
        ...
    @property
    def products(self) -> str:
        ...
    @property
    def reparametrized(self) -> bool:
        ...
    @property
    def simd(self) -> str:
        ...
    @property
    def spec(self) -> NetworkSpec:
        ...
    @property
    def takes_classes(self) -> bool:
        ...
class Progress:
    """
    What the steps of the epoch so far did; sums over them.
    """
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    @property
    def epoch_done(self) -> bool:
        ...
    @property
    def finite(self) -> bool:
        ...
    @property
    def gradient_norm(self) -> float:
        ...
    @property
    def loss(self) -> float:
        ...
    @property
    def n_rows(self) -> int:
        ...
    @property
    def n_steps(self) -> int:
        ...
class Trainer:
    """
    Trains a network by slices of steps.
    """
    def __init__(self, network: Network, *, optimizer: Component, wrappers: collections.abc.Sequence[Component] = [], alpha: typing.SupportsFloat | typing.SupportsIndex = 0.0, batch_size: typing.SupportsInt | typing.SupportsIndex, shuffle: bool = True, seed: typing.SupportsInt | typing.SupportsIndex, augmentation: Component = ..., mixup: typing.SupportsFloat | typing.SupportsIndex = 0.0, rate_factors: collections.abc.Mapping[str, typing.SupportsFloat | typing.SupportsIndex] = {}, pretext: Component | None = None, device: Plugin | None = None) -> None:
        """
        `wrappers` stand around the optimizer from the inside out; `rate_factors` are by the roles of rate_roles(). With a `pretext` task y is None, and its batches are samples of X. The `device` is the first of a plugin, or the processor.
        """
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    def begin_epoch(self, epoch: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Draw the epoch's order and go to its start.
        """
    def load(self, parameters: typing.Any) -> None:
        """
        Take the weights from a flat vector.
        """
    def recall(self, name: str) -> numpy.ndarray:
        """
        One array of the optimizer's state.
        """
    def run(self, rates: typing.Any, n_threads: typing.SupportsInt | typing.SupportsIndex = 1, *, dropout: typing.Any = None, weight_decay: typing.Any = None) -> Progress:
        """
        At most len(rates) steps, never past the epoch's end; rates[i] is the learning rate of step i, and so of what else moves: the dropout of layers that drop units, and weight decay.
        """
    def seek(self, batch: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Go to a batch of the epoch that has begun; sums of progress begin there. Steps from it have the bits that they would have after the batches before it.
        """
    def set_data(self, X: typing.Any, y: typing.Any, weights: typing.Any = None, rows: typing.Any = None) -> None:
        """
        What to train on; the arrays are referenced, not copied.
        """
    def set_state(self, state: dict[str, numpy.ndarray]) -> None:
        """
        Take back what state() gave.
        """
    def state(self) -> dict[str, numpy.ndarray]:
        """
        The optimizer's state by name, and its count of steps; state that belongs to single weights comes as flat vectors.
        """
    def state_layout(self) -> dict[str, tuple[int]]:
        """
        The shapes of what state() gives, by name.
        """
    def store(self, parameters: typing.Any) -> None:
        """
        Write the weights into a flat vector.
        """
    @property
    def position(self) -> int:
        ...
    @property
    def step_work(self) -> float:
        ...
    @property
    def steps_per_epoch(self) -> int:
        ...
class Chain:
    """
    The chain rule between trained numbers and effective weights.
    """
    def __init__(self, network: Network, parameters: typing.Any) -> None:
        ...
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    def pull_back(self, gradients: typing.Any) -> None:
        """
        In place, each row (n_trainable,): from effective weights to trained numbers.
        """
    def pull_back_tangent(self, direction: typing.Any, gradient: typing.Any, tangent: typing.Any) -> None:
        """
        In place: R of the pulled back gradient, from R of the gradient.
        """
    def push_forward(self, direction: typing.Any) -> numpy.typing.NDArray[numpy.float64]:
        """
        How the effective weights move along a direction (n_trainable,).
        """
class Point:
    """
    Parameters packed once for all measurements at them.
    """
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
class Probe:
    """
    A float64 network and data that are measured at any parameters.
    """
    def __init__(self, network: Network, X: typing.Any, y: typing.Any, weights: typing.Any = None, *, kept_bytes: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
        ...
    def __reduce__(self) -> tuple[typing.Any, typing.Any, typing.Any]:
        ...
    def add_gauss_newton(self, point: Point, v: typing.Any, out: typing.Any, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        out (k, P) += the rows' share of the Gauss-Newton matrix's products with v (k, P).
        """
    def add_gauss_newton_diagonal(self, point: Point, out: typing.Any, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        out (P,) += the rows' share of the Gauss-Newton matrix's diagonal.
        """
    def add_gradients(self, point: Point, v: typing.Any, out: typing.Any, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        out (k, P) += the rows' sum of v_i times the gradient of sample i, v (k, n).
        """
    def add_hvp(self, point: Point, v: typing.Any, out: typing.Any, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        out (k, P) += the rows' share of the Hessian's products with v (k, P).
        """
    def add_kronecker_factors(self, point: Point, out: typing.Any, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        out += the rows' share of A and G of each layer, of the sizes `factor_sizes`.
        """
    def add_loss(self, point: Point, out: typing.Any, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        out (1,) += the rows' share of the loss.
        """
    def add_output_gradients(self, point: Point, v: typing.Any, out: typing.Any, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        out (k, P) += the rows' sum of the outputs' gradients times v (k, n n_outputs).
        """
    def directional(self, point: Point, v: typing.Any, out: typing.Any, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        out (k, n) = for each row its gradient's products with v (k, P).
        """
    def gradients(self, point: Point, out: typing.Any, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        out (n, P), or of these rows alone, = for each row its gradient.
        """
    def jacobian(self, point: Point, X: typing.Any, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float64]:
        """
        Derivatives of the outputs in the inputs, (m, n_outputs, n_inputs).
        """
    def norms(self, point: Point, out: typing.Any, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        out (n,) = for each row the norm of its gradient.
        """
    def output_curvature(self, point: Point, out: typing.Any, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        out (end - begin, n_outputs^2) = for each row the loss's Hessian in the outputs.
        """
    def output_gradients(self, point: Point, rows: typing.Any, out: typing.Any, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        out (m n_outputs, P) = for each output of chosen rows its gradient.
        """
    def output_tangents(self, point: Point, v: typing.Any, out: typing.Any, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        out (k, n n_outputs) = for each output of a row its gradient's products with v.
        """
    def point(self, parameters: typing.Any) -> Point:
        """
        Parameters (n_parameters,), buffers included, packed.
        """
    def signals(self, point: Point, norms: typing.Any, alive: typing.Any, begin: typing.SupportsInt | typing.SupportsIndex, end: typing.SupportsInt | typing.SupportsIndex, *, n_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> None:
        """
        norms (n, n_layers) = for each row and layer the norm of dl/dz; marks in alive (n_units,) the units whose activation has a slope at one of the rows.
        """
    @property
    def factor_sizes(self) -> list[tuple[int, int]]:
        """
        Rows of the Kronecker factors A and G of each layer.
        """
    @property
    def kept_bytes(self) -> int:
        """
        Memory of values that later products at the same point use again.
        """
    @property
    def n_rows(self) -> int:
        ...
def build_info() -> dict[str, str]:
    """
    Version, compiler and flags of this build.
    """
def catalog() -> dict[str, dict[str, dict[str, Parameter]]]:
    """
    family -> member -> setting -> what it may be
    """
def fma_peak(dtype: str, simd: str = '') -> float:
    """
    Peak of one thread right now, GFLOP/s of fused multiply-adds in registers.
    """
def max_threads() -> int:
    """
    OpenMP's limit now; 1 in a forked child.
    """
def needs_lapack(rule: str) -> bool:
    """
    Does a rule call SciPy's LAPACK, which should then have one thread?
    """
def rate_roles() -> list[str]:
    """
    The roles of parameters whose learning rate may have a factor.
    """
def simd_paths() -> list[str]:
    """
    The SIMD paths that run on this machine, best first.
    """
chunk_rows: int = 240
measured_rows: int = 512
