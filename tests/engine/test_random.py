"""The trainer's shuffle and dropout masks, seen through what a step changes.

With one-hot rows and batches of one, a step changes only the weights of the row it took; with a
linear hidden layer of ones, the gradient of the output weights is the dropout mask.
"""

import numpy as np
import pytest

import reference
from engine.building import parameters_after, trainer_of
from engine.strategies import every_path
from reference import Component, LayerSpec, NetworkSpec

PLAIN_SGD = Component("sgd", {"momentum": 0.0, "nesterov": 0.0})


def order_of_epoch(n, *, seed, epoch, shuffle=True, simd="", rows=None, epochs_before=()):
    """The rows in the order in which an epoch takes them."""
    spec = NetworkSpec(n_inputs=n, layers=[LayerSpec(width=1, activation="identity")], bias=False)
    trainer = trainer_of(spec, PLAIN_SGD, simd=simd, batch_size=1, shuffle=shuffle, seed=seed)
    trainer.set_data(np.eye(n), np.ones((n, 1)), None, rows)
    before = np.zeros(n)
    trainer.load(before)
    for earlier in epochs_before:
        trainer.begin_epoch(earlier)
        trainer.run(np.zeros(trainer.steps_per_epoch))
    trainer.begin_epoch(epoch)
    order = []
    for _ in range(trainer.steps_per_epoch):
        trainer.run(np.full(1, 0.5))
        after = parameters_after(trainer, before)
        (changed,) = np.flatnonzero(after != before)
        order.append(changed)
        before = after
    return order


@every_path
@pytest.mark.parametrize("n", [1, 2, 3, 16, 65, 300])
@pytest.mark.parametrize("seed", [0, 1, 12345, 2**32 + 1, 2**64 - 1])
def test_shuffle_equals_the_twins(simd, n, seed):
    for epoch in (0, 7):
        expected = reference.random.order(seed, epoch, n)
        assert order_of_epoch(n, seed=seed, epoch=epoch, simd=simd) == list(expected)


def test_shuffle_does_not_depend_on_earlier_epochs():
    fresh = order_of_epoch(20, seed=4, epoch=3)
    assert order_of_epoch(20, seed=4, epoch=3, epochs_before=[0, 1, 9]) == fresh


def test_without_shuffle_rows_come_as_they_stand():
    assert order_of_epoch(17, seed=3, epoch=2, shuffle=False) == list(range(17))


def test_shuffle_permutes_the_given_rows():
    rows = np.array([11, 2, 30, 7, 8, 23], dtype=np.int64)
    expected = rows[reference.random.order(5, 1, 6)]
    assert order_of_epoch(40, seed=5, epoch=1, rows=rows) == list(expected)
    assert order_of_epoch(40, seed=5, epoch=1, rows=rows, shuffle=False) == list(rows)


def masks_of_epoch(width, n, probability, *, seed, epoch, simd, dtype):
    """The multipliers of a hidden layer, (n, width), one step a row.

    Forward: h = mask. Output z = 0 because its weights are 0, so dz = z - y = -1 and a step of
    rate 1 adds the mask to the output weights.
    """
    hidden = LayerSpec(width=width, activation="identity", dropout=probability)
    spec = NetworkSpec(
        n_inputs=1, layers=[hidden, LayerSpec(width=1, activation="identity")], bias=False
    )
    start = np.concatenate([np.ones(width), np.zeros(width)]).astype(dtype)
    trainer = trainer_of(spec, PLAIN_SGD, dtype=dtype, simd=simd, batch_size=1, seed=seed)
    trainer.set_data(np.ones((n, 1), dtype), np.ones((n, 1), dtype))
    trainer.begin_epoch(epoch)
    masks = []
    for _ in range(n):
        trainer.load(start)
        trainer.run(np.ones(1))
        masks.append(parameters_after(trainer, start)[width:])
    return np.array(masks)


@every_path
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("probability", [0.1, 0.5, 0.75])
@pytest.mark.parametrize("width", [1, 16, 17, 65])
def test_dropout_masks_equal_the_twins(simd, dtype, probability, width):
    masks = masks_of_epoch(width, 20, probability, seed=9, epoch=3, simd=simd, dtype=dtype)
    expected = reference.random.dropout_mask(9, 3, 0, range(20), width, probability)
    np.testing.assert_array_equal(masks != 0, expected != 0)
    np.testing.assert_allclose(masks, expected, rtol=np.finfo(dtype).eps)


def test_dropout_leaves_the_shuffle_as_it_was():
    """A purpose draws from its own stream: the rows of an epoch are the same with and without."""
    n = 30
    seen = []
    for probability in (0.0, 0.5):
        hidden = LayerSpec(width=64, activation="identity", dropout=probability)
        spec = NetworkSpec(
            n_inputs=n, layers=[hidden, LayerSpec(width=1, activation="identity")], bias=False
        )
        start = np.ones(reference.n_parameters(spec))
        trainer = trainer_of(spec, PLAIN_SGD, batch_size=1, seed=2)
        trainer.set_data(np.eye(n), np.zeros((n, 1)))
        trainer.begin_epoch(0)
        for _ in range(n):
            trainer.load(start)
            trainer.run(np.full(1, 0.01))
            after = parameters_after(trainer, start)[: n * 64].reshape(n, 64)
            seen.append(int(np.flatnonzero((after != 1.0).any(axis=1))[0]))
    assert seen[:n] == seen[n:] == list(reference.random.order(2, 0, n))
