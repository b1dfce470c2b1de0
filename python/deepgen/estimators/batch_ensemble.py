"""Members trained together: networks that share the matrices of their hidden layers.

    one training of a network with its shared matrices and n_members sets of own numbers
    each member is an ordinary estimator with the matrices diag(r) W diag(s)

The first member is the estimator that was trained, and only it holds what a later call continues
from. Wen et al. (2020), BatchEnsemble; Gorishniy et al. (2025), TabM.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import clone

from deepgen._component import resolve
from deepgen._inputs.features import read_groups
from deepgen._training.state import unchanged_on_failure
from deepgen.averaging.batch_ensemble import PackedMembers
from deepgen.estimators.fit import fit_network, read_samples
from deepgen.estimators.from_parameters import batch_norm_of
from deepgen.estimators.member_scoring import BEST, SCORES, members_validation
from deepgen.estimators.network_spec import hidden_widths
from deepgen.estimators.settings import Settings, read_settings
from deepgen.estimators.snapshots import give_members, member_of
from deepgen.optimizers import KFAC, LPFSGD, FirstOrder, Optimizer, Shampoo
from deepgen.skips import SKIPS, Highway

__all__ = ["fit_batch_ensemble"]

# The engine's bound.
MOST_MEMBERS = 1024
# Entry of the average's state: a checksum of the members that training continues from.
CHECKSUM = "members_checksum"


def fit_batch_ensemble(
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
    """Train members that share matrices, in one training.

    Parameters
    ----------
    model : BaseMLP
        Estimator with ``n_members``. It gets the members, and the properties of features and
        targets.
    X, y, sample_weight : array-like
        Training data as for ``fit``.
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
    """
    settings = read_settings(model, held_out, incremental=incremental)
    refuse_settings(model, settings.optimizer)
    if coefs_init is not None or intercepts_init is not None:
        raise ValueError(
            f"coefs_init and intercepts_init are for one network, and n_members={model.n_members}"
        )
    known = vars(model).get("_members") if model.warm_start or incremental else None
    if known is not None:
        refuse_continuing(model, known, settings)
    # The run is an estimator with the parameters of the same training of one network.
    run = clone(model) if known is None else known[0]
    own = {"averaging": None, "n_members": 1, "random_state": run.random_state}
    run.set_params(**model.get_params(deep=False) | own)
    settings = replace(settings, averaging=PackedMembers(n_members=model.n_members))
    with unchanged_on_failure(run):
        if known is not None:
            state = run._training_state.averaging_state
            own_best = np.stack([member.network_.parameters for member in known])
            state.setdefault("members", own_best)
            if model.early_stopping:
                state[BEST] = own_best.copy()
        samples = read_samples(run, X, y, sample_weight, settings.dtype, reset=known is None)
        samples = replace(samples, classes=classes, groups=read_groups(groups, samples.X))
        fit_network(run, settings, samples, held_out=held_out, make_validation=members_validation)
    # From here on the members' networks hold their weights; the state only knows which they were.
    state = run._training_state.averaging_state
    weights = state["members"].copy()
    if BEST in state:
        # No scores: interrupted before the first epoch's end.
        found = np.isfinite(state.pop(SCORES, np.zeros(model.n_members)))
        weights[found] = state.pop(BEST)[found]
    # With early stopping those of the best epoch of all serve to score it again.
    if not (model.early_stopping and (model.warm_start or incremental)):
        del state["members"]
    run.network_.parameters[...] = weights[0]
    if run._training_state.prediction_weights is not None:
        run._training_state.prediction_weights = weights[0].copy()
    members = [run]
    members += [member_of(run, others, None, settings.n_threads) for others in weights[1:]]
    state[CHECKSUM] = checksum(members)
    optimizer_state = run._training_state.optimizer_state
    if optimizer_state is not None and optimizer_state["batch_ensemble_begun"][0]:
        del optimizer_state["batch_ensemble_members"]
    give_members(model, run, members)


def checksum(members: list[Any]) -> int:
    """Return a number that changes with the members' weights.

    Parameters
    ----------
    members : list of BaseMLP
        Fitted members.

    Returns
    -------
    checksum : int
        At least 0.
    """
    total = 0
    for member in members:
        total = zlib.crc32(member.network_.parameters.tobytes(), total)
    return total


def refuse_continuing(model: Any, known: list[Any], settings: Settings) -> None:
    """Refuse to continue from members whose shared matrices are not known.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    known : list of BaseMLP
        Its fitted members.
    settings : Settings
        Settings of the call.

    Raises
    ------
    ValueError
        If the members do not belong to a training that can be continued.
    """
    state = getattr(known[0], "_training_state", None)
    anew = "; call fit with warm_start=False to start afresh"
    if state is None or state.averaging != PackedMembers.__name__:
        raise ValueError(f"the fitted members do not share matrices{anew}")
    if len(known) != model.n_members:
        raise ValueError(
            f"the fitted model has {len(known)} members, n_members now asks for "
            f"{model.n_members}{anew}"
        )
    if state.optimizer_state is None:
        raise ValueError(
            "the members' shared matrices were not kept, since training diverged or was neither "
            f"with warm_start=True nor by partial_fit{anew}"
        )
    assert isinstance(settings.optimizer, FirstOrder)
    solver = settings.optimizer.rule().to_core().name
    if state.optimizer != solver:
        raise ValueError(
            f"members that share matrices cannot change their solver, from '{state.optimizer}' to "
            f"'{solver}'{anew}"
        )
    if known[0].network_.dtype != settings.prediction_dtype:
        raise ValueError(
            f"members that share matrices cannot change their dtype, from {known[0].network_.dtype}"
            f" to {settings.prediction_dtype}{anew}"
        )
    if state.averaging_state.get(CHECKSUM) != checksum(known):
        raise ValueError(
            f"the weights of members that share matrices were changed since the last call{anew}"
        )


def refuse_settings(model: Any, optimizer: Optimizer) -> None:
    """Refuse parameters that contradict shared matrices.

    Parameters
    ----------
    model : BaseMLP
        Estimator with constructor parameters.
    optimizer : Optimizer
        Optimizer of the estimator.

    Raises
    ------
    ValueError
        If a parameter does.
    """
    if not 2 <= model.n_members <= MOST_MEMBERS:
        raise ValueError(
            f"averaging='batch_ensemble' trains n_members networks together: n_members must be in "
            f"[2, {MOST_MEMBERS}], such as 16, got {model.n_members}"
        )
    if not hidden_widths(model.hidden_layer_sizes):
        raise ValueError(
            "averaging='batch_ensemble' shares the matrices of hidden layers, and "
            f"hidden_layer_sizes={model.hidden_layer_sizes!r} has none; use n_members alone"
        )
    if getattr(model, "_skl_callbacks", None):
        raise ValueError(
            "callbacks follow one network, and averaging='batch_ensemble' makes several"
        )
    skip = None if model.skip is None else resolve(model.skip, SKIPS, "skip")
    wrapped = optimizer.wrappers() if isinstance(optimizer, FirstOrder) else ()
    for what, why, refused in (
        (
            f"solver='{optimizer.name}'",
            "its matrices are those of one network",
            isinstance(optimizer, KFAC | Shampoo),
        ),
        (
            "solver=LPFSGD()",
            "its noise goes by the units of one network",
            any(wrapper.name == LPFSGD.name for wrapper in wrapped),
        ),
        (
            "adaptive_clip",
            "it goes by the units of one network; use clip_norm",
            model.adaptive_clip is not None,
        ),
        (
            "normalization='batch'",
            "its statistics belong to one network; use 'layer'",
            batch_norm_of(model) is not None,
        ),
        ("skip='highway'", "a gate is a second matrix", isinstance(skip, Highway)),
    ):
        if refused:
            raise ValueError(f"averaging='batch_ensemble' does not support {what}: {why}")
