"""Early stopping: the saved computing and the saved error."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import BLACK, BLUE, GREEN, VERMILION
from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen._interval import t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.tasks import TASKS, Task, draw_task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "Stopping", "run"]


EXPERIMENT: Final = Experiment(
    name="early_stopping",
    title="What early stopping saves",
    claim="Against the end of the same run, where the training loss no longer falls, stopping by "
    "the validation loss saves at least a quarter of the computing, a larger share of it than of "
    "the test error, and costs at most a tenth of the test error; with random labels it helps. "
    "Refitted on all rows for as many epochs, the net is no worse by more than a tenth than one "
    "trained on all rows to the end.",
    source="Slide 'Overfitting?': early stopping can help but is mostly useful to avoid wasting "
    "compute",
    protocol="Three tasks: 200 points of the lecture's noisy sine; 1,297 handwritten digits, 500 "
    "to test; the same with 30 % of the training labels drawn at random. Two hidden layers of 64 "
    "ReLU units, Adam, learning rate 0.001, batches of 20 (sine) and 32, no other regularizer. One "
    "run on four fifths of the rows, to the end: 10 epochs without an improvement of the training "
    "loss by 0.0001, at most 600 (quick: 25). The loss on the other fifth says where it would have "
    "stopped, by the same rule, and which weights it would have kept; their test error stands "
    "beside that of the last weights. Then two nets on all rows: one for the epochs of the kept "
    "weights, one to its own end. Computing is counted in rows: 1 a training row, 1/3 a validation "
    "row, which has no backward pass. A seed draws data and net.",
    seeds=20,
    quick_seeds=2,
)

SHARE: Final = 0.2
"""Share of rows whose loss is monitored."""
PATIENCE, TOLERANCE = 10, 1e-4

# Thresholds, fixed before the judging seeds were drawn: a quarter of the computing and a tenth of
# the error are those of this experiment's earlier form, which stopped by the accuracy of 130 rows.
LN_COMPUTING: Final = float(np.log(0.75))
LN_ERROR: Final = float(np.log(1.1))


@dataclass(frozen=True)
class Stopping:
    """Measurements of one draw of the data.

    Parameters
    ----------
    curves : ndarray of shape (3, n_epochs)
        Training loss, validation loss and test error after each epoch of the one run.
    kept, stopped : int
        Numbers of epochs: of the kept weights, and until the run would have stopped.
    computing : ndarray of shape (2, 2)
        Thousand rows, with the stop and to the end: of the one run, and of all that a user pays on
        all rows, which with the stop is the run and the refit.
    errors : ndarray of shape (2, 2)
        Test errors, with the stop and at the end: of the one run, and of the nets on all rows.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.experiments.claims.early_stopping import Stopping
    >>> Stopping(np.ones((3, 9)), 2, 5, np.ones((2, 2)), np.ones((2, 2))).kept
    2
    """

    curves: FloatArray
    kept: int
    stopped: int
    computing: FloatArray
    errors: FloatArray


def _end(losses: list[float]) -> tuple[int, int] | None:
    """Return the epochs until training stops and of the least loss, or None while it goes on."""
    best, least, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses, start=1):
        waited = 0 if loss < best - TOLERANCE else waited + 1
        if loss < best:
            best, least = loss, epoch
        if waited >= PATIENCE:
            return epoch, least
    return None


def _net(task: Task, seed: int) -> Any:
    return task.estimator(
        hidden_layer_sizes=(64, 64),
        batch_size=task.batch_size,
        alpha=0.0,
        random_state=seed,
        n_jobs=1,
    )


def _train(
    task: Task, seed: int, rows: AnyArray, monitored: AnyArray | None, limit: int
) -> tuple[Any, FloatArray]:
    """Train until the training loss stays; return the net and its curves, (3, n_epochs)."""
    from deepgen.probe import Probe

    model = _net(task, seed)
    first = {"classes": np.arange(10)} if hasattr(model, "predict_proba") else {}
    curves: list[list[float]] = []
    while len(curves) < limit and not _end([loss for loss, *_ in curves]):
        model.partial_fit(task.X[rows], task.y[rows], **({} if curves else first))
        watched = (
            [Probe(model, task.X[monitored], task.y[monitored]).loss(), task.test_error(model)]
            if monitored is not None
            else []
        )
        curves.append([float(model.loss_), *watched])
    return model, np.array(curves).T


def _run(work: tuple[str, int, int]) -> Stopping:
    name, seed, limit = work
    task = draw_task(name, seed)
    n = len(task.y)
    order = np.random.default_rng(np.random.SeedSequence([seed, 2])).permutation(n)
    n_val = round(SHARE * n)
    _, curves = _train(task, seed, order[n_val:], order[:n_val], limit)
    stopped, kept = _end(list(curves[1])) or (len(curves[1]), int(np.argmin(curves[1])) + 1)
    everything = np.arange(n)
    whole, losses = _train(task, seed, everything, None, limit)
    # As many epochs in the same way, so that only the number of epochs differs.
    refit, _ = _train(task, seed, everything, None, kept)
    epochs = len(curves[1])
    one = stopped * (n - n_val + n_val / 3)
    return Stopping(
        curves,
        kept,
        stopped,
        np.array([[one, epochs * (n - n_val)], [one + kept * n, losses.size * n]]) / 1e3,
        np.array(
            [
                [curves[2, kept - 1], curves[2, -1]],
                [task.test_error(refit), task.test_error(whole)],
            ]
        ),
    )


def _measure(plan: RunPlan) -> Measurement:
    limit = 25 if plan.quick else 600
    runs = plan.map(_run, [(kind, seed, limit) for kind in TASKS for seed in plan.seeds], "nets")
    n = len(plan.seeds)
    measured = {kind: runs[place * n :][:n] for place, kind in enumerate(TASKS)}
    rows: list[dict[str, Any]] = []
    for kind, mine in measured.items():
        computing = np.mean([one.computing for one in mine], axis=0)
        errors = np.mean([one.errors for one in mine], axis=0)
        for place, name in enumerate(("the same run", "then all rows")):
            for way in range(2):
                rows.append(
                    {
                        "task": kind,
                        "trained": name,
                        "until": ("the stop", "the end")[way],
                        "thousand rows": float(computing[place, way]),
                        "test error": float(errors[place, way]),
                    }
                )
    ends = sum(one.curves.shape[1] == limit for mine in measured.values() for one in mine)
    return Measurement(
        table=rows,
        findings=_judge(measured),
        notes=[
            f"Runs that were cut at {limit} epochs: {ends} of {len(runs)}.",
            "On all rows, computing with the stop is that of the monitored run and the refit.",
            "Errors are squared units of y on the sine, shares of wrong answers on digits, whose "
            "logarithms are of half a wrong answer more.",
        ],
        draw=partial(_draw, measured),
    )


def _judge(measured: dict[str, list[Stopping]]) -> list[Finding]:
    """Return the findings for the measured runs."""
    findings = []
    for kind, mine in measured.items():
        # Half a wrong answer of 500 more, so that none at all has a logarithm.
        half = 0.0 if kind == "sine" else 0.001
        computing = np.array([one.computing[0] for one in mine])
        errors = np.array([one.errors for one in mine]) + half
        compute = np.log(computing[:, 0] / computing[:, 1])
        error, refitted = np.log(errors[:, :, 0] / errors[:, :, 1]).T
        helps = 0.0 if "random" in kind else LN_ERROR
        findings += [
            Finding(
                f"{kind}: ln of the computing, at the stop over the end",
                t_interval(compute),
                at_most=LN_COMPUTING,
            ),
            Finding(
                f"{kind}: ln of the computing minus ln of the test error, at the stop over the end",
                t_interval(compute - error),
                at_most=0.0,
            ),
            Finding(
                f"{kind}: ln of the test error, at the stop over the end",
                t_interval(error),
                at_most=helps,
            ),
            Finding(
                f"{kind}, all rows: ln of the test error, refitted over trained to the end",
                t_interval(refitted),
                at_most=helps,
            ),
        ]
    return findings


def _draw(measured: dict[str, list[Stopping]], figure: Figure) -> None:
    figure.set_size_inches(13, 7.5)
    above, below = figure.subplots(2, len(measured), sharex="col")
    for place, (kind, mine) in enumerate(measured.items()):
        # The run of the first seed.
        one = mine[0]
        epochs = np.arange(1, one.curves.shape[1] + 1)
        for row, name, color in ((0, "training", BLUE), (1, "validation", VERMILION)):
            above[place].plot(epochs, one.curves[row], color=color, label=f"{name} loss")
        below[place].plot(epochs, one.curves[2], color=GREEN, label="test error")
        below[place].plot(
            one.kept, one.errors[1, 0], "*", color=BLACK, markersize=13, label="refitted"
        )
        for axes in (above[place], below[place]):
            axes.axvline(one.kept, color=BLACK, linewidth=1, label="weights kept")
            axes.axvline(one.stopped, color=BLACK, linestyle="--", linewidth=1, label="stopped")
            axes.set(xscale="log", yscale="log")
        above[place].set_title(kind)
        below[place].set_xlabel("epochs")
    above[0].set_ylabel("loss, first seed")
    below[0].set_ylabel("test error, first seed")
    handles, labels = above[0].get_legend_handles_labels()
    more = below[0].get_legend_handles_labels()
    figure.legend(handles + more[0][:2], labels + more[1][:2], loc="outside lower center", ncols=6)


run: Final = Runner(EXPERIMENT, _measure)
