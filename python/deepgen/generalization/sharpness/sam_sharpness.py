r"""The sharpness that SAM minimizes: the largest rise of the loss in a ball around the parameters.

    max over ||e|| <= rho of L(w + e) - L(w)

The search goes from a point of the ball to the one where the linearized loss is highest,
e = rho g / ||g||, with g the gradient at w + e (projected ascent with a step of any length). On a
quadratic this is the power method, and the maximum at a minimum is rho^2 lambda_1 / 2. In the
adaptive form the ball is ||e / w|| <= rho, entry by entry, and e = rho w^2 g / ||w g||.

Sources: P. Foret, A. Kleiner, H. Mobahi, B. Neyshabur, "Sharpness-aware minimization for
efficiently improving generalization", ICLR 2021; J. Kwon, J. Kim, H. Park, I. Choi, "ASAM:
adaptive sharpness-aware minimization", ICML 2021, for the adaptive ball.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._counts import checked_count
from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen.generalization.settings import checked_size, generator
from deepgen.probe.probe import check_probe

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["SamSharpness", "sam_sharpness"]


@dataclass(frozen=True, eq=False)
class SamSharpness(ShownAsTable):
    """The largest rise of the loss that was found in a ball around the parameters.

    Parameters
    ----------
    value : float
        Highest loss found minus the loss at the parameters, at least 0: a lower bound of the
        maximum over the ball.
    loss : float
        Loss at the parameters.
    rho : float
        Radius of the ball.
    adaptive : bool
        Whether the ball is scaled by the absolute parameters.
    one_step : float
        Rise after SAM's own single step along the gradient; it is 0 where the gradient is
        exactly 0, and says little where it is 0 but for rounding.
    rises : ndarray of shape (n_starts, n_steps)
        Rise after each step of each search.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.generalization import sam_sharpness
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> sam_sharpness(probe, 0.1, n_steps=5, n_starts=2).rises.shape
    (2, 5)
    """

    value: float
    loss: float
    rho: float
    adaptive: bool
    one_step: float
    rises: FloatArray

    def __repr__(self) -> str:
        form = "adaptive, " if self.adaptive else ""
        return (
            f"SamSharpness({self.value:.4g} or more, {form}rho {self.rho:g}, loss {self.loss:.4g}, "
            f"one step {self.one_step:.4g})"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the rise of each search against its steps.

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
        for rises in self.rises:
            ax.plot(np.arange(1, len(rises) + 1), rises)
        ax.set(xlabel="step of the search", ylabel=f"rise of the loss within {self.rho:g}")
        return ax


def sam_sharpness(
    probe: Probe,
    rho: float = 0.05,
    *,
    adaptive: bool = False,
    n_steps: int = 20,
    n_starts: int = 3,
    random_state: int = 0,
) -> SamSharpness:
    """Search the highest loss in a ball around the probe's parameters.

    Parameters
    ----------
    probe : Probe
        Probe with the point and the data.
    rho : float, default=0.05
        Radius, > 0; in the adaptive form relative to the parameters.
    adaptive : bool, default=False
        Whether the ball is ``||e / w|| <= rho``, entry by entry; parameters that are 0 do not move.
    n_steps : int, default=20
        Steps per search, at least 1.
    n_starts : int, default=3
        Number of searches, at least 1: the first begins at the parameters, the others in random
        directions at the full radius.
    random_state : int, default=0
        Seed of the directions, at least 0.

    Returns
    -------
    sharpness : SamSharpness
        Value, a lower bound, and the rises along the way.

    Notes
    -----
    The cost is ``n_starts * n_steps`` evaluations of loss and gradient, 4/3 gradients each. The
    adaptive form does not change if neurons are rescaled (incoming weights and intercept times c,
    outgoing weights divided by c); the other one does. Neither need go along with the error on new
    data [3]_. Batch norm uses its running statistics.

    References
    ----------
    .. [1] P. Foret, A. Kleiner, H. Mobahi, B. Neyshabur, "Sharpness-aware minimization for
       efficiently improving generalization", ICLR 2021.
    .. [2] J. Kwon, J. Kim, H. Park, I. Choi, "ASAM: adaptive sharpness-aware minimization", ICML
       2021.
    .. [3] M. Andriushchenko, F. Croce, M. Mueller, M. Hein, N. Flammarion, "A modern look at the
       relationship between sharpness and generalization", ICML 2023.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.generalization import sam_sharpness
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> sharpness = sam_sharpness(probe, 0.1)
    >>> bool(sharpness.one_step <= sharpness.value)
    True
    """
    check_probe(probe)
    rho = checked_size("rho", rho)
    n_steps, n_starts = checked_count("n_steps", n_steps), checked_count("n_starts", n_starts)
    random = generator(random_state)
    w = probe.parameters
    scale = np.abs(w) if adaptive else np.ones_like(w)
    loss = probe.loss()

    def farthest(gradient: FloatArray) -> FloatArray:
        """Return the point of the ball with the largest product with a gradient."""
        scaled = scale * gradient
        length = float(np.linalg.norm(scaled))
        return rho * scale * scaled / length if length > 0 else np.zeros_like(w)

    rises = np.empty((n_starts, n_steps))
    for start in range(n_starts):
        if start:
            direction = random.standard_normal(len(w))
            e = rho * scale * direction / np.linalg.norm(direction)
        else:
            e = np.zeros_like(w)
        for step in range(n_steps):
            e = farthest(probe.at(w + e).gradient())
            rises[start, step] = probe.at(w + e).loss() - loss
    return SamSharpness(
        max(0.0, float(rises.max())), loss, rho, bool(adaptive), float(rises[0, 0]), rises
    )
