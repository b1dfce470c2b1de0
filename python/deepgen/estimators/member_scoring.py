"""Validation of members that are trained together, by the prediction that they make together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen._engine.threads import effective_threads
from deepgen._inputs.targets import Targets
from deepgen._network.network import Network
from deepgen._training.state import TrainingState
from deepgen._training.validation import Validation
from deepgen.estimators.ensemble import log_odds_of_mean, mean_prediction
from deepgen.estimators.scoring import Scorer, ValidationSet, refuse_undefined

__all__ = ["MembersValidation", "members_validation"]


@dataclass(frozen=True)
class MembersValidation(Validation):
    """Validation of all networks in the entry 'members' of an average's state.

    Parameters
    ----------
    data : Data
        The samples.
    score : callable
        Score of one network, which is not used.
    state : TrainingState
        State of the training whose members are measured.
    score_members : callable
        Function from the members' networks and their mean loss to a number; higher is better.

    Examples
    --------
    >>> from dataclasses import fields
    >>> from deepgen.estimators.member_scoring import MembersValidation
    >>> [field.name for field in fields(MembersValidation)]
    ['data', 'score', 'state', 'score_members']
    """

    state: TrainingState
    score_members: Callable[[list[Network], float], float]

    def measure(self, network: Network, n_threads: int = 1) -> tuple[float, float]:
        """Return the mean of the members' losses, and the score of their mean prediction."""
        members = [
            Network(network.core, parameters)
            for parameters in self.state.averaging_state["members"]
        ]
        loss = float(np.mean([self.loss_of(member, n_threads) for member in members]))
        return loss, self.score_members(members, loss)


def members_validation(
    model: Any, targets: Targets, held: ValidationSet, state: TrainingState
) -> Validation:
    """Return the validation of an estimator's members by its ``scoring``.

    Parameters
    ----------
    model : BaseMLP
        Estimator with ``scoring``.
    targets : Targets
        Learned properties of the targets.
    held : ValidationSet
        Validation samples.
    state : TrainingState
        Current state of training.

    Returns
    -------
    validation : MembersValidation
        Its loss is the mean of the members' losses, its score that of their mean prediction.
    """
    score: Callable[[list[Network], float], float]
    if model.scoring is None:
        refuse_undefined(model, targets, held)
        score = _Default(model, targets, held)
    elif model.scoring == "loss":

        def score(members: list[Network], loss: float) -> float:
            return -loss

    else:
        score = _Scorer(model, targets, held, state).of_members
    return MembersValidation(held.data, lambda network, loss: -loss, state, score)


class _Default:
    """The default score of the loss, of the mean of the members' outputs."""

    def __init__(self, model: Any, targets: Targets, held: ValidationSet) -> None:
        self.targets, self.held, self.n_scored = targets, held, held.n_scored
        self.n_threads = effective_threads(model.n_jobs)

    def __call__(self, members: list[Network], loss: float) -> float:
        targets, data = self.targets, self.held.data
        read = [
            targets.read(network, data.X, rows=data.rows, n_threads=self.n_threads)
            for network in members
        ]
        if any(n_wrong for _, n_wrong in read) or self.n_scored < targets.fewest_rows:
            return float("nan")
        outputs = [each for each, _ in read]
        labels = getattr(targets, "labels", None)
        mean = (
            mean_prediction(outputs)
            if labels is None
            else log_odds_of_mean(outputs, softmax=labels.softmax)
        )
        return targets.score_outputs(self.held.y, data.of(data.y), mean, self.held.sample_weight)


class _Scorer(Scorer):
    """A scikit-learn scorer, applied to an estimator with all members in their present state."""

    def of_members(self, members: list[Network], loss: float) -> float:
        """Return the score of the mean prediction."""
        own = [self.fitted(network) for network in members]
        together = object.__new__(type(self.model))
        together.__dict__.update(vars(self.model), _members=own, _targets=self.targets)
        return self.score_of(together, loss)
