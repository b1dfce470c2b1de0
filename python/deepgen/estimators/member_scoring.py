"""Validation of members that are trained together: of their mean, and of each by its own score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from deepgen._engine.arrays import AnyArray
from deepgen._inputs.targets import Targets
from deepgen._network.network import Network
from deepgen._training.state import TrainingState
from deepgen._training.validation import Validation
from deepgen.estimators.default_score import DefaultScore
from deepgen.estimators.ensemble import log_odds_of_mean, mean_prediction
from deepgen.estimators.scoring import Scorer, score_function
from deepgen.estimators.validation_set import ValidationSet

__all__ = ["BEST", "SCORES", "MembersValidation", "members_validation"]

# Entries of the average's state during a call: each member's best weights so far, one row per
# member, and their scores.
BEST, SCORES = "best_members", "best_scores"


@dataclass(frozen=True)
class MembersValidation(Validation):
    """Validation of all networks in the entry 'members' of an average's state.

    Parameters
    ----------
    data : Data
        The samples.
    score : callable
        Score of one network, which decides on a member's own best epoch.
    state : TrainingState
        State of the training whose members are measured.
    score_members : callable
        Function from the members' networks and their mean loss to a number; higher is better.
    keeps_best : bool
        Whether each member's best weights are kept, in the entries `BEST` and `SCORES`.

    Examples
    --------
    >>> from dataclasses import fields
    >>> from deepgen.estimators.member_scoring import MembersValidation
    >>> [field.name for field in fields(MembersValidation)]
    ['data', 'score', 'state', 'score_members', 'keeps_best']
    """

    state: TrainingState
    score_members: Callable[[list[Network], float], float]
    keeps_best: bool

    def measure(self, network: Network, n_threads: int = 1) -> tuple[float, float]:
        """Return the mean of the members' losses, and the score of their mean prediction."""
        entries = self.state.averaging_state
        members = [Network(network.core, parameters) for parameters in entries["members"]]
        losses = [self.loss_of(member, n_threads) for member in members]
        if self.keeps_best:
            if SCORES not in entries:
                entries[SCORES] = self._scores_before(network, n_threads)
            self._keep_better(members, losses)
        loss = float(np.mean(losses))
        return loss, self.score_members(members, loss)

    def _scores_before(self, network: Network, n_threads: int) -> AnyArray:
        """Return the scores, on the rows of this call, of the best members of earlier calls."""
        entries = self.state.averaging_state
        if BEST not in entries:
            entries[BEST] = entries["members"].copy()
            return np.full(len(entries[BEST]), -np.inf)
        before = [Network(network.core, parameters) for parameters in entries[BEST]]
        return np.array([self.score(one, self.loss_of(one, n_threads)) for one in before])

    def _keep_better(self, members: list[Network], losses: list[float]) -> None:
        best, scores = self.state.averaging_state[BEST], self.state.averaging_state[SCORES]
        for number, (member, loss) in enumerate(zip(members, losses, strict=True)):
            score = self.score(member, loss)
            if score > scores[number] or (np.isnan(scores[number]) and not np.isnan(score)):
                best[number], scores[number] = member.parameters, score


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
        Its loss is the mean of the members' losses, its score that of their mean prediction; with
        early stopping it keeps each member as of its own best epoch.
    """
    own = score_function(model, targets, held, state)
    score: Callable[[list[Network], float], float]
    if model.scoring is None:
        score = _Default(model, targets, held).of_members
    elif model.scoring == "loss":

        def score(members: list[Network], loss: float) -> float:
            return -loss

    else:
        score = _Scorer(model, targets, held, state).of_members
    return MembersValidation(held.data, own, state, score, keeps_best=bool(model.early_stopping))


class _Default(DefaultScore):
    """The default score of the loss, of the mean of the members' predictions."""

    def of_members(self, members: list[Network], loss: float) -> float:
        """Return the score of the mean prediction."""
        labels = getattr(self.targets, "labels", None)
        if labels is None:
            return self.of_mean(members, mean_prediction)
        return self.of_mean(members, partial(log_odds_of_mean, softmax=labels.softmax))


class _Scorer(Scorer):
    """A scikit-learn scorer, applied to an estimator with all members in their present state."""

    def of_members(self, members: list[Network], loss: float) -> float:
        """Return the score of the mean prediction."""
        own = [self.fitted(network) for network in members]
        together = object.__new__(type(self.model))
        together.__dict__.update(vars(self.model), _members=own, _targets=self.targets)
        return self.score_of(together, loss)
