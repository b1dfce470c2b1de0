"""Elementwise rules over 200 given gradients, against torch.optim and the words of Keras."""

import numpy as np
import pytest
from engine.building import trainer_of
from small_networks import network_of

from reference import Component
from reference.optimizers import OPTIMIZERS

torch = pytest.importorskip("torch", reason="the oracle is PyTorch: install the oracles extra")

N_STEPS, N_WEIGHTS, RATE = 200, 6, 0.02
RTOL = 1e-10


@pytest.fixture(scope="module")
def gradients():
    """Of several sizes, some of them rare."""
    random_state = np.random.default_rng(0)
    g = random_state.normal(size=(N_STEPS, N_WEIGHTS)) * np.logspace(-2, 1, N_WEIGHTS)
    g[random_state.random(g.shape) < 0.3] = 0.0
    return g


@pytest.fixture(scope="module")
def start():
    return np.random.default_rng(1).normal(size=N_WEIGHTS)


def rates_of(n_steps, name=""):
    """Schedules that move: rules differ in what the rate acts on. AdaDelta's begins at 1."""
    return (1.0 if name == "adadelta" else RATE) / (1.0 + 0.05 * np.arange(n_steps))


def twin(component, start, gradients, rates):
    rule = OPTIMIZERS[component.name](len(start), **component.settings)
    w = start
    for g, rate in zip(gradients, rates, strict=True):
        w = rule.step(w, g, rate, np.ones(len(start), dtype=bool))
    return w


def engine(component, start, gradients, rates):
    """A linear map of the number 1 whose target is as far away as the gradient shall be."""
    spec = network_of(n_inputs=1, n_outputs=len(start), bias=False)
    trainer = trainer_of(spec, component, batch_size=1)
    w, y = start.copy(), np.zeros((1, len(start)))
    trainer.set_data(np.ones((1, 1)), y)
    trainer.load(w)
    for epoch, (g, rate) in enumerate(zip(gradients, rates, strict=True)):
        y[0] = w - g
        trainer.begin_epoch(epoch)
        trainer.run(np.full(1, rate))
        trainer.store(w)
    return w


@pytest.fixture(params=[twin, engine], ids=["twin", "engine"])
def implementation(request):
    return request.param


def by_torch(make, start, gradients, rates):
    w = torch.tensor(start, requires_grad=True)
    optimizer = make([w])
    for g, rate in zip(gradients, rates, strict=True):
        optimizer.param_groups[0]["lr"] = rate
        w.grad = torch.tensor(g)
        optimizer.step()
    return w.detach().numpy()


def keras_adagrad(w, g, rate, memory, epsilon):
    memory.setdefault("accumulator", np.full(len(w), 0.1))
    memory["accumulator"] += g**2
    return w - rate * g / np.sqrt(memory["accumulator"] + epsilon)


def keras_rmsprop(w, g, rate, memory, epsilon, *, rho=0.9, momentum=0.0, centered=False):
    velocity, mean, moment = (memory.setdefault(k, np.zeros(len(w))) for k in ("v", "mean", "b"))
    velocity *= rho
    velocity += (1 - rho) * g**2
    mean *= rho
    mean += (1 - rho) * g
    increment = rate * g / np.sqrt(velocity - centered * mean**2 + epsilon)
    moment *= momentum
    moment += increment
    return w - moment


def keras_adadelta(w, g, rate, memory, epsilon, *, rho=0.95):
    squares, steps = (memory.setdefault(k, np.zeros(len(w))) for k in ("squares", "steps"))
    squares *= rho
    squares += (1 - rho) * g**2
    delta = -np.sqrt(steps + epsilon) * g / np.sqrt(squares + epsilon)
    steps *= rho
    steps += (1 - rho) * delta**2
    return w + rate * delta


def keras_adam(w, g, rate, memory, epsilon, *, beta_1=0.9, beta_2=0.999):
    m, v, t = (memory.setdefault(k, np.zeros(len(w))) for k in ("m", "v", "t"))
    t += 1
    m += (g - m) * (1 - beta_1)
    v += (g**2 - v) * (1 - beta_2)
    alpha = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return w - m * alpha / (np.sqrt(v) + epsilon)


def by_keras(rule, start, gradients, rates, epsilon, **settings):
    memory, w = {}, start
    for g, rate in zip(gradients, rates, strict=True):
        w = rule(w, g, rate, memory, epsilon, **settings)
    return w


TORCH = {
    "sgd": (
        Component("sgd", {"momentum": 0.0, "nesterov": 0.0}),
        lambda w: torch.optim.SGD(w),
    ),
    "adam": (Component("adam", {"eps_hat": 0.0}), lambda w: torch.optim.Adam(w)),
    "adam, large epsilon": (
        Component("adam", {"eps_hat": 0.0, "epsilon": 0.1, "beta_1": 0.5, "beta_2": 0.9}),
        lambda w: torch.optim.Adam(w, eps=0.1, betas=(0.5, 0.9)),
    ),
    "adamw": (
        Component("adam", {"eps_hat": 0.0, "weight_decay": 0.3}),
        lambda w: torch.optim.AdamW(w, weight_decay=0.3),
    ),
    "adagrad": (Component("adagrad"), lambda w: torch.optim.Adagrad(w)),
    "adagrad, accumulator": (
        Component("adagrad", {"initial_accumulator": 0.7, "epsilon": 1e-3}),
        lambda w: torch.optim.Adagrad(w, initial_accumulator_value=0.7, eps=1e-3),
    ),
    "rmsprop": (Component("rmsprop"), lambda w: torch.optim.RMSprop(w)),
    "rmsprop, momentum": (
        Component("rmsprop", {"momentum": 0.7, "rho": 0.8, "epsilon": 1e-3}),
        lambda w: torch.optim.RMSprop(w, momentum=0.7, alpha=0.8, eps=1e-3),
    ),
    "rmsprop, centred": (
        Component("centered_rmsprop"),
        lambda w: torch.optim.RMSprop(w, centered=True),
    ),
    "rmsprop, centred, momentum": (
        Component("centered_rmsprop", {"momentum": 0.7}),
        lambda w: torch.optim.RMSprop(w, centered=True, momentum=0.7),
    ),
    "adadelta": (Component("adadelta"), lambda w: torch.optim.Adadelta(w)),
    "adadelta, rho": (
        Component("adadelta", {"rho": 0.6, "epsilon": 1e-2}),
        lambda w: torch.optim.Adadelta(w, rho=0.6, eps=1e-2),
    ),
}
INSIDE = {"eps_inside": 1.0, "epsilon": 1e-7}
KERAS = {
    "adam": (Component("adam", {"epsilon": 1e-7}), keras_adam, {}),
    "adagrad": (Component("adagrad", {**INSIDE, "initial_accumulator": 0.1}), keras_adagrad, {}),
    "rmsprop": (
        Component("rmsprop", {**INSIDE, "rho": 0.9, "rate_inside": 1.0}),
        keras_rmsprop,
        {},
    ),
    "rmsprop, centred, momentum": (
        Component("centered_rmsprop", {**INSIDE, "rho": 0.9, "momentum": 0.7, "rate_inside": 1.0}),
        keras_rmsprop,
        {"momentum": 0.7, "centered": True},
    ),
    "adadelta": (Component("adadelta", {"rho": 0.95, "epsilon": 1e-7}), keras_adadelta, {}),
}


def test_every_rule_is_compared_here():
    compared = {component.name for component, _ in TORCH.values()}
    assert compared == {*OPTIMIZERS}


@pytest.mark.parametrize("name", TORCH)
def test_two_hundred_steps_equal_torch(implementation, name, start, gradients):
    component, make = TORCH[name]
    rates = rates_of(N_STEPS, component.name)
    actual = implementation(component, start, gradients, rates)
    np.testing.assert_allclose(actual, by_torch(make, start, gradients, rates), rtol=RTOL)
    assert np.abs(actual - start).max() > 1e-2


@pytest.mark.parametrize("name", KERAS)
def test_two_hundred_steps_equal_the_rule_of_keras(implementation, name, start, gradients):
    component, rule, settings = KERAS[name]
    rates, epsilon = rates_of(N_STEPS), 1e-7
    actual = implementation(component, start, gradients, rates)
    expected = by_keras(rule, start, gradients, rates, epsilon, **settings)
    np.testing.assert_allclose(actual, expected, rtol=RTOL)


def test_adagrad_does_not_see_the_scale_of_a_coordinate(implementation, start, gradients):
    """Gradients that are larger by a factor of their own, as with scaled features, step alike."""
    tiny = Component("adagrad", {"epsilon": 1e-37})
    scales = np.logspace(-3, 3, N_WEIGHTS)
    rates = rates_of(N_STEPS)
    plain = implementation(tiny, start, gradients, rates)
    np.testing.assert_allclose(implementation(tiny, start, scales * gradients, rates), plain, 1e-9)


def test_steps_of_adadelta_have_the_units_of_the_weights(implementation, gradients):
    """In a unit k times smaller, weights, steps and the root of epsilon are k times larger."""
    k, origin, rates = 8.0, np.zeros(N_WEIGHTS), np.ones(N_STEPS)
    component, smaller = (Component("adadelta", {"epsilon": 1e-20 * c**2}) for c in (1.0, k))
    expected = k * implementation(component, origin, gradients, rates)
    actual = implementation(smaller, origin, gradients / k, rates)
    np.testing.assert_allclose(actual, expected, rtol=1e-9)


@pytest.mark.parametrize("eps_hat", [0.0, 1.0])
def test_the_first_step_of_adam_is_the_rate_times_the_sign(
    implementation, eps_hat, start, gradients
):
    g = np.where(gradients[:1] == 0.0, 1.0, gradients[:1])
    adam = Component("adam", {"eps_hat": eps_hat, "epsilon": 1e-30})
    moved = implementation(adam, start, g, [RATE]) - start
    np.testing.assert_allclose(moved, -RATE * np.sign(g[0]), rtol=1e-9)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_decay_uses_the_scheduled_rate(implementation, name, start):
    """Without gradients weights shrink by the product of 1 - rate_t weight_decay."""
    rates = rates_of(20)
    shrunk = implementation(
        Component(name, {"weight_decay": 0.5}), start, np.zeros((20, N_WEIGHTS)), rates
    )
    np.testing.assert_allclose(shrunk, start * np.prod(1.0 - 0.5 * rates), rtol=1e-12)


def test_decay_that_moves_is_that_of_a_group_of_torch(start, gradients):
    rates, decays = rates_of(N_STEPS), np.linspace(2.0, 0.0, N_STEPS)
    w = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.AdamW([w])
    spec = network_of(n_inputs=1, n_outputs=N_WEIGHTS, bias=False)
    trainer = trainer_of(spec, Component("adam", {"eps_hat": 0.0}), batch_size=1)
    own, y = start.copy(), np.zeros((1, N_WEIGHTS))
    trainer.set_data(np.ones((1, 1)), y)
    trainer.load(own)
    for epoch, (g, rate, decay) in enumerate(zip(gradients, rates, decays, strict=True)):
        optimizer.param_groups[0].update(lr=rate, weight_decay=decay)
        w.grad = torch.tensor(g)
        optimizer.step()
        y[0] = own - g
        trainer.begin_epoch(epoch)
        trainer.run(np.full(1, rate), weight_decay=np.full(1, decay))
        trainer.store(own)
    np.testing.assert_allclose(own, w.detach().numpy(), rtol=RTOL)


def test_penalty_and_decay_coincide_for_plain_descent_and_differ_for_adam(implementation, start):
    zero = np.zeros((1, N_WEIGHTS))
    for name, settings, same in (
        ("sgd", {"momentum": 0.0, "nesterov": 0.0}, True),
        ("adam", {}, False),
    ):
        decoupled = Component(name, {**settings, "weight_decay": 0.5})
        by_decay = implementation(decoupled, start, zero, [RATE])
        by_penalty = implementation(Component(name, settings), start, zero + 0.5 * start, [RATE])
        assert np.allclose(by_decay, by_penalty, rtol=1e-12) == same
