"""The engine's trainer of a plan, and where a trainer goes on from an earlier call."""

from __future__ import annotations

from deepgen import _core
from deepgen._engine.arrays import AnyArray
from deepgen._engine.step_trainer import StepTrainer
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen._training.kept_weights import KeptWeights
from deepgen._training.plan import FirstOrderPlan
from deepgen._training.state import TrainingState
from deepgen.schedules import Position

__all__ = ["make_trainer", "position_of", "resume"]


def make_trainer(network: Network, data: Data, plan: FirstOrderPlan, seed: int) -> _core.Trainer:
    """Return the engine's trainer with the data."""
    trainer = _core.Trainer(
        network.core,
        optimizer=plan.optimizer,
        wrappers=plan.wrappers,
        alpha=plan.alpha,
        batch_size=plan.batch_size,
        shuffle=plan.shuffle,
        seed=seed,
        augmentation=plan.augmentation,
        mixup=plan.mixup,
        rate_factors=plan.rate_factors,
        pretext=plan.pretext,
        device=plan.device,
    )
    trainer.set_data(data.X, None if plan.pretext else data.y, data.weights, data.rows)
    return trainer


def resume(trainer: StepTrainer, kept: KeptWeights) -> None:
    """Load the kept weights and the states of optimizer and average into the trainer."""
    plan, state, averaging = kept.plan, kept.state, kept.plan.averaging
    trainer.load(kept.current)
    known: dict[str, AnyArray] = {}
    if averaging is not None:
        if kept.user_changed or state.optimizer_state is None:
            averaging.restart(state.averaging_state)
        n_trainable = kept.network.core.n_trainable
        known |= averaging.engine_state(kept.current, n_trainable, state.averaging_state)
    if state.optimizer_state is not None and state.optimizer == plan.optimizer.name:
        # The average belongs to weights that the user has changed, so it is dropped; the
        # optimizer's moments remain valid.
        own = state.optimizer_state
        if kept.user_changed and averaging is not None:
            own = averaging.drop_own_state(own)
        known |= own
    if known:
        # Wrappers may differ between calls: only states with the shape of the new layout are used.
        shapes = trainer.state_layout()
        fits = {name: values for name, values in known.items() if values.shape == shapes.get(name)}
        trainer.set_state(fits if fits.keys() == shapes.keys() else trainer.state() | fits)
    # The trainer has a copy of it; a second one would only take memory.
    state.drop_optimizer_state()
    state.use_schedule(plan.schedule.name)
    if averaging is not None:
        averaging.check_run(position_of(trainer, plan, state, 0))


def position_of(
    trainer: StepTrainer, plan: FirstOrderPlan, state: TrainingState, step: int
) -> Position:
    """Return the position of a step of the current epoch."""
    return Position(state.n_epochs, step, trainer.steps_per_epoch, state.samples_seen, plan.horizon)
