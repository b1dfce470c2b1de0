r"""Rare features: the advantage of adaptive learning rates.

For a text of single words, word j with probability p_j ~ 1 / j, a linear model on their one-hot
codes and half the squared error, the Hessian is diag(p). After t steps of full-batch descent with
rate eta the share

    (1 - eta p_j)^t

of word j's error remains, and eta < 2 / p_1, although rare words would need a larger rate. AdaGrad,
RMSProp and Adam divide each gradient by the size of its past values, so p_j cancels.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepgen._display.style import MARKERS, legend_below
from deepgen._engine.arrays import FloatArray
from deepgen._interval import exact, t_interval
from deepgen.experiments.experiment import Experiment, Measurement, RunPlan
from deepgen.experiments.finding import Finding
from deepgen.experiments.runner import Runner
from deepgen.experiments.shared.rates import best_rate, tuning_seeds
from deepgen.experiments.shared.training import fit_quietly
from deepgen.optimizers import SGD, AdaGrad, Adam, Optimizer, RMSProp

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from deepgen.estimators import MLPRegressor

__all__ = ["EXPERIMENT", "METHODS", "frequencies", "full_batch", "run"]


EXPERIMENT: Final = Experiment(
    name="rare_features",
    title="Rare features and adaptive learning rates",
    claim="Rare words want a higher learning rate than common ones, and adaptive methods give it: "
    "each at its own best rate, AdaGrad and RMSProp leave a lower error on rare words than SGD, "
    "Adam than SGD with momentum.",
    source="Slides 'Conditioning Issues' and 'Fixing Conditioning Issues'; Duchi, Hazan and Singer "
    "2011",
    protocol="300 words, word j with probability ~ 1 / j, a target of N(0, 1) for each word and "
    "noise of standard deviation 0.1; 10,000 samples as sparse one-hot rows, 5 epochs in batches "
    "of 200. Two models: linear without intercept from 0, and an embedding of 16 numbers followed "
    "by 32 ReLU units. Learning rates are powers of 2; each method takes the one of least error "
    "over the words as they occur, on 5 seeds of their own. Measured without noise, on every word: "
    "squared error by tenth of the words, from common to rare; rare are the last three tenths. A "
    "seed draws targets, samples and net. Quick: 100 words, 2,000 samples, batches of 50.",
    seeds=20,
    quick_seeds=4,
)

METHODS: Final[dict[str, Optimizer]] = {
    "SGD": SGD(momentum=0.0),
    "momentum": SGD(),
    "AdaGrad": AdaGrad(),
    "RMSProp": RMSProp(),
    "Adam": Adam(),
}
RIVALS: Final = {"AdaGrad": "SGD", "RMSProp": "SGD", "Adam": "momentum"}
"""Each adaptive method with the form of SGD that has the same momentum."""
MODELS: Final[dict[str, dict[str, Any]]] = {
    "linear": {"hidden_layer_sizes": (), "bias": False},
    "embedding": {"hidden_layer_sizes": (16, 32), "activation": ["identity", "relu"]},
}
RATES: Final = tuple(2.0**power for power in range(-11, 7))
EPOCHS, NOISE, TENTHS, RARE = 5, 0.1, 10, 3


def frequencies(n_words: int) -> FloatArray:
    """Return Zipf's law.

    Parameters
    ----------
    n_words : int
        Number of words, from the most frequent to the rarest.

    Returns
    -------
    p : ndarray of shape (n_words,)
        Probabilities of the words, proportional to 1 / rank.

    Examples
    --------
    >>> from deepgen.experiments.claims.rare_features import frequencies
    >>> frequencies(2).round(3).tolist()
    [0.667, 0.333]
    """
    p = 1 / np.arange(1.0, n_words + 1)
    return np.asarray(p / p.sum(), dtype=np.float64)


def full_batch(solver: Optimizer, rate: float, n_words: int, n_steps: int) -> FloatArray:
    """Fit targets of 1 with the linear model by full-batch steps; word j has weight p_j.

    Parameters
    ----------
    solver : Optimizer
        A first-order optimizer.
    rate : float
        Learning rate.
    n_words : int
        Number of words.
    n_steps : int
        Number of steps.

    Returns
    -------
    errors : ndarray of shape (n_words,)
        Remaining error of each word; it is 1 at the start.
    """
    from scipy import sparse

    model = _model("linear", solver, rate, n_words, n_steps, 0)
    words = sparse.csr_array(np.eye(n_words))
    fit_quietly(
        model,
        words,
        np.ones(n_words),
        sample_weight=frequencies(n_words),
        coefs_init=[np.zeros((n_words, 1))],
    )
    return np.asarray(1 - model.predict(words), dtype=np.float64)


def _model(
    kind: str, solver: Optimizer, rate: float, batch_size: int, epochs: int, seed: int
) -> MLPRegressor:
    from deepgen.estimators import MLPRegressor

    return MLPRegressor(
        solver=solver,
        learning_rate_init=rate,
        batch_size=batch_size,
        max_iter=epochs,
        alpha=0.0,
        n_iter_no_change=np.inf,
        target_scaling=None,
        dtype="float64",
        random_state=seed,
        n_jobs=1,
        **MODELS[kind],
    )


def _errors(task: tuple[str, str, float, bool, int]) -> FloatArray:
    """Return the mean squared error in each tenth of the words; infinite if training failed."""
    from scipy import sparse

    kind, method, rate, quick, seed = task
    n_words, n, batch_size = (100, 2_000, 50) if quick else (300, 10_000, 200)
    draw = np.random.default_rng(np.random.SeedSequence([seed]))
    truth = draw.standard_normal(n_words)
    words = draw.choice(n_words, size=n, p=frequencies(n_words))
    y = truth[words] + NOISE * draw.standard_normal(n)
    X = sparse.csr_array((np.ones(n), words, np.arange(n + 1)), shape=(n, n_words))
    model = _model(kind, METHODS[method], rate, batch_size, EPOCHS, seed)
    start = {"coefs_init": [np.zeros((n_words, 1))]} if kind == "linear" else {}
    with np.errstate(over="ignore", invalid="ignore"):
        try:
            fit_quietly(model, X, y, **start)
        except ValueError:  # not one step stayed finite
            return np.full(TENTHS + 1, np.inf)
        squares = (model.predict(sparse.csr_array(np.eye(n_words))) - truth) ** 2
        tenths = squares.reshape(TENTHS, -1).mean(axis=1)
        return np.append(tenths, frequencies(n_words) @ squares)


def _measure(plan: RunPlan) -> Measurement:
    tuning = tuning_seeds(2 if plan.quick else 5)
    # One run over all rates for both kinds of seeds; the first seeds only choose rates.
    seeds = (*tuning, *plan.seeds)
    cells = [(kind, method) for kind in MODELS for method in METHODS]
    tasks = [(*cell, rate, plan.quick, seed) for cell in cells for rate in RATES for seed in seeds]
    answers = np.array(plan.map(_errors, tasks, "words"))
    # Axes: cell, rate, seed, tenth; the last tenth is the mean over the words by frequency.
    errors = dict(
        zip(cells, answers.reshape(len(cells), len(RATES), len(seeds), TENTHS + 1), strict=True)
    )
    # Choose each method's rate by the mean over all words, on the tuning seeds.
    rates, best = {}, {}
    for cell, mine in errors.items():
        rates[cell] = best_rate(RATES, mine[:, : len(tuning), TENTHS].T)
        best[cell] = mine[RATES.index(rates[cell]), len(tuning) :]
    rows: list[dict[str, Any]] = [
        {
            "model": kind,
            "method": method,
            "rate": rates[kind, method],
            "tenth of the words": tenth + 1,
            "squared error": float(best[kind, method][:, tenth].mean()),
            "best rate for this tenth": best_rate(
                RATES, errors[kind, method][:, len(tuning) :, tenth].T
            ),
        }
        for kind, method in cells
        for tenth in range(TENTHS)
    ]
    return Measurement(
        table=rows,
        findings=_judge(tuning, errors, best),
        notes=[
            "Adam moves the rows of words that a batch lacks as well, by what their momentum "
            "holds; no method here is lazy.",
            "Nothing here depends on the order of the words: the seed draws a target for each.",
        ],
        draw=partial(_draw, rows),
    )  # fmt: skip


def _judge(
    tuning: tuple[int, ...],
    errors: dict[tuple[str, str], FloatArray],
    best: dict[tuple[str, str], FloatArray],
) -> list[Finding]:
    """Return the findings for the measured errors."""
    # Errors vary by factors, so methods are compared by logarithms.
    rare = {cell: np.log(one[:, TENTHS - RARE : TENTHS].mean(axis=1)) for cell, one in best.items()}
    n_words = 300
    p = frequencies(n_words)
    eta = 1 / p[0]
    return [
        *(
            Finding(
                f"{kind}: ln of the error on rare words, {method} over {rival}",
                t_interval(rare[kind, method] - rare[kind, rival]),
                at_most=0.0,
            )
            for kind in MODELS
            for method, rival in RIVALS.items()
        ),
        *(
            Finding(
                f"{kind}, SGD: log2 of the best rate for the rarest tenth over that for the "
                "commonest",
                t_interval(_octaves(errors[kind, "SGD"][:, len(tuning) :])),
                at_least=1.0,
            )
            for kind in MODELS
        ),
        Finding(
            "full batch, 100 steps at rate 1 / p_1: largest gap to (1 - eta p_j)^t",
            exact(
                float(
                    np.max(
                        np.abs(full_batch(METHODS["SGD"], eta, n_words, 100) - (1 - eta * p) ** 100)
                    )
                )
            ),
            at_most=1e-12,
        ),
        *(
            Finding(
                f"full batch, {method}, 100 steps at rate 0.003: spread of the error that is "
                "left, over the words",
                exact(float(np.ptp(full_batch(METHODS[method], 0.003, n_words, 100)))),
                at_most=1e-3,
            )
            for method in RIVALS
        ),
    ]


def _octaves(errors: FloatArray) -> list[float]:
    """Return, per seed, the doublings of the best rate from frequent to rare words."""
    rates = np.log2(
        [
            [best_rate(RATES, [one[:, tenth]]) for tenth in (0, TENTHS - 1)]
            for one in errors.swapaxes(0, 1)
        ]
    )
    return [float(rare - common) for common, rare in rates]


def _draw(rows: list[dict[str, Any]], figure: Figure) -> None:
    figure.set_size_inches(12, 5.5)
    for axes, kind in zip(figure.subplots(1, 2, sharey=True), MODELS, strict=True):
        for method, mark in zip(METHODS, MARKERS, strict=False):
            mine = [row for row in rows if (row["model"], row["method"]) == (kind, method)]
            axes.plot(
                [row["tenth of the words"] for row in mine],
                [row["squared error"] for row in mine],
                f"{mark}-",
                label=f"{method}, rate {mine[0]['rate']:.3g}",
            )
        axes.set(title=kind, xlabel="tenth of the words, common to rare", yscale="log")
        axes.set_xticks(range(1, TENTHS + 1))
        legend_below(axes, 2)
    figure.axes[0].set_ylabel("squared error, mean over seeds")


run: Final = Runner(EXPERIMENT, _measure)
