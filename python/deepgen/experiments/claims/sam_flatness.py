"""Sharpness-aware minimization: flatness at equal loss, and its gain at equal cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.stats import gmean

from deepgen._display.style import COLORS, MARKERS
from deepgen._engine.arrays import FloatArray
from deepgen._interval import t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.tasks import TASKS, draw_task
from deepgen.optimizers import ASAM, SAM, SGD, Optimizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "Training", "run"]


EXPERIMENT: Final = Experiment(
    name="sam_flatness",
    title="SAM ends where the loss is flatter",
    claim="From the same start and at equal training loss, the largest eigenvalue of the loss's "
    "Hessian is lower with SAM than with the SGD that it wraps; after as many gradient evaluations "
    "the share of right test answers is higher by at most 0.05.",
    source="Slide 'Overfitting? From theory to practice': SAM, a few % improvement in accuracy "
    "max; Foret, Kleiner, Mobahi and Neyshabur 2021",
    protocol="Three tasks: 200 points of the lecture's noisy sine; 1,297 handwritten digits, 500 "
    "to test; the same with 30 % of the training labels drawn at random. Two hidden layers of 32 "
    "ReLU units, He-normal start, SGD with momentum 0.9, rate 0.02, batches of 20 (sine) and 32; "
    "alone for 60 epochs (sine 180; quick: 8 and 24), and wrapped into SAM with rho = 0.05 and "
    "ASAM with rho = 0.5 for half of them, which takes as many gradient evaluations. Flatness: of "
    "each pair, the loss is the least that both reach, each net is taken after its first epoch "
    "with a loss on all training rows that is no higher, and the eigenvalue is measured there on "
    "all training rows, in float64, by Lanczos. Test errors are means over the last tenth of the "
    "epochs. A seed draws data, start and order, the same for all.",
    seeds=20,
    quick_seeds=2,
)

RATE: Final = 0.02
METHODS: Final[dict[str, tuple[Optimizer, int]]] = {
    "SGD": (SGD(), 1),
    "SAM": (SAM(base=SGD()), 2),
    "ASAM": (ASAM(base=SGD(), rho=0.5), 2),
}
"""Solver and gradients per step."""
WRAPPED: Final = ("SAM", "ASAM")

# Thresholds, fixed before the judging seeds were drawn. The largest gain that counts as 'a few
# percent at most' is that of this experiment's earlier form. Losses within a tenth count as equal:
# an eigenvalue of a cross-entropy moves about in proportion to the loss, and on seeds 1000 and 1001
# eigenvalues differed by factors of 1.4 to 2.4 while losses differed by .01.
MOST_GAIN: Final = 0.05
EQUAL_LOSS: Final = 0.1


@dataclass(frozen=True)
class Training:
    """A pair of nets, one by SGD and one by a wrapper of it, on one draw of the data.

    Parameters
    ----------
    curves : tuple of ndarray of shape (2, n_epochs)
        Training loss and test error after each epoch, by SGD and by the wrapper.
    epochs : tuple of int
        Number of epochs after which each is as low as the other can be.
    eigenvalues : tuple of float
        Largest eigenvalues there.
    last : float
        Largest eigenvalue of the net of SGD at its end.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.experiments.claims.sam_flatness import Training
    >>> curves = np.array([[0.4, 0.2], [0.1, 0.1]])
    >>> Training((curves, curves[:, :1]), (1, 1), (9.0, 3.0), 5.0).losses
    (0.4, 0.4)
    """

    curves: tuple[FloatArray, FloatArray]
    epochs: tuple[int, int]
    eigenvalues: tuple[float, float]
    last: float

    @property
    def losses(self) -> tuple[float, float]:
        """Training losses after `epochs`."""
        first, second = (
            float(one[0, n - 1]) for one, n in zip(self.curves, self.epochs, strict=True)
        )
        return first, second

    @property
    def errors(self) -> tuple[float, float]:
        """Test errors, means over the last tenth of the epochs."""
        first, second = (float(_late(one).mean()) for one in self.curves)
        return first, second


def _late(curves: FloatArray) -> FloatArray:
    return curves[1, -max(1, curves.shape[1] // 10) :]


def _meeting(one: FloatArray, other: FloatArray) -> tuple[int, int]:
    """Return the first epochs at which two losses are as low as the higher of their minima."""
    level = max(one.min(), other.min())
    first, second = (int(np.argmax(losses <= level)) + 1 for losses in (one, other))
    return first, second


def _train(work: tuple[str, int, int]) -> list[Training]:
    """Return the pair of SGD and each wrapper."""
    from scipy.sparse.linalg import eigsh

    from deepgen.probe import Probe

    name, seed, epochs = work
    task = draw_task(name, seed)
    first = {} if name == "sine" else {"classes": np.arange(10)}
    curves: dict[str, FloatArray] = {}
    weights: dict[str, list[FloatArray]] = {}
    for method, (solver, n_gradients) in METHODS.items():
        model = task.estimator(
            hidden_layer_sizes=(32, 32),
            solver=solver,
            learning_rate_init=RATE,
            batch_size=task.batch_size,
            alpha=0.0,
            initializer="he_normal",
            random_state=seed,
            n_jobs=1,
        )
        points, kept = [], []
        for epoch in range(epochs // n_gradients):
            model.partial_fit(task.X, task.y, **(first if epoch == 0 else {}))
            if epoch == 0:
                probe = Probe(model, task.X, task.y)
            kept.append(np.array(model.network_.parameters, dtype=np.float64))
            points.append([probe.at(kept[-1]).loss(), task.test_error(model)])
        curves[method], weights[method] = np.array(points).T, kept
    start = np.random.default_rng(0).standard_normal(probe.n_parameters)

    def eigenvalue(at: FloatArray) -> float:
        top = eigsh(
            probe.at(at).hessian, k=1, which="LA", v0=start, tol=1e-2, return_eigenvectors=False
        )
        return float(top[0])

    last = eigenvalue(weights["SGD"][-1])
    pairs = []
    for method in WRAPPED:
        meeting = _meeting(curves["SGD"][0], curves[method][0])
        sgd, wrapped = (
            eigenvalue(weights[one][n - 1]) for one, n in zip(("SGD", method), meeting, strict=True)
        )
        pairs.append(Training((curves["SGD"], curves[method]), meeting, (sgd, wrapped), last))
    return pairs


def _measure(plan: RunPlan) -> Measurement:
    epochs = {name: (8 if plan.quick else 60) * (3 if name == "sine" else 1) for name in TASKS}
    work = [(name, seed, epochs[name]) for name in TASKS for seed in plan.seeds]
    pairs = plan.map(_train, work, "nets")
    measured: dict[tuple[str, str], list[Training]] = {
        (name, method): [
            pair[place] for (task, *_), pair in zip(work, pairs, strict=True) if task == name
        ]
        for name in TASKS
        for place, method in enumerate(WRAPPED)
    }
    rows: list[dict[str, Any]] = [
        {
            "task": name,
            "method": ("SGD", method)[place],
            "beside": (method, "SGD")[place],
            "training loss": float(gmean([one.losses[place] for one in mine])),
            "largest eigenvalue": float(gmean([one.eigenvalues[place] for one in mine])),
            "epochs": float(gmean([one.epochs[place] for one in mine])),
            "test error, end": float(np.mean([one.errors[place] for one in mine])),
            "test error, best": float(np.mean([one.curves[place][1].min() for one in mine])),
        }
        for (name, method), mine in measured.items()
        for place in range(2)
    ]
    return Measurement(
        table=rows,
        findings=_judge(measured),
        notes=[
            "Losses, eigenvalues and epochs are geometric means over seeds.",
            "The sine's test error is in squared units of y, that of digits a share of wrong "
            "answers. The best is the least over the epochs, of which SGD has twice as many.",
        ],
        draw=partial(_draw, measured),
    )


def _judge(measured: dict[tuple[str, str], list[Training]]) -> list[Finding]:
    """Return the findings for the pairs of SGD and SAM."""
    findings = []
    for (name, method), mine in measured.items():
        if method != "SAM":
            continue
        losses = np.log([one.losses for one in mine])
        eigenvalues = np.log([one.eigenvalues for one in mine])
        findings += [
            Finding(
                f"{name}: ln of the training loss where flatness is measured, SAM over SGD",
                t_interval(losses[:, 1] - losses[:, 0]),
                at_least=-EQUAL_LOSS,
                at_most=EQUAL_LOSS,
            ),
            Finding(
                f"{name}: ln of the largest eigenvalue at equal loss, SAM over SGD",
                t_interval(eigenvalues[:, 1] - eigenvalues[:, 0]),
                at_most=0.0,
            ),
        ]
        if name != "sine":
            findings.append(
                Finding(
                    f"{name}: share of right test answers after as many gradients, SAM minus SGD",
                    t_interval([one.errors[0] - one.errors[1] for one in mine]),
                    at_most=MOST_GAIN,
                )
            )
    return findings


def _draw(measured: dict[tuple[str, str], list[Training]], figure: Figure) -> None:
    figure.set_size_inches(13, 10)
    grid = figure.subplots(3, len(TASKS))
    for column, name in zip(grid.T, TASKS, strict=True):
        mine = measured[name, "SAM"]
        for place, label, color, mark in zip(
            range(2), ("SGD", "SAM"), COLORS, MARKERS, strict=False
        ):
            column[0].plot(
                [one.losses[place] for one in mine],
                [one.eigenvalues[place] for one in mine],
                mark,
                color=color,
                label=f"{label}, equal loss",
            )
            # As many points as epochs, at the gradients that they take.
            curves = np.mean([one.curves[place] for one in mine], axis=0)
            gradients = np.arange(1, curves.shape[1] + 1) * (1, 2)[place]
            for axes, values in zip(column[1:], curves, strict=True):
                axes.plot(gradients, values, color=color)
        column[0].plot(
            [one.curves[0][0, -1] for one in mine],
            [one.last for one in mine],
            MARKERS[0],
            color=COLORS[0],
            fillstyle="none",
            label="SGD, end",
        )
        column[0].set(title=name, xlabel="training loss")
        column[0].set_ylim(bottom=0)
        for axes in column[1:]:
            axes.set(xlabel="gradients per training row", yscale="log")
    for axes, label in zip(
        grid[:, 0], ("largest eigenvalue", "training loss", "test error"), strict=True
    ):
        axes.set_ylabel(label)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)


run: Final = Runner(EXPERIMENT, _measure)
