"""Activations with trained slopes: gradients, training and curvature against the twin."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from small_networks import (
    BATCH,
    LAYER,
    NONE,
    SKIP_COMPONENTS,
    describe,
    network_of,
    problem,
    residual,
    scaled_problem,
    skipping,
    two_hidden,
)

from deepgen import _core
from engine.building import network_of as core_of
from engine.building import rows_of_csr, trainer_of
from engine.measuring import Measured
from engine.strategies import every_path
from engine.test_gradients import assert_gradient_is_derivative
from engine.test_trainer import ADAM, assert_training_equals_twin, with_dropout
from reference import ACTIVATIONS, Component, LayerSpec

NAMES = [f"parametric_{name}" for name in sorted(ACTIVATIONS) if name != "identity"]
every_name = pytest.mark.parametrize("name", NAMES)
every_norm = pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)


def parametric(spec):
    """The same network with trained slopes, wherever a layer has an activation."""
    layers = [
        layer
        if layer.activation == "identity"
        else replace(layer, activation=f"parametric_{layer.activation}")
        for layer in spec.layers
    ]
    return replace(spec, layers=layers)


@every_path
@every_name
def test_the_gradient_is_the_derivative(simd, name):
    assert_gradient_is_derivative(two_hidden(name), simd)


@every_norm
@pytest.mark.parametrize("training", [False, True])
def test_the_gradient_under_norms_is_the_derivative(normalization, training):
    for spec in (two_hidden("mish", normalization), residual(normalization)):
        assert_gradient_is_derivative(parametric(spec), "", training=training)


@pytest.mark.parametrize("skip", SKIP_COMPONENTS, ids=describe)
def test_the_gradient_beside_skips_is_the_derivative(skip):
    assert_gradient_is_derivative(parametric(skipping(skip)), "")


@every_path
@every_name
def test_a_probe_equals_the_twin(simd, name):
    spec = two_hidden(name)
    Measured(spec, problem(spec), simd=simd).assert_equals_twin()


@every_norm
@pytest.mark.parametrize("skip", SKIP_COMPONENTS, ids=describe)
def test_a_probe_of_norms_and_skips_equals_the_twin(skip, normalization):
    spec = parametric(skipping(skip, normalization if skip.name != "deepnorm" else LAYER))
    Measured(spec, problem(spec)).assert_equals_twin()


def test_narrow_layers_sparse_rows_and_many_rows_equal_the_twin():
    hidden = [LayerSpec(width=w, activation="parametric_gelu") for w in (34, 3)]
    spec = network_of(*hidden, n_inputs=40)
    parameters, X, y, weights = scaled_problem(spec, 530, 0)
    X = sparse.random(530, 40, density=0.1, random_state=0, format="csr")
    rows = rows_of_csr(X, "float64")
    Measured(spec, (parameters, X.toarray(), y, weights), X=rows).assert_equals_twin()


@every_path
@pytest.mark.parametrize("name", ["parametric_relu", "parametric_mish", "parametric_tanh"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_training_equals_the_twin(simd, name, dtype):
    spec = with_dropout(two_hidden(name), 0.3)
    epochs = 1 if dtype == "float32" else 3
    assert_training_equals_twin(spec, ADAM, simd=simd, dtype=dtype, n_threads=2, n_epochs=epochs)


@pytest.mark.parametrize(
    "wrappers",
    [
        [Component("clip_norm", {"limit": 0.5})],
        [Component("adaptive_clip", {"ratio": 0.05})],
        [Component("sam", {"rho": 0.1})],
        [Component("asam", {"rho": 0.1})],
        [Component("lpfsgd", {"gamma": 0.01})],
        [Component("ema", {"decay": 0.9})],
    ],
    ids=lambda wrappers: wrappers[0].name,
)
def test_training_in_wrappers_equals_the_twin(wrappers):
    assert_training_equals_twin(two_hidden("parametric_mish"), ADAM, wrappers=wrappers)


@pytest.mark.parametrize("member", ["weight_norm", "ntk"])
@every_norm
def test_training_under_norms_and_reparametrizations_equals_the_twin(member, normalization):
    spec = parametric(residual(normalization, reparametrization=Component(member)))
    factors = {"slope": 0.1, "gain": 3.0, "intercepts": 2.0}
    assert_training_equals_twin(spec, ADAM, rate_factors=factors)


def test_threads_and_slices_change_no_bit():
    spec = with_dropout(two_hidden("parametric_mish"), 0.2)
    parameters, X, y, _ = scaled_problem(spec, 203, 1)
    ends = []
    for n_threads, n_slices in ((1, 1), (3, 1), (2, 3)):
        trainer = trainer_of(spec, ADAM, batch_size=70, seed=1)
        trainer.set_data(X, y)
        trainer.load(parameters)
        trainer.begin_epoch(0)
        for rates in np.array_split(np.full(trainer.steps_per_epoch, 0.01), n_slices):
            trainer.run(rates, n_threads)
        ends.append(np.empty_like(parameters))
        trainer.store(ends[-1])
    assert np.array_equal(ends[0], ends[1]) and np.array_equal(ends[0], ends[2])


def test_slopes_of_one_are_the_activation_itself():
    own, plain = two_hidden("parametric_gelu"), two_hidden("gelu")
    parameters, X, _, _ = problem(own)
    network, other = core_of(own), core_of(plain)
    kept = np.ones(len(parameters), dtype=bool)
    for block in network.layout:
        if block.kind == "slope":
            parameters[block.offset : block.offset + block.size] = 1.0
            kept[block.offset : block.offset + block.size] = False
    assert [block.name for block in network.layout if block.kind == "slope"] == [
        *("slope_0", "slope_1")
    ]
    np.testing.assert_allclose(
        network.forward(parameters, X), other.forward(parameters[kept], X), rtol=1e-13
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("parametric_identity", "a trained slope of 'identity' would change nothing"),
        ("parametric_swish", "unknown activation 'swish'; known"),
    ],
)
def test_names_that_cannot_be_are_refused(name, words):
    layers = [_core.LayerSpec(width=3, activation=name), _core.LayerSpec(width=1)]
    with pytest.raises(ValueError, match=words):
        _core.NetworkSpec(n_inputs=2, layers=layers, loss=_core.Component("squared_error"))
