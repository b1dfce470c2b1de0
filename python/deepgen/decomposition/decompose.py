r"""Decompose the error of an estimator for a known truth.

With E the risk, E_n the empirical risk, f* the truth, f_F* the best member of the class, f_n the
member of least empirical risk and f~ the fitted estimator, on average over training sets,

    E(f~) - E(f*)   = [E(f_F*) - E(f*)] + [E(f_n) - E(f_F*)]   + [E(f~) - E(f_n)]
    E_n(f~) - E(f*) = [E(f_F*) - E(f*)] + [E_n(f_n) - E(f_F*)] + [E_n(f~) - E_n(f_n)].

The first decomposition is that of Bottou and Bousquet, the second the lecture's. The lecture's
estimation error is negative on average, since E_n(f_n) <= E_n(f_F*) and the mean of E_n(f_F*) is
E(f_F*).

Source: L. Bottou and O. Bousquet, "The tradeoffs of large scale learning", NIPS 2007, equation 6;
slides "Decomposition of the Error".
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from deepgen._counts import checked_count
from deepgen._engine.arrays import FloatArray
from deepgen._engine.blas import one_blas_thread
from deepgen.decomposition.class_of import class_of
from deepgen.decomposition.class_truth import ClassTruth
from deepgen.decomposition.decomposition import Decomposition, Reading
from deepgen.decomposition.hypothesis_class import Fitted, HypothesisClass, Predictor
from deepgen.decomposition.log_risk import LogRisk
from deepgen.decomposition.multi_start import MultiStart, set_seed
from deepgen.decomposition.risk import Risk
from deepgen.decomposition.squared_risk import SquaredRisk
from deepgen.decomposition.tolerance import check_tolerance, fit_to_level
from deepgen.decomposition.truth import Truth
from deepgen.decomposition.zero_one_risk import ZeroOneRisk

__all__ = ["decompose"]

Progress: TypeAlias = Callable[[str, int, int], None]

OF_CLASSES: Final[dict[str, Risk]] = {"log_loss": LogRisk(), "zero_one": ZeroOneRisk()}
"""Risks of classifiers by name."""

# Purposes of the random streams of a training set. Changing a number changes the results of a seed.
DATA, ESTIMATOR, SEARCH, TEST = range(4)


@dataclass(frozen=True)
class _Repeat:
    """Results for one training set."""

    fitted: Fitted
    best: Predictor
    empirical: float
    empirical_best: float
    n_iter: int
    reached: bool


def decompose(
    estimator: Any,
    truth: Truth | ClassTruth,
    n_samples: int,
    *,
    n_repeats: int = 20,
    n_test: int = 100_000,
    rho: float | None = None,
    random_state: Any = None,
    risk: Literal["log_loss", "zero_one"] | None = None,
    n_starts: int = 3,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> Decomposition:
    """Split the error of an estimator into approximation, estimation and optimization.

    Parameters
    ----------
    estimator : estimator
        A regressor or classifier with scikit-learn's interface, or a pipeline that ends in one; it
        is cloned, never fitted itself.
    truth : Truth or ClassTruth
        Distribution of the training sets: `HeteroscedasticSine`, `GaussianLinear`,
        `TeacherNetwork`, `NoisyFunction` or your own subclass of `Truth`; for a classifier
        `NoisyMoons`, `GaussianClasses` or your own subclass of `ClassTruth`.
    n_samples : int
        Size of a training set, >= 1.
    n_repeats : int, default=20
        Number of training sets, >= 1.
    n_test : int, default=100_000
        Number of points over which risks are averaged, >= 1: quadrature nodes if the truth has one
        input (of classes: one or two), else fresh samples for each training set. The search for
        f_F* uses the same number.
    rho : float or None, default=None
        Tolerance: training stops at the first epoch or iteration with E_n(f~) <= E_n(f_n) + rho, in
        units of the risk. With None the estimator stops by its own rule.
    random_state : int, RandomState instance or None, default=None
        Seed of the training sets, of the searches and of estimators without a seed.
    risk : {'log_loss', 'zero_one'} or None, default=None
        Risk of a classifier: the mean log loss in nats (as None) or the share of wrong answers.
        Regressors have the mean squared error, in squared units of y.
    n_starts : int, default=3
        Number of searches for f_F* and for each f_n if they cannot be computed, >= 1.
    n_jobs : int or None, default=None
        Number of processes, as in joblib. Results do not depend on it.
    progress : callable or None, default=None
        Function of the current task's name, the number of finished parts and the number of parts.

    Returns
    -------
    result : Decomposition
        Both decompositions into three errors, with standard errors over training sets.

    Raises
    ------
    ValueError
        If an argument is out of range, the truth is not one for the kind of estimator, or ``rho``
        is given to an estimator that does not train step by step.

    Warns
    -----
    UserWarning
        If the tolerance was not reached on some of the training sets.

    See Also
    --------
    Decomposition : The result, with the meaning of each number.

    Notes
    -----
    The best members are exact for linear models behind `PolynomialFeatures` and scalers (least
    squares) and for regression trees of one input (dynamic programming). For other estimators f_F*
    is the best of ``n_starts`` long searches on ``n_test`` noiseless samples and of all other fits,
    so ``approximation`` is an upper bound; f_n is the best of ``n_starts`` searches on the training
    set and of f~. Only inputs are sampled: the noise is integrated exactly. Classifiers are
    searched by their own loss, for either risk, with the probabilities of the classes as sample
    weights where they accept these. Logarithms of probabilities below 2.2e-16 count as that one's.
    A class that can fit every training set has no member of least log loss: then E_n(f_n) is near 0
    and its risk grows with the length of the search.

    The cost is ``n_repeats * (n_starts + 1)`` fits on ``n_samples`` and ``n_starts`` fits on
    ``n_test`` rows; with a perceptron of 100 units about a minute at the defaults.

    References
    ----------
    .. [1] L. Bottou and O. Bousquet, "The tradeoffs of large scale learning", NIPS 2007,
       equation 6; the lecture's slides "Decomposition of the Error".

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from deepgen.decomposition import HeteroscedasticSine, decompose
    >>> tree = DecisionTreeRegressor(max_leaf_nodes=8)
    >>> result = decompose(tree, HeteroscedasticSine(), 200, n_repeats=5, random_state=0)
    >>> print(f"{result.approximation:.4f}")
    0.0134
    >>> result.deck.estimation < 0 < result.estimation
    True
    """
    from sklearn.base import clone, is_classifier
    from sklearn.utils import check_random_state

    if not hasattr(estimator, "fit") or not hasattr(estimator, "get_params"):
        raise ValueError(f"estimator must have scikit-learn's interface, got {estimator!r}")
    measure = _risk_of(is_classifier(estimator), truth, risk)
    counts: dict[str, Any] = {
        "n_samples": n_samples,
        "n_repeats": n_repeats,
        "n_test": n_test,
        "n_starts": n_starts,
    }
    for name, value in counts.items():
        checked_count(name, value)
    check_tolerance(estimator, rho)

    # Every random number derives from this seed, so results do not depend on `n_jobs`.
    seed = int(check_random_state(random_state).randint(np.iinfo(np.int64).max, dtype=np.int64))
    hypotheses = class_of(clone(estimator), truth.n_features, int(n_starts), seed, measure)
    one = partial(_run, estimator, truth, hypotheses, measure, int(n_samples), rho, seed)
    repeats: list[_Repeat] = _map(one, range(n_repeats), n_jobs, "training sets", progress)
    reached = float(np.mean([repeat.reached for repeat in repeats]))
    if reached < 1:
        warnings.warn(
            f"the tolerance rho={rho} was reached on {reached:.0%} of the training sets only; a "
            "larger max_iter may reach it",
            stacklevel=2,
        )

    # Risks come last: f_F* may be one of the fits, and all predictors share the points of a set.
    best = _best_in_class(truth, hypotheses, measure, repeats, int(n_test), seed, progress)
    of_repeat = partial(_excess, truth, measure, best, repeats, int(n_test), seed)
    # Columns: approximation, E(f_n) - E(f*) and E(f~) - E(f*); one row per training set.
    excess = np.array(_map(of_repeat, range(n_repeats), None, "risks", progress))
    return _summarise(truth, hypotheses, measure, repeats, excess, int(n_samples), rho, reached)


def _risk_of(classifies: bool, truth: Any, risk: Any) -> Risk:
    """Return the risk of a kind of estimator; refuse a truth or a risk of the other kind."""
    wanted = ClassTruth if classifies else Truth
    if not isinstance(truth, wanted):
        kind = "classifier" if classifies else "regressor"
        raise ValueError(
            f"truth must be a deepgen.decomposition.{wanted.__name__} for a {kind}, got {truth!r}"
        )
    if not classifies:
        if risk is not None:
            raise ValueError(f"risk is for classifiers, got {risk!r} with a regressor")
        return SquaredRisk()
    name = "log_loss" if risk is None else risk
    if name not in OF_CLASSES:
        raise ValueError(f"risk must be one of {', '.join(map(repr, OF_CLASSES))}, got {risk!r}")
    return OF_CLASSES[name]


def _summarise(
    truth: Truth | ClassTruth,
    hypotheses: HypothesisClass,
    risk: Risk,
    repeats: list[_Repeat],
    excess: FloatArray,
    n_samples: int,
    rho: float | None,
    reached: float,
) -> Decomposition:
    bayes = risk.bayes(truth)
    approximation, best, final = excess.T
    empirical = np.array([repeat.empirical for repeat in repeats])
    least = np.array([repeat.empirical_best for repeat in repeats])
    population = Reading.of(approximation, best - approximation, final - best, final)
    deck = Reading.of(
        approximation, least - (approximation + bayes), empirical - least, empirical - bayes
    )
    return Decomposition(
        **vars(population),
        bottou_bousquet=population,
        deck=deck,
        bayes_risk=bayes,
        risk=bayes + float(np.mean(final)),
        rho=float(np.mean(empirical - least)),
        rho_asked=None if rho is None else float(rho),
        reached=reached,
        exact=hypotheses.exact,
        hypotheses=hypotheses.name,
        n_samples=n_samples,
        n_repeats=len(repeats),
        repeats={
            "approximation": approximation,
            "risk_best": best + bayes,
            "risk": final + bayes,
            "empirical_best": least,
            "empirical": empirical,
            "n_iter": np.array([repeat.n_iter for repeat in repeats]),
        },
        unit=risk.unit,
    )


def _random(seed: int, *purpose: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, *purpose]))


def _map(
    function: Callable[[int], Any],
    items: Iterable[int],
    n_jobs: int | None,
    what: str,
    progress: Progress | None,
) -> list[Any]:
    from joblib import Parallel, delayed

    work = list(items)
    done: list[Any] = []
    if progress is not None:
        progress(what, 0, len(work))
    for answer in Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_alone)(function, item) for item in work
    ):
        done.append(answer)
        if progress is not None:
            progress(what, len(done), len(work))
    return done


def _alone(function: Callable[[int], Any], item: int) -> Any:
    # Sums in BLAS depend on its number of threads, which joblib changes with n_jobs.
    with one_blas_thread():
        return function(item)


def _run(
    estimator: Any,
    truth: Truth | ClassTruth,
    hypotheses: HypothesisClass,
    risk: Risk,
    n_samples: int,
    rho: float | None,
    seed: int,
    repeat: int,
) -> _Repeat:
    """Draw a training set and fit on it."""
    from sklearn.base import clone
    from sklearn.exceptions import ConvergenceWarning

    X, y = truth.sample(n_samples, _random(seed, repeat, DATA))
    ready = set_seed(clone(estimator), _random(seed, repeat, ESTIMATOR))
    search = _random(seed, repeat, SEARCH)
    reached, n_iter = True, -1
    if rho is None:
        with warnings.catch_warnings():
            # An estimator that stops early is what is to be measured, so its warning says nothing
            # new.
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = ready.fit(X, y)
        best = hypotheses.minimize(X, y, fitted, search)
        iterations = np.max(getattr(fitted, "n_iter_", -1))
        n_iter = int(iterations) if iterations is not None else -1
    else:
        best = hypotheses.minimize(X, y, None, search)
        level = risk.empirical(best, X, y) + rho
        fitted, n_iter, reached = fit_to_level(ready, X, y, level, risk)
        if not hypotheses.exact and risk.empirical(fitted, X, y) < risk.empirical(best, X, y):
            best = fitted
    return _Repeat(
        fitted, best, risk.empirical(fitted, X, y), risk.empirical(best, X, y), n_iter, reached
    )


def _points(
    truth: Truth | ClassTruth, n: int, random: np.random.Generator
) -> tuple[FloatArray, FloatArray | None]:
    return truth.nodes(n) or (truth.draw_inputs(n, random), None)


def _best_in_class(
    truth: Truth | ClassTruth,
    hypotheses: HypothesisClass,
    risk: Risk,
    repeats: list[_Repeat],
    n_test: int,
    seed: int,
    progress: Progress | None,
) -> Predictor:
    """Return f_F*, or the best candidate for it."""
    n_repeats = len(repeats)
    random = _random(seed, n_repeats, DATA)
    if not isinstance(hypotheses, MultiStart):
        X, weights = _points(truth, n_test, random)
        project = partial(_project, hypotheses, X, risk.best(truth, X), weights)
        exact: Predictor = _map(project, [0], None, "best in class", progress)[0]
        return exact
    X = truth.draw_inputs(n_test, random)
    project = partial(_project, hypotheses, X, risk.best(truth, X), None)
    candidates = _map(project, [0], None, "best in class", progress)
    # Members of the class that were fitted elsewhere may be better than those of the search.
    candidates += [one for repeat in repeats for one in (repeat.best, repeat.fitted)]
    X, weights = _points(truth, n_test, _random(seed, n_repeats, TEST))
    best_values = risk.best(truth, X)
    distances = [risk.excess(one, X, best_values, weights) for one in candidates]
    best: Predictor = candidates[int(np.nanargmin(distances))]
    return best


def _project(
    hypotheses: HypothesisClass, X: FloatArray, mean: FloatArray, weights: FloatArray | None, _: int
) -> Predictor:
    return hypotheses.project(X, mean, weights)


def _excess(
    truth: Truth | ClassTruth,
    risk: Risk,
    best: Predictor,
    repeats: list[_Repeat],
    n_test: int,
    seed: int,
    repeat: int,
) -> list[float]:
    X, weights = _points(truth, n_test, _random(seed, repeat, TEST))
    values = risk.best(truth, X)
    predictors = (best, repeats[repeat].best, repeats[repeat].fitted)
    return [risk.excess(one, X, values, weights) for one in predictors]
