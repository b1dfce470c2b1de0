"""Random labels and random pixels: data of the same size and marginals with nothing to learn.

Source: C. Zhang, S. Bengio, M. Hardt, B. Recht, O. Vinyals, "Understanding deep learning requires
rethinking generalization", ICLR 2017, section 2.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import numpy as np

from deepgen._engine.arrays import AnyArray

__all__ = ["How", "randomize"]

How: TypeAlias = Literal["labels", "partial", "shuffled_pixels", "random_pixels", "gaussian"]

HOWS: Final = ("labels", "partial", "shuffled_pixels", "random_pixels", "gaussian")

# Purposes of the random streams. Changing a number changes the results of a seed.
MASK, LABELS, PIXELS = range(3)


def randomize(
    X: Any, y: Any, how: How = "labels", share: float = 1.0, random_state: Any = None
) -> tuple[Any, AnyArray]:
    """Replace labels or features by random ones, in five ways.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Features; ways that change them need numbers in a dense array.
    y : array-like of shape (n_samples,)
        Labels.
    how : {'labels', 'partial', 'shuffled_pixels', 'random_pixels', 'gaussian'}, default='labels'
        What becomes random:

        - ``'labels'``: each label is drawn from the classes with equal probabilities;
        - ``'partial'``: the same, but only with the probability ``share``;
        - ``'shuffled_pixels'``: the features of all rows are permuted in one way, which depends on
          the seed and the number of features alone, so that it is the same for test rows;
        - ``'random_pixels'``: the features of each row are permuted in a way of its own;
        - ``'gaussian'``: all features are drawn from a normal distribution with the mean and the
          variance of all numbers in X.
    share : float, default=1.0
        Probability in [0, 1] that a label is drawn anew, for ``'partial'``.
    random_state : int, RandomState instance or None, default=None
        Seed.

    Returns
    -------
    X : ndarray or sparse matrix of shape (n_samples, n_features)
        A copy where it is changed, else as given.
    y : ndarray of shape (n_samples,)
        A copy.

    Raises
    ------
    ValueError
        If ``how`` is unknown, ``share`` is out of range or given for another way than
        ``'partial'``, or X or y have another shape.

    Notes
    -----
    A label that is drawn anew can equal the old one: with K classes in equal parts the expected
    share of changed labels is ``share * (1 - 1 / K)``. With one seed, the labels that a larger
    share replaces contain those of a smaller one, with the same new values. With shuffled pixels
    a dense network whose starting weights are permuted likewise is trained in the same way.

    References
    ----------
    .. [1] C. Zhang, S. Bengio, M. Hardt, B. Recht, O. Vinyals, "Understanding deep learning
       requires rethinking generalization", ICLR 2017.

    Examples
    --------
    >>> from deepgen.generalization import randomize
    >>> X, y = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], ["ant", "bee"]
    >>> randomize(X, y, "shuffled_pixels", random_state=0)[0].tolist()
    [[2.0, 3.0, 1.0], [5.0, 6.0, 4.0]]
    """
    from scipy.sparse import issparse
    from sklearn.utils import check_array, check_random_state, column_or_1d
    from sklearn.utils.validation import check_consistent_length

    if how not in HOWS:
        raise ValueError(f"how must be one of {', '.join(map(repr, HOWS))}, got {how!r}")
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
        raise ValueError(f"share must be a number in [0, 1], got {share!r}")
    if how != "partial" and share != 1:
        raise ValueError(f"share is for how='partial', got share={share!r} with how={how!r}")
    labels: AnyArray = column_or_1d(y).copy()
    check_consistent_length(X, labels)
    seed = int(check_random_state(random_state).randint(np.iinfo(np.int64).max, dtype=np.int64))

    def stream(purpose: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence([seed, purpose]))

    if how in ("labels", "partial"):
        classes = np.unique(labels)
        drawn = classes[stream(LABELS).integers(len(classes), size=len(labels))]
        return X, np.where(stream(MASK).random(len(labels)) < share, drawn, labels)
    if issparse(X):
        raise ValueError(f"how={how!r} needs a dense X, got a sparse matrix; use X.toarray()")
    features: AnyArray = check_array(X, dtype="numeric", copy=True)
    draw = stream(PIXELS)
    if how == "shuffled_pixels":
        return np.ascontiguousarray(features[:, draw.permutation(features.shape[1])]), labels
    if how == "random_pixels":
        return draw.permuted(features, axis=1), labels
    floats = features.dtype if features.dtype.kind == "f" else np.dtype(np.float64)
    mean, deviation = float(np.mean(features)), float(np.std(features))
    return draw.normal(mean, deviation, features.shape).astype(floats), labels
