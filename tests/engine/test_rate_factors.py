"""Rates by the role of parameters, against the twin and against single rates."""

import numpy as np
import pytest
from small_networks import (
    BATCH,
    LAYER,
    describe,
    embedded,
    scaled_problem,
    skipping,
    two_hidden,
)

from engine.building import parameters_after, trainer_of
from engine.strategies import every_path
from engine.test_trainer import ADAM, OPTIMIZERS, assert_training_equals_twin
from reference import Component

FACTORS = {"coefs": 0.5, "first_coefs": 3.0, "intercepts": 0.1, "scale": 2.0, "shift": 0.0}
FACTORS |= {"gain": 6.0, "embedding": 0.3, "input_scale": 4.0}
SHAPES = {
    "plain": two_hidden(),
    "layer norm": two_hidden(normalization=LAYER),
    "batch norm": two_hidden(normalization=BATCH),
    "weight norm": two_hidden(reparametrization=Component("weight_norm")),
    "highway": skipping(Component("highway")),
    "embedding": embedded("pbld", True),
    "categories": embedded("levels, pbld", False),
}


@every_path
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=describe)
def test_rates_by_role_equal_the_twin(simd, optimizer):
    spec = two_hidden(normalization=LAYER)
    assert_training_equals_twin(spec, optimizer, simd=simd, rate_factors=FACTORS)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("factors", [FACTORS, {"coefs": 0.2}, {"first_coefs": 0.0}], ids=str)
def test_every_kind_of_block_has_its_role(name, factors):
    for dtype in ("float64", "float32"):
        assert_training_equals_twin(
            SHAPES[name], ADAM, rate_factors=factors, n_threads=2, dtype=dtype, n_epochs=1
        )


def test_factors_of_one_change_no_bit():
    spec = two_hidden(normalization=LAYER)
    parameters, X, y, _ = scaled_problem(spec, 43, 0)
    ends = []
    for factors in ({}, dict.fromkeys(FACTORS, 1.0), {"gain": 7.0}):
        trainer = trainer_of(spec, ADAM, batch_size=8, rate_factors=factors)
        trainer.set_data(X, y)
        trainer.load(parameters)
        trainer.begin_epoch(0)
        progress = trainer.run(np.full(trainer.steps_per_epoch, 0.02))
        ends.append((parameters_after(trainer, parameters), progress.gradient_norm))
    assert np.array_equal(ends[0][0], ends[1][0]) and np.array_equal(ends[0][0], ends[2][0])
    assert len({norm for _, norm in ends}) == 1


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        ({"bias": 1.0}, "unknown role 'bias' of a rate factor; known: coefs"),
        ({"coefs": -1.0}, "the rate factor of 'coefs' must be finite and not negative, got -1"),
        ({"coefs": np.inf}, "must be finite"),
    ],
)
def test_factors_that_cannot_be_are_refused(factors, words):
    with pytest.raises(ValueError, match=words):
        trainer_of(two_hidden(), ADAM, rate_factors=factors)
