"""The engine's own functions of double, and the losses of rows made of them, as a device's thread
calls them.

The truth is NumPy's in long double, which has eleven more bits on x86 and more elsewhere.
"""

import ctypes
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from simd_flags import SIMD_FLAGS
from small_networks import LOSS_COMPONENTS, describe

import reference
from reference import Component

ROOT = Path(__file__).resolve().parents[2]
SMALLEST = np.finfo(np.float64).tiny
FUNCTIONS = ("exp", "expm1", "log", "log1p", "sigmoid", "softplus", "pow")
needs_long_double = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="long double is double here"
)


def compiled(tmp_path_factory, *path_flags):
    path = tmp_path_factory.mktemp("functions") / "functions.so"
    core = ROOT / "cpp" / "engine" / "core"
    sources = (
        Path(__file__).with_name("functions.cpp"),
        core / "parallel.cpp",
        core / "affordable_threads.cpp",
    )
    flags = ("-std=c++20", "-O2", "-ffp-contract=off", "-fopenmp", "-shared", "-fPIC")
    compiler = os.environ.get("CXX", "g++")
    command = [compiler, *flags, *path_flags, f"-I{ROOT / 'cpp'}", *sources, "-o", path]
    subprocess.run(command, check=True)
    library = ctypes.CDLL(str(path))
    library.loss_of_row.restype = library.loss_of_rows.restype = ctypes.c_double
    return library


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return compiled(tmp_path_factory)


@pytest.fixture(scope="module", params=SIMD_FLAGS)
def of_path(request, tmp_path_factory):
    """The library as one SIMD path would compile it."""
    return compiled(tmp_path_factory, *SIMD_FLAGS[request.param])


def pointer(array):
    return None if array is None else array.ctypes.data_as(ctypes.c_void_p)


def values(library, function, x, y=0.0, *, flush=False):
    x, y = (np.ascontiguousarray(a) for a in np.broadcast_arrays(np.float64(x), np.float64(y)))
    to = np.empty_like(x)
    library.values(
        FUNCTIONS.index(function),
        ctypes.c_bool(flush),
        ctypes.c_ssize_t(x.size),
        pointer(x),
        pointer(y),
        pointer(to),
    )
    return to


def true_values(function, x, y=0.0):
    x, y = np.longdouble(x), np.longdouble(y)
    with np.errstate(all="ignore"):
        return np.power(x, y) if function == "pow" else getattr(np, function)(x)


def units_off(values, truth):
    """Distance from the truth in units of the last place of the double below it."""
    below = np.frexp(truth)[1]
    with np.errstate(all="ignore"):
        error = np.abs(values - truth) / np.ldexp(np.longdouble(1.0), below - 53)
        overflown = np.isinf(values) & (values == truth.astype(np.float64))
    error[overflown | ((values == 0.0) & (np.abs(truth) < SMALLEST))] = 0.0
    return error


def evenly(low, high, n=40_000):
    return np.random.default_rng(1).uniform(low, high, n)


def over_exponents(low, high, sign=1.0):
    return sign * np.exp2(evenly(low, high))


SWEEPS = [
    pytest.param("exp", evenly(-746, 711), id="exp-evenly--746_711"),
    pytest.param("exp", evenly(-1, 1), id="exp-evenly--1_1"),
    pytest.param("exp", evenly(-708.5, -708.3), id="exp-evenly--708.5_-708.3"),
    pytest.param("exp", evenly(709.7, 709.8), id="exp-evenly-709.7_709.8"),
    pytest.param("exp", over_exponents(-60, 0), id="exp-over_exponents--60_0"),
    pytest.param("exp", over_exponents(-60, 0, -1.0), id="exp-over_exponents--60_0_-1.0"),
    pytest.param("expm1", evenly(-41, 711), id="expm1-evenly--41_711"),
    pytest.param("expm1", evenly(-1, 1), id="expm1-evenly--1_1"),
    pytest.param("expm1", evenly(0.3, 0.4), id="expm1-evenly-0.3_0.4"),
    pytest.param("expm1", evenly(30, 45), id="expm1-evenly-30_45"),
    pytest.param("expm1", over_exponents(-1022, 0), id="expm1-over_exponents--1022_0"),
    pytest.param("expm1", over_exponents(-1022, 0, -1.0), id="expm1-over_exponents--1022_0_-1.0"),
    pytest.param("log", over_exponents(-1022, 1024), id="log-over_exponents--1022_1024"),
    pytest.param("log", over_exponents(-1070, -1022), id="log-over_exponents--1070_-1022"),
    pytest.param("log", evenly(0.35, 1.5), id="log-evenly-0.35_1.5"),
    pytest.param("log", evenly(0.99, 1.01), id="log-evenly-0.99_1.01"),
    pytest.param("log1p", evenly(-1, 1), id="log1p-evenly--1_1"),
    pytest.param("log1p", evenly(-0.31, -0.28), id="log1p-evenly--0.31_-0.28"),
    pytest.param("log1p", evenly(0.4, 0.45), id="log1p-evenly-0.4_0.45"),
    pytest.param("log1p", evenly(0, 4), id="log1p-evenly-0_4"),
    pytest.param("log1p", over_exponents(-1022, 1024), id="log1p-over_exponents--1022_1024"),
    pytest.param("log1p", over_exponents(-1022, -2, -1.0), id="log1p-over_exponents--1022_-2_-1.0"),
]


@needs_long_double
@pytest.mark.parametrize(("function", "x"), SWEEPS)
def test_functions_are_within_one_unit_of_the_truth(library, function, x):
    assert units_off(values(library, function, x), true_values(function, x)).max() < 1.0


@needs_long_double
@pytest.mark.parametrize("exponent", [0.5, 1, 2, 3, 0.1, 5, 17.3, 1e-3, 100, 1e6, 1e-300, -1.5])
def test_powers_are_within_one_unit_of_the_truth(library, exponent):
    for x in (
        evenly(0, 1),
        evenly(0.9, 1.1),
        over_exponents(-min(1070, 1100 / abs(exponent)), min(1023, 1100 / abs(exponent))),
    ):
        off = units_off(values(library, "pow", x, exponent), true_values("pow", x, exponent))
        assert off.max() < 0.8


@needs_long_double
def test_powers_near_the_limits_of_double_are_within_one_unit_of_the_truth(library):
    x = np.exp2(evenly(-3, 3))
    y = np.random.default_rng(2).uniform(-745, 709, x.size) / np.log(x)
    off = units_off(values(library, "pow", x, y), true_values("pow", x, y))
    assert off.max() < 0.8


@pytest.mark.parametrize(("function", "x"), SWEEPS)
def test_functions_have_the_bits_that_they_have_when_denormals_are_flushed(library, function, x):
    x = np.concatenate([x, np.array([0.0, -0.0, 5e-324, -5e-324, 1e-310, SMALLEST, -SMALLEST])])
    as_they_are = values(library, function, x).view(np.int64)
    flushed = values(library, function, x, flush=True).view(np.int64)
    np.testing.assert_array_equal(as_they_are, flushed)


def test_powers_have_the_bits_that_they_have_when_denormals_are_flushed(library):
    x = np.concatenate([evenly(0, 1), over_exponents(-1074, 1023), [0.0, 5e-324, SMALLEST]])
    for y in (0.0, 5e-324, 1e-300, 0.5, 2.0, 17.3, 1e300):
        as_they_are = values(library, "pow", x, y).view(np.int64)
        flushed = values(library, "pow", x, y, flush=True).view(np.int64)
        np.testing.assert_array_equal(as_they_are, flushed)


def test_results_below_the_smallest_normal_number_are_zero(library):
    for function, x in (("exp", -708.4), ("expm1", 5e-324), ("log1p", -1e-310)):
        assert values(library, function, [x])[0] == 0.0
    assert values(library, "exp", [-708.396418532264])[0] >= SMALLEST
    assert values(library, "pow", [0.5], 1022.0)[0] == SMALLEST
    assert values(library, "pow", [0.5], 1022.5)[0] == 0.0


INF, NAN = np.inf, np.nan


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        ("exp", [INF, -INF, NAN, 0.0, -0.0, 1e300, -1e300], [INF, 0, NAN, 1, 1, INF, 0]),
        ("expm1", [INF, -INF, NAN, 0.0, -0.0, 720.0, -720.0], [INF, -1, NAN, 0, -0.0, INF, -1]),
        ("log", [INF, -INF, NAN, 0.0, -0.0, -1.0, 1.0], [INF, NAN, NAN, -INF, -INF, NAN, 0]),
        ("log1p", [INF, -INF, NAN, 0.0, -0.0, -1.0, -2.0], [INF, NAN, NAN, 0, -0.0, -INF, NAN]),
        ("sigmoid", [INF, -INF, NAN, 0.0, 1000.0, -1000.0], [1, 0, NAN, 0.5, 1, 0]),
        ("softplus", [INF, -INF, NAN, 1000.0, -1000.0], [INF, 0, NAN, 1000, 0]),
    ],
)
def test_limits_are_those_of_c(library, function, x, expected):
    result = values(library, function, x)
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(
        np.signbit(result)[result == 0], np.signbit(expected)[result == 0]
    )


def test_limits_of_powers_are_those_of_c(library):
    x = [0.0, 0.0, 0.0, NAN, NAN, 1.0, 1.0, 0.5, 0.5, 2.0, INF, INF, 0.5, 2.0, -1.0]
    y = [0.0, 2.0, -1.0, 0.0, 1.0, INF, -INF, INF, -INF, INF, 2.0, -2.0, 1e300, 1e300, 0.5]
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(values(library, "pow", x, y), np.power(x, y))


def test_exponentials_side_by_side_have_the_bits_of_each_alone(library, of_path):
    rng = np.random.default_rng(4)
    x = np.concatenate(
        [
            *(evenly(low, high, 400_000) for low, high in ((-750, 720), (-1, 1), (-709, -708))),
            rng.integers(-(2**63), 2**63, 400_000).view(np.float64),
            [INF, -INF, NAN, 0.0, -0.0, 5e-324, 746.0, -746.0, 709.782712893384, 709.7827128933841],
            [-708.396418532264, -708.3964185322641, -708.39641853226411, 1e300, -1e300, 1.0],
        ]
    )
    to = np.empty_like(x)
    assert x.size % 8 == 0  # whole cache lines
    of_path.exponentials(ctypes.c_ssize_t(x.size), pointer(x), pointer(to))
    np.testing.assert_array_equal(to.view(np.int64), values(library, "exp", x).view(np.int64))


def test_the_first_two_powers_are_rounded_once(library):
    x = np.concatenate([evenly(0, 1), over_exponents(-1022, 1023)])
    np.testing.assert_array_equal(values(library, "pow", x, 1.0), x)
    with np.errstate(all="ignore"):
        square = x * x
    square[square < SMALLEST] = 0.0
    np.testing.assert_array_equal(values(library, "pow", x, 2.0), square)


def row_of(component, n_outputs):
    """Outputs and targets of one row, for every loss."""
    rng = np.random.default_rng(3)
    z = rng.normal(size=n_outputs).astype(np.float32)
    if reference.LOSSES[component.name].takes_classes:
        return z, None, 1
    if component.name.startswith("binary"):
        return z, np.float32(rng.integers(0, 2, n_outputs)), 0
    if component.name == "quantile" and not np.isscalar(component.settings.get("quantile", 0.5)):
        return z, np.float32(rng.normal(size=1)), 0
    return z, np.float32(rng.exponential(size=n_outputs)), 0


def constants_of(component):
    settings = {**reference.LOSSES[component.name].defaults, **component.settings}
    # Huber's chance of a small residual is for the Fisher information alone.
    return np.concatenate([np.float64([]), *map(np.atleast_1d, settings.values()), [0.5]])


def loss_of_row(library, component, weight, z, targets, own_class):
    constants = constants_of(component)
    gradient = np.full(z.size, 7.0, dtype=np.float32)
    loss = library.loss_of_row(
        sorted(reference.LOSSES).index(component.name),
        ctypes.c_ssize_t(constants.size - 1 + (component.name == "huber")),
        pointer(constants),
        ctypes.c_ssize_t(z.size),
        pointer(z),
        pointer(targets),
        ctypes.c_int32(own_class),
        ctypes.c_double(weight),
        pointer(gradient),
    )
    return loss, gradient


@pytest.mark.parametrize("component", LOSS_COMPONENTS, ids=describe)
def test_the_loss_of_a_row_by_number_is_that_of_its_name(library, component: Component):
    n_outputs = np.atleast_1d(component.settings.get("quantile", [0.5] * 3)).size
    z, targets, own_class = row_of(component, 3 if n_outputs == 1 else n_outputs)
    loss, gradient = loss_of_row(library, component, 0.5, z, targets, own_class)
    member = reference.LOSSES[component.name]
    y = np.array([own_class]) if targets is None else np.float64(targets)[None]
    settings = {**member.defaults, **component.settings}
    np.testing.assert_allclose(loss, 0.5 * member.value(np.float64(z)[None], y, **settings)[0])
    expected = 0.5 * member.gradient(np.float64(z)[None], y, **settings)[0]
    np.testing.assert_allclose(gradient, expected, rtol=3e-6, atol=1e-7)


# One output and several, in one load of registers and beyond it, and rows wider than one.
@pytest.mark.parametrize("n_outputs", [1, 3, 10, 64, 150])
@pytest.mark.parametrize("component", LOSS_COMPONENTS, ids=describe)
def test_the_loss_of_rows_has_the_bits_of_each_row_alone(library, of_path, component, n_outputs):
    quantiles = np.atleast_1d(component.settings.get("quantile", 0.5)).size
    n_outputs = n_outputs if quantiles == 1 else quantiles
    takes_classes = reference.LOSSES[component.name].takes_classes
    n_rows = 37
    rng = np.random.default_rng(5)
    z = rng.normal(scale=3.0, size=(n_rows, n_outputs)).astype(np.float32)
    weights = rng.exponential(size=n_rows).astype(np.float32)
    weights[[0, 7, 8, 20]] = 0.0
    classes = rng.integers(0, n_outputs, n_rows, dtype=np.int32) if takes_classes else None
    n_targets = n_outputs if quantiles == 1 else 1
    y = None if takes_classes else rng.exponential(size=(n_rows, n_targets)).astype(np.float32)
    if component.name.startswith("binary"):
        y = np.float32(y > 0.5)
    constants = constants_of(component)
    gradient = np.full_like(z, 7.0)
    loss = of_path.loss_of_rows(
        sorted(reference.LOSSES).index(component.name),
        ctypes.c_ssize_t(constants.size - 1 + (component.name == "huber")),
        pointer(constants),
        ctypes.c_ssize_t(n_rows),
        ctypes.c_ssize_t(n_outputs),
        pointer(z),
        ctypes.c_ssize_t(n_targets),
        pointer(y),
        pointer(classes),
        pointer(weights),
        pointer(gradient),
    )
    expected = 0.0
    for i in range(n_rows):
        targets, own_class = (None, classes[i]) if takes_classes else (y[i], 0)
        of_row = loss_of_row(library, component, weights[i], z[i], targets, own_class)
        expected += of_row[0]
        np.testing.assert_array_equal(gradient[i], of_row[1])
    assert loss == expected


@pytest.mark.parametrize("component", LOSS_COMPONENTS, ids=describe)
def test_a_row_of_weight_0_adds_nothing_and_one_with_an_infinite_output_no_number(
    library, component
):
    n_outputs = np.atleast_1d(component.settings.get("quantile", [0.5] * 3)).size
    z, targets, own_class = row_of(component, 3 if n_outputs == 1 else n_outputs)
    z[0] = -np.inf
    loss, gradient = loss_of_row(library, component, 0.0, z, targets, own_class)
    assert loss == 0.0
    np.testing.assert_array_equal(gradient, 0.0)
    assert np.isnan(loss_of_row(library, component, 1.0, z, targets, own_class)[0])
