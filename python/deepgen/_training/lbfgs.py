"""L-BFGS: SciPy's implementation with the engine's full-batch gradient, in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.blas import one_blas_thread
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen._training.divergence import no_finite_step
from deepgen._training.monitor import Monitor
from deepgen._training.plan import LBFGSPlan
from deepgen._training.state import TrainingState
from deepgen._training.validation import Validation
from deepgen._user_warnings import warn

if TYPE_CHECKING:
    from deepgen._training.callbacks import CallbackTasks

__all__ = ["minimize"]

# SciPy also stops if the loss decreases by less than this share of itself; with a loss and a
# curvature of 1 the gradient is then about the square root of it.
LEAST_FALL = 2.2e-9
# A gradient of so many times the stopping tolerance is not that of a minimum. Runs on usual tables
# stop by LEAST_FALL with a few hundred times the tolerance, runs at cliffs with a hundred thousand.
STEEP = 1000.0


def minimize(
    network: Network,
    data: Data,
    validation: Validation | None,
    plan: LBFGSPlan,
    state: TrainingState,
    tasks: CallbackTasks | None = None,
) -> int:
    """Train a network in float64 by L-BFGS; return the number of iterations of this call.

    Training starts from the network's parameters and overwrites them. ``validation`` is measured
    after each iteration, which adds a row to the state's history. ``tasks`` report each iteration
    to scikit-learn's callbacks, which may stop training.

    Raises
    ------
    ValueError
        If no loss was finite.

    Warns
    -----
    ConvergenceWarning
        If the gradient did not become small enough, also because of ``max_time``.
    UserWarning
        If Ctrl-C was pressed: the weights are those of the last iteration.
    """
    from scipy.optimize import minimize as scipy_minimize

    monitor = Monitor(plan, state, tasks)
    objective = _Objective(network, data, validation, plan, monitor)
    result: Any = None
    try:
        # One thread: SciPy's BLAS calls are too small for more, and their sums would depend on it.
        with one_blas_thread():
            result = scipy_minimize(
                objective,
                objective.accepted,
                method="L-BFGS-B",
                jac=True,
                callback=objective.accept,
                options={
                    "maxfun": plan.max_fun,
                    "maxiter": plan.n_epochs,
                    "gtol": plan.tol,
                    "ftol": LEAST_FALL,
                    "maxcor": plan.history_size,
                },
            )
        # No accepted point, and a last loss that is not finite: there is nothing to go on from.
        if monitor.n_epochs == 0 and not np.isfinite(objective.loss):
            raise ValueError(no_finite_step(data))
        # Where the evaluations ran out in a line search, this is not the last accepted point.
        if np.isfinite(result.x).all():
            objective.accepted = result.x
    except KeyboardInterrupt:
        warn("Training interrupted by user.")
    if monitor.unsaid:
        monitor.say()
    # Training ends with the accepted point, also after an interruption within a line search.
    network.parameters[...] = objective.accepted
    if objective.timed_out:
        monitor.say_out_of_time()
    # At most one of the reasons for ending is reported; callbacks that stop need no warning.
    elif result is not None and result.status != 0 and not monitor.stopped:
        from sklearn.exceptions import ConvergenceWarning

        warn(
            f"lbfgs failed to converge after {result.nit} iteration(s) (status={result.status}):\n"
            f"{result.message}\n\nIncrease max_iter or max_fun to improve the convergence, or scale"
            " the features.",
            ConvergenceWarning,
        )
    elif result is not None and not monitor.stopped:
        _warn_if_steep(result, plan.tol)
    return monitor.n_epochs


def _warn_if_steep(result: Any, tol: float) -> None:
    """Warn if SciPy reports convergence at a point with a large gradient.

    SciPy also stops if the loss no longer decreases by more than rounding, as beside a cliff.
    """
    slope = float(np.abs(result.jac).max())
    if slope > STEEP * max(tol, LEAST_FALL**0.5) * max(1.0, abs(float(result.fun))):
        from sklearn.exceptions import ConvergenceWarning

        warn(
            f"lbfgs stopped after {result.nit} iteration(s) because the loss no longer falls, but "
            f"its gradient has an entry of {slope:.3g}, far above tol={tol:g}. Scale the features, "
            "or use solver='adam'.",
            ConvergenceWarning,
        )


class _Objective:
    """Loss and gradient for SciPy, with a record of the accepted points."""

    def __init__(
        self,
        network: Network,
        data: Data,
        validation: Validation | None,
        plan: LBFGSPlan,
        monitor: Monitor,
    ) -> None:
        self.network, self.validation, self.plan, self.monitor = network, validation, plan, monitor
        self.data = data
        self.trial = Network(network.core, network.parameters)
        loss = network.core.spec.loss
        smooth = loss.settings.get("label_smoothing", 0.0)
        self.clips = loss.name in ("log_loss", "binary_log_loss") and smooth == 0.0
        self.accepted: NDArray[np.float64] = network.parameters.copy()
        # Loss and gradient at the accepted point, the start of the line search.
        self.base_loss, self.base_gradient = float("nan"), np.zeros_like(self.accepted)
        self.loss, self.gradient = self.base_loss, self.base_gradient
        self.under_way = self.timed_out = False

    def __call__(self, parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        data, plan = self.data, self.plan
        if not self.under_way:
            self.under_way = True
            self.monitor.begin(self.network)
        if plan.stop is not None and plan.stop.is_set():
            raise KeyboardInterrupt  # which another thread has heard
        self.trial.parameters = np.ascontiguousarray(parameters)
        loss, gradient = self.trial.loss_and_gradient(
            data.X,
            data.y,
            data.weights,
            rows=data.rows,
            alpha=plan.alpha,
            n_threads=plan.n_threads,
        )
        loss -= self.clipped_share(loss)
        self.loss, self.gradient = loss, gradient
        if not (np.isfinite(loss) and np.isfinite(gradient).all()):
            return self.wall(parameters), np.zeros_like(gradient)
        if not np.isfinite(self.base_loss):
            self.base_loss, self.base_gradient = loss, gradient
        return loss, gradient

    def wall(self, parameters: NDArray[np.float64]) -> float:
        """Return a finite loss for a trial point without one, so that the line search steps back.

        SciPy takes an infinite loss for convergence, because no decrease is large compared with it.
        A flat point above the base, by the gain that the base's slope promised, makes the cubic
        interpolation of the line search try a ninth of the step next.
        """
        return self.base_loss + abs(float(self.base_gradient @ (parameters - self.accepted)))

    def clipped_share(self, loss: float) -> float:
        """Return the reduction of the loss by clipping probabilities at the type's resolution.

        scikit-learn clips its log loss in this way. It matters only for the line search, at trial
        points that are certain of a wrong class; there the search would otherwise take another path
        than scikit-learn's.
        """
        data, n_threads = self.data, self.plan.n_threads
        if not self.clips or not np.isfinite(loss):
            return 0.0
        weights = np.ones(data.n_rows) if data.weights is None else data.of(data.weights)
        cap = -np.log(np.finfo(np.float64).eps)
        if loss * weights.sum() <= cap * weights[weights > 0].min():
            return 0.0
        outputs = self.trial.outputs(data.X, rows=data.rows, n_threads=n_threads)
        targets = data.of(data.y)
        if self.trial.core.takes_classes:
            from scipy.special import log_softmax

            true = targets[:, np.newaxis]
            losses = -np.take_along_axis(log_softmax(outputs, axis=1), true, axis=1)
        else:
            losses = np.logaddexp(0.0, np.where(targets > 0, -outputs, outputs))
        excess = np.maximum(losses - cap, 0.0).sum(axis=1)
        return float(weights @ excess / weights.sum())

    def accept(self, intermediate_result: Any) -> None:
        """Record an accepted point, which SciPy evaluated last."""
        network, monitor = self.network, self.monitor
        self.accepted = np.array(intermediate_result.x)
        self.base_loss, self.base_gradient = self.loss, self.gradient
        network.parameters[...] = self.accepted
        measured = None
        if self.validation is not None:
            measured = self.validation.measure(network, self.plan.n_threads)
        monitor.record(
            loss=float(intermediate_result.fun),
            gradient_norm=float(np.linalg.norm(self.gradient)),
            validation=measured,
        )
        self.under_way = False
        stop = monitor.end(network)
        if not stop and monitor.n_epochs < self.plan.n_epochs:
            self.timed_out = monitor.out_of_time
        if stop or self.timed_out:
            raise StopIteration
