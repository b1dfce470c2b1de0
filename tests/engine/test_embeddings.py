"""The front, embeddings of features and input scale: as the twin, to the bit, to the last place."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from small_networks import BATCH, LAYER, embedded, problem

import reference
from deepgen import _core
from engine.building import network_of, parameters_after, rows_of_csr, trainer_of
from engine.measuring import Measured
from engine.strategies import every_dtype, every_path
from engine.test_gradients import assert_gradient_is_derivative
from engine.test_trainer import ADAM, assert_training_equals_twin
from reference import Component, EmbeddingSpec, LayerSpec, NetworkSpec

FRONTS = ["levels", "pbld", "pwl", "levels, pbld"]
every_front = pytest.mark.parametrize(
    ("member", "scales"), [("", True), *((name, s) for name in FRONTS for s in (False, True))]
)


@every_path
@every_front
def test_gradient_is_the_derivative_for_every_front(simd, member, scales):
    assert_gradient_is_derivative(embedded(member, scales), simd)


@every_path
@every_front
def test_all_that_a_probe_measures_equals_the_twin(simd, member, scales):
    spec = embedded(member, scales)
    Measured(spec, problem(spec, 21), simd=simd).assert_equals_twin()


def test_a_probe_of_several_chunks_equals_the_twin():
    spec = embedded("levels, pbld", True)
    Measured(spec, problem(spec, _core.measured_rows + 18)).assert_equals_twin()


@every_front
def test_the_bits_of_a_probe_depend_neither_on_threads_nor_on_cuts(member, scales):
    spec = embedded(member, scales)
    measured = Measured(spec, problem(spec, 1100))
    expected = measured.everything()
    for how in ({"n_threads": 2}, {"n_threads": 3}, {"cuts": (_core.measured_rows,)}):
        for name, actual in measured.everything(**how).items():
            np.testing.assert_array_equal(actual, expected[name], err_msg=name)


def trained(spec, n_threads=1, slices=(1000,), *, dtype="float64", simd="", n=75):
    parameters, X, y, weights = problem(spec, n)
    trainer = trainer_of(spec, ADAM, dtype=dtype, simd=simd, alpha=0.1, batch_size=37)
    arrays = [np.ascontiguousarray(array, dtype) for array in (X, y, weights)]
    trainer.set_data(*arrays)
    trainer.load(parameters.astype(dtype))
    for epoch in range(3):
        trainer.begin_epoch(epoch)
        for n_steps in slices:
            trainer.run(np.full(n_steps, 0.01), n_threads=n_threads)
    return parameters_after(trainer, parameters.astype(dtype))


@every_path
@every_dtype
@every_front
def test_trained_bits_depend_neither_on_threads_nor_on_slices(simd, dtype, member, scales):
    spec = embedded(member, scales)
    expected = trained(spec, dtype=dtype, simd=simd)
    for n_threads, slices in ((2, (1000,)), (3, (1, 1, 1000))):
        actual = trained(spec, n_threads, slices, dtype=dtype, simd=simd)
        np.testing.assert_array_equal(actual, expected)


@every_path
@every_front
def test_training_equals_the_twin(simd, member, scales):
    assert_training_equals_twin(embedded(member, scales), ADAM, simd=simd)


@every_front
@pytest.mark.parametrize("wrapper", ["clip_norm", "adaptive_clip", "sam", "asam", "lpfsgd", "ema"])
def test_wrappers_see_the_front_as_the_twin_does(member, scales, wrapper):
    """Units are those of layers: what goes by units leaves the front's gradient as it is."""
    settings = {"clip_norm": {"limit": 0.1}, "adaptive_clip": {"ratio": 0.05}}.get(wrapper, {})
    assert_training_equals_twin(
        embedded(member, scales), ADAM, wrappers=[Component(wrapper, settings)]
    )


@every_front
@pytest.mark.parametrize("normalization", [BATCH, LAYER], ids=lambda norm: norm.name)
def test_it_stands_before_a_first_layer_of_any_kind(member, scales, normalization):
    """One with a norm, one of a single unit, and the output layer alone."""
    spec = embedded(member, scales)
    wide = replace(spec.layers[0], normalization=normalization, activation="relu")
    output = spec.layers[-1]
    for layers in ([wide, output], [LayerSpec(1, "tanh"), output], [output]):
        own = replace(spec, layers=layers)
        Measured(own, problem(own, 40)).assert_equals_twin()


@every_path
@every_front
def test_it_stands_before_reparametrized_weights(simd, member, scales):
    spec = embedded(member, scales)
    first = replace(spec.layers[0], reparametrization=Component("weight_norm"))
    assert_gradient_is_derivative(replace(spec, layers=[first, *spec.layers[1:]]), simd)


@every_front
def test_float32_stays_close_to_float64(member, scales):
    spec = embedded(member, scales)
    parameters, X, y, weights = problem(spec, 40)
    _, expected = network_of(spec).loss_and_gradient(parameters, X, y, weights)
    single = [np.ascontiguousarray(a, "float32") for a in (parameters, X, y, weights)]
    _, actual = network_of(spec, "float32").loss_and_gradient(*single)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


@every_front
def test_a_row_does_not_depend_on_its_neighbours(member, scales):
    spec = embedded(member, scales)
    parameters, X, _, _ = problem(spec, 75)
    network = network_of(spec)
    together = network.forward(parameters, X)
    for i in (0, 15, 16, 74):
        np.testing.assert_array_equal(network.forward(parameters, X[i : i + 1])[0], together[i])


@every_front
def test_l2_and_decay_leave_the_front_alone(member, scales):
    spec = embedded(member, scales)
    parameters, X, y, _ = problem(spec)
    network = network_of(spec)
    _, without = network.loss_and_gradient(parameters, X, y)
    _, with_l2 = network.loss_and_gradient(parameters, X, y, alpha=10.0)
    for block in network.layout:
        own = slice(block.offset, block.offset + block.size)
        assert (without[own] == with_l2[own]).all() == (block.kind != "coefs")


@every_front
def test_sparse_rows_are_refused(member, scales):
    spec = embedded(member, scales)
    parameters, X, _, _ = problem(spec)
    with pytest.raises(ValueError, match="do not support sparse X"):
        network_of(spec).forward(parameters, rows_of_csr(sparse.csr_matrix(X), "float64"))


WAVE = NetworkSpec(
    n_inputs=1,
    layers=[LayerSpec(width=1, activation="identity")],
    bias=False,
    embeddings=[EmbeddingSpec(Component("pbld", {"n_frequencies": 1.0, "size": 2.0}), [0])],
)


def cosines(x, dtype, simd):
    """cos(2 pi x), out of a network of one wave and weights 0 (of x itself) and 1."""
    parameters = np.array([0, 1, 1, 0, 1, 0], dtype)
    return network_of(WAVE, dtype, simd).forward(parameters, x.astype(dtype)[:, None])[:, 0]


@every_path
@every_dtype
def test_the_cosine_errs_by_less_than_two_units_in_the_last_place(simd, dtype):
    """By the sine of what is left to the next zero, in the longest floats there are."""
    rng = np.random.default_rng(0)
    pieces = [rng.uniform(-size, size, 20_000) for size in (0.5, 1.0, 100.0, 1e6)]
    pieces.append(0.25 + rng.normal(size=20_000) * 10 ** rng.uniform(-12, -1, 20_000))
    x = np.concatenate(pieces).astype(dtype)
    left = np.longdouble(0.25) - np.abs(x - np.round(x)).astype(np.longdouble)
    pi = np.longdouble("3.14159265358979323846264338327950288")
    expected = np.sin(2 * pi * left)
    unit = np.spacing(np.abs(expected).astype(dtype))
    assert (np.abs(cosines(x, dtype, simd) - expected) / unit).max() < 2.0


@every_path
@every_dtype
def test_the_cosine_is_exact_at_quarters_and_far_away_and_passes_nan(simd, dtype):
    x = np.array([0, 0.25, 0.5, 0.75, 1, -0.25, -0.5, 2.0**60, np.nan])
    expected = [1, 0, -1, 0, 1, 0, -1, 1, np.nan]
    np.testing.assert_array_equal(cosines(x, dtype, simd), expected)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([], "has no features"),
        ([1, 0], "must rise"),
        ([0, 0], "must rise"),
        ([4], "must be in 0 to 3"),
        ([-1], "must be in 0 to 3"),
    ],
)
def test_features_that_are_not_there_are_refused(features, message):
    spec = embedded("pbld", False)
    embedding = EmbeddingSpec(Component("pbld"), features)
    with pytest.raises(ValueError, match=message):
        network_of(replace(spec, embeddings=[embedding]))


@pytest.mark.parametrize(
    ("member", "constants", "message"),
    [
        ("pwl", [], "needs at least two edges"),
        ("pwl", [[1.0]], "needs at least two edges"),
        ("pwl", [[1.0, 1.0]], "must be finite and rise"),
        ("pwl", [[0.0, np.inf]], "must be finite and rise"),
        ("levels", [[0.0]], "needs the number of levels"),
        ("levels", [[2.5]], "needs the number of levels"),
        ("levels", [[3.0], [3.0]], "constants for 2 features, not for 1"),
    ],
)
def test_constants_that_do_not_fit_are_refused(member, constants, message):
    embedding = EmbeddingSpec(Component(member), [0], constants)
    with pytest.raises(ValueError, match=message):
        network_of(replace(embedded("", True), embeddings=[embedding]))


def test_what_is_no_code_counts_as_the_first():
    spec = embedded("levels", False)
    parameters, X, _, _ = problem(spec)
    network, codes = network_of(spec), X[:6].copy()
    codes[:, 0] = [0.0, 5.0, -1.0, np.nan, np.inf, 1e9]
    codes[1:, 1:] = codes[0, 1:]
    outputs = network.forward(parameters, codes)
    np.testing.assert_array_equal(outputs, np.broadcast_to(outputs[0], outputs.shape))


def test_two_maps_of_a_feature_and_foreign_constants_are_refused():
    spec, pbld = embedded("pbld", False), Component("pbld")
    with pytest.raises(ValueError, match="two embeddings 'pbld'"):
        network_of(replace(spec, embeddings=[EmbeddingSpec(pbld, [k]) for k in (0, 1)]))
    levels = EmbeddingSpec(Component("levels"), [0], [[2.0]])
    with pytest.raises(ValueError, match="a feature has two embeddings"):
        network_of(replace(spec, embeddings=[EmbeddingSpec(pbld, [0]), levels]))
    pwl = EmbeddingSpec(Component("pwl"), [1], [[0.0, 1.0]])
    with pytest.raises(ValueError, match="two embeddings of numbers"):
        network_of(replace(spec, embeddings=[EmbeddingSpec(pbld, [0]), pwl]))
    with pytest.raises(ValueError, match="'pbld' has no constants"):
        network_of(replace(spec, embeddings=[EmbeddingSpec(pbld, [0], [[1.0]])]))


@pytest.mark.parametrize("member", FRONTS)
def test_blocks_stand_behind_the_layers(member):
    spec = embedded(member, True)
    blocks = network_of(spec).layout
    names = [block.name for block in blocks]
    assert names == [block.name for block in reference.layout(spec)]
    assert names[-1] == "input_scale"
    in_front = [block.layer < 0 for block in blocks]
    assert in_front == sorted(in_front)
    assert names[sum(not own for own in in_front) :] == [
        block.kind for block in blocks if block.layer < 0
    ]
