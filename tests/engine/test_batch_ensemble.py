"""The wrapper 'batch_ensemble': all numbers against the twin, its start, and its bits."""

from dataclasses import replace

import numpy as np
import pytest
from small_networks import (
    BATCH,
    EMBEDDINGS,
    LAYER,
    NONE,
    SKIP_COMPONENTS,
    describe,
    embedded,
    network_of,
    residual,
    scaled_problem,
    skipping,
    two_hidden,
)

from deepgen import _core
from engine.building import cast, trainer_of
from engine.strategies import every_dtype, every_path
from engine.test_determinism import Run, assert_same_bits, deep
from engine.test_trainer import with_dropout
from reference import Component, LayerSpec, network
from reference.batch_ensemble import BatchEnsemble, signs
from reference.optimizers import OPTIMIZERS
from reference.random import dropout_mask
from reference.wrappers import WRAPPERS, Innermost

SGD = Component("sgd", {"momentum": 0.0, "nesterov": 0.0})
ADAM = Component("adam", {"epsilon": 1e-4})
SEED, ALPHA, MEMBERS, BATCH_SIZE = 7, 0.1, 3, 16
THREE = Component("batch_ensemble", {"n_members": MEMBERS})
STATES = ("shared", "own", "members")


def narrow():
    """A hidden layer of three units, which stands as W^T, before and after wider ones."""
    widths = (6, 3, 20)
    return network_of(*(LayerSpec(width=n, activation="tanh") for n in widths), n_outputs=5)


def starts(spec, n=MEMBERS):
    return np.stack([scaled_problem(spec, 4, 10 + k)[0] for k in range(n)])


def assert_members_train_as_the_twin(
    spec, rule, *, inside=(), members=True, n_threads=2, n=32, simd="", dtype="float64"
):
    """Two epochs of two steps: the members' networks, and the losses."""
    parameters, X, y, weights = scaled_problem(spec, n, 0)
    trainer = trainer_of(
        spec,
        rule,
        wrappers=[*inside, THREE],
        alpha=ALPHA,
        batch_size=BATCH_SIZE,
        seed=SEED,
        shuffle=False,
        dtype=dtype,
        simd=simd,
    )
    trainer.set_data(*(cast(array, dtype) for array in (X, y, weights)))
    trainer.load(cast(parameters, dtype))
    given = starts(spec) if members else None
    if members:
        own = {"batch_ensemble_members": cast(given.ravel(), dtype)}
        trainer.set_state(trainer.state() | own)
    twin = BatchEnsemble(spec, MEMBERS)
    numbers = twin.start(parameters, SEED, given)
    base = Innermost(OPTIMIZERS[rule.name](len(numbers), **rule.settings))
    for wrapper in inside:
        base = WRAPPERS[wrapper.name](base, **wrapper.settings)
    for epoch in range(2):
        trainer.begin_epoch(epoch)
        progress = trainer.run(np.full(2, 0.02), n_threads)
        expected = 0.0
        for step in range(2):
            rows = slice(BATCH_SIZE * step, BATCH_SIZE * (step + 1))
            side, losses = (y[rows], weights[rows], 0.0), []

            def gradient_at(k, w, rows=rows, side=side, losses=losses, epoch=epoch):
                at = np.concatenate([w, parameters[len(w) :]])
                masks = masks_of(spec, k, epoch, rows)
                trace = network.forward(spec, at, X[rows], training=True, masks=masks)
                losses.append(network.loss_of_outputs(spec, at, trace[-1].outputs, *side))
                return network.gradient_of_trace(spec, at, trace, *side)[: len(w)]

            penalty = ALPHA / weights[rows].sum()
            expected += penalty * twin.l2(numbers)

            def whole(at, gradient_at=gradient_at, penalty=penalty):
                return twin.gradient(at, gradient_at, penalty)

            numbers = base.step(numbers, whole, 0.02, twin.is_weight)
            expected += np.mean(losses[:MEMBERS])
        close = {"rtol": 1e-8, "atol": 1e-10} if dtype == "float64" else {"atol": 2e-4}
        assert progress.loss / BATCH_SIZE == pytest.approx(
            expected, rel=1e-8 if dtype == "float64" else 1e-4
        )
        got = trainer.recall("batch_ensemble_members").reshape(MEMBERS, -1)
        np.testing.assert_allclose(got[:, : twin.n], twin.networks(numbers), **close)
    shared = trainer.recall("batch_ensemble_shared")[: twin.n]
    np.testing.assert_allclose(shared[twin.is_shared], numbers[: twin.n][twin.is_shared], **close)


def masks_of(spec, member, epoch, rows):
    """The first member's are those of a network alone."""
    positions = range(rows.start, rows.stop)
    return [
        dropout_mask(SEED, epoch, l, positions, layer.width, layer.dropout, member)
        if layer.dropout
        else None
        for l, layer in enumerate(spec.layers)
    ]


@every_path
@pytest.mark.parametrize("rule", [SGD, ADAM], ids=describe)
@pytest.mark.parametrize("members", [False, True])
def test_members_train_as_the_twin(simd, rule, members):
    assert_members_train_as_the_twin(two_hidden(), rule, members=members, simd=simd)


@every_path
@every_dtype
def test_narrow_layers_and_many_outputs_train_as_the_twin(simd, dtype):
    spec = narrow()
    assert_members_train_as_the_twin(spec, ADAM, simd=simd, dtype=dtype)
    assert_members_train_as_the_twin(two_hidden(bias=False), ADAM, simd=simd, dtype=dtype)


@every_path
def test_wide_layers_train_as_the_twin(simd):
    """Several panels, and rows that end within a line."""
    hidden = [LayerSpec(width=n, activation="tanh") for n in (70, 45)]
    spec = network_of(*hidden, n_inputs=19, n_outputs=1)
    assert_members_train_as_the_twin(spec, ADAM, simd=simd, n_threads=3)


@pytest.mark.parametrize("member", EMBEDDINGS)
@pytest.mark.parametrize("scales", [False, True])
def test_what_stands_before_the_first_layer_is_shared(member, scales):
    assert_members_train_as_the_twin(embedded(member, scales), ADAM)


@pytest.mark.parametrize("skip", SKIP_COMPONENTS, ids=describe)
def test_members_train_skips_and_norms_as_the_twin(skip):
    if skip.name != "highway":  # whose gate is a second matrix
        assert_members_train_as_the_twin(skipping(skip, LAYER), ADAM)


@pytest.mark.parametrize("member", sorted(set(_core.catalog()["reparametrizations"]) - {"none"}))
def test_members_train_reparametrized_networks_as_the_twin(member):
    spec = two_hidden(reparametrization=Component(member))
    assert_members_train_as_the_twin(spec, ADAM)


@pytest.mark.parametrize(
    "inside",
    [Component("clip_norm", {"limit": 0.3}), Component("sam", {"rho": 0.2})],
    ids=describe,
)
def test_what_is_wrapped_sees_all_numbers_of_all_members(inside):
    assert_members_train_as_the_twin(residual(LAYER), ADAM, inside=[inside])


def test_members_have_dropout_masks_of_their_own():
    assert_members_train_as_the_twin(with_dropout(two_hidden(), 0.4), ADAM)


def test_the_start_is_the_network_between_random_signs():
    spec = two_hidden()
    parameters, X, y, _ = scaled_problem(spec, 32, 0)
    trainer = trainer_of(spec, SGD, wrappers=[THREE], batch_size=32, seed=SEED)
    trainer.set_data(X, y)
    trainer.load(parameters)
    trainer.begin_epoch(0)
    trainer.run(np.zeros(1))
    networks = trainer.recall("batch_ensemble_members").reshape(MEMBERS, -1)
    block = network.layout(spec)[0]
    n, plain = block.size, parameters[: block.size].reshape(block.rows, -1)
    for k, members in enumerate(networks):
        expected = plain * signs(SEED, k, block.rows)[:, None]
        np.testing.assert_array_equal(members[:n].reshape(block.rows, -1), expected)
        np.testing.assert_array_equal(members[n:], parameters[n:])
    many = np.concatenate([signs(SEED, k, 50) for k in range(40)])
    assert set(many) == {-1.0, 1.0} and abs(many.mean()) < 0.08


@pytest.mark.parametrize("still", ["scale", "coefs", "intercepts"])
def test_rate_factors_reach_the_members_own_numbers(still):
    """With a factor of 0 the numbers of a role stay, and others move."""
    spec = two_hidden()
    parameters, X, y, _ = scaled_problem(spec, 32, 0)
    factors = {still: 0.0}
    trainer = trainer_of(spec, ADAM, wrappers=[THREE], batch_size=16, rate_factors=factors)
    trainer.set_data(X, y)
    trainer.load(parameters)
    trainer.set_state(trainer.state() | {"batch_ensemble_members": starts(spec).ravel()})
    trainer.begin_epoch(0)
    trainer.run(np.full(2, 0.1))
    twin = BatchEnsemble(spec, MEMBERS)
    shared = trainer.recall("batch_ensemble_shared")
    members = trainer.recall("batch_ensemble_members").reshape(MEMBERS, -1)
    for k, (vector, given) in enumerate(zip(members, starts(spec), strict=True)):
        for name, block in twin.blocks.items():
            where = slice(block.offset, block.offset + block.size)
            if name in ("coefs_0", "coefs_1"):
                scales = signs(0, k, block.rows)[:, None] if name == "coefs_0" else 1.0
                plain = (shared[where].reshape(block.rows, -1) * scales).ravel()
                assert np.allclose(vector[where], plain) == (still == "scale")
                assert np.array_equal(shared[where], parameters[where]) == (still == "coefs")
            else:
                stays = name.startswith(still)
                assert np.array_equal(vector[where], given[where]) == stays


@every_dtype
@pytest.mark.parametrize("normalization", [NONE, LAYER], ids=describe)
def test_bits_depend_neither_on_threads_nor_on_slices(dtype, normalization):
    settings = {"wrappers": [THREE], "dtype": dtype}
    one = Run(deep(normalization), ADAM, **settings).epoch(0).epoch(1)
    three = Run(deep(normalization), ADAM, **settings)
    three.epoch(0, n_threads=3, slices=[2, 1]).epoch(1, n_threads=2)
    assert_same_bits(one, three)
    assert_same_states(one, three)
    for progress, expected in zip(three.progress, one.progress, strict=True):
        assert progress.loss == expected.loss
        assert progress.gradient_norm == expected.gradient_norm


@every_dtype
@pytest.mark.parametrize("wide", [False, True])
def test_an_ensemble_restored_from_its_state_continues_to_the_bit(dtype, wide):
    spec = network_of(LayerSpec(width=40), n_outputs=7) if wide else deep(NONE)
    settings = {"wrappers": [Component("clip_norm", {"limit": 0.3}), THREE], "dtype": dtype}
    through = Run(spec, ADAM, **settings).epoch(0)
    kept, parameters = through.trainer.state(), through.parameters()
    through.epoch(1)
    resumed = Run(spec, ADAM, **settings)
    resumed.trainer.set_state(kept)
    resumed.trainer.load(parameters)
    assert_same_bits(resumed.epoch(1), through)
    assert_same_states(resumed, through)


def assert_same_states(*runs):
    for name in STATES:
        one, two = (run.trainer.recall(f"batch_ensemble_{name}") for run in runs)
        np.testing.assert_array_equal(one, two)


def test_a_state_does_not_depend_on_the_path():
    """Members' numbers stand alike on all paths, where panels differ in width."""
    spec = network_of(LayerSpec(width=70, activation="tanh"), n_inputs=19, n_outputs=37)
    states = []
    for simd in ("portable", ""):
        run = Run(spec, ADAM, wrappers=[THREE], dtype="float64", simd=simd).epoch(0)
        states.append(run.trainer.state())
    assert states[0].keys() == states[1].keys()
    for name, values in states[0].items():
        np.testing.assert_allclose(states[1][name], values, rtol=1e-6, atol=1e-9, err_msg=name)


def test_without_a_hidden_layer_there_is_nothing_to_share():
    spec = replace(two_hidden(), layers=two_hidden().layers[-1:])
    with pytest.raises(ValueError, match="shares the matrices of hidden layers"):
        trainer_of(spec, SGD, wrappers=[THREE])
    with pytest.raises(ValueError, match="n_members"):
        trainer_of(two_hidden(), SGD, wrappers=[Component("batch_ensemble", {"n_members": 1})])


def test_a_loss_that_is_not_finite_ends_the_step():
    spec = network_of(LayerSpec(width=4), loss=Component("poisson"))
    parameters, X, y, _ = scaled_problem(spec, 32, 0)
    trainer = trainer_of(spec, SGD, wrappers=[THREE], batch_size=32)
    trainer.set_data(X, y)
    trainer.load(1e6 * parameters)
    trainer.begin_epoch(0)
    assert not trainer.run(np.full(1, 0.01)).finite


def test_batch_statistics_move_by_the_first_member():
    """Which the estimators refuse; here the running statistics stay those of one network."""
    spec = two_hidden(normalization=BATCH)
    parameters, X, y, _ = scaled_problem(spec, 32, 0)
    after = []
    for wrappers in ([], [THREE]):
        trainer = trainer_of(spec, SGD, wrappers=wrappers, batch_size=32, seed=SEED)
        trainer.set_data(X * signs(SEED, 0, X.shape[1]) if not wrappers else X, y)
        trainer.load(parameters)
        trainer.begin_epoch(0)
        trainer.run(np.zeros(1))
        flat = np.empty(len(parameters))
        trainer.store(flat)
        after.append(flat[network.n_trainable(spec) :])
    np.testing.assert_allclose(after[0], after[1], rtol=1e-10)
