r"""A bound on the error on new data that holds with stated confidence, by noise on the weights.

Part of the rows train a network w0, the prior's mean; all rows train it further, to w. With the
prior P = N(w0, s^2 I) and the posterior Q = N(w, s^2 I) over weights, the n rows that the prior has
not seen bound the error R(Q) of a network drawn from Q, a Gibbs classifier:

    kl(R_n(Q) || R(Q)) <= (||w - w0||^2 / (2 s^2) + ln(2 sqrt(n) K / d)) / n

for K values of s at once, with probability 1 - d. R_n(Q) is itself a mean over draws of weights. It
is estimated by N independent draws, each of them applied to a block of rows of its own. The blocks'
shares of errors are independent numbers in [0, 1] whose means average to R_n(Q); Hoeffding's bound
needs no more, above all no equal means:

    kl(estimate || R_n(Q)) <= ln(1 / d') / N   with probability 1 - d'.

Sources: G. K. Dziugaite, D. M. Roy, "Computing nonvacuous generalization bounds for deep
(stochastic) neural networks with many more parameters than training data", UAI 2017; M.
Perez-Ortiz, O. Rivasplata, J. Shawe-Taylor, C. Szepesvari, "Tighter risk certificates for neural
networks", JMLR 22, 2021; A. Maurer, arXiv:cs/0411099, 2004; W. Hoeffding, "Probability inequalities
for sums of bounded random variables", 1963, theorem 1.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepgen._counts import checked_count
from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen._network.network import Network
from deepgen._user_warnings import collect_warnings, warn
from deepgen.estimators.fitted import network_of
from deepgen.generalization.random_weights.binary_kl import kl_inverse
from deepgen.generalization.random_weights.gibbs_error import GibbsClassifier
from deepgen.generalization.settings import checked_size, checked_sizes, generator
from deepgen.probe.measured_model import measured_model

__all__ = ["PacBayes", "pac_bayes"]

MONTE_CARLO_SHARE = 0.2
"""Share of 1 - confidence that is for the draws of weights, not for the rows."""
FEWEST_ROWS = 8
"""Rows that the theorem's constant 2 sqrt(n) needs."""
RELATIVE_SIGMAS = np.geomspace(0.02, 1.0, 12)
"""Values of s that are tried, in units of the root mean square of the prior's weights."""
SEARCH_SHARE = 0.02
"""Draws for each s of the search, as a share of those for the bound."""


@dataclass(frozen=True, eq=False)
class PacBayes(ShownAsTable):
    """A bound on the error of networks with noisy weights, and what it is made of.

    Parameters
    ----------
    bound : float
        Upper limit of the Gibbs error on new rows, at ``confidence``.
    empirical : float
        Gibbs error on the rows that the prior has not seen, estimated by draws.
    monte_carlo : float
        Upper limit of that error minus ``empirical``: what the finite number of draws costs.
    kl : float
        Divergence of posterior and prior, in nats.
    sigma : float
        Standard deviation of the noise on each trainable number.
    confidence : float
        Probability, over rows and draws together, that the bound holds.
    n_prior, n_rest : int
        Rows that trained the prior's network, and rows that the bound counts.
    n_draws : int
        Independent draws of weights.
    error : float
        Error of the network without noise on the same rows, which trained it.
    prior_error : float
        Error of the prior's network without noise on these rows, which are new to it.
    test_bound : float
        Upper limit of the prior's network's own error by the same rows as a test set, at the same
        confidence: what the rows give without PAC-Bayes.
    sigmas : ndarray of shape (n_sigmas,)
        Standard deviations tried, ascending.
    empirical_errors, bounds : ndarray of shape (n_sigmas,)
        Gibbs error and bound for each, by few draws and without their Monte Carlo term.
    model : MLPClassifier
        The network w, trained on all rows.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from deepgen import MLPClassifier
    >>> from deepgen.generalization import pac_bayes
    >>> X, y = load_iris(return_X_y=True)
    >>> net = MLPClassifier((8,), solver="lbfgs", alpha=1.0, max_iter=500, random_state=0)
    >>> result = pac_bayes(make_pipeline(StandardScaler(), net), X, y)
    >>> bool(result.empirical <= result.empirical + result.monte_carlo <= result.bound < 0.7)
    True
    """

    bound: float
    empirical: float
    monte_carlo: float
    kl: float
    sigma: float
    confidence: float
    n_prior: int
    n_rest: int
    n_draws: int
    error: float
    prior_error: float
    test_bound: float
    sigmas: FloatArray
    empirical_errors: FloatArray
    bounds: FloatArray
    model: Any

    def __repr__(self) -> str:
        return (
            f"PacBayes(error at most {self.bound:.4f} at confidence {self.confidence:g}, Gibbs "
            f"{self.empirical:.4f} + {self.monte_carlo:.4f} on {self.n_rest} rows, "
            f"KL {self.kl:.4g}, sigma {self.sigma:.3g})"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot Gibbs error and bound against the noise.

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
        ax.plot(self.sigmas, self.bounds, label="bound, few draws")
        ax.plot(self.sigmas, self.empirical_errors, label="Gibbs error, few draws")
        ax.plot([self.sigma], [self.bound], "o", label="bound, all draws")
        ax.set(xscale="log", xlabel="sigma", ylabel="share of errors", ylim=(0, None))
        ax.legend()
        return ax


def pac_bayes(
    estimator: Any,
    X: Any,
    y: Any,
    confidence: float = 0.95,
    *,
    prior_share: float = 0.5,
    n_epochs: int = 2,
    learning_rate: float = 1e-4,
    sigmas: ArrayLike | None = None,
    n_draws: int = 10_000,
    random_state: int = 0,
) -> PacBayes:
    r"""Train a classifier and bound its error on new data, with noise on its weights.

    Parameters
    ----------
    estimator : MLPClassifier, TabularClassifier or Pipeline
        Unfitted or fitted; it is cloned and trained here. One network for two or more classes.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Features, or a table: independent draws of one distribution.
    y : array-like of shape (n_samples,)
        Labels of any kind.
    confidence : float, default=0.95
        Probability that the bound holds, in (0, 1), over rows and draws of weights together.
    prior_share : float, default=0.5
        Share of the rows, drawn at random, that train the prior's network, in (0, 1).
    n_epochs : int, default=2
        Epochs in which all rows train it further, by Adam, at least 1.
    learning_rate : float, default=1e-4
        Constant learning rate of these epochs, > 0. Many epochs and a large rate move the weights
        far from the prior, which the bound charges.
    sigmas : array-like of shape (n_sigmas,) or None, default=None
        Standard deviations that are tried, > 0, chosen without a look at the data; None means 12
        from 0.02 to 1 times the root mean square of the prior's weights.
    n_draws : int, default=10000
        Independent draws of weights for the bound, at least 20.
    random_state : int, default=0
        Seed of the division of the rows and of the draws, at least 0; training has the estimator's
        own.

    Returns
    -------
    result : PacBayes
        The bound, its parts, and the network.

    Raises
    ------
    TypeError
        If the estimator holds no classifier of this package.
    ValueError
        If a setting is out of range, a class is missing in the prior's rows, targets are
        multilabel, or less than 8 rows are left.

    Notes
    -----
    What holds with probability ``confidence`` is a statement about the *Gibbs* classifier, which
    draws its weights anew for every prediction: its expected share of errors (0-1 loss) on new rows
    of the same distribution is at most ``bound``. Nothing is said about the network without noise;
    the majority of the draws is wrong at most twice as often. Of 1 - confidence, 0.8 is for the
    rows (Maurer's form of the PAC-Bayes-kl bound, with a union over ``sigmas``) and 0.2 for the
    draws. The sigma is chosen by draws of its own, and the bound takes fresh ones.

    One draw serves one block of rows; with more draws than rows the rows are used several times,
    each with its own draw. Given rows and weights, the blocks' shares of errors are independent
    numbers in [0, 1]. Their means differ, as rows differ, but their average is the empirical Gibbs
    error but for the size of the last blocks, which the bound takes into account; Hoeffding's
    theorem 1 bounds the mean of independent bounded numbers with different means by the same
    exp(-N kl) as with equal ones.

    Rows must not repeat each other, nor be chosen by their labels; sample weights would change the
    distribution, so there are none. Scalers and encoders of a pipeline are those that the prior's
    rows trained, and batch norm keeps the prior's running statistics, so that they are part of the
    prior. A scaler outside the pipeline, a pretrained start or settings tuned by a search that saw
    all rows would carry them into the prior: the bound does not hold then. Training further holds
    no rows back (no early stopping, no ``max_time``).

    The cost is the estimator's fit on ``prior_share`` of the rows, ``n_epochs`` on all, and per
    draw P normal numbers and one pass over a block of rows; the search takes 0.02 ``n_draws`` draws
    for each sigma. A draw counts on average as much as one row of a test set: the bound gets no
    better than about 4 / ``n_draws`` above the empirical error.

    `test_bound` is usually smaller than `bound`: holding the rows back as a test set is the better
    certificate for one network. The bound shows what can be said of weights that *all* rows
    trained.

    References
    ----------
    .. [1] G. K. Dziugaite, D. M. Roy, "Computing nonvacuous generalization bounds for deep
       (stochastic) neural networks with many more parameters than training data", UAI 2017.
    .. [2] M. Perez-Ortiz, O. Rivasplata, J. Shawe-Taylor, C. Szepesvari, "Tighter risk certificates
       for neural networks", JMLR 22, 2021.
    .. [3] A. Maurer, "A note on the PAC Bayesian theorem", arXiv:cs/0411099, 2004.
    .. [4] W. Hoeffding, "Probability inequalities for sums of bounded random variables", JASA 58,
       1963.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from deepgen import MLPClassifier
    >>> from deepgen.generalization import pac_bayes
    >>> X, y = load_digits(return_X_y=True)
    >>> net = MLPClassifier((16,), solver="lbfgs", alpha=1.0, tol=0.01, random_state=0)
    >>> result = pac_bayes(net, X / 16, y, n_draws=1000)
    >>> bool(result.bound < 0.5), result.n_prior + result.n_rest
    (True, 1797)
    """
    from sklearn.base import clone, is_classifier
    from sklearn.utils import _safe_indexing, indexable

    if not is_classifier(estimator):
        kind = type(estimator).__name__
        raise TypeError(f"pac_bayes bounds the errors of a classifier, got {kind}")
    confidence, prior_share = _share("confidence", confidence), _share("prior_share", prior_share)
    n_epochs = checked_count("n_epochs", n_epochs)
    learning_rate = checked_size("learning_rate", learning_rate)
    n_draws = checked_count("n_draws", n_draws, 20)
    random = generator(random_state)
    given = None if sigmas is None else checked_sizes("sigmas", sigmas)
    labels = _checked_labels(X, y)
    (X,) = indexable(X)  # sparse rows of any format
    first, rest = _divided(len(labels), prior_share, random)

    prior = clone(estimator).fit(_safe_indexing(X, first), labels[first])
    net, features = measured_model(prior, X)
    if len(net.classes_) < 2:
        raise ValueError(f"y must have two classes or more, got {net.classes_.tolist()}")
    if lacking := sorted(set(np.unique(labels)) - set(net.classes_)):
        raise ValueError(
            f"the {len(first)} rows for the prior have no row of class {lacking[0]}; a larger "
            "prior_share, another random_state or more rows help"
        )
    start = network_of(net)
    before = start.parameters.copy()
    model = _trained_further(net, features, labels, n_epochs, learning_rate)
    if model.network_.core.n_parameters != start.core.n_parameters:
        raise ValueError("training further changed the network's shape, so that no KL exists")

    data = model._as_data(features, labels, None, start.dtype)
    size = start.core.n_trainable
    after = np.concatenate([model.network_.parameters[:size], before[size:]])
    rows = data.X, model._targets.labels, data.y.ravel()
    gibbs = GibbsClassifier(Network(start.core, after), *rows)
    length = float(np.sum((after[:size].astype(float) - before[:size].astype(float)) ** 2))
    scale = float(np.sqrt(np.mean(before[:size].astype(float) ** 2)))
    grid = RELATIVE_SIGMAS * scale if given is None else given

    risk = (1 - confidence) * (1 - MONTE_CARLO_SHARE)
    constant = np.log(2 * np.sqrt(len(rest)) * len(grid) / risk)
    with np.errstate(over="ignore"):  # in this order, as the square of a tiny sigma is 0
        divergences = (np.sqrt(length) / grid) ** 2 / 2
    budgets = (divergences + constant) / len(rest)
    few = max(20, int(SEARCH_SHARE * n_draws))
    searched = [gibbs.error(rest, float(sigma), few, random) for sigma in grid]
    errors = np.array([one.mean for one in searched])
    bounds = np.array([kl_inverse(q, c) for q, c in zip(errors, budgets, strict=True)])
    best = int(np.argmin(bounds))

    drawn = gibbs.error(rest, float(grid[best]), n_draws, random)
    limit = drawn.upper_limit((1 - confidence) * MONTE_CARLO_SHARE)
    old = GibbsClassifier(Network(start.core, before), *rows)
    prior_error = float(old.wrong(old.network, rest).mean())
    return PacBayes(
        bound=kl_inverse(limit, float(budgets[best])),
        empirical=drawn.mean,
        monte_carlo=limit - drawn.mean,
        kl=float(divergences[best]),
        sigma=float(grid[best]),
        confidence=confidence,
        n_prior=len(first),
        n_rest=len(rest),
        n_draws=drawn.n_draws,
        error=float(gibbs.wrong(gibbs.network, rest).mean()),
        prior_error=prior_error,
        test_bound=kl_inverse(prior_error, -np.log(1 - confidence) / len(rest)),
        sigmas=grid,
        empirical_errors=errors,
        bounds=bounds,
        model=model,
    )


def _share(name: str, value: Any) -> float:
    number = float(value) if isinstance(value, (int, float, np.number)) else np.nan
    if isinstance(value, bool) or not 0 < number < 1:
        raise ValueError(f"{name} must be a number between 0 and 1, got {value!r}")
    return number


def _checked_labels(X: Any, y: Any) -> NDArray[Any]:
    """Return labels (n_samples,), refusing what is no class per row."""
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_consistent_length, column_or_1d

    check_consistent_length(X, y)
    if hasattr(y, "tocsr") or (np.ndim(y) == 2 and np.shape(y)[1] > 1):
        raise ValueError("pac_bayes needs one class per row, got several labels per row")
    labels: NDArray[Any] = column_or_1d(y)
    check_classification_targets(labels)
    return labels


def _divided(
    n_rows: int, share: float, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows for the prior and, in random order, those that the bound counts."""
    order = random.permutation(n_rows)
    n_first = max(1, round(share * n_rows))
    if n_rows - n_first < FEWEST_ROWS:
        raise ValueError(
            f"prior_share={share:g} leaves {n_rows - n_first} of {n_rows} rows for the bound, "
            f"which needs {FEWEST_ROWS} or more"
        )
    return np.sort(order[:n_first]), order[n_first:]


def _trained_further(
    net: Any, features: Any, labels: NDArray[Any], n_epochs: int, learning_rate: float
) -> Any:
    """Return a copy of a fitted network that all rows have trained for some epochs."""
    from sklearn.exceptions import ConvergenceWarning

    model = copy.deepcopy(net).set_params(
        warm_start=True,
        max_iter=n_epochs,
        solver="adam",
        learning_rate="constant",
        learning_rate_init=learning_rate,
        early_stopping=False,  # no row is held back, and the last weights are kept
        validation_fraction=0.1,
        scoring=None,
        max_time=None,
    )
    with collect_warnings() as caught:
        model.fit(features, labels)
    for message, category in caught:
        if not issubclass(category, ConvergenceWarning):  # few epochs are what was asked for
            warn(message, category)
    return model
