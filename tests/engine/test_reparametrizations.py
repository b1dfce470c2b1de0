"""Reparametrized networks: loss, gradient, training and their invariances, against the twin."""

import numpy as np
import pytest
from small_networks import (
    BATCH,
    LAYER,
    NONE,
    REPARAMETRIZATIONS,
    describe,
    network_of,
    problem,
    residual,
    scaled_problem,
    two_hidden,
)

import reference
from deepgen import _core
from engine.building import cast, parameters_after, trainer_of
from engine.building import network_of as core_of
from engine.strategies import AWKWARD, TOLERANCE, assert_close, every_dtype, every_path
from engine.test_gradients import assert_gradient_is_derivative
from engine.test_trainer import ADAM, OPTIMIZERS, assert_training_equals_twin, with_dropout
from reference import ACTIVATIONS, Component, LayerSpec

WEIGHT_NORM = Component("weight_norm")
SCALED = Component("scaled_weight_standardization")
PLAIN_DESCENT = Component("sgd", {"momentum": 0.0, "nesterov": 0.0})

every_member = pytest.mark.parametrize("member", REPARAMETRIZATIONS, ids=describe)


def deep(member, *, normalization=NONE, width=70, dropout=0.0):
    """Several panels and row blocks, a skip, a narrow hidden layer and a plain output layer."""
    kind = {"normalization": normalization, "reparametrization": member, "dropout": dropout}
    hidden = [
        LayerSpec(width=130, activation="gelu", **kind),
        LayerSpec(width=width, activation="relu", **kind),
        LayerSpec(width=130, activation="identity", skip_from=0, **kind),
        LayerSpec(width=3, activation="tanh", **kind),
    ]
    return network_of(*hidden, n_inputs=17, n_outputs=2)


def test_the_members_are_those_that_are_tested():
    assert {member.name for member in REPARAMETRIZATIONS} | {"none"} == set(
        _core.catalog()["reparametrizations"]
    )


@every_path
@every_member
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_gradient_is_the_derivative_for_every_activation_and_member(simd, activation, member):
    spec = two_hidden(activation, reparametrization=member)
    assert_gradient_is_derivative(spec, simd)


@every_path
@every_member
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_the_gradient_is_the_derivative_under_skips_and_norms(
    simd, member, normalization, training
):
    spec = residual(normalization, reparametrization=member)
    assert_gradient_is_derivative(spec, simd, training=training)


@every_member
def test_an_output_layer_may_be_reparametrized(member):
    output = LayerSpec(width=2, activation="identity", reparametrization=member)
    hidden = LayerSpec(width=5, activation="tanh")
    for layers in ([output], [hidden, output]):
        assert_gradient_is_derivative(reference.NetworkSpec(n_inputs=3, layers=layers), "")


@every_path
@every_dtype
@every_member
@pytest.mark.parametrize("width", AWKWARD)
def test_effective_weights_and_gradients_equal_the_twins_at_awkward_widths(
    dtype, simd, member, width
):
    hidden = [LayerSpec(width=width, reparametrization=member, activation="tanh") for _ in range(2)]
    spec = network_of(*hidden, n_inputs=width)
    parameters, X, y, weights = (
        array.astype(dtype).astype(np.float64) for array in scaled_problem(spec, 20, 0)
    )
    network = core_of(spec, dtype, simd)
    arrays = [cast(array, dtype) for array in (parameters, X, y, weights)]
    used = network.effective(arrays[0])
    assert used.dtype == dtype
    assert_close(used, reference.effective(spec, parameters), TOLERANCE[dtype])
    loss, gradient = network.loss_and_gradient(*arrays, alpha=0.3)
    wanted, expected = reference.loss_and_gradient(spec, parameters, X, y, weights, alpha=0.3)
    assert loss == pytest.approx(wanted, rel=TOLERANCE[dtype])
    assert_close(gradient, expected, TOLERANCE[dtype])


@every_path
@every_member
@pytest.mark.parametrize("optimizer", [OPTIMIZERS[0], OPTIMIZERS[3], ADAM], ids=describe)
@pytest.mark.parametrize("n_threads", [1, 3])
def test_reparametrized_networks_train_as_the_twin(simd, member, optimizer, n_threads):
    spec = with_dropout(two_hidden(reparametrization=member), 0.3)
    assert_training_equals_twin(spec, optimizer, simd=simd, n_threads=n_threads)


@every_member
@pytest.mark.parametrize("normalization", [BATCH, LAYER], ids=describe)
def test_reparametrizations_train_under_norms_and_skips_as_the_twin(member, normalization):
    assert_training_equals_twin(residual(normalization, reparametrization=member), ADAM)


@pytest.mark.slow
@every_member
def test_wide_reparametrized_networks_train_as_the_twin(member):
    spec = deep(member, dropout=0.2)
    assert_training_equals_twin(spec, OPTIMIZERS[1], n=130, batch_size=64, n_threads=2)
    single = {"n": 130, "batch_size": 64, "n_epochs": 1}
    assert_training_equals_twin(spec, OPTIMIZERS[1], dtype="float32", **single)


def trained(spec, optimizer, dtype, *, n_threads=1, n_steps=None, resume_at=None):
    """Parameters and optimizer state after two epochs, perhaps cut or carried over on the way."""
    parameters, X, y, weights = scaled_problem(spec, 501, 0)
    vector = cast(parameters, dtype)

    def fresh():
        trainer = trainer_of(spec, optimizer, dtype=dtype, alpha=0.1, batch_size=37, seed=11)
        trainer.set_data(*(cast(array, dtype) for array in (X, y, weights)))
        trainer.load(vector)
        return trainer

    trainer = fresh()
    for epoch in range(2):
        if epoch == resume_at:
            state = {name: np.array(values) for name, values in trainer.state().items()}
            vector = parameters_after(trainer, vector)
            trainer = fresh()
            trainer.set_state(state)
        trainer.begin_epoch(epoch)
        rates = np.full(trainer.steps_per_epoch, 0.01)
        n = n_steps or len(rates)
        for first in range(0, len(rates), n):
            trainer.run(rates[first : first + n].copy(), n_threads)
    return [parameters_after(trainer, vector), *trainer.state().values()]


@pytest.mark.slow
@every_dtype
@every_member
@pytest.mark.parametrize("optimizer", [Component("sgd"), Component("adam")], ids=describe)
def test_bits_depend_neither_on_threads_nor_on_slices_nor_on_resuming(dtype, member, optimizer):
    spec = deep(member, dropout=0.3)
    expected = trained(spec, optimizer, dtype)
    for how in ({"n_threads": 2}, {"n_threads": 3, "n_steps": 4}, {"resume_at": 1}):
        for actual, wanted in zip(trained(spec, optimizer, dtype, **how), expected, strict=True):
            np.testing.assert_array_equal(actual, wanted)


@every_path
@every_dtype
@every_member
def test_load_then_store_gives_the_stored_numbers(dtype, simd, member):
    spec = deep(member)
    vector = cast(scaled_problem(spec, 1, 0)[0], dtype)
    trainer = trainer_of(spec, ADAM, dtype=dtype, simd=simd)
    trainer.load(vector)
    np.testing.assert_array_equal(parameters_after(trainer, vector), vector)


def test_a_gain_of_one_changes_no_prediction():
    """The plain network computes the same to the bit: the product is the same."""
    spec = deep(Component("gain"))
    parameters, X, _, _ = scaled_problem(spec, 30, 0)
    for name, block in reference.split(spec, parameters).items():
        if name.startswith("gain"):
            block[...] = 1.0
    network = core_of(spec)
    np.testing.assert_array_equal(network.effective(parameters), parameters)


def test_plain_gives_the_network_of_the_effective_weights():
    for member in REPARAMETRIZATIONS:
        spec = deep(member, normalization=LAYER)
        parameters, X, _, _ = scaled_problem(spec, 30, 0)
        network = core_of(spec)
        plain = _core.Network(network.spec.plain(), "float64")
        assert network.reparametrized and not plain.reparametrized
        kept = np.ones(network.n_parameters, dtype=bool)
        for block in network.layout:
            kept[block.offset : block.offset + block.size] = not block.name.startswith("gain")
        used = np.ascontiguousarray(network.effective(parameters)[kept])
        np.testing.assert_allclose(
            plain.forward(used, X), network.forward(parameters, X), rtol=1e-12, atol=1e-13
        )


@every_dtype
def test_the_gradient_in_v_is_orthogonal_to_v_and_v_never_gets_shorter(dtype):
    spec = deep(WEIGHT_NORM)
    parameters, X, y, weights = (cast(array, dtype) for array in scaled_problem(spec, 64, 0))
    network = core_of(spec, dtype)
    _, gradient = network.loss_and_gradient(parameters, X, y, weights)
    stored, slopes = reference.split(spec, parameters), reference.split(spec, gradient)
    for l in range(4):
        v, dv = (blocks[f"coefs_{l}"].astype(np.float64) for blocks in (stored, slopes))
        cosines = (v * dv).sum(axis=0)
        cosines /= np.linalg.norm(v, axis=0) * np.maximum(np.linalg.norm(dv, axis=0), 1e-30)
        assert np.abs(cosines).max() < {"float32": 1e-5, "float64": 1e-12}[dtype]
    trainer = trainer_of(spec, PLAIN_DESCENT, dtype=dtype, batch_size=16)
    trainer.set_data(X, y, weights)
    trainer.load(parameters)
    before = parameters
    for epoch in range(20):
        trainer.begin_epoch(epoch)
        trainer.run(np.full(trainer.steps_per_epoch, 0.1))
        after = parameters_after(trainer, parameters)
        for l in range(4):
            lengths = [
                np.linalg.norm(reference.split(spec, vector)[f"coefs_{l}"].astype(float), axis=0)
                for vector in (before, after)
            ]
            rounding = {"float32": 1e-6, "float64": 1e-14}[dtype]
            assert (lengths[1] >= lengths[0] * (1 - rounding)).all()
        before = after
    assert np.abs(after - parameters).max() > 0.01


@every_dtype
@pytest.mark.parametrize("member", [WEIGHT_NORM, SCALED], ids=describe)
def test_the_size_of_v_does_not_matter(dtype, member):
    spec = deep(member)
    parameters, X, _, _ = (cast(array, dtype) for array in scaled_problem(spec, 30, 0))
    network = core_of(spec, dtype)
    expected = network.forward(parameters, X)
    blocks = reference.split(spec, parameters)
    for l in range(4):
        blocks[f"coefs_{l}"][...] *= 7.3
    assert_close(network.forward(parameters, X), expected, TOLERANCE[dtype])


@every_path
@every_dtype
@every_member
def test_a_constant_column_gives_finite_numbers(dtype, simd, member):
    spec = two_hidden(reparametrization=member)
    for value in (0.0, 0.7):
        parameters, X, y, _ = (cast(array, dtype) for array in problem(spec))
        reference.split(spec, parameters)["coefs_0"][:, 1] = value
        loss, gradient = core_of(spec, dtype, simd).loss_and_gradient(parameters, X, y)
        wanted, expected = reference.loss_and_gradient(
            spec, parameters.astype(np.float64), X.astype(np.float64), y.astype(np.float64)
        )
        assert loss == pytest.approx(wanted, rel=TOLERANCE[dtype])
        assert_close(gradient, expected, TOLERANCE[dtype])


@every_member
def test_a_probe_of_trained_numbers_is_refused(member):
    spec = two_hidden(reparametrization=member)
    _, X, y, _ = problem(spec)
    with pytest.raises(ValueError, match="a probe measures plain networks"):
        _core.Probe(core_of(spec), X, y)
