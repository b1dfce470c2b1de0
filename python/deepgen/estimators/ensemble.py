"""Members: several networks that differ only in their seed, trained in parallel and averaged.

    regression        mean of the members' predictions
    classification    mean of the members' probabilities

Each member is a whole estimator with a seed drawn from ``random_state``; trained alone with that
seed it has the same bits. Members share the features and need no processes: the engine releases the
GIL, so one network per core is trained without synchronization.

Hansen & Salamon (1990), Neural network ensembles. Lakshminarayanan, Pritzel & Blundell (2017),
Simple and scalable predictive uncertainty estimation using deep ensembles.
"""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from deepgen._display.epoch_bar import EpochBar
from deepgen._engine.arrays import AnyArray
from deepgen._engine.workers import Workers
from deepgen._inputs.features import check_features, read_groups
from deepgen._training.state import unchanged_on_failure
from deepgen._user_warnings import collect_warnings, warn
from deepgen.estimators.fit import fit_network, read_samples
from deepgen.estimators.settings import read_settings
from deepgen.estimators.streamed_samples import StreamedSamples

__all__ = [
    "fit_members",
    "join_members",
    "log_odds_of_mean",
    "make_members",
    "mean_prediction",
]

MAX_SEED = np.iinfo(np.int32).max


def fit_members(
    model: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    held_out: tuple[Any, Any, Any] = (None, None, None),
    coefs_init: Any = None,
    intercepts_init: Any = None,
    classes: Any = None,
    groups: Any = None,
    incremental: bool = False,
) -> None:
    """Fit all members of an estimator.

    Parameters
    ----------
    model : BaseMLP
        Estimator with the members' parameters, except for the seed, the threads and ``verbose``. It
        gets the members, and the properties of features and targets.
    X, y, sample_weight : array-like
        Training data as for ``fit``; features are converted once.
    held_out : tuple of array-like
        Validation features, targets and weights.
    coefs_init, intercepts_init : None
        Must be None, since each member has its own starting weights.
    classes : array-like of shape (n_classes,), default=None
        All classes, if ``y`` may lack some.
    groups : array-like of shape (n_samples,), default=None
        Groups of samples that early stopping keeps together.
    incremental : bool, default=False
        Whether the caller is ``partial_fit``.

    Raises
    ------
    ValueError
        If parameters or data cannot be used.
    KeyboardInterrupt
        If Ctrl-C was pressed and a member has no weights.

    Warns
    -----
    UserWarning
        If Ctrl-C was pressed: every member keeps the weights it has reached.
    """
    settings = read_settings(model, held_out, incremental=incremental)
    if coefs_init is not None or intercepts_init is not None:
        raise ValueError(
            f"coefs_init and intercepts_init are for one network, and n_members={model.n_members}"
        )
    if getattr(model, "_skl_callbacks", None):
        raise ValueError(
            f"callbacks follow the epochs of one network, and n_members={model.n_members}"
        )
    known = vars(model).get("_members") if model.warm_start or incremental else None
    if known is not None and len(known) != model.n_members:
        raise ValueError(
            f"the fitted model has {len(known)} members, n_members now asks for "
            f"{model.n_members}; call fit with warm_start=False to start afresh"
        )
    samples = read_samples(model, X, y, sample_weight, settings.dtype, reset=known is None)
    # Members are trained on converted features, which have no names.
    groups = read_groups(groups, samples.X)
    samples = replace(samples, given=samples.X, classes=classes, groups=groups)
    if held_out[0] is not None:
        held_out = (check_features(model, held_out[0], settings.dtype, reset=False), *held_out[1:])
    members = make_members(model) if known is None else known
    # Each fit on rows in files has two buffers of its own.
    n_at_once = 1 if isinstance(samples, StreamedSamples) else len(members)
    if model.device == "cuda":
        workers = Workers.on_device(n_at_once)
    else:
        workers = Workers.on_cores(settings.n_threads, n_at_once)
    settings = replace(settings, n_threads=workers.n_threads, stop=workers.stop, verbose=0)
    own = {"n_members": 1, "verbose": False, "n_jobs": workers.n_threads}
    same = model.get_params(deep=False) | own

    collected: Counter[tuple[str, type[Warning]]] = Counter()
    n_epochs = 1 if incremental else int(model.max_iter)
    bar = EpochBar(type(model).__name__, n_epochs * len(members)) if model.verbose else None
    if bar is not None and settings.watch is None:
        settings = replace(settings, watch=bar)

    def train(member: Any) -> None:
        member.set_params(**same | {"random_state": member.random_state})
        vars(member).pop("feature_names_in_", None)
        member.n_features_in_ = model.n_features_in_
        with collect_warnings() as warnings, unchanged_on_failure(member):
            fit_network(member, settings, samples, held_out=held_out)
        collected.update(set(warnings))
        if hasattr(model, "feature_names_in_"):
            member.feature_names_in_ = model.feature_names_in_
        if bar is not None:
            number = members.index(member) + 1
            bar.print(
                f"Member {number} of {len(members)}: {member.n_iter_} iterations, "
                f"loss = {member.loss_:.8f}"
            )

    try:
        with bar or nullcontext():
            workers.run(train, members)
    except KeyboardInterrupt:
        if any("network_" not in vars(member) for member in members):
            raise
        warn("Training interrupted by user.")
    for (message, category), count in sorted(collected.items(), key=str):
        warn(f"{count} of {len(members)} members: {message}", category)
    join_members(model, members)


def join_members(model: Any, members: list[Any]) -> None:
    """Make an estimator predict with the mean of members.

    Parameters
    ----------
    model : BaseMLP
        Estimator; its own network, if there is one, is dropped.
    members : list of BaseMLP
        Members fitted on the same features and targets.
    """
    for name in ("network_", "_training_state", "n_iter_"):
        vars(model).pop(name, None)
    model._members, model._targets = members, members[0]._targets


def make_members(model: Any) -> list[Any]:
    """Return unfitted members with different seeds.

    Parameters
    ----------
    model : BaseMLP
        Its ``random_state`` determines the seeds.

    Returns
    -------
    members : list of BaseMLP
        ``n_members`` estimators.
    """
    seeds = check_random_state(model.random_state).randint(MAX_SEED, size=model.n_members)
    return [clone(model).set_params(random_state=int(seed)) for seed in seeds]


def mean_prediction(predictions: list[AnyArray]) -> AnyArray:
    """Return the mean over members.

    Parameters
    ----------
    predictions : list of ndarray
        One array per member, of equal shapes.

    Returns
    -------
    mean : ndarray
        Computed in float64 in the order of the members, returned in their type.
    """
    if len(predictions) == 1:
        return predictions[0]
    total = np.zeros(predictions[0].shape)
    for prediction in predictions:
        total += prediction
    mean: AnyArray = (total / len(predictions)).astype(predictions[0].dtype)
    return mean


def log_odds_of_mean(outputs: list[AnyArray], *, softmax: bool) -> AnyArray:
    """Return the logits of the mean probabilities.

    Parameters
    ----------
    outputs : list of ndarray of shape (n_samples, n_outputs)
        Logits of each member.
    softmax : bool
        Whether the probabilities are those of a softmax over the classes.

    Returns
    -------
    logits : ndarray of shape (n_samples, n_outputs)
        For a softmax the logarithms of the mean probabilities, else ``log(p / (1 - p))``; in
        float64, finite if the members' are.
    """
    from scipy.special import log_expit, log_softmax, logsumexp

    stacked = np.stack(outputs).astype(np.float64)
    if softmax:
        logits = logsumexp(log_softmax(stacked, axis=2), axis=0) - np.log(len(outputs))
    else:
        logits = logsumexp(log_expit(stacked), axis=0) - logsumexp(log_expit(-stacked), axis=0)
    return np.asarray(logits)
