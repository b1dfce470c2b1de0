"""Vanishing gradients and degradation with depth: skips, norms, additive lanes, DeepNorm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.stats import gmean, ortho_group

from deepgen._display.style import COLORS, MARKERS
from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen._interval import t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.sweep import KINDS, settings_of
from deepgen.experiments.shared.training import fit_quietly
from deepgen.experiments.shared.wave import Wave
from deepgen.optimization import gradient_flow

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXPERIMENT", "Depths", "run"]

EXPERIMENT: Final = Experiment(
    name="deep_gradients",
    title="Vanishing gradients, and training with depth",
    claim="With ReLU units the squared signal halves per layer on the way back from weights of "
    "variance 1 / fan-in, and stays the same for 2 / fan-in. Yet a deep plain net trains worse "
    "than a shallow one; with skips and batch norm it does not. In a chain of one repeated layer "
    "the signal vanishes, along an additive lane it stays. With DeepNorm a net of 1,000 layers "
    "trains, a plain one does not.",
    source="Slides 'Vanishing gradients', ResNet and LSTM; He, Zhang, Ren and Sun 2015 and 2016; "
    "Wang and others 2022 (DeepNorm)",
    protocol="500 points uniform on the square (-1, 1)^2, y = sin(6 u + 3 v^2) cos(5 v), drawn by "
    "each seed. Start: 20 layers of 64 units, one step of size 0. Training: 4 or 48 hidden layers "
    "of 32 ReLU units with skips, batch norm (at the end with the statistics of all rows), both or "
    "none, He-normal start, Adam, rate 0.001, batches of 50, 80 epochs (quick: 10); mean squared "
    "error on the training points over their variance. Chain: 64 times the layer h <- tanh(W h), W "
    "half an orthogonal matrix of 32 units; with a lane, pairs of these layers are added to h. "
    "1,000 hidden layers of 16 units, 40 epochs (quick: 200 layers, 5 epochs).",
    seeds=10,
    quick_seeds=3,
)

SHALLOW: Final = 4
DEEP: Final = 48
STEPS: Final = 64

# Thresholds, fixed before the judging seeds were drawn. The slopes of theory are 1 and 0; ten
# networks of 20 layers gave .982 and -.018, and one network of 64 units scatters by a tenth.
NEAR: Final = 0.15
NO_WORSE: Final = 0.2
"""Logarithm of the ratio of two errors, deep over shallow, that counts as no degradation."""
VANISHES: Final = 1.0
LANE: Final = 0.32
"""Powers of two per step: a branch of norm 1/4 changes the squared signal of a pair of steps by at
most log2(1.25^2) = .64. Half of an orthogonal matrix costs two per step in the plain chain."""
TRAINS: Final = 0.8
STUCK: Final = 0.9
"""Shares of the variance: of a net that has learned something, and of one that has not."""


@dataclass(frozen=True)
class Depths:
    """Measurements of one seed.

    Parameters
    ----------
    starts : tuple of float
        Powers of two per layer by which the squared signal falls, of gains 1 and 2.
    errors : dict of tuple to float
        Training error over the variance, by kind and number of layers.
    chain : tuple of ndarray of shape (n_steps,)
        Signal at the steps of the chain, without and with a lane.
    slopes : tuple of float
        Powers of two per step of both.
    thousand : tuple of float
        Training error of the deepest nets, plain and with DeepNorm.

    Examples
    --------
    >>> from deepgen.experiments.claims.deep_gradients import Depths
    >>> Depths((1.0, 0.0), {("plain", 4): 0.1}, ((), ()), (2.0, 0.0), (1.0, 0.1)).thousand
    (1.0, 0.1)
    """

    starts: tuple[float, float]
    errors: dict[tuple[str, int], float]
    chain: tuple[FloatArray, FloatArray]
    slopes: tuple[float, float]
    thousand: tuple[float, float]


def _draw_data(seed: int) -> tuple[AnyArray, AnyArray]:
    draw = np.random.default_rng(np.random.SeedSequence([seed]))
    X, y = Wave().sample(500, draw)
    return X, (y - y.mean()) / y.std()


def _start_slope(initializer: Any, seed: int) -> float:
    from deepgen.estimators import MLPRegressor
    from deepgen.probe import Probe

    X, y = _draw_data(seed)
    model = MLPRegressor(
        hidden_layer_sizes=(64,) * 20,
        initializer=initializer,
        solver="sgd",
        learning_rate_init=1e-30,
        random_state=seed,
        n_jobs=1,
    )
    flow = gradient_flow(Probe(model.partial_fit(X, y), X[:50], y[:50]), n_points=0)
    return flow.slope


def _chain(lane: bool, seed: int) -> tuple[FloatArray, float]:
    from deepgen.estimators.from_weights import regressor_from_layers
    from deepgen.probe import Probe

    draw = np.random.RandomState(seed)
    W = 0.5 * ortho_group.rvs(32, random_state=draw)
    first, last = draw.randn(2, 32), draw.randn(32, 1) / np.sqrt(32)
    zeros = [np.zeros(32)] * (STEPS + 1) + [np.zeros(1)]
    settings = {"skip": "residual"} if lane else {}
    model = regressor_from_layers(
        [first, *[W] * STEPS, last], zeros, activation="tanh", bias=False, **settings
    )
    X, y = _draw_data(seed)
    flow = gradient_flow(Probe(model, X[:50], y[:50]), n_points=0)
    # On a lane the gradient in h is that in the last layer of a block.
    signal = flow.signal[2:-1:2] if lane else flow.signal[1:-1]
    slope = np.polyfit(np.arange(len(signal)), 2 * np.log2(signal), 1)[0]
    return signal, float(slope) / (2 if lane else 1)


def _train(hidden: tuple[int, ...], epochs: int, seed: int, **settings: Any) -> float:
    """Return the training error over the variance; 1 where training diverged or stood still."""
    import warnings

    from deepgen.estimators import MLPRegressor

    X, y = _draw_data(seed)
    model = MLPRegressor(
        hidden_layer_sizes=hidden,
        initializer="he_normal",
        learning_rate_init=1e-3,
        target_scaling=None,  # the data have mean 0 and variance 1
        batch_size=50,
        alpha=0.0,
        max_iter=epochs,
        n_iter_no_change=np.inf,
        random_state=seed,
        n_jobs=1,
        **settings,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit_quietly(model, X, y)
    except ValueError:  # no step stayed finite
        return 1.0
    return min(1.0, float(np.mean((model.predict(X) - y) ** 2) / np.var(y)))


def _measure_seed(work: tuple[int, bool]) -> Depths:
    seed, quick = work
    errors = {
        (kind, depth): _train((32,) * depth, 10 if quick else 80, seed, **settings_of(kind))
        for kind in KINDS
        for depth in (SHALLOW, DEEP)
    }
    layers, epochs = ((16,) * 200, 5) if quick else ((16,) * 1000, 40)
    plain, lane = _chain(False, seed), _chain(True, seed)
    return Depths(
        (_start_slope("lecun_normal", seed), _start_slope("he_normal", seed)),
        errors,
        (plain[0], lane[0]),
        (plain[1], lane[1]),
        (_train(layers, epochs, seed), _train(layers, epochs, seed, skip="deepnorm")),
    )


def _measure(plan: RunPlan) -> Measurement:
    measured = plan.map(_measure_seed, [(seed, plan.quick) for seed in plan.seeds], "seeds")
    rows = [
        {
            "net": kind,
            **{
                f"error, {depth} layers": float(
                    gmean([one.errors[kind, depth] for one in measured])
                )
                for depth in (SHALLOW, DEEP)
            },
        }
        for kind in KINDS
    ]
    thousand = np.mean([one.thousand for one in measured], axis=0)
    return Measurement(
        table=rows,
        findings=_judge(measured),
        notes=[
            "Errors are geometric means over seeds, as shares of the variance of y.",
            f"{200 if plan.quick else 1000} layers: error {thousand[0]:.3g} plain, "
            f"{thousand[1]:.3g} with DeepNorm.",
            "The lane is that of an LSTM whose gates are open: what is added to the state.",
        ],
        draw=partial(_draw, measured),
    )


def _judge(measured: list[Depths]) -> list[Finding]:
    """Return the findings for the seeds."""

    def degrades(kind: str) -> FloatArray:
        errors = [(one.errors[kind, DEEP], one.errors[kind, SHALLOW]) for one in measured]
        return np.asarray([np.log(deep / shallow) for deep, shallow in errors])

    starts, slopes, thousand = (
        np.array([getattr(one, name) for one in measured])
        for name in ("starts", "slopes", "thousand")
    )
    return [
        Finding(
            "bits of the squared signal lost per layer, variance 1 / fan-in",
            t_interval(starts[:, 0]),
            at_least=1 - NEAR,
            at_most=1 + NEAR,
        ),
        Finding(
            "bits of the squared signal lost per layer, variance 2 / fan-in",
            t_interval(starts[:, 1]),
            at_least=-NEAR,
            at_most=NEAR,
        ),
        Finding(
            f"ln of the training error, {DEEP} over {SHALLOW} layers, plain",
            t_interval(degrades("plain")),
            at_least=0.0,
        ),
        Finding(
            f"ln of the training error, {DEEP} over {SHALLOW} layers, skip and norm",
            t_interval(degrades("both")),
            at_most=NO_WORSE,
        ),
        Finding(
            "bits of the squared signal lost per step of the chain",
            t_interval(slopes[:, 0]),
            at_least=VANISHES,
        ),
        Finding(
            "bits of the squared signal lost per step along the lane",
            t_interval(slopes[:, 1]),
            at_least=-LANE,
            at_most=LANE,
        ),
        Finding(
            "error of 1,000 plain layers over the variance",
            t_interval(thousand[:, 0]),
            at_least=STUCK,
        ),
        Finding(
            "error of 1,000 layers with DeepNorm over the variance",
            t_interval(thousand[:, 1]),
            at_most=TRAINS,
        ),
    ]


def _draw(measured: list[Depths], figure: Figure) -> None:
    chain, errors = figure.subplots(1, 2)
    for k, name in enumerate(("chain", "with a lane")):
        signal = gmean([one.chain[k] for one in measured])
        steps = np.linspace(1, STEPS, len(signal))
        chain.plot(steps, signal, color=COLORS[k], marker=MARKERS[k], markevery=8, label=name)
    chain.set(yscale="log", xlabel="step", title="signal that comes back to a step")
    chain.legend()
    for place, (kind, color) in enumerate(zip(KINDS, COLORS, strict=False)):
        values = np.array([
            [one.errors[kind, depth] for depth in (SHALLOW, DEEP)] for one in measured
        ])  # fmt: skip
        middle = gmean(values)
        errors.plot([0, 1], middle, color=color, marker=MARKERS[place], label=kind)
    errors.set_xticks([0, 1], [f"{SHALLOW} layers", f"{DEEP} layers"])
    errors.set(yscale="log", title="training error over the variance")
    errors.legend()


run: Final = Runner(EXPERIMENT, _measure)
