"""The wrapper 'line': both ends against the twin, and identities of their gradients."""

import numpy as np
import pytest
from small_networks import BATCH, LAYER, NONE, describe, residual, scaled_problem, two_hidden

from deepgen import _core
from engine.building import parameters_after, trainer_of
from engine.strategies import every_dtype, every_path
from engine.test_determinism import Run, assert_same_bits, deep
from reference import Component, network
from reference.optimizers import OPTIMIZERS
from reference.random import stream, uniform, value
from reference.wrappers import WRAPPERS, Innermost, Line

SGD = Component("sgd", {"momentum": 0.0, "nesterov": 0.0})
ADAM = Component("adam", {"epsilon": 1e-4})
SEED, ALPHA = 7, 0.1
every_norm = pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)


def place_of(count):
    return uniform(value(stream(SEED, "line"), count))


def line_trainer(spec, rule, problem, ends, *, beta=1.0, inside=(), **settings):
    parameters, X, y, weights = problem
    wrappers = [*inside, Component("line", {"beta": beta})]
    trainer = trainer_of(
        spec, rule, wrappers=wrappers, alpha=ALPHA, batch_size=16, seed=SEED, **settings
    )
    trainer.set_data(X, y, weights)
    trainer.load(parameters)
    if ends is not None:
        state = trainer.state()
        state["line_ends"], state["line_begun"] = ends.ravel(), np.ones(1)
        trainer.set_state(state)
    return trainer


def two_ends(spec, n=32):
    problem, other = scaled_problem(spec, n, 0), scaled_problem(spec, n, 1)
    return problem, np.stack([problem[0], other[0]])


def steps(trainer, rates, **options):
    """Run epochs of two steps; returns the sums of each."""
    sums = []
    for epoch in range(len(rates) // 2):
        trainer.begin_epoch(epoch)
        sums.append(trainer.run(np.array(rates[2 * epoch : 2 * epoch + 2]), **options))
    return sums


@every_path
@every_norm
@pytest.mark.parametrize("rule", [SGD, ADAM], ids=describe)
@pytest.mark.parametrize("beta", [0.0, 1.0, 30.0])
@pytest.mark.parametrize("inside", [(), (Component("sam", {"rho": 0.3}),)], ids=len)
def test_both_ends_move_as_the_twins(simd, rule, normalization, beta, inside):
    spec = residual(normalization)
    (parameters, X, y, weights), ends = two_ends(spec)
    problem, settings = (parameters, X, y, weights), {"beta": beta, "inside": inside}
    trainer = line_trainer(spec, rule, problem, ends, simd=simd, shuffle=False, **settings)
    sums = steps(trainer, [0.01] * 4, n_threads=2)
    n, is_weight = network.n_trainable(spec), network.is_weight(spec)
    base = Innermost(OPTIMIZERS[rule.name](2 * n, **rule.settings))
    for wrapper in inside:
        base = WRAPPERS[wrapper.name](base, **wrapper.settings)
    twin = Line(base, beta=beta)
    own, losses = ends[:, :n].ravel(), []
    for count in range(1, 5):
        rows = slice(0, 16) if count % 2 else slice(16, 32)
        place = place_of(count)

        def gradient_at(w, rows=rows):
            at = np.concatenate([w, parameters[n:]])
            trace = network.forward(spec, at, X[rows], training=True)
            side = y[rows], weights[rows], 0.0
            losses.append(network.loss_of_outputs(spec, at, trace[-1].outputs, *side))
            return network.gradient_of_trace(spec, at, trace, *side)[:n]

        # L2 acts on both ends, where they are.
        penalty = ALPHA / weights[rows].sum() * np.tile(is_weight[:n], 2)
        others = 0.5 * (penalty * own**2).sum()
        others += beta * twin.cosine_squared(own, is_weight[:n])

        def whole(at, place=place, gradient_at=gradient_at, penalty=penalty):
            return twin.gradient(at, place, gradient_at, is_weight[:n]) + penalty * at

        own = twin.base.step(own, whole, 0.01, np.tile(is_weight[:n], 2))
        del losses[count:]  # of other points that a wrapper looked at
        losses[-1] += others
    got = trainer.recall("line_ends").reshape(2, -1)[:, :n].ravel()
    np.testing.assert_allclose(got, own, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(
        [s.loss / 16 for s in sums], [sum(losses[:2]), sum(losses[2:])], rtol=1e-9
    )


def test_the_gradient_is_split_by_the_place_on_the_line():
    """Plain descent without L2 and beta: dw1 = -(1 - p) G and dw2 = -p G."""
    spec = two_hidden()
    (parameters, X, y, weights), ends = two_ends(spec)
    trainer = trainer_of(
        spec, SGD, wrappers=[Component("line", {"beta": 0.0})], batch_size=32, seed=SEED
    )
    trainer.set_data(X, y, weights)
    trainer.load(parameters)
    trainer.set_state(
        trainer.state()
        | {"line_ends": ends.ravel(), "line_begun": np.ones(1), "n_steps": np.array([2])}
    )
    trainer.begin_epoch(0)
    trainer.run(np.ones(1))
    moved = trainer.recall("line_ends").reshape(2, -1) - ends
    place = place_of(3)
    point = (1 - place) * ends[0] + place * ends[1]
    np.testing.assert_allclose(parameters_after(trainer, parameters), point, rtol=1e-12)
    trace = network.forward(spec, point, X, training=True)
    G = network.gradient_of_trace(spec, point, trace, y, weights, 0.0)
    np.testing.assert_allclose(moved[0], -(1 - place) * G, rtol=1e-8, atol=1e-13)
    np.testing.assert_allclose(moved[1], -place * G, rtol=1e-8, atol=1e-13)
    np.testing.assert_allclose(moved.sum(axis=0), -G, rtol=1e-8, atol=1e-13)


def test_equal_ends_are_one_network_wherever_the_point():
    """Without beta the first loss is the network's own, and L2 of both ends."""
    spec = two_hidden()
    problem = scaled_problem(spec, 16, 0)
    line = line_trainer(spec, SGD, problem, None, beta=0.0)
    plain = trainer_of(spec, SGD, alpha=0.0, batch_size=16, seed=SEED)
    plain.set_data(*problem[1:])
    plain.load(problem[0])
    for trainer in (line, plain):
        trainer.begin_epoch(0)
    weights = problem[0] * np.append(
        network.is_weight(spec), np.zeros(len(problem[0]) - len(network.is_weight(spec)))
    )
    both = 2 * 0.5 * ALPHA / problem[3].sum() * (weights @ weights)
    assert line.run(np.ones(1)).loss / 16 == pytest.approx(plain.run(np.ones(1)).loss / 16 + both)


def test_the_cosine_keeps_ends_apart():
    spec = two_hidden()
    problem, ends = two_ends(spec)
    ends[1] = ends[0] + 0.1 * ends[1]
    twin, is_weight = Line(None), network.is_weight(spec)
    cosines = []
    for beta in (0.0, 10.0):
        trainer = line_trainer(spec, SGD, problem, ends.copy(), beta=beta)
        steps(trainer, [0.05] * 40)
        cosines.append(twin.cosine_squared(trainer.recall("line_ends"), is_weight))
    assert cosines[1] < 0.5 * cosines[0]


@pytest.mark.slow
@every_dtype
@every_path
@every_norm
def test_bits_depend_neither_on_threads_nor_on_slices(dtype, simd, normalization):
    settings = {"wrappers": [Component("line")], "dtype": dtype, "simd": simd}
    one = Run(deep(normalization), ADAM, **settings).epoch(0).epoch(1)
    three = Run(deep(normalization), ADAM, **settings)
    three.epoch(0, n_threads=3, slices=[2, 1]).epoch(1, n_threads=2)
    assert_same_bits(one, three)


@every_dtype
def test_a_line_restored_from_its_state_continues_to_the_bit(dtype):
    settings = {"wrappers": [Component("clip_norm", {"limit": 0.3}), Component("line")]}
    through = Run(deep(BATCH), ADAM, **settings, dtype=dtype).epoch(0)
    kept, parameters = through.trainer.state(), through.parameters()
    through.epoch(1)
    resumed = Run(deep(BATCH), ADAM, **settings, dtype=dtype)
    resumed.trainer.set_state(kept)
    resumed.trainer.load(parameters)
    assert_same_bits(resumed.epoch(1), through)
    assert np.array_equal(resumed.trainer.recall("line_ends"), through.trainer.recall("line_ends"))


def test_a_stream_of_its_own_draws_the_places():
    places = [place_of(count) for count in range(1, 2001)]
    assert 0 < min(places) and max(places) < 1
    assert abs(np.mean(places) - 0.5) < 0.02 and abs(np.var(places) - 1 / 12) < 0.005
    assert "line" in _core.catalog()["wrappers"]
