"""Shampoo against its twin, and against what its steps are by definition."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import fractional_matrix_power, polar
from small_networks import BATCH, LAYER, NONE, describe, network_of, residual, two_hidden

from engine.building import parameters_after, trainer_of
from engine.strategies import assert_close, every_path
from engine.test_kfac import WIDE, Run, quiet_blas  # noqa: F401
from engine.test_trainer import assert_training_equals_twin
from reference import Component, LayerSpec


def shampoo(**settings):
    """With a ridge that keeps rounding out of the roots, as SGD keeps epsilon out of Adam's."""
    return Component("shampoo", {"interval": 3.0, "epsilon": 1e-3, **settings})


FORMS = [
    shampoo(),
    shampoo(grafting=0.0),
    shampoo(grafting=1.0, momentum=0.0),
    shampoo(grafting=2.0, weight_decay=0.3),
    shampoo(beta_2=0.9, interval=1.0),
    shampoo(beta_2=0.9, block_size=4.0, interval=7.0),
]


@every_path
@pytest.mark.parametrize("optimizer", FORMS, ids=describe)
def test_every_form_equals_the_twin(simd, optimizer):
    assert_training_equals_twin(two_hidden(), optimizer, simd=simd)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("build", [two_hidden, residual])
def test_norms_skips_and_dropout_train_as_the_twin(build, normalization, dropout):
    spec = build(normalization=normalization)
    hidden = [replace(layer, dropout=dropout) for layer in spec.layers[:-1]]
    assert_training_equals_twin(replace(spec, layers=[*hidden, spec.layers[-1]]), shampoo())


@pytest.mark.parametrize("block_size", [16.0, 30.0, 128.0])
@every_path
def test_wide_layers_in_several_panels_and_blocks_train_as_the_twin(simd, block_size):
    spec = network_of(LayerSpec(width=70, activation="tanh"), LayerSpec(width=33), n_inputs=37)
    optimizer = shampoo(block_size=block_size)
    assert_training_equals_twin(spec, optimizer, simd=simd, n=70, batch_size=32, n_epochs=1)


def test_float32_stays_close_to_the_twin_for_an_epoch():
    assert_training_equals_twin(two_hidden(), shampoo(), dtype="float32", n_epochs=1)


BITS = [shampoo(), shampoo(beta_2=0.9, block_size=24.0, grafting=1.0)]


@pytest.mark.slow
@pytest.mark.parametrize("csr", [False, True])
@pytest.mark.parametrize("optimizer", BITS, ids=describe)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_and_slices_leave_the_bits_alone(dtype, optimizer, csr):
    options = {"csr": csr, "dtype": dtype, "spec": WIDE, "alpha": 0.1}
    whole = Run(optimizer, **options).epochs(0, 1, 2)
    assert np.isfinite(whole).all()
    for n_threads, slice_size in ((1, 1), (2, 2), (3, 3)):
        run = Run(optimizer, **options)
        parts = run.epochs(0, 1, 2, n_threads=n_threads, slice_size=slice_size)
        np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize("optimizer", FORMS, ids=describe)
def test_training_goes_on_from_the_saved_state_to_the_bit(optimizer):
    whole = Run(optimizer).epochs(0, 1, 2)
    before = Run(optimizer)
    before.epochs(0)
    after = Run(optimizer)
    after.trainer.load(before.parameters())
    after.trainer.set_state(before.trainer.state())
    np.testing.assert_array_equal(after.epochs(1, 2), whole)


class Prescribed:
    """Weights (5, 4) under gradients of our choice: rows of X are unit vectors, y moves with W."""

    spec = network_of(n_inputs=5, n_outputs=4, bias=False)

    def __init__(self, gradients, **settings):
        self.W = np.zeros((5, 4))
        self.trajectory = []
        optimizer = Component(
            "shampoo",
            {"grafting": 0.0, "momentum": 0.0, "interval": 1.0, "epsilon": 1e-9, **settings},
        )
        trainer = trainer_of(self.spec, optimizer, batch_size=5, shuffle=False)
        for epoch, gradient in enumerate(gradients):
            trainer.set_data(np.eye(5), self.W - 5.0 * gradient)  # (z - y) / 5 is the gradient
            trainer.load(self.W.ravel())
            trainer.begin_epoch(epoch)
            trainer.run(np.array([1.0]))
            self.W = parameters_after(trainer, np.empty(20)).reshape(5, 4)
            self.trajectory.append(self.W)


@pytest.mark.parametrize("beta_2", [1.0, 0.9])
def test_three_steps_are_those_of_fractional_matrix_powers(beta_2, rng):
    gradients = rng.normal(size=(3, 5, 4))
    W, L, R = np.zeros((5, 4)), np.zeros((5, 5)), np.zeros((4, 4))
    run = Prescribed(gradients, beta_2=beta_2, epsilon=1e-3)
    condition = 1.0
    for t, G in enumerate(gradients, start=1):
        fresh = 1.0 if beta_2 == 1.0 else 1.0 - beta_2
        scale = 1.0 if beta_2 == 1.0 else 1.0 - beta_2**t
        L, R = beta_2 * L + fresh * G @ G.T, beta_2 * R + fresh * G.T @ G
        left, right = L / scale + 1e-3 * np.eye(5), R / scale + 1e-3 * np.eye(4)
        W = W - fractional_matrix_power(left, -0.25) @ G @ fractional_matrix_power(right, -0.25)
        condition = max(condition, np.linalg.cond(left), np.linalg.cond(right))
        # The smallest eigenvalue of n is known to n eps of the largest, whatever computes it; of
        # that error a fourth root keeps a quarter. Two roots a step, and two computations of each.
        assert_close(run.trajectory[t - 1], W, t * 5 * condition * np.finfo(float).eps)


def test_the_first_step_without_a_ridge_is_the_polar_factor(rng):
    G = rng.normal(size=(5, 4))
    np.testing.assert_allclose(Prescribed([G], epsilon=0.0).W, -polar(G)[0], atol=1e-12)


def test_on_diagonal_gradients_it_is_adagrad(rng):
    """L and R are then both diag(sum g^2), and two fourth roots make a square root."""
    gradients = np.zeros((4, 5, 4))
    diagonal = rng.normal(size=(4, 4))
    gradients[:, range(4), range(4)] = diagonal
    expected = -(diagonal / np.sqrt(np.cumsum(diagonal**2, axis=0))).sum(axis=0)
    run = Prescribed(gradients, epsilon=0.0)
    np.testing.assert_allclose(np.diag(run.W), expected, rtol=1e-10)
    assert np.abs(run.W[~np.eye(5, 4, dtype=bool)]).max() < 1e-12


def test_rotated_gradients_give_rotated_steps(rng):
    gradients = rng.normal(size=(3, 5, 4))
    U, V = np.linalg.qr(rng.normal(size=(5, 5)))[0], np.linalg.qr(rng.normal(size=(4, 4)))[0]
    for settings in ({}, {"grafting": 1.0}, {"beta_2": 0.9}):
        plain = Prescribed(gradients, **settings)
        rotated = Prescribed(U @ gradients @ V, **settings)
        assert_close(rotated.W, U @ plain.W @ V, 1e-9)


def adam_steps(g):
    """Of the second of two gradients, Adam's step without its mean."""
    mean = (0.999 * 0.001 * g[0] ** 2 + 0.001 * g[1] ** 2) / (1.0 - 0.999**2)
    return g[1] / np.sqrt(mean)


GRAFTED = {
    1.0: lambda g: g[1],
    2.0: lambda g: g[1] / np.sqrt(g[0] ** 2 + g[1] ** 2),
    3.0: adam_steps,
}


@pytest.mark.parametrize("grafting", sorted(GRAFTED))
def test_a_grafted_step_is_as_long_as_the_other_rules(grafting, rng):
    gradients = rng.normal(size=(2, 5, 4))
    run = Prescribed(gradients, grafting=grafting)
    step = np.linalg.norm(run.trajectory[1] - run.trajectory[0])
    assert step == pytest.approx(np.linalg.norm(GRAFTED[grafting](gradients)), rel=1e-6)


def test_a_statistic_that_is_not_finite_leaves_the_root_before(rng):
    gradients = rng.normal(size=(2, 5, 4))
    gradients[1] *= 1e200  # finite itself, but not its square
    run = Prescribed(gradients, grafting=1.0)
    assert np.isfinite(run.W).all()
