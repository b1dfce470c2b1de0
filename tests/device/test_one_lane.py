"""A thread of a device has a register of one lane: it computes the bits of a lane of AVX-512."""

import numpy as np
import pytest

from device.registers import MAX_STATE_ARRAYS, N_CONSTANTS, ONE_LANE, REGISTERS, Registers, members

ACTIVATIONS = list(enumerate(members("activations")))
RULES = list(enumerate(members("optimizers/rules")))
N = 1 << 19


@pytest.fixture(scope="module")
def one_lane(tmp_path_factory):
    registers = Registers(tmp_path_factory.mktemp("one_lane"), ONE_LANE)
    assert registers.lanes == 1
    return registers


@pytest.fixture(scope="module", params=REGISTERS)
def wide(request, tmp_path_factory):
    registers = Registers(tmp_path_factory.mktemp("wide"), REGISTERS[request.param])
    assert registers.lanes == (8 if request.param == "avx2" else 16)
    return registers


def bits_of(numbers):
    """The bits; all NaN are one, and denormals are the zeros that the next operation reads."""
    tiny = np.finfo(numbers.dtype).tiny
    plain = np.where(np.abs(numbers) < tiny, np.copysign(0, numbers), numbers)
    plain = np.where(np.isnan(plain), np.nan, plain).astype(numbers.dtype)
    return plain.view(unsigned(numbers.dtype))


def unsigned(dtype):
    return np.dtype(f"u{np.dtype(dtype).itemsize}")


def random_bits(rng, shape, dtype):
    """Numbers of all sizes: infinities, NaN and denormals among them."""
    whole = unsigned(dtype)
    return rng.integers(0, np.iinfo(whole).max, shape, whole, endpoint=True).view(dtype)


def arguments(rng, dtype):
    """Random bits, the range in which functions bend, each special number and denormals."""
    tiny = np.finfo(dtype).tiny
    edges = np.array([0, np.inf, np.nan, tiny, np.finfo(dtype).max, 1], dtype)
    half = np.concatenate([edges, rng.uniform(0, tiny, 1000).astype(dtype)])
    bent = rng.uniform(-30, 30, N).astype(dtype)
    x = np.concatenate([random_bits(rng, N, dtype), bent, half, -half])
    return np.resize(x, (x.size + 15) // 16 * 16)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("number, name", ACTIVATIONS)
def test_activations_have_the_same_bits(wide, one_lane, number, name, dtype, rng):
    x = arguments(rng, np.dtype(dtype))
    expected = wide.activate(number, x)
    assert np.isfinite(expected).mean() > 0.9
    np.testing.assert_array_equal(bits_of(one_lane.activate(number, x)), bits_of(expected))


@pytest.mark.parametrize("kind", ["plausible", "random bits"])
@pytest.mark.parametrize("number, name", RULES)
def test_rules_move_weights_by_the_same_bits(wide, one_lane, number, name, kind, rng):
    shape = (2 + MAX_STATE_ARRAYS, N)
    if kind == "plausible":
        numbers = rng.standard_normal(shape) * np.exp2(rng.uniform(-40, 20, shape))
        numbers[2:] **= 2
        numbers = numbers.astype(np.float32)
    else:
        numbers = random_bits(rng, shape, np.float32)
    weights, gradient, state = numbers[0], numbers[1], numbers[2:]
    constants = rng.uniform(0.01, 1, N_CONSTANTS)
    expected = wide.move(number, constants, weights, gradient, state)
    assert not np.array_equal(bits_of(expected[0]), bits_of(weights))
    actual = one_lane.move(number, constants, weights, gradient, state)
    np.testing.assert_array_equal(bits_of(actual), bits_of(expected))
