r"""The neural tangent kernel at a network's weights: which functions training learns fast.

K = J J^T, with the derivatives J of all outputs by the parameters. Gradient descent on small steps
learns the targets' component along an eigenvector at the speed of its eigenvalue; a kernel that
stays what it was is lazy training, one that turns towards the targets has learned features.

Sources: A. Jacot, F. Gabriel, C. Hongler, "Neural tangent kernel", NeurIPS 2018; C. Cortes, M.
Mohri, A. Rostamizadeh, "Algorithms for learning kernels based on centered alignment", JMLR 13,
2012; L. Chizat, E. Oyallon, F. Bach, "On lazy training in differentiable programming", NeurIPS
2019; S. Fort et al., "Deep learning versus kernel learning", NeurIPS 2020, for the distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen.probe.probe import check_probe

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["NTK", "ntk"]

MAX_NUMBERS = 200_000_000
"""Largest number of derivatives in memory; 1.6 GB."""
MAX_SIZE = 5000
"""Largest kernel whose eigenvalues are computed: about a minute."""


@dataclass(frozen=True, eq=False)
class NTK(ShownAsTable):
    """The tangent kernel on some rows.

    Parameters
    ----------
    kernel : ndarray of shape (n_samples * n_outputs, n_samples * n_outputs)
        Kernel; row ``i * n_outputs + c`` belongs to output c of sample i, before the link.
    eigenvalues : ndarray of shape (n_samples * n_outputs,)
        Descending.
    alignment : float
        Cosine between the centred kernel and that of the centred targets, in [0, 1].
    change : float or None
        Norm of the difference from the reference's kernel over the norm of the latter: 0 in lazy
        training, of the order of 1 and more in rich training. None without a reference.
    distance : float or None
        One minus the cosine between both kernels, which ignores their scale.
    reference_alignment : float or None
        Alignment of the reference's kernel.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.generalization import ntk
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=()).partial_fit(X, y), X, y)
    >>> ntk(probe).kernel.tolist()
    [[1.0, 1.0, 1.0], [1.0, 2.0, 3.0], [1.0, 3.0, 5.0]]
    """

    kernel: FloatArray
    eigenvalues: FloatArray
    alignment: float
    change: float | None
    distance: float | None
    reference_alignment: float | None

    def __repr__(self) -> str:
        moved = "" if self.change is None else f", change {self.change:.4g}"
        return (
            f"NTK({len(self.kernel)} x {len(self.kernel)}, largest eigenvalue "
            f"{self.eigenvalues[0]:.4g}, alignment {self.alignment:.4g}{moved})"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the eigenvalues against their ranks.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            The axes drawn on.
        """
        ax = axes_or_new(ax)
        positive = self.eigenvalues[self.eigenvalues > 1e-12 * self.eigenvalues[0]]
        ax.plot(np.arange(1, len(positive) + 1), positive)
        ax.set(xscale="log", yscale="log", xlabel="rank", ylabel="eigenvalue of the tangent kernel")
        return ax


def ntk(probe: Probe, reference: Probe | None = None) -> NTK:
    r"""Compute the tangent kernel of a network on the probe's rows.

    Parameters
    ----------
    probe : Probe
        Network and rows.
    reference : Probe or None, default=None
        The same rows at other weights, such as those at the start of training
        (``probe.at(parameters)``), or with another network: lazy or rich training is the change of
        the kernel from it.

    Returns
    -------
    result : NTK
        Kernel, eigenvalues, alignment with the targets, and the change.

    Raises
    ------
    ValueError
        If there are too many rows, outputs and parameters, the reference has another number of rows
        or outputs, or the targets are all equal.

    Notes
    -----
    Targets are scaled numbers, 0 and 1 for two classes and for several labels, and one column per
    class otherwise; they and the kernel are centred over the rows, output by output. Sample weights
    do not count. In networks of infinite width the kernel does not change; of two networks with the
    same function, the one with the larger outputs before a small rate (Chizat et al. 2019) is the
    lazier. The kernel depends on the parametrization: reparametrized layers count as what they are.

    Memory is 8 n n_outputs P bytes for the derivatives, at most 1.6 GB, and the kernel has 5,000
    rows at most. The cost is a backward pass per output and 2 (n n_outputs)^2 P floating-point
    operations.

    References
    ----------
    .. [1] A. Jacot, F. Gabriel, C. Hongler, "Neural tangent kernel: convergence and generalization
       in neural networks", NeurIPS 2018.
    .. [2] C. Cortes, M. Mohri, A. Rostamizadeh, "Algorithms for learning kernels based on centered
       alignment", JMLR 13, 2012.
    .. [3] L. Chizat, E. Oyallon, F. Bach, "On lazy training in differentiable programming", NeurIPS
       2019.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.generalization import ntk
    >>> X = np.linspace(-1, 1, 20)[:, None]
    >>> y = np.sin(3 * X[:, 0])
    >>> net = MLPRegressor(hidden_layer_sizes=(32,), random_state=0)
    >>> start = Probe(net.partial_fit(X, y), X, y)
    >>> end = Probe(net.set_params(solver="lbfgs", max_iter=500).fit(X, y), X, y)
    >>> bool(ntk(end, start).change > 0.1)
    True
    """
    check_probe(probe)
    kernel = _kernel(probe)
    targets = _targets(probe)
    if not np.any(targets):
        raise ValueError("all targets are equal, so that no kernel is aligned with them")
    change = distance = before = None
    if reference is not None:
        if (reference.n_samples, reference.n_outputs) != (probe.n_samples, probe.n_outputs):
            raise ValueError(
                f"the reference has {reference.n_samples} rows and {reference.n_outputs} outputs, "
                f"the probe {probe.n_samples} and {probe.n_outputs}"
            )
        other = _kernel(reference)
        change = float(np.linalg.norm(kernel - other) / np.linalg.norm(other))
        distance = float(1 - np.sum(kernel * other) / _norms(kernel, other))
        before = _alignment(other, targets)
    values = np.array(np.linalg.eigvalsh(kernel)[::-1], dtype=np.float64)
    return NTK(kernel, values, _alignment(kernel, targets), change, distance, before)


def _kernel(probe: Probe) -> FloatArray:
    size = probe.n_samples * probe.n_outputs
    if size > MAX_SIZE or size * probe.n_parameters > MAX_NUMBERS:
        raise ValueError(
            f"the tangent kernel of {probe.n_samples} rows with {probe.n_outputs} outputs and "
            f"{probe.n_parameters} parameters is too large: rows times outputs may be {MAX_SIZE}, "
            f"and that times the parameters {MAX_NUMBERS:.0e}; make a probe of fewer rows"
        )
    J = probe.output_gradients().reshape(size, probe.n_parameters)
    return J @ J.T


def _targets(probe: Probe) -> FloatArray:
    """Return the targets (n_samples, n_outputs), centred."""
    y = np.asarray(probe.data.y)
    if y.ndim == 1 and probe.n_outputs > 1:
        y = np.eye(probe.n_outputs)[y.astype(np.int64)]
    targets = np.broadcast_to(y.reshape(len(y), -1), (len(y), probe.n_outputs)).astype(np.float64)
    centred: FloatArray = targets - targets.mean(axis=0)
    return centred


def _norms(a: FloatArray, b: FloatArray) -> float:
    return float(np.linalg.norm(a) * np.linalg.norm(b))


def _alignment(kernel: FloatArray, targets: FloatArray) -> float:
    """Return the centred alignment; ``targets`` (n_samples, n_outputs) are centred."""
    n, k = targets.shape
    blocks = kernel.reshape(n, k, n, k)
    blocks = blocks - blocks.mean(axis=0, keepdims=True)
    blocks = blocks - blocks.mean(axis=2, keepdims=True)
    centred, y = blocks.reshape(n * k, n * k), targets.ravel()
    return float(y @ centred @ y / max(np.linalg.norm(centred) * (y @ y), np.finfo(float).tiny))
