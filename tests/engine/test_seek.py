"""A trainer that begins within an epoch takes the steps that follow there, to the bit."""

import numpy as np
import pytest
from small_networks import BATCH, problem, residual, two_hidden

from engine.building import cast, parameters_after, trainer_of
from reference import Component

RATES = np.full(3, 0.01)
PARTS = {
    "plain": {},
    "augmented": {"augmentation": Component("jitter", {"scale": 0.3})},
    "mixed": {"mixup": 0.4},
    "clipped": {"wrappers": [Component("clip_norm", {"limit": 0.5})]},
}


def begun(spec, **settings):
    parameters, X, y, weights = problem(spec, 43)
    trainer = trainer_of(spec, Component("adam"), batch_size=8, dtype="float32", seed=3, **settings)
    trainer.set_data(*(cast(part, "float32") for part in (X, y, weights)))
    trainer.load(cast(parameters, "float32"))
    trainer.begin_epoch(1)
    return trainer, cast(parameters, "float32")


@pytest.mark.parametrize("spec", [two_hidden(), residual(BATCH)], ids=["plain", "batch norm"])
@pytest.mark.parametrize("settings", PARTS.values(), ids=PARTS)
def test_a_round_within_an_epoch_equals_the_same_steps_of_a_whole_one(spec, settings):
    whole, like = begun(spec, **settings)
    whole.run(RATES)
    state, weights = whole.state(), parameters_after(whole, like)
    whole.run(RATES)
    again, _ = begun(spec, **settings)
    again.load(weights)
    again.set_state(state)
    again.seek(3)
    progress = again.run(RATES)
    assert progress.epoch_done
    assert progress.n_steps == 3
    np.testing.assert_array_equal(parameters_after(again, like), parameters_after(whole, like))
    for name, values in whole.state().items():
        np.testing.assert_array_equal(again.state()[name], values)


def test_steps_of_one_place_differ_from_those_of_another():
    results = []
    for place in (0, 2):
        trainer, like = begun(two_hidden())
        trainer.seek(place)
        trainer.run(RATES)
        results.append(parameters_after(trainer, like))
    assert not np.array_equal(*results)


def test_places_outside_of_the_epoch_are_refused():
    trainer, _ = begun(two_hidden())
    trainer.seek(trainer.steps_per_epoch)
    assert trainer.run(RATES).epoch_done
    for place in (-1, 7):
        with pytest.raises(ValueError, match=f"the epoch has 6 batches, got batch {place}"):
            trainer.seek(place)


def test_an_epoch_begins_before_one_seeks_in_it():
    spec = two_hidden()
    parameters, X, y, _ = problem(spec, 43)
    trainer = trainer_of(spec, Component("sgd"))
    trainer.set_data(X, y)
    trainer.load(parameters)
    with pytest.raises(ValueError, match="begin_epoch comes before seek"):
        trainer.seek(0)
    trainer.begin_epoch(0)
    trainer.set_data(X, y)
    with pytest.raises(ValueError, match="begin_epoch comes before seek"):
        trainer.seek(0)
