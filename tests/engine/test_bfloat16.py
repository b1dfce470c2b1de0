"""Products in bfloat16: the twin's products of rounded factors, and everything else in float32."""

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgen import MLPRegressor, _core
from deepgen.embeddings import NUMERICAL_EMBEDDINGS, CategoryEmbedding
from engine.building import network_of, parameters_after, spec_of, trainer_of
from engine.strategies import awkward, property_test
from reference import Component, LayerSpec, NetworkSpec, layout, n_parameters

# The sum of products is in float32, in another order than NumPy's.
RTOL = 1e-5
MESSAGE = "products in bfloat16 need a processor with AVX-512 BF16"


def has_bfloat16():
    try:
        network_of(NetworkSpec(1, [LayerSpec(1, "identity")]), "bfloat16")
    except ValueError as error:
        assert MESSAGE in str(error)
        return False
    return True


needs_bfloat16 = pytest.mark.skipif(not has_bfloat16(), reason="this processor has no BF16")


def rounded(x):
    """To bfloat16's 8 bits of mantissa, ties to even, as float64."""
    bits = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32).astype(np.uint64)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


def product(a, b):
    return rounded(a) @ rounded(b)


def twin(spec, parameters, X, y):
    """Outputs, loss and gradient of a ReLU network of one hidden layer, squared error."""
    blocks = {
        block.name: parameters[block.offset : block.offset + block.rows * block.columns]
        .astype(np.float64)
        .reshape(block.rows, block.columns)
        for block in layout(spec)
    }
    w1, w2 = blocks["coefs_0"], blocks["coefs_1"]
    z1 = product(X, w1) + blocks["intercepts_0"].ravel()
    h = np.maximum(z1, 0.0)
    outputs = product(h, w2) + blocks["intercepts_1"].ravel()
    slope = (outputs - y) / len(X)
    slope_1 = np.where(z1 > 0, product(slope, w2.T), 0.0)
    gradients = {
        "coefs_0": product(X.T, slope_1),
        "intercepts_0": slope_1.sum(axis=0),
        "coefs_1": product(h.T, slope),
        "intercepts_1": slope.sum(axis=0),
    }
    loss = 0.5 * np.sum((outputs - y) ** 2) / len(X)
    return outputs, loss, np.concatenate([gradients[block.name].ravel() for block in layout(spec)])


def problem(n, n_inputs, width, n_outputs, seed):
    spec = NetworkSpec(n_inputs, [LayerSpec(width), LayerSpec(n_outputs, "identity")])
    random_state = np.random.default_rng(seed)

    # Multiples of 1/8 up to 2: sums of products are exact, so the hidden layer is the twin's to the
    # bit, and rounding it again gives the same numbers.
    def draw(*shape):
        return (random_state.integers(-16, 17, shape) / 8).astype(np.float32)

    return spec, draw(n_parameters(spec)), draw(n, n_inputs), draw(n, n_outputs)


@needs_bfloat16
@property_test(60)
@given(n=awkward, n_inputs=awkward, width=awkward, n_outputs=st.integers(5, 70))
def test_products_of_every_shape_are_those_of_rounded_factors(n, n_inputs, width, n_outputs):
    spec, parameters, X, y = problem(n, n_inputs, width, n_outputs, 0)
    network = network_of(spec, "bfloat16")
    outputs, loss, gradient = twin(spec, parameters, X, y)
    got = network.forward(parameters, X, n_threads=2)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, outputs, rtol=RTOL, atol=RTOL * np.abs(outputs).max())
    got_loss, got_gradient = network.loss_and_gradient(parameters, X, y, n_threads=2)
    assert got_loss == pytest.approx(loss, rel=RTOL)
    # A slope may lie on the edge between two bfloat16 numbers: one such factor is off by 2^-8.
    scale = np.abs(gradient).max()
    np.testing.assert_allclose(got_gradient, gradient, rtol=0, atol=2.0**-8 * scale)
    assert np.abs(got_gradient - gradient).mean() <= 2.0**-12 * scale


@needs_bfloat16
def test_rounding_is_seen():
    spec, parameters, X, _ = problem(100, 64, 64, 8, 1)
    X = X * np.float32(1 + 2.0**-10)
    exact = network_of(spec, "float32").forward(parameters, X)
    got = network_of(spec, "bfloat16").forward(parameters, X)
    error = np.abs(got - exact).max() / np.abs(exact).max()
    assert 2.0**-12 < error < 2.0**-6


def epochs(n_threads, dtype="bfloat16"):
    spec = NetworkSpec(
        33,
        [
            LayerSpec(130, "relu", Component("batch"), dropout=0.2),
            LayerSpec(70, "gelu"),
            LayerSpec(3, "identity"),
        ],
    )
    random_state = np.random.default_rng(0)
    X = random_state.standard_normal((1003, 33), dtype=np.float32)
    y = X[:, :3] * X[:, 3:6]
    trainer = trainer_of(spec, Component("adam"), dtype=dtype, batch_size=97)
    trainer.set_data(X, y)
    network = network_of(spec, dtype)
    parameters = np.zeros(network.n_parameters, dtype=np.float32)
    for block in network.layout:
        part = slice(block.offset, block.offset + block.size)
        if "coefs" in block.name:
            parameters[part] = random_state.standard_normal(block.size) / np.sqrt(block.rows)
        elif block.name.startswith(("scale", "running_variance")):
            parameters[part] = 1.0
    trainer.load(parameters)
    losses = []
    for epoch in range(8):
        trainer.begin_epoch(epoch)
        progress = trainer.run(np.full(trainer.steps_per_epoch, 3e-3), n_threads=n_threads)
        losses.append(progress.loss / progress.n_rows)
    return losses, parameters_after(trainer, parameters)


@needs_bfloat16
def test_same_bits_for_any_number_of_threads():
    losses, parameters = epochs(1)
    assert losses[-1] < 0.8 * losses[0]
    for n_threads in (2, 3):
        others, other_parameters = epochs(n_threads)
        assert others == losses
        assert other_parameters.tobytes() == parameters.tobytes()


@needs_bfloat16
def test_training_follows_float32():
    losses, _ = epochs(1)
    exact, _ = epochs(1, dtype="float32")
    np.testing.assert_allclose(losses, exact, rtol=0.02)
    assert losses != exact


@needs_bfloat16
@pytest.mark.parametrize(
    "front",
    [
        {"numerical_embedding": "pbld"},
        {"numerical_embedding": "pwl"},
        {"category_embedding": CategoryEmbedding([3])},
        {"input_scale": True},
    ],
    ids=str,
)
def test_a_front_trains_as_in_float32(front):
    random_state = np.random.default_rng(0)
    X = random_state.standard_normal((600, 4))
    X[:, 3] = random_state.integers(0, 5, 600)
    y = np.sin(2 * X[:, 0]) + X[:, 1] + (X[:, 3] == 2)
    if "numerical_embedding" in front:
        kind = NUMERICAL_EMBEDDINGS[front["numerical_embedding"]]
        front = {"numerical_embedding": kind(features=[0, 1, 2])}
    common = {"hidden_layer_sizes": (40, 40), "max_iter": 20, "random_state": 0} | front

    def fitted(**settings):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the epochs are used up
            return MLPRegressor(**common, **settings).fit(X, y)

    exact, rounded_one, rounded_three = (
        fitted(dtype=dtype, n_jobs=n)
        for dtype, n in (("float32", 1), ("bfloat16", 1), ("bfloat16", 3))
    )
    assert rounded_one.predict(X).tobytes() == rounded_three.predict(X).tobytes()
    np.testing.assert_allclose(rounded_one.loss_curve_, exact.loss_curve_, rtol=0.05)
    assert rounded_one.loss_curve_ != exact.loss_curve_
    assert rounded_one.score(X, y) == pytest.approx(exact.score(X, y), abs=0.02)


@needs_bfloat16
def test_a_network_knows_its_products_and_keeps_them_in_a_pickle():
    network = network_of(NetworkSpec(4, [LayerSpec(2, "identity")]), "bfloat16")
    for same in (network, pickle.loads(pickle.dumps(network))):
        assert (same.dtype, same.products, same.simd) == ("float32", "bfloat16", "avx512_bfloat16")


@pytest.mark.parametrize("simd", [path for path in _core.simd_paths() if path != "avx512"])
def test_lower_paths_refuse(simd):
    with pytest.raises(ValueError, match=f"{MESSAGE}.*the path is {simd}.*use float32"):
        network_of(NetworkSpec(4, [LayerSpec(2, "identity")]), "bfloat16", simd)


def test_unknown_type_lists_the_known_ones():
    spec = spec_of(NetworkSpec(4, [LayerSpec(2, "identity")]))
    with pytest.raises(ValueError, match="unknown dtype 'half'; known: bfloat16, float32, float64"):
        _core.Network(spec, "half")
