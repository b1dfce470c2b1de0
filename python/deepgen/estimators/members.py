"""Members: several networks that differ by their seed alone, trained side by side and averaged.

    regression        mean over members of their predictions
    classification    mean over members of their probabilities

Each member is a whole estimator with a seed of its own, drawn from ``random_state``; trained alone
with that seed it has the same bits. Members share the features and need no process: the engine
leaves Python's lock alone while it works, so one network a core is trained without a barrier.

Hansen & Salamon (1990), Neural network ensembles. Lakshminarayanan, Pritzel & Blundell (2017),
Simple and scalable predictive uncertainty estimation using deep ensembles.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from deepgen.network import Array
from deepgen.threads import effective_threads

__all__ = ["average", "log_odds_of_mean", "make_members", "train_side_by_side"]

LARGEST_SEED = np.iinfo(np.int32).max


def make_members(model: Any) -> list[Any]:
    """Return unfitted members.

    Parameters
    ----------
    model : BaseMLP
        Whose parameters they have, but for the seed, the threads and ``verbose``.

    Returns
    -------
    members : list of BaseMLP
        ``n_members`` of them.
    """
    seeds = check_random_state(model.random_state).randint(LARGEST_SEED, size=model.n_members)
    own = {"n_members": 1, "verbose": False}
    return [clone(model).set_params(random_state=int(seed), **own) for seed in seeds]


def train_side_by_side(
    train: Callable[[Any, threading.Event], None],
    members: list[Any],
    n_jobs: int | None,
) -> None:
    """Train members, as many at a time as there are threads.

    Parameters
    ----------
    train : callable
        Takes a member and an event that asks it to stop early.
    members : list of BaseMLP
        Fitted in place; each is told its share of the threads.
    n_jobs : int or None
        Largest number of threads of all.

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C was pressed; by then all members have stopped.
    """
    n_threads = effective_threads(n_jobs)
    n_workers = min(n_threads, len(members))
    for member in members:
        member.n_jobs = n_threads // n_workers
    stop = threading.Event()
    if n_workers == 1:
        for member in members:
            train(member, stop)
        return
    with ThreadPoolExecutor(n_workers) as pool:
        futures = [pool.submit(train, member, stop) for member in members]
        try:
            wait(futures)
        except KeyboardInterrupt:
            stop.set()
            wait(futures)
            raise
        for future in futures:
            future.result()


def average(predictions: list[Array]) -> Array:
    """Return the mean over members.

    Parameters
    ----------
    predictions : list of ndarray
        One array a member, of equal shapes.

    Returns
    -------
    mean : ndarray
        Summed in order and in float64, in the members' type.
    """
    total = np.zeros(predictions[0].shape)
    for prediction in predictions:
        total += prediction
    mean: Array = (total / len(predictions)).astype(predictions[0].dtype)
    return mean


def log_odds_of_mean(outputs: list[Array], *, softmax: bool) -> Array:
    """Return the logits of the mean probabilities.

    Parameters
    ----------
    outputs : list of ndarray of shape (n_samples, n_outputs)
        Logits of each member.
    softmax : bool
        Whether the classes of a row share its probability.

    Returns
    -------
    logits : ndarray of shape (n_samples, n_outputs)
        With a softmax the logarithms of the mean probabilities, else ``log(p / (1 - p))``; finite
        where the members' are.
    """
    from scipy.special import log_expit, log_softmax, logsumexp

    stacked = np.stack(outputs).astype(np.float64)
    if softmax:
        logits = logsumexp(log_softmax(stacked, axis=2), axis=0) - np.log(len(outputs))
    else:
        logits = logsumexp(log_expit(stacked), axis=0) - logsumexp(log_expit(-stacked), axis=0)
    return np.asarray(logits, dtype=outputs[0].dtype)
