"""Dropout and weight decay that move from step to step, against the twin."""

import numpy as np
import pytest
from small_networks import scaled_problem, two_hidden

import reference
from engine.building import parameters_after, trainer_of
from engine.strategies import assert_close, every_path
from engine.test_trainer import with_dropout
from reference import Component

ADAM = Component("adam", {"epsilon": 1e-4, "weight_decay": 0.9})
N, BATCH_SIZE = 43, 8


def trained(spec, moving, optimizer=ADAM, simd="", dtype="float64", n_threads=1, slices=1):
    """What engine and twin come to after three epochs, and the loss of the last one."""
    parameters, X, y, weights = scaled_problem(spec, N, 5)
    trainer = trainer_of(spec, optimizer, batch_size=BATCH_SIZE, seed=5, dtype=dtype, simd=simd)
    twin = reference.Trainer(spec, optimizer=optimizer, batch_size=BATCH_SIZE, seed=5)
    trainer.set_data(*(array.astype(dtype) for array in (X, y, weights)))
    start = parameters.astype(dtype)
    trainer.load(start)
    for epoch in range(3):
        rates = 0.02 / (1.0 + epoch + np.arange(trainer.steps_per_epoch))
        now = {name: values[epoch] for name, values in moving.items()}
        parameters, wanted = twin.epoch(
            parameters, X, y, weights, epoch=epoch, rates=rates, moving=now
        )
        trainer.begin_epoch(epoch)
        for some in np.array_split(np.arange(len(rates)), slices):
            own = {name: values[some] for name, values in now.items()}
            progress = trainer.run(rates[some], n_threads, **own)
    return parameters_after(trainer, start), parameters, progress.loss, wanted.loss


SHAPE = (3, 6)
MOVING = {
    "dropout": np.linspace(0.5, 0.0, 18).reshape(SHAPE),
    "weight_decay": np.linspace(0.0, 2.0, 18).reshape(SHAPE),
}


@every_path
@pytest.mark.parametrize("activation", ["relu", "tanh", "mish"])
@pytest.mark.parametrize("names", [["dropout"], ["weight_decay"], ["dropout", "weight_decay"]])
def test_what_moves_equals_the_twin(simd, activation, names):
    spec = with_dropout(two_hidden(activation), 0.3)
    moving = {name: MOVING[name] for name in names}
    own, twin, loss, wanted = trained(spec, moving, simd=simd)
    assert_close(own, twin, 1e-9)
    assert loss == pytest.approx(wanted, rel=1e-9)
    threads, _, _, _ = trained(spec, moving, simd=simd, n_threads=3, slices=3)
    assert np.array_equal(own, threads)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["relu", "mish"])
def test_what_does_not_move_gives_the_bits_of_the_number(dtype, activation):
    spec = with_dropout(two_hidden(activation), 0.3)
    still = {"dropout": np.full(SHAPE, 0.3), "weight_decay": np.full(SHAPE, 0.9)}
    assert np.array_equal(trained(spec, still, dtype=dtype)[0], trained(spec, {}, dtype=dtype)[0])


def test_layers_without_dropout_never_drop():
    spec = two_hidden()
    assert np.array_equal(trained(spec, {"dropout": MOVING["dropout"]})[0], trained(spec, {})[0])


@pytest.mark.parametrize(
    ("moving", "words"),
    [
        ({"dropout": [1.0]}, r"dropout must be in \[0, 1\), got 1"),
        ({"dropout": [np.nan]}, "dropout must be in"),
        ({"weight_decay": [-1.0]}, r"weight_decay must be in \[0, inf\), got -1"),
        ({"weight_decay": [1.0, 2.0]}, "weight_decay has 2 numbers for 1 steps"),
    ],
)
def test_what_cannot_be_is_refused(moving, words):
    spec = with_dropout(two_hidden(), 0.3)
    parameters, X, y, _ = scaled_problem(spec, N, 5)
    trainer = trainer_of(spec, ADAM)
    trainer.set_data(X, y)
    trainer.load(parameters)
    trainer.begin_epoch(0)
    moving = {name: np.array(values) for name, values in moving.items()}
    with pytest.raises(ValueError, match=words):
        trainer.run(np.full(1, 0.1), **moving)
