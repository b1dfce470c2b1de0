"""The edge of stability: the largest curvature during training, beside what the step can bear.

On a quadratic, gradient descent at the rate r diverges along every eigenvector whose eigenvalue is
above 2 / r. Full-batch gradient descent on a network raises the largest eigenvalue lambda_1 of the
Hessian until it reaches that limit and then stays there, so that lambda_1 r / 2 is about 1, while
the loss falls on, no longer at each step.

Source: J. M. Cohen, S. Kaur, Y. Li, J. Z. Kolter, A. Talwalkar, "Gradient descent on neural
networks typically occurs at the edge of stability", ICLR 2021.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._counts import checked_count
from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen.optimization.lanczos import largest_eigenvalue
from deepgen.probe import Probe

__all__ = ["EdgeOfStability"]

N_STEPS = 50
"""Most Lanczos steps of one measurement."""
RENEWAL = 0.1
"""Share of a random vector in the next start, in case another eigenvector has overtaken."""


class EdgeOfStability(ShownAsTable):
    """Callback that measures the largest eigenvalue of the Hessian each few epochs.

    ``model.set_callbacks(edge).fit(X, y)`` fills it; each fit begins anew. Training does not change
    by a bit. The eigenvalue is that of the training loss on all rows that ``fit`` got, at the
    weights with which the estimator would predict if training ended there.

    Parameters
    ----------
    every : int, default=1
        Number of epochs (with L-BFGS: iterations) between two measurements, at least 1.
    tol : float, default=1e-3
        Relative accuracy of the eigenvalue, > 0.

    Attributes
    ----------
    epochs : ndarray of shape (n_points,)
        Number of finished epochs of the estimator at each point.
    lambda_1 : ndarray of shape (n_points,)
        Largest eigenvalue of the Hessian.
    loss : ndarray of shape (n_points,)
        Training loss, without L2.
    rates : ndarray of shape (n_points,)
        Learning rate of the epoch's last step; NaN with L-BFGS.
    stability : ndarray of shape (n_points,)
        ``lambda_1 * rates / 2``: gradient descent diverges on a quadratic where it is above 1.

    Raises
    ------
    ValueError
        If a setting is out of range.

    See Also
    --------
    deepgen.optimization.hessian_spectrum : More eigenvalues, once.

    Notes
    -----
    A measurement begins at the last eigenvector and takes a few products with the Hessian, at most
    50, of up to 8/3 gradients over the data each.

    The limit 2 / r is that of plain gradient descent with all rows in each step. With momentum m it
    is 2 (1 + m) / r, with Nesterov's 2 (1 + m) / (r (1 + 2 m)); minibatches keep lambda_1 lower,
    and other optimizers scale the curvature first. L2 does not count, and batch norm uses its
    running statistics.

    A search fits clones, which share the callback: it holds the last fit, and in other processes it
    stays empty here.

    References
    ----------
    .. [1] J. M. Cohen, S. Kaur, Y. Li, J. Z. Kolter, A. Talwalkar, "Gradient descent on neural
       networks typically occurs at the edge of stability", ICLR 2021.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.callbacks import EdgeOfStability
    >>> edge = EdgeOfStability(every=2)
    >>> model = MLPRegressor(hidden_layer_sizes=(), solver="sgd", momentum=0, random_state=0)
    >>> if hasattr(model, "set_callbacks"):
    ...     model = model.set_callbacks(edge).set_params(learning_rate_init=0.1, tol=1e-3)
    ...     model = model.fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
    ...     assert edge.epochs[:2].tolist() == [2, 4]
    ...     assert edge.stability[0].round(4) == 0.1194  # lambda_1 is 2.387
    """

    def __init__(self, every: int = 1, *, tol: float = 1e-3) -> None:
        checked_count("every", every)
        if not (np.isfinite(tol) and tol > 0):
            raise ValueError(f"tol must be finite and > 0, got {tol!r}")
        self.every, self.tol = every, tol
        self.clear()

    def clear(self) -> None:
        """Drop all points."""
        self._points: list[tuple[int, float, float, float]] = []
        self._vector: FloatArray | None = None

    def __repr__(self) -> str:
        if not self._points:
            return f"EdgeOfStability(every={self.every}, no points)"
        return (
            f"EdgeOfStability(every={self.every}, {len(self._points)} points, last lambda_1 "
            f"{self.lambda_1[-1]:.4g}, lambda_1 * rate / 2 {self.stability[-1]:.4g})"
        )

    def _html_fields(self) -> tuple[str, ...]:
        return ("epochs", "lambda_1", "loss", "rates", "stability", "every", "tol")

    @property
    def epochs(self) -> NDArray[np.int64]:
        """Number of finished epochs at each point."""
        return np.array([point[0] for point in self._points], dtype=np.int64)

    @property
    def lambda_1(self) -> FloatArray:
        """Largest eigenvalue of the Hessian at each point."""
        return np.array([point[1] for point in self._points], dtype=np.float64)

    @property
    def loss(self) -> FloatArray:
        """Training loss at each point."""
        return np.array([point[2] for point in self._points], dtype=np.float64)

    @property
    def rates(self) -> FloatArray:
        """Learning rate at each point."""
        return np.array([point[3] for point in self._points], dtype=np.float64)

    @property
    def stability(self) -> FloatArray:
        """Largest eigenvalue times half the learning rate at each point."""
        return self.lambda_1 * self.rates / 2

    def setup(self, estimator: Any, context: Any) -> None:
        """Drop the points of an earlier fit.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : sklearn.callback.CallbackContext
            Context of the fit.
        """
        self.clear()

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : sklearn.callback.CallbackContext
            Context of the epoch or of the fit.
        """

    def on_fit_task_end(
        self,
        estimator: Any,
        context: Any,
        *,
        X: Any = None,
        y: Any = None,
        metadata: Any = None,
        fitted_estimator: Any = None,
    ) -> None:
        """Measure after an epoch, if it is its turn.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : sklearn.callback.CallbackContext
            Context of the epoch or of the fit.
        X, y : array-like
            Training data.
        metadata : dict
            Further data; ``sample_weight`` counts.
        fitted_estimator : estimator, default=None
            Estimator with the weights of this moment; None after a failure.
        """
        last = context.task_name != "iteration" or (context.task_id + 1) % self.every
        if last or fitted_estimator is None:
            return
        weights = (metadata or {}).get("sample_weight")
        probe = Probe(fitted_estimator, X, y, weights)
        draw = np.random.default_rng(len(self._points))
        start = draw.standard_normal(probe.n_parameters)
        if self._vector is not None:
            start = self._vector + RENEWAL * start / np.linalg.norm(start)
        top, self._vector, _ = largest_eigenvalue(
            probe.hessian.matmat, start, tol=self.tol, n_iter=N_STEPS
        )
        history = fitted_estimator.history_
        rate = float(history["learning_rate"][-1])
        self._points.append((int(history["epoch"][-1]), top, probe.loss(), rate))

    def teardown(self, estimator: Any, context: Any) -> None:
        """Forget the last eigenvector.

        Parameters
        ----------
        estimator : estimator
            The estimator that is fitted.
        context : sklearn.callback.CallbackContext
            Context of the fit.
        """
        self._vector = None

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the largest eigenvalue and the limit 2 / rate against the epoch.

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
        ax.plot(self.epochs, self.lambda_1, label="largest eigenvalue of the Hessian")
        if np.isfinite(self.rates).any():
            ax.plot(self.epochs, 2 / self.rates, "--", color="black", label="2 / learning rate")
        ax.set(xlabel="epoch", ylabel="curvature")
        ax.legend()
        return ax
