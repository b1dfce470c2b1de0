r"""The sharpness of Keskar et al.: the largest rise of the loss in a box around the parameters.

With parameters x, loss f, and a matrix A of orthonormal columns (or the identity),

    box   |z_i| <= eps (|(A^+ x)_i| + 1)
    phi = 100 (max over the box of f(x + A z) - f(x)) / (1 + f(x)).

The maximum is searched by L-BFGS-B, so the value is a lower bound.

Source: N. Keskar, D. Mudigere, J. Nocedal, M. Smelyanskiy, P. Tang, "On large-batch training for
deep learning: generalization gap and sharp minima", ICLR 2017, equation (3) and metric 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deepgen._counts import checked_count
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._engine.arrays import FloatArray
from deepgen.generalization.settings import checked_size, generator
from deepgen.probe.probe import check_probe

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["KeskarSharpness", "keskar_sharpness"]


@dataclass(frozen=True, eq=False)
class KeskarSharpness(ShownAsTable):
    """The largest rise of the loss that was found in a box around the parameters.

    Parameters
    ----------
    value : float
        Lower bound of phi = 100 (maximum - loss) / (1 + loss), at least 0.
    loss, highest : float
        The loss at the parameters, and the highest one found in the box.
    eps : float
        Half-width of the box relative to ``|x| + 1``.
    n_dimensions : int
        Dimensions of the box.
    values : ndarray of shape (n_starts,)
        Value of each search; the first one began at the centre of the box.
    n_evaluations : int
        Number of evaluations of the loss with its gradient.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.generalization import keskar_sharpness
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> keskar_sharpness(probe, eps=0.01).n_dimensions
    2
    """

    value: float
    loss: float
    highest: float
    eps: float
    n_dimensions: int
    values: FloatArray
    n_evaluations: int

    def __repr__(self) -> str:
        return (
            f"KeskarSharpness({self.value:.4g} or more, loss {self.loss:.4g} to "
            f"{self.highest:.4g}, eps {self.eps:g}, {self.n_dimensions} dimensions)"
        )


def keskar_sharpness(
    probe: Probe,
    eps: float = 1e-3,
    *,
    n_dimensions: int | None = None,
    n_iter: int = 10,
    n_starts: int = 2,
    random_state: int = 0,
) -> KeskarSharpness:
    """Search the highest loss in a box around the probe's parameters.

    Parameters
    ----------
    probe : Probe
        Probe with the point and the data.
    eps : float, default=1e-3
        Half-width of the box relative to ``|x| + 1``, > 0.
    n_dimensions : int or None, default=None
        Dimensions of a random subspace with orthonormal axes, at most ``n_parameters``; None means
        the full space. A subspace takes ``8 n_parameters n_dimensions`` bytes.
    n_iter : int, default=10
        Iterations of L-BFGS-B per search, at least 1.
    n_starts : int, default=2
        Number of searches, at least 1: the first begins at the parameters, where the gradient of a
        minimum is 0, the others at random points of the box.
    random_state : int, default=0
        Seed of subspace and starts, at least 0.

    Returns
    -------
    sharpness : KeskarSharpness
        Value, a lower bound, and the losses.

    Raises
    ------
    ValueError
        If there are more dimensions than parameters, or a setting is out of range.

    Notes
    -----
    The cost is ``n_evaluations`` evaluations of loss and gradient, 4/3 gradients each: about 1.3 to
    4 per iteration. The value is not invariant to a rescaling of neurons that leaves the function
    as it is, and values in subspaces are not comparable to values in the full space, since the
    boxes differ. Batch norm uses its running statistics.

    References
    ----------
    .. [1] N. Keskar, D. Mudigere, J. Nocedal, M. Smelyanskiy, P. Tang, "On large-batch training for
       deep learning: generalization gap and sharp minima", ICLR 2017.
    .. [2] L. Dinh, R. Pascanu, S. Bengio, Y. Bengio, "Sharp minima can generalize for deep nets",
       ICML 2017, for the lack of invariance.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.generalization import keskar_sharpness
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> keskar_sharpness(probe, 0.01).value < keskar_sharpness(probe, 0.02).value
    True
    """
    check_probe(probe)
    from scipy.optimize import Bounds, minimize

    eps = checked_size("eps", eps)
    P = probe.n_parameters
    n_iter, n_starts = checked_count("n_iter", n_iter), checked_count("n_starts", n_starts)
    if n_dimensions is not None and checked_count("n_dimensions", n_dimensions) > P:
        raise ValueError(f"n_dimensions must be at most {P}, the parameters, got {n_dimensions!r}")
    random = generator(random_state)
    x = probe.parameters
    A = None
    if n_dimensions is not None:
        A = np.linalg.qr(random.standard_normal((P, n_dimensions)))[0]
    box = eps * (np.abs(x if A is None else A.T @ x) + 1)
    loss = probe.loss()
    seen = [loss]
    n_evaluations = 0

    # In units of the box, so that the search is equally fast along all axes.
    def falling(t: FloatArray) -> tuple[float, FloatArray]:
        nonlocal n_evaluations
        n_evaluations += 1
        moved = probe.at(x + (box * t if A is None else A @ (box * t)))
        value, gradient = moved.loss(), moved.gradient()
        seen.append(value)
        return -value, -box * (gradient if A is None else A.T @ gradient)

    values: list[float] = []
    for start in range(n_starts):
        seen = [loss]
        first = random.uniform(-1, 1, len(box)) if start else np.zeros(len(box))
        minimize(
            falling,
            first,
            jac=True,
            method="L-BFGS-B",
            bounds=Bounds(-np.ones(len(box)), np.ones(len(box))),
            options={"maxiter": n_iter, "ftol": 0.0, "gtol": 0.0},
        )
        values.append(float(np.max(seen)))
    highest = max(values)
    return KeskarSharpness(
        _phi(loss, highest),
        loss,
        highest,
        eps,
        len(box),
        np.array([_phi(loss, value) for value in values]),
        n_evaluations,
    )


def _phi(loss: float, highest: float) -> float:
    return 100 * (highest - loss) / (1 + loss)
