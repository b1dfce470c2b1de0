"""The costs of augmentation, dropout and SAM beside their gain at equal cost."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.stats import gmean

from deepgen._display.style import COLORS
from deepgen._engine.arrays import FloatArray
from deepgen._interval import bootstrap_interval, t_interval
from deepgen.augmentation import Jitter, Mask, SwapNoise
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.digits import split_digits
from deepgen.experiments.shared.training import fit_quietly
from deepgen.optimizers import SAM, Adam

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepgen.estimators import MLPClassifier

__all__ = ["EXPERIMENT", "Costs", "predicted_ratio", "run"]


EXPERIMENT: Final = Experiment(
    name="regularizer_costs",
    title="What augmentation, dropout and SAM cost, and bring",
    claim="A step of SAM takes 1.6 to 2.2 times as long as one without, steps of dropout and "
    "augmentation at most 1.3 times; each of them takes longer until the loss on the unchanged "
    "training images is as low. After as many gradient evaluations, each has a lower test error.",
    source="Slide 'Overfitting?': data augmentation, stochastic regularization (dropout), MixUp "
    "and SAM often help but also make training slower",
    protocol="Handwritten digits, split anew by each seed; two hidden layers of ReLU units, Adam, "
    "rate 0.001, batches of 32. Time of a step: layers of 256 units, 1,297 images, processor time "
    "of an epoch, one of each method in turn, 4 rounds a seed (quick: 1), median of the ratios to "
    "the plain epoch of the same round. Learning: layers of 64 units, 300 images, 1,497 to test, "
    "200 epochs, 100 of SAM (quick: 30 and 15), as many gradient evaluations. Equal loss: "
    "epochs until the loss on the training images, without dropout or augmentation, falls below "
    "0.1 (quick: 0.5), interpolated between epochs by its logarithm, times the time of a step. "
    "Gain: test error, mean over the last tenth of the epochs. Settings: dropout 0.2, mixup 0.2, "
    "jitter of 0.1 standard deviations, mask and swap noise of a tenth, SAM with rho = 0.05. "
    "Predicted: operations of the products and of the update.",
    seeds=20,
    quick_seeds=2,
)

METHODS: Final[dict[str, dict[str, Any]]] = {
    "plain": {},
    "dropout": {"dropout": 0.2},
    "mixup": {"mixup": 0.2},
    "jitter": {"augmentation": Jitter(scale=0.1)},
    "mask": {"augmentation": Mask(probability=0.1)},
    "swap noise": {"augmentation": SwapNoise(probability=0.1)},
    "SAM": {"solver": SAM(base=Adam())},
}
TIMED, LEARNING = (256, 256), (64, 64)
N_INPUTS, N_CLASSES, BATCH = 64, 10, 32
N_GRADIENTS: Final = {"SAM": 2}
"""Gradients per step, where they are more than one."""
UPDATE: Final = 12
"""Operations of Adam per parameter."""
N_TRAIN: Final = 300

# Thresholds, fixed before the judging seeds were drawn: times of a step are those of this
# experiment's earlier form; losses of time and gains are judged by their sign. With 200 gradients
# plain nets of seed 1000 were at a loss of .001, so the gain is not one of unfinished training.
SAM_STEP: Final = (1.6, 2.2)
MOST_STEP: Final = 1.3


@dataclass(frozen=True)
class Costs:
    """Measurements of one method.

    Parameters
    ----------
    steps : ndarray of shape (n_seeds,)
        Time of a step over that of a plain step, which is 1 for plain training.
    epochs : ndarray of shape (n_seeds,)
        Epochs until the loss on the unchanged training images is down to a level, the same for all
        methods; NaN where it never is.
    curves : ndarray of shape (n_seeds, 2, n_epochs)
        Loss on the unchanged training images and test error after each epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.experiments.claims.regularizer_costs import Costs
    >>> Costs(np.ones(1), np.ones(1), np.array([[[0.5, 0.2], [0.3, 0.1]]])).errors
    array([0.1])
    """

    steps: FloatArray
    epochs: FloatArray
    curves: FloatArray

    @property
    def errors(self) -> FloatArray:
        """Test error of each seed, mean over the last tenth of the epochs."""
        late = self.curves[:, 1, -max(1, self.curves.shape[2] // 10) :]
        return np.asarray(late.mean(axis=1), dtype=np.float64)


def predicted_ratio(method: str) -> float:
    """Return the time of a step relative to a plain step, predicted by counting operations.

    Parameters
    ----------
    method : str
        One of `METHODS`.

    Returns
    -------
    ratio : float
        Ratio for products and update alone: 1 for methods that only change inputs or activations.
        SAM needs two gradients and four operations per parameter to move to the perturbed weights
        and back.

    Examples
    --------
    >>> from deepgen.experiments.claims.regularizer_costs import predicted_ratio
    >>> predicted_ratio("dropout"), round(predicted_ratio("SAM"), 2)
    (1.0, 1.96)
    """
    widths = (N_INPUTS, *TIMED, N_CLASSES)
    weights = [n_in * n_out for n_in, n_out in zip(widths, widths[1:], strict=False)]
    # Forward, gradient of the weights, and gradient of the inputs, which the first layer does not
    # need.
    gradient = BATCH * (6 * sum(weights) - 2 * weights[0])
    update = UPDATE * sum(weights)
    if method != "SAM":
        return 1.0
    return (2 * gradient + update + 4 * sum(weights)) / (gradient + update)


def _model(method: str, hidden: tuple[int, ...], seed: int, **settings: Any) -> MLPClassifier:
    from deepgen.estimators import MLPClassifier

    return MLPClassifier(
        hidden,
        batch_size=BATCH,
        alpha=0.0,
        random_state=seed,
        n_jobs=1,
        **settings,
        **METHODS[method],
    )


def _step_ratios(rounds: int, seed: int) -> FloatArray:
    """Return, for each method, the median ratio of its time per epoch to the plain one."""
    digits = split_digits(seed)
    models = {
        method: _model(method, TIMED, seed).partial_fit(digits.X, digits.y, classes=range(10))
        for method in METHODS
    }
    seconds = np.empty((rounds, len(METHODS)))
    for turn in seconds:
        for place, model in enumerate(models.values()):
            start = time.process_time()
            model.partial_fit(digits.X, digits.y)
            turn[place] = time.process_time() - start
    return np.asarray(np.median(seconds / seconds[:, :1], axis=0), dtype=np.float64)


def _learn(work: tuple[str, int, int]) -> FloatArray:
    """Return training loss and test error after each epoch, (2, n_epochs)."""
    method, seed, epochs = work
    digits = split_digits(seed, n_test=1797 - N_TRAIN)
    histories = []
    # Twice the same training, once beside the unchanged training images and once beside the test.
    for X, y in ((digits.X, digits.y), (digits.X_test, digits.y_test)):
        model = _model(
            method,
            LEARNING,
            seed,
            max_iter=epochs // N_GRADIENTS.get(method, 1),
            n_iter_no_change=np.inf,
        )
        histories.append(fit_quietly(model, digits.X, digits.y, X_val=X, y_val=y).history_)
    return np.array([histories[0]["val_loss"], 1 - np.array(histories[1]["val_score"])])


def _crossing(losses: FloatArray, level: float) -> float:
    """Return the number of epochs until a loss is down to a level; NaN if it never is."""
    below = np.flatnonzero(losses <= level)
    if not len(below):
        return np.nan
    first = int(below[0])
    if first == 0:
        return 1.0
    before, after = np.log(losses[first - 1 : first + 1])
    return float(first + (before - np.log(level)) / (before - after))


def _measure(plan: RunPlan) -> Measurement:
    # Processes side by side would slow down some of the methods and not others.
    alone = replace(plan, n_jobs=1)
    steps = np.array(
        alone.map(partial(_step_ratios, 1 if plan.quick else 4), plan.seeds, "step times")
    )
    epochs, level = (30, 0.5) if plan.quick else (200, 0.1)
    measured = {}
    for place, method in enumerate(METHODS):
        curves = np.array(plan.map(_learn, [(method, seed, epochs) for seed in plan.seeds], method))
        reached = np.array([_crossing(one[0], level) for one in curves])
        measured[method] = Costs(steps[:, place], reached, curves)
    rows: list[dict[str, Any]] = [
        {
            "method": method,
            "time of a step": float(np.median(mine.steps)),
            "predicted": predicted_ratio(method),
            f"epochs to a loss of {level:g}": float(gmean(mine.epochs)),
            "time to it": _time_ratio(_both(mine, measured["plain"])),
            "training loss, end": float(gmean(mine.curves[:, 0, -1])),
            "test error, end": float(mine.errors.mean()),
        }
        for method, mine in measured.items()
    ]
    return Measurement(
        table=rows,
        findings=_judge(measured),
        notes=[
            "Time of a step is processor time on one thread, so other programs hardly show in it. "
            "Time to a loss is the geometric mean of the ratios of epochs times the median ratio "
            "of steps.",
            f"Counted operations predict {predicted_ratio('SAM'):.2f} for SAM, 1 for the others.",
        ],
        draw=partial(_draw, measured, level),
    )


def _both(mine: Costs, plain: Costs) -> FloatArray:
    """Return ratios of steps and logarithms of those of epochs, of shape (n_seeds, 2)."""
    return np.column_stack([mine.steps, np.log(mine.epochs / plain.epochs)])


def _judge(measured: dict[str, Costs]) -> list[Finding]:
    """Return the findings for the measured costs and gains."""
    plain = measured["plain"]
    others = [(method, mine) for method, mine in measured.items() if method != "plain"]
    return [
        *(
            Finding(
                f"{method}: time of a step over that of a plain step",
                bootstrap_interval(mine.steps),
                at_least=SAM_STEP[0] if method == "SAM" else -np.inf,
                at_most=SAM_STEP[1] if method == "SAM" else MOST_STEP,
            )
            for method, mine in others
        ),
        *(
            Finding(
                f"{method}: time to an equal training loss, over plain training",
                bootstrap_interval(_both(mine, plain), _time_ratio),
                at_least=1.0,
            )
            for method, mine in others
        ),
        *(
            Finding(
                f"{method}: test error after as many gradient evaluations, minus plain",
                t_interval(mine.errors - plain.errors),
                at_most=0.0,
            )
            for method, mine in others
        ),
    ]


def _time_ratio(drawn: FloatArray) -> float:
    steps, epochs = drawn.T
    return float(np.median(steps) * np.exp(epochs.mean()))


def _draw(measured: dict[str, Costs], level: float, figure: Figure) -> None:
    figure.set_size_inches(13, 5.5)
    left, middle, right = figure.subplots(1, 3)
    plain = measured["plain"]
    right.axhline(0, color="black", linewidth=1)
    right.axvline(1, color="black", linewidth=1)
    for (method, mine), color in zip(measured.items(), COLORS, strict=True):
        curves = gmean(mine.curves[:, 0]), mine.curves[:, 1].mean(axis=0)
        gradients = np.arange(1, len(curves[0]) + 1) * N_GRADIENTS.get(method, 1)
        for axes, values in zip((left, middle), curves, strict=True):
            axes.plot(gradients, values, color=color, label=method)
        if method == "plain":
            continue
        cost = bootstrap_interval(_both(mine, plain), _time_ratio)
        gain = t_interval(100 * (mine.errors - plain.errors))
        reach = [
            np.nan_to_num([[one.estimate - one.low], [one.high - one.estimate]], posinf=0)
            for one in (gain, cost)
        ]
        right.errorbar(
            cost.estimate, gain.estimate, *reach, fmt="o", color=color, capsize=4, markersize=8
        )
    left.axhline(level, color="black", linestyle="--", linewidth=1)
    left.set(title="loss on unchanged training images", yscale="log")
    middle.set(title="test error", yscale="log")
    for axes in (left, middle):
        axes.set_xlabel("gradient evaluations per image")
    right.set(title="gain and cost", xlabel=f"time to a loss of {level:g}, over plain")
    right.set_ylabel("test error minus plain, points")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))


run: Final = Runner(EXPERIMENT, _measure)
