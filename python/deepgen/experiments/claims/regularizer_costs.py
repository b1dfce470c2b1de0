"""The costs of augmentation, dropout and SAM: time per step, and number of steps."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import COLORS, legend_below
from deepgen._engine.arrays import FloatArray
from deepgen._interval import Interval, bootstrap_interval
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

__all__ = ["EXPERIMENT", "predicted_ratio", "run"]


EXPERIMENT: Final = Experiment(
    name="regularizer_costs",
    title="What augmentation, dropout and SAM cost",
    claim="A step of SAM takes 1.6 to 2.2 times as long as one without, steps of dropout and "
    "augmentation at most 1.3 times; and until the validation loss is least, each of them takes "
    "more time than training without.",
    source="Slide 'Overfitting?': data augmentation, stochastic regularization (dropout), MixUp "
    "and SAM often help but also make training slower",
    protocol="Handwritten digits, split anew by each seed; two hidden layers of ReLU units, Adam, "
    "rate 0.001, batches of 32. Time of a step: layers of 256 units, 1,297 images, processor time "
    "of an epoch, one of each method in turn, 8 rounds a seed (quick: 2), median of the ratios to "
    "the plain epoch of the same round. Epochs: layers of 64 units, 500 images, the epoch of the "
    "least loss on 297 others, 30 without a lower one end it, at most 400 (quick: 60); error on "
    "500 test images with the weights of that epoch. Settings: dropout 0.2, mixup 0.2, jitter "
    "of 0.1 standard deviations, mask and swap noise of a tenth, SAM with rho = 0.05. Predicted: "
    "operations of the products and of the update.",
    seeds=20,
    quick_seeds=3,
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
UPDATE: Final = 12
"""Operations of Adam per parameter."""
PATIENCE: Final = 30


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


def _learn(work: tuple[str, int, bool]) -> tuple[float, float]:
    """Return the number of epochs to the least validation loss, and the test error there."""
    method, seed, quick = work
    digits = split_digits(seed, n_val=297)
    model = _model(
        method,
        LEARNING,
        seed,
        max_iter=60 if quick else 400,
        early_stopping=True,
        scoring="loss",
        n_iter_no_change=PATIENCE,
        tol=0.0,
    )
    fit_quietly(model, digits.X[:500], digits.y[:500], X_val=digits.X_val, y_val=digits.y_val)
    best = int(np.argmin(model.history_["val_loss"])) + 1
    return float(best), 1 - float(model.score(digits.X_test, digits.y_test))


def _measure(plan: RunPlan) -> Measurement:
    # Processes side by side would slow down some of the methods and not others.
    alone = replace(plan, n_jobs=1)
    steps = np.array(
        alone.map(partial(_step_ratios, 2 if plan.quick else 8), plan.seeds, "step times")
    )
    learnt = np.array(
        plan.map(
            _learn,
            [(method, seed, plan.quick) for method in METHODS for seed in plan.seeds],
            "nets",
        )
    ).reshape(len(METHODS), len(plan.seeds), 2)
    epochs, errors = learnt[:, :, 0], learnt[:, :, 1]
    ratios, times = {}, {}
    for place, method in enumerate(METHODS):
        ratios[method] = bootstrap_interval(steps[:, place])
        # Time to learn: epochs depend on the seed, the time per epoch only on the method.
        both = np.column_stack([steps[:, place], np.log(epochs[place] / epochs[0])])
        times[method] = bootstrap_interval(both, _time_ratio)
    rows: list[dict[str, Any]] = [
        {
            "method": method,
            "time of a step": ratios[method].estimate,
            "predicted": predicted_ratio(method),
            "epochs": float(np.exp(np.log(epochs[place]).mean())),
            "time to learn": times[method].estimate,
            "test error": float(errors[place].mean()),
        }
        for place, method in enumerate(METHODS)
    ]
    return Measurement(
        table=rows,
        findings=_judge(ratios, times),
        notes=[
            "Time of a step is processor time on one thread, so other programs hardly show in it. "
            "Time to learn is the geometric mean of the ratios of epochs times the median ratio of "
            "steps.",
            f"Counted operations predict {predicted_ratio('SAM'):.2f} for SAM, 1 for the others.",
        ],
        draw=partial(_draw, ratios, times),
    )


def _judge(ratios: dict[str, Interval], times: dict[str, Interval]) -> list[Finding]:
    """Return the findings for the measured ratios and times."""
    others = [method for method in METHODS if method != "plain"]
    return [
        *(
            Finding(
                f"{method}: time of a step over that of a plain step",
                ratios[method],
                at_least=1.6 if method == "SAM" else -np.inf,
                at_most=2.2 if method == "SAM" else 1.3,
            )
            for method in others
        ),
        *(
            Finding(
                f"{method}: time until the validation loss is least, over plain training",
                times[method],
                at_least=1.0,
            )
            for method in others
        ),
    ]


def _time_ratio(drawn: FloatArray) -> float:
    steps, epochs = drawn.T
    return float(np.median(steps) * np.exp(epochs.mean()))


def _draw(ratios: dict[str, Interval], times: dict[str, Interval], figure: Figure) -> None:
    axes = figure.subplots()
    # Two intervals per method, side by side: for a step, and for the time to learn.
    others = [method for method in METHODS if method != "plain"]
    places = np.arange(len(others))
    axes.axhline(1, color="black", linewidth=1)
    for shift, name, intervals, mark, color in (
        (-0.1, "a step", ratios, "o", COLORS[0]),
        (0.1, "until the least validation loss", times, "s", COLORS[1]),
    ):
        middle = np.array([intervals[method].estimate for method in others])
        ends = np.array([[intervals[method].low, intervals[method].high] for method in others])
        reach = np.abs(ends - middle[:, None]).T
        axes.errorbar(
            places + shift,
            middle,
            np.where(np.isfinite(reach), reach, 0.0),
            fmt=mark,
            color=color,
            capsize=4,
            markersize=8,
            label=name,
        )
    # Dashes mark the predicted times of a step.
    axes.plot(
        places - 0.1,
        [predicted_ratio(method) for method in others],
        "_",
        color="black",
        markersize=26,
        label="a step, by counting operations",
    )
    axes.set_xticks(places, others)
    axes.set(
        title="Time over that of training without, handwritten digits",
        ylabel="ratio, with 95 % interval",
        yscale="log",
    )
    ticks = (0.5, 1, 2, 5)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)
    legend_below(axes)


run: Final = Runner(EXPERIMENT, _measure)
