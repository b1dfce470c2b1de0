"""The twin against central differences and numbers known from elsewhere; needs no other package."""

import numpy as np
import pytest
from small_networks import (
    BATCH,
    LAYER,
    LOSS_COMPONENTS,
    NONE,
    describe,
    network_of,
    problem,
    residual,
    two_hidden,
)

import reference
from reference import ACTIVATIONS, Component, LayerSpec

# Central differences with step h err by h^2 times the third derivative plus rounding / h: about
# 1e-9 relative with h = 1e-5 on losses of order one.
DIFFERENCE_STEP = 1e-5
DIFFERENCE_RTOL = 1e-6
DIFFERENCE_ATOL = 1e-8

SMOOTH_ACTIVATIONS = sorted(set(ACTIVATIONS) - {"relu", "leaky_relu"})


def central_differences(spec, parameters, *arguments, **keywords):
    gradient = np.zeros_like(parameters)
    for i in range(reference.n_trainable(spec)):
        ahead, behind = parameters.copy(), parameters.copy()
        ahead[i] += DIFFERENCE_STEP
        behind[i] -= DIFFERENCE_STEP
        rise = reference.loss(spec, ahead, *arguments, **keywords)
        rise -= reference.loss(spec, behind, *arguments, **keywords)
        gradient[i] = rise / (2.0 * DIFFERENCE_STEP)
    return gradient


def assert_gradient_is_derivative(spec, *, training=False, masks=None):
    parameters, X, y, weights = problem(spec)
    keywords = {"alpha": 0.3, "training": training, "masks": masks}
    _, gradient = reference.loss_and_gradient(spec, parameters, X, y, weights, **keywords)
    expected = central_differences(spec, parameters, X, y, weights, **keywords)
    np.testing.assert_allclose(gradient, expected, rtol=DIFFERENCE_RTOL, atol=DIFFERENCE_ATOL)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_gradient_is_the_derivative_for_every_activation(activation):
    assert_gradient_is_derivative(two_hidden(activation))


@pytest.mark.parametrize("loss", LOSS_COMPONENTS, ids=describe)
def test_gradient_is_the_derivative_for_every_loss(loss):
    assert_gradient_is_derivative(two_hidden(loss=loss))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("network", [two_hidden, residual])
def test_gradient_is_the_derivative_for_every_normalization_and_skip(
    network, normalization, bias, training
):
    assert_gradient_is_derivative(
        network(normalization=normalization, bias=bias), training=training
    )


def test_gradient_is_the_derivative_under_dropout():
    spec = residual(LAYER)
    masks = [
        reference.random.dropout_mask(3, 0, l, range(12), layer.width, 0.4)
        for l, layer in enumerate(spec.layers[:-1])
    ]
    assert_gradient_is_derivative(spec, masks=[*masks, None])


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_activation_derivatives_are_derivatives(activation):
    value, derivative, _ = ACTIVATIONS[activation]
    z = np.linspace(-6.0, 6.0, 1000)  # even number: 0, where some have a kink, is not among them
    rise = value(z + DIFFERENCE_STEP) - value(z - DIFFERENCE_STEP)
    expected = rise / (2.0 * DIFFERENCE_STEP)
    np.testing.assert_allclose(derivative(z), expected, rtol=DIFFERENCE_RTOL, atol=DIFFERENCE_ATOL)


def test_kinked_functions_have_slope_zero_in_the_kink():
    zero = np.zeros((1, 1))
    assert ACTIVATIONS["relu"][1](zero) == 0.0
    assert reference.LOSSES["absolute_error"].gradient(zero, zero) == 0.0
    assert reference.LOSSES["quantile"].gradient(zero, zero, quantile=0.3) == 0.0


@pytest.mark.parametrize("name", ["poisson", "gamma"])
def test_deviances_are_zero_at_the_target(name):
    y = np.array([[0.5], [1.0], [7.0]])
    loss = reference.LOSSES[name]
    np.testing.assert_allclose(loss.value(np.log(y), y), 0.0, atol=1e-15)
    np.testing.assert_allclose(loss.gradient(np.log(y), y), 0.0, atol=1e-15)


def test_focal_loss_without_focus_is_the_log_loss():
    z = np.random.default_rng(0).normal(size=(9, 4))
    y = np.arange(9) % 4
    focal, log_loss = reference.LOSSES["focal"], reference.LOSSES["log_loss"]
    np.testing.assert_allclose(
        focal.value(z, y, gamma=0.0), log_loss.value(z, y, label_smoothing=0.0), rtol=1e-14
    )
    np.testing.assert_allclose(
        focal.gradient(z, y, gamma=0.0),
        log_loss.gradient(z, y, label_smoothing=0.0),
        rtol=1e-13,
        atol=1e-15,
    )


def test_quantiles_never_cross():
    z = np.random.default_rng(0).normal(scale=5.0, size=(50, 4))
    means = reference.LOSSES["quantile"].means(z, quantile=[0.1, 0.3, 0.6, 0.9])
    assert (np.diff(means, axis=1) > 0).all()


def test_value_draws_the_published_splitmix64_sequence():
    # The sequence of seed 1234567, as printed by the generator's authors' reference program.
    published = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert [reference.random.value(1234567, i) for i in range(5)] == published


def test_order_is_a_permutation_that_depends_on_seed_and_epoch():
    orders = [reference.random.order(seed, epoch, 40) for seed in (0, 1) for epoch in (0, 1)]
    for order in orders:
        assert sorted(order) == list(range(40))
    assert len({tuple(order) for order in orders}) == 4


def test_orders_of_three_rows_are_equally_likely():
    counts = {}
    for epoch in range(6000):
        order = tuple(reference.random.order(7, epoch, 3))
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    # Six standard deviations of a binomial count with mean 1000.
    assert max(abs(count - 1000) for count in counts.values()) < 6 * np.sqrt(1000 * 5 / 6)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_dropout_drops_the_share_asked_for_and_keeps_the_mean(probability):
    mask = reference.random.dropout_mask(5, 2, 1, range(200), 100, probability)
    deviation = np.sqrt(probability * (1 - probability) / mask.size)
    assert abs((mask == 0).mean() - probability) < 6 * deviation
    assert abs(mask.mean() - 1.0) < 6 * deviation / (1 - probability)


def test_dropout_masks_of_rows_layers_and_epochs_are_unrelated():
    def mask(epoch, layer, position):
        return reference.random.keeps(5, epoch, layer, position, 4000, 0.5)

    base = mask(0, 0, 0)
    for other in [mask(1, 0, 0), mask(0, 1, 0), mask(0, 0, 1)]:
        agreement = (base == other).mean()
        assert abs(agreement - 0.5) < 6 * 0.5 / np.sqrt(4000)


def test_first_step_of_adam_is_the_rate_along_the_sign():
    g = np.array([3.0, -0.2, 1e-3])
    for eps_hat in (0.0, 1.0):
        adam = reference.OPTIMIZERS["adam"](3, eps_hat=eps_hat)
        w = adam.step(np.zeros(3), g, 0.01, np.zeros(3, dtype=bool))
        # epsilon 1e-8 against sqrt(v) = |g| sqrt(1e-3) >= 3e-5: at most 4e-4 relative.
        np.testing.assert_allclose(w, -0.01 * np.sign(g), rtol=4e-4)


def test_nesterov_and_heavy_ball_agree_without_momentum():
    w, g = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    steps = [
        reference.OPTIMIZERS["sgd"](2, momentum=0.0, nesterov=nesterov).step(w, g, 0.1, w > 0)
        for nesterov in (0.0, 1.0)
    ]
    np.testing.assert_array_equal(steps[0], w - 0.1 * g)
    np.testing.assert_array_equal(steps[1], w - 0.1 * g)


def test_last_row_joins_the_batch_before_only_under_batch_norm():
    def edges(normalization):
        spec = network_of(LayerSpec(width=3, normalization=normalization))
        trainer = reference.Trainer(spec, optimizer=Component("sgd"), batch_size=4)
        return [trainer.batches(n) for n in (8, 9, 10)]

    assert edges(NONE) == [
        [(0, 4), (4, 8)],
        [(0, 4), (4, 8), (8, 9)],
        [(0, 4), (4, 8), (8, 10)],
    ]
    assert edges(BATCH) == [[(0, 4), (4, 8)], [(0, 4), (4, 9)], [(0, 4), (4, 8), (8, 10)]]
