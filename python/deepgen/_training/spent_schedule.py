"""A warning for training that goes on after the end of its schedule."""

from __future__ import annotations

from deepgen._training.plan import FirstOrderPlan
from deepgen._training.state import TrainingState
from deepgen._user_warnings import warn
from deepgen.schedules import Position

__all__ = ["warn_where_spent"]

# A schedule whose last rate is a larger share of the base rate still changes the weights.
SPENT = 0.1


def warn_where_spent(
    plan: FirstOrderPlan, state: TrainingState, here: Position, *, is_first: bool
) -> None:
    """Warn that earlier calls have used up the schedule, so that further epochs have little effect.

    The warning comes once per fit, at its first epoch or at the end of the planned epochs, and once
    in all calls of ``partial_fit``, which are epochs of one training.
    """
    base, schedule = plan.learning_rate, plan.schedule
    if here.epoch != here.horizon and (plan.incremental or not is_first):
        return
    if plan.averaging is not None and plan.averaging.runs_to_the_end:
        return  # the run is over, and what follows only refines its last member
    if not schedule.is_spent(base, here, state.schedule_state):
        return
    rate = schedule.rates(base, here, 1, dict(state.schedule_state))[0]
    if rate <= SPENT * base:
        anew = "" if plan.incremental else ", or begin anew with warm_start=False"
        warn(
            f"The learning rate {schedule!r} is used up after {here.epoch} epochs: training goes "
            f"on at rate {rate:.2g} (learning_rate_init={base:g}) and changes next to nothing. "
            "Give learning_rate='constant', or a schedule whose n_epochs counts the epochs of all "
            f"calls, such as Cosine(n_epochs={10 * here.horizon}){anew}."
        )
