"""Wrappers around rules: against the twin, and to the bit where they must change nothing."""

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

import reference
from deepgen import _core
from engine.building import parameters_after, trainer_of
from engine.strategies import every_dtype, every_path
from engine.test_determinism import Run, assert_same_bits, deep
from engine.test_trainer import OPTIMIZERS, assert_training_equals_twin, with_dropout
from reference import Component

SGD, ADAM = Component("sgd"), Component("adam", {"epsilon": 1e-4})
# One that acts in each step of the problems below.
WRAPPERS = [
    Component("clip_norm", {"limit": 0.3}),
    Component("adaptive_clip", {"ratio": 0.1}),
    Component("sam", {"rho": 0.1}),
    Component("asam"),
    Component("gsam", {"rho": 0.2}),
    Component("lpfsgd", {"gamma": 0.1}),
    Component("lpfsgd", {"gamma": 0.1, "n_samples": 3}),
    Component("ema", {"decay": 0.8}),
]
every_wrapper = pytest.mark.parametrize("wrapper", WRAPPERS, ids=describe)
every_norm = pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)


def test_every_wrapper_is_tested_here():
    elsewhere = {"line", "batch_ensemble"}  # test_line.py, test_batch_ensemble.py
    assert {wrapper.name for wrapper in WRAPPERS} | elsewhere == set(_core.catalog()["wrappers"])


@every_path
@pytest.mark.parametrize("rule", [SGD, ADAM], ids=describe)
@every_wrapper
def test_every_wrapper_trains_as_the_twin(simd, rule, wrapper):
    assert_training_equals_twin(two_hidden(), rule, wrappers=[wrapper], simd=simd)


@pytest.mark.parametrize("member", EMBEDDINGS)
@pytest.mark.parametrize("scales", [False, True])
@every_wrapper
def test_wrappers_train_embedded_features_as_the_twin(wrapper, scales, member):
    spec = embedded(member, scales)
    assert_training_equals_twin(spec, ADAM, wrappers=[wrapper], n_threads=2)


@every_norm
@every_wrapper
def test_wrappers_train_norms_and_skips_as_the_twin(wrapper, normalization):
    assert_training_equals_twin(residual(normalization), ADAM, wrappers=[wrapper], n_threads=2)


@every_wrapper
@pytest.mark.parametrize("skip", SKIP_COMPONENTS, ids=describe)
def test_wrappers_train_every_skip_as_the_twin(wrapper, skip):
    spec = skipping(skip, LAYER, dropout=0.2)
    assert_training_equals_twin(spec, ADAM, wrappers=[wrapper], n_threads=2)


@every_wrapper
@pytest.mark.parametrize("member", sorted(set(_core.catalog()["reparametrizations"]) - {"none"}))
def test_wrappers_train_reparametrized_networks_as_the_twin(wrapper, member):
    spec = residual(LAYER, reparametrization=Component(member))
    assert_training_equals_twin(spec, ADAM, wrappers=[wrapper], n_threads=2)


@pytest.mark.slow
@every_dtype
@every_path
@every_norm
@every_wrapper
def test_bits_of_a_wrapper_depend_neither_on_threads_nor_on_slices(
    dtype, simd, wrapper, normalization
):
    settings = {"wrappers": [wrapper], "dtype": dtype, "simd": simd}
    one = Run(deep(normalization), ADAM, **settings).epoch(0).epoch(1)
    three = Run(deep(normalization), ADAM, **settings)
    three.epoch(0, n_threads=3, slices=[2, 1]).epoch(1, n_threads=2)
    assert_same_bits(one, three)
    for progress, expected in zip(three.progress, one.progress, strict=True):
        assert progress.loss == expected.loss
        assert progress.gradient_norm == expected.gradient_norm


@every_dtype
@every_wrapper
def test_a_wrapped_trainer_restored_from_its_state_continues_to_the_bit(dtype, wrapper):
    settings = {"wrappers": [wrapper], "dtype": dtype}
    through = Run(deep(BATCH), ADAM, **settings).epoch(0)
    kept, parameters = through.trainer.state(), through.parameters()
    through.epoch(1)
    resumed = Run(deep(BATCH), ADAM, **settings)
    resumed.trainer.set_state(kept)
    resumed.trainer.load(parameters)
    assert_same_bits(resumed.epoch(1), through)


@every_dtype
@every_path
@pytest.mark.parametrize("rule", [SGD, ADAM], ids=describe)
@pytest.mark.parametrize(("name", "setting"), [("clip_norm", "limit"), ("adaptive_clip", "ratio")])
def test_a_limit_that_no_gradient_reaches_changes_no_bit(dtype, simd, rule, name, setting):
    plain = Run(deep(BATCH), rule, dtype=dtype, simd=simd).epoch(0)
    far = [Component(name, {setting: 1e9})]
    clipped = Run(deep(BATCH), rule, wrappers=far, dtype=dtype, simd=simd).epoch(0)
    assert_same_bits(clipped, plain)
    assert clipped.progress[0].loss == plain.progress[0].loss
    assert clipped.progress[0].gradient_norm == plain.progress[0].gradient_norm


# Setting by which each is the base itself.
NOWHERE = {
    "asam": {"rho": 0.0},
    "gsam": {"rho": 0.0},
    "lpfsgd": {"gamma": 0.0},
    "sam": {"rho": 0.0},
}
SHARPNESS = sorted(NOWHERE)
FAR = {"lpfsgd": {"gamma": 0.1}}


def wrapped_epochs(rule, wrappers, normalization=BATCH, **settings):
    run = Run(deep(normalization), rule, wrappers=wrappers, **settings)
    return run.epoch(0, n_threads=2).epoch(1)


@every_dtype
@every_path
@pytest.mark.parametrize("name", SHARPNESS)
@pytest.mark.parametrize("rule", [SGD, ADAM], ids=describe)
def test_no_distance_changes_no_bit(dtype, simd, rule, name):
    plain = wrapped_epochs(rule, [], dtype=dtype, simd=simd)
    near = wrapped_epochs(rule, [Component(name, NOWHERE[name])], dtype=dtype, simd=simd)
    assert_same_bits(near, plain)
    for progress, expected in zip(near.progress, plain.progress, strict=True):
        assert progress.loss == expected.loss
        assert progress.gradient_norm == expected.gradient_norm


@every_dtype
@every_path
@every_norm
def test_no_weight_of_the_gap_is_sam_to_the_bit(dtype, simd, normalization):
    settings = {"normalization": normalization, "dtype": dtype, "simd": simd}
    sam = wrapped_epochs(ADAM, [Component("sam", {"rho": 0.2})], **settings)
    gsam = wrapped_epochs(ADAM, [Component("gsam", {"rho": 0.2, "alpha": 0.0})], **settings)
    assert_same_bits(gsam, sam)
    assert (sam.parameters() != wrapped_epochs(ADAM, [], **settings).parameters()).any()


@pytest.mark.parametrize("rule", OPTIMIZERS, ids=describe)
@pytest.mark.parametrize("name", SHARPNESS)
def test_every_rule_trains_within_every_wrapper_as_the_twin(rule, name):
    assert_training_equals_twin(two_hidden(), rule, wrappers=[Component(name)])


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARPNESS)
def test_the_gradient_from_elsewhere_is_what_is_clipped(name):
    wrappers = [
        Component("clip_norm", {"limit": 0.3}),
        Component(name, FAR.get(name, {"rho": 0.2})),
    ]
    assert_training_equals_twin(residual(BATCH), ADAM, wrappers=wrappers, n_threads=2)
    one = wrapped_epochs(ADAM, wrappers)
    again = Run(deep(BATCH), ADAM, wrappers=wrappers)
    assert_same_bits(again.epoch(0, slices=[3]).epoch(1, n_threads=3), one)


@pytest.mark.parametrize("name", SHARPNESS)
def test_dropout_masks_are_the_same_at_both_points(name):
    spec = with_dropout(two_hidden(), 0.4)
    assert_training_equals_twin(spec, ADAM, wrappers=[Component(name)])


def test_a_loss_that_is_not_finite_elsewhere_leaves_the_weights_where_they_were():
    spec = network_of(loss=Component("poisson"))
    parameters, X, y, _ = scaled_problem(spec, 32, 0)
    far = [Component("sam", {"rho": 1e6})]
    trainer = trainer_of(spec, SGD, wrappers=far, batch_size=32)
    trainer.set_data(X, y)
    trainer.load(parameters)
    trainer.begin_epoch(0)
    assert not trainer.run(np.full(1, 0.01)).finite
    np.testing.assert_array_equal(parameters_after(trainer, parameters), parameters)


def test_a_clipped_step_is_as_long_as_the_limit():
    """Plain gradient descent moves by rate times limit; the norm before clipping is reported."""
    spec, limit, rate = two_hidden(), 0.25, 0.1
    parameters, X, y, weights = scaled_problem(spec, 32, 0)
    plain = Component("sgd", {"momentum": 0.0, "nesterov": 0.0})
    norms, moved = [], []
    for wrappers in ([], [Component("clip_norm", {"limit": limit})]):
        trainer = trainer_of(spec, plain, wrappers=wrappers, alpha=0.3, batch_size=32)
        trainer.set_data(X, y, weights)
        trainer.load(parameters)
        trainer.begin_epoch(0)
        norms.append(trainer.run(np.full(1, rate)).gradient_norm)
        moved.append(parameters_after(trainer, parameters) - parameters)
    assert norms[0] == norms[1] > 2 * limit
    assert np.linalg.norm(moved[1]) == pytest.approx(rate * limit, rel=1e-5)
    np.testing.assert_allclose(moved[1] / rate / limit, moved[0] / rate / norms[0], rtol=1e-5)


@every_path
@pytest.mark.parametrize("inside", [[], [Component("clip_norm", {"limit": 0.3})]])
@pytest.mark.parametrize("decay", [0.0, 0.8])
def test_an_average_of_the_weights_is_the_twins_and_leaves_training_alone(simd, inside, decay):
    spec = residual(BATCH)
    parameters, X, y, weights = scaled_problem(spec, 50, 0)
    wrappers = [*inside, Component("ema", {"decay": decay})]
    settings = {"alpha": 0.1, "batch_size": 8, "seed": 3}
    averaged = trainer_of(spec, ADAM, wrappers=wrappers, simd=simd, **settings)
    plain = trainer_of(spec, ADAM, wrappers=inside, simd=simd, **settings)
    twin = reference.Trainer(spec, optimizer=ADAM, wrappers=wrappers, **settings)
    for trainer in (averaged, plain):
        trainer.set_data(X, y, weights)
        trainer.load(parameters)
        for epoch in range(2):
            trainer.begin_epoch(epoch)
            trainer.run(np.full(7, 0.01), n_threads=2)
    assert_equal = np.testing.assert_array_equal
    assert_equal(parameters_after(averaged, parameters), parameters_after(plain, parameters))
    after = parameters
    for epoch in range(2):
        after, _ = twin.epoch(after, X, y, weights, epoch=epoch, rates=np.full(7, 0.01))
    n = reference.n_trainable(spec)
    average = averaged.recall("ema_average")
    np.testing.assert_allclose(average[:n], twin.optimizer.average, rtol=1e-9, atol=1e-12)
    assert (average[n:] == 0).all()
    if decay == 0:
        assert_equal(average[:n], parameters_after(averaged, parameters)[:n])


def test_nothing_is_recalled_that_is_not_remembered():
    trainer = trainer_of(two_hidden(), ADAM, wrappers=[Component("ema")])
    assert trainer.recall("ema_begun").tolist() == [0.0]
    with pytest.raises(ValueError, match="the optimizer remembers no 'average'"):
        trainer.recall("average")
