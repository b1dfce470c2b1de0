"""Random labels and random pixels: dense nets fit them, and learn nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import MARKERS
from deepgen._engine.arrays import AnyArray
from deepgen._interval import exact, t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.images import draw_images
from deepgen.generalization import randomize

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "Run", "run"]

EXPERIMENT: Final = Experiment(
    name="random_labels",
    title="Random labels and random pixels",
    claim="A dense net that generalizes on true labels fits random ones without an error, too, in "
    "at least 1.5 times the epochs, and then guesses on new images. Its test error rises with the "
    "share of random labels. Shuffled pixels are no harder than true ones.",
    source="Slide 'Understanding deep learning requires rethinking generalization'; Zhang, "
    "Bengio, Hardt, Recht and Vinyals 2017, figure 1",
    protocol="10,000 images of MNIST (DEEPGEN_DATA names the folder with mnist.npz), all 10,000 "
    "test images; without that file, and quick: 200 digits of 8 x 8 pixels. One and three hidden "
    "layers of 512 ReLU units (quick: 64), He-normal start, SGD with momentum 0.9, rate 0.05, "
    "batches of 128 (digits: 16), no penalty, up to 150 epochs, until the mean training loss of an "
    "epoch is below 0.05. Labels random with the probability 0, 1/4, 1/2, 3/4, 1; and with true "
    "labels shuffled pixels, random pixels and Gaussian noise, for one hidden layer. The identity: "
    "20 epochs in float64 with the columns shuffled, and the rows of the first weights likewise.",
    seeds=3,
    quick_seeds=2,
)

SHARES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
PIXELS: Final = ("shuffled_pixels", "random_pixels", "gaussian")
DEPTHS: Final = (1, 3)
ENOUGH: Final = 0.05
"""Mean training loss of an epoch at which a net has fitted the labels."""
MOST_EPOCHS: Final = 150

# Thresholds, fixed before the judging seeds were drawn. Zhang et al. report 99.3 to 100 % training
# accuracy for such nets, and a slow-down by 1.55 to 3.6; chance is an error of 0.9.
LEAST_FIT: Final = 0.99
LEAST_SLOWDOWN: Final = 1.5
CHANCE: Final = (0.87, 0.93)
"""Chance for ten classes, with room for the test sample and unequal classes."""
SAME: Final = 0.02
"""Difference of two test errors that counts as none."""
IDENTITY: Final = 1e-7
"""Relative difference of the two losses after 20 epochs of rounding in float64."""


@dataclass(frozen=True)
class Run:
    """One training.

    Parameters
    ----------
    epochs : float
        Epochs until the labels were fitted; infinite if they never were.
    training : float
        Share of right answers on the training images.
    test_error : float
        Share of wrong answers on the test images.
    losses : tuple of float
        Mean training loss of each epoch.

    Examples
    --------
    >>> from deepgen.experiments.claims.random_labels import Run
    >>> Run(4.0, 1.0, 0.1, (2.3, 1.0, 0.1, 0.01)).epochs
    4.0
    """

    epochs: float
    training: float
    test_error: float
    losses: tuple[float, ...]


def _net(depth: int, seed: int, quick: bool, **settings: Any) -> Any:
    from deepgen.estimators import MLPClassifier

    return MLPClassifier(
        hidden_layer_sizes=(64 if quick else 512,) * depth,
        solver="sgd",
        momentum=0.9,
        learning_rate_init=0.05,
        batch_size=16 if quick else 128,
        alpha=0.0,
        initializer="he_normal",
        random_state=seed,
        n_jobs=1,
        **settings,
    )


def _train(work: tuple[int, Any, float, int, bool]) -> Run:
    """Train until the labels are fitted, and test."""
    depth, how, share, seed, quick = work
    images = draw_images(seed, 200 if quick else 10_000, small=quick)
    X, y = images.X, images.y
    X_test = images.X_test
    if how == "partial":
        X, y = randomize(X, y, how, share, random_state=seed)
    else:
        # Shuffled test images have the same order; the others have nothing in common.
        X, y = randomize(X, y, how, random_state=seed)
        X_test = randomize(X_test, images.y_test, how, random_state=seed)[0]
    model = _net(depth, seed, quick)
    losses: list[float] = []
    while len(losses) < MOST_EPOCHS and not (losses and losses[-1] < ENOUGH):
        model.partial_fit(X, y, classes=np.arange(10))
        losses.append(float(model.loss_))
    fitted = losses[-1] < ENOUGH
    return Run(
        float(len(losses)) if fitted else float("inf"),
        float(model.score(X, y)),
        1 - float(model.score(X_test, images.y_test)),
        tuple(losses),
    )


def _identity(work: tuple[int, bool]) -> float:
    """Return the largest relative difference of the losses with columns shuffled and not."""
    from deepgen.experiments.shared.training import fit_quietly

    seed, quick = work
    images = draw_images(seed, 200 if quick else 400, small=quick)
    order = np.random.default_rng(np.random.SeedSequence([seed, 1])).permutation(images.X.shape[1])
    settings = {"dtype": "float64", "max_iter": 20, "n_iter_no_change": np.inf}
    start = _net(1, seed, quick, **settings).partial_fit(images.X, images.y, classes=np.arange(10))

    def losses(X: AnyArray, first: AnyArray) -> AnyArray:
        model = fit_quietly(
            _net(1, seed, quick, **settings),
            X,
            images.y,
            coefs_init=[first, *start.coefs_[1:]],
            intercepts_init=start.intercepts_,
        )
        return np.asarray(model.loss_curve_)

    plain = losses(images.X, start.coefs_[0])
    moved = losses(images.X[:, order], start.coefs_[0][order])
    return float(np.abs(moved / plain - 1).max())


Measured = dict[tuple[int, str, float], list[Run]]


def _measure(plan: RunPlan) -> Measurement:
    cells = [(depth, "partial", share) for depth in DEPTHS for share in SHARES]
    cells += [(1, how, 1.0) for how in PIXELS]
    runs = plan.map(
        _train, [(*cell, seed, plan.quick) for cell in cells for seed in plan.seeds], "nets"
    )
    n = len(plan.seeds)
    measured: Measured = {cell: runs[k * n : (k + 1) * n] for k, cell in enumerate(cells)}
    differences = plan.map(_identity, [(plan.seeds[0], plan.quick)], "identity")
    rows = [
        {
            "hidden layers": depth,
            "pixels": "true" if how == "partial" else how,
            "random labels": share if how == "partial" else 0.0,
            "epochs to fit": float(np.mean([run.epochs for run in some])),
            "right on training": float(np.mean([run.training for run in some])),
            "test error": float(np.mean([run.test_error for run in some])),
        }
        for (depth, how, share), some in measured.items()
    ]
    name = draw_images(plan.seeds[0], 10, small=plan.quick).name
    return Measurement(
        table=rows,
        findings=_judge(measured, differences),
        notes=[
            f"Data: {name}.",
            "A random label can be the true one. For CIFAR-10, Zhang et al. report test errors "
            "of 89.5 % (3 x 512) and 89.4 % (1 x 512) with random labels.",
        ],
        draw=partial(_draw, measured),
    )


def _judge(measured: Measured, differences: list[float]) -> list[Finding]:
    """Return the findings for the measured runs and differences of the identity."""

    def of(cell: tuple[int, str, float], field: str) -> AnyArray:
        return np.array([getattr(run, field) for run in measured[cell]])

    findings = []
    for depth in DEPTHS:
        name = f"{depth} x 512"
        random, true = (depth, "partial", 1.0), (depth, "partial", 0.0)
        errors = np.stack([of((depth, "partial", share), "test_error") for share in SHARES], axis=1)
        findings += [
            Finding(
                f"{name}, random labels: right on training",
                t_interval(of(random, "training")),
                at_least=LEAST_FIT,
            ),
            Finding(
                f"{name}, random labels: test error",
                t_interval(of(random, "test_error")),
                at_least=CHANCE[0],
                at_most=CHANCE[1],
            ),
            Finding(
                f"{name}: epochs to fit, random over true labels",
                t_interval(of(random, "epochs") / of(true, "epochs")),
                at_least=LEAST_SLOWDOWN,
            ),
            Finding(
                f"{name}: smallest step of the test error from one share to the next",
                t_interval(np.diff(errors, axis=1).min(axis=1)),
                at_least=0.0,
            ),
        ]
    true = (1, "partial", 0.0)
    findings += [
        Finding(
            f"1 x 512, {how.replace('_', ' ')}: right on training",
            t_interval(of((1, how, 1.0), "training")),
            at_least=LEAST_FIT,
        )
        for how in PIXELS
    ]
    return [
        *findings,
        Finding(
            "1 x 512: test error, shuffled minus true pixels",
            t_interval(of((1, "shuffled_pixels", 1.0), "test_error") - of(true, "test_error")),
            at_least=-SAME,
            at_most=SAME,
        ),
        Finding(
            "shuffled columns and starting weights: largest relative change of the loss",
            exact(max(differences)),
            at_most=IDENTITY,
        ),
    ]


def _draw(measured: Measured, figure: Figure) -> None:
    curves, epochs, errors = figure.subplots(1, 3)
    conditions = [(1, "partial", 0.0), *((1, how, 1.0) for how in PIXELS), (1, "partial", 1.0)]
    names = ["true", "shuffled pixels", "random pixels", "Gaussian", "random labels"]
    for cell, name in zip(conditions, names, strict=True):
        losses = measured[cell][0].losses
        curves.plot(np.arange(1, len(losses) + 1), losses, label=name)
    curves.set(title="1 x 512: training loss", xlabel="epoch")
    curves.legend()
    for depth, mark in zip(DEPTHS, MARKERS, strict=False):
        for axes, field in ((epochs, "epochs"), (errors, "test_error")):
            means = [
                np.mean([getattr(run, field) for run in measured[depth, "partial", share]])
                for share in SHARES
            ]
            over = means[0] if field == "epochs" else 1.0
            axes.plot(SHARES, np.divide(means, over), marker=mark, label=f"{depth} x 512")
            axes.set(xlabel="share of random labels")
    epochs.set(title="epochs to fit, over true labels")
    errors.set(title="test error")
    epochs.legend()


run: Final = Runner(EXPERIMENT, _measure)
