"""Many fits: copies of estimators on splits of the same rows, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from sklearn.base import clone, is_classifier
from sklearn.utils import indexable

from deepgen._display.progress_bar import Bar
from deepgen._engine.threads import effective_threads
from deepgen._user_warnings import warn
from deepgen.search.arrangement import arranged
from deepgen.search.fit import Fit
from deepgen.search.splits import read_splits

__all__ = ["fit_many"]


def fit_many(
    estimators: Iterable[Any],
    X: Any,
    y: Any,
    splits: Any,
    *,
    sample_weight: Any = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> list[list[Any]]:
    """Fit a copy of each estimator on the training rows of each split, side by side.

    Cores train one network each, a device all of them at once. Each copy has the bits of
    ``clone(estimator).fit(X[train], y[train])``, whatever the number of threads. No processes are
    started: X is in memory once, and only the rows of running fits are copied.

    Parameters
    ----------
    estimators : iterable of estimator
        Estimators or pipelines; they are not changed. Those of other libraries are fitted too, side
        by side as far as they release the GIL.
    X : array-like, data frame or sparse matrix of shape (n_samples, n_features)
        Features.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets or labels.
    splits : int, splitter or iterable
        Number of folds, a splitter of scikit-learn, or pairs (train, test) of row numbers, such as
        ``GroupKFold().split(X, y, groups)``; as ``cv`` of `sklearn.model_selection.cross_validate`.
        Only the training rows are used.
    sample_weight : array-like of shape (n_samples,), default=None
        Sample weights; a pipeline hands them to its last step.
    n_jobs : int, default=None
        Number of threads: first one per fit, and more in each where there are fewer fits. None
        means the physical cores that the process may use, -1 all logical cores. With
        ``device='cuda'`` all fits train at once, up to 264, whatever the number.
    verbose : bool, default=False
        Whether a terminal shows a progress bar.

    Returns
    -------
    fits : list of list of estimator
        Fitted copies: ``fits[i][k]`` is that of ``estimators[i]`` on split k.

    Raises
    ------
    TypeError
        If estimators or splits are of a type that cannot be used.
    ValueError
        If their values cannot be used.
    RuntimeError
        If a fit fails, after the end of the others. The message names estimator and split, and
        the usual kinds of errors, such as ValueError, keep their type.
    KeyboardInterrupt
        If Ctrl-C was pressed, after the end of all fits.

    Warns
    -----
    Warning
        What the fits of this library warned of, once each, with the estimators.

    See Also
    --------
    sklearn.model_selection.GridSearchCV : Search of parameters by fits in processes.

    Notes
    -----
    Estimators with callbacks (scikit-learn 1.9) are fitted one after the other, since their copies
    share the callbacks. Without ``random_state`` each copy draws a seed of its own from NumPy's
    global generator.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import KFold
    >>> from deepgen import MLPRegressor
    >>> from deepgen.search import fit_many
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> y, splits = X[:, 0] ** 2, list(KFold(4).split(X))
    >>> settings = {"solver": "lbfgs", "max_iter": 1000, "random_state": 0}
    >>> networks = [MLPRegressor(hidden_layer_sizes=(width,), **settings) for width in (2, 8)]
    >>> fits = fit_many(networks, X, y, splits)
    >>> [len(copies) for copies in fits], fits[1][3].coefs_[0].shape
    ([4, 4], (1, 8))
    """
    estimators = _read_estimators(estimators)
    X, y, sample_weight = indexable(X, y, sample_weight)
    stratify = all(is_classifier(estimator) for estimator in estimators)
    rows = read_splits(splits, X, y, stratify=stratify)
    fits = [
        Fit(number, estimator, split, own)
        for number, estimator in enumerate(estimators)
        for split, own in enumerate(rows)
    ]
    n_threads, n_ended = effective_threads(n_jobs), 0
    with Bar("fit_many") as bar:
        for workers, group in arranged(fits, n_threads):

            def tell(n_more: int, n_before: int = n_ended) -> None:
                if verbose:
                    bar("fit", n_before + n_more, len(fits))

            workers.run(lambda fit: fit.run(X, y, sample_weight), group, tell)
            n_ended += len(group)
    _warn_of(fits)
    return [
        [fit.fitted for fit in fits[first : first + len(rows)]]
        for first in range(0, len(fits), len(rows))
    ]


def _read_estimators(estimators: Any) -> list[Any]:
    """Return the estimators, of which each can be copied and fitted."""
    if hasattr(estimators, "fit") or not isinstance(estimators, Iterable):
        raise TypeError(
            f"estimators must be a list of estimators, got {estimators!r}; put one alone in a list"
        )
    listed = list(estimators)
    if not listed:
        raise ValueError("estimators is empty: nothing to fit")
    for number, estimator in enumerate(listed):
        if not hasattr(estimator, "fit"):
            raise TypeError(f"estimators[{number}] must be an estimator, got {estimator!r}")
        try:
            clone(estimator)
        except (TypeError, RuntimeError) as error:
            raise TypeError(f"estimators[{number}] cannot be copied: {error}") from error
    return listed


def _warn_of(fits: list[Fit]) -> None:
    """Give each warning once, with the estimators whose fits had it."""
    told: dict[tuple[str, type[Warning]], list[Fit]] = {}
    for fit in fits:
        for warning in fit.warnings:
            told.setdefault(warning, []).append(fit)
    for (message, category), warned in sorted(told.items(), key=lambda entry: str(entry[0])):
        numbers = sorted({fit.number for fit in warned})
        which = f"estimator{'s' if len(numbers) > 1 else ''} {_ranges(numbers)}"
        warn(f"{len(warned)} of {len(fits)} fits, {which}: {message}", category)


def _ranges(numbers: list[int]) -> str:
    """Return sorted numbers as text, neighbours together: '0-3, 7'."""
    groups = groupby(enumerate(numbers), key=lambda entry: entry[1] - entry[0])
    runs = [[number for _, number in group] for _, group in groups]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
