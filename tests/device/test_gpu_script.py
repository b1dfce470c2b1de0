"""benchmarks/cuda, which runs where there is a GPU: here all of it runs on the emulated plugin."""

import json
import subprocess
import sys
import time
from pathlib import Path

import abi
import arrays
import numpy as np
import pytest
from children import outcome_of
from floors import floor_us
from plugin_times import Training, first_steps
from replay import FIXTURES, replay
from shapes import QUICK_SHAPES, SHAPES

from deepgen import _core

FOLDER = Path(FIXTURES).parent
RECORDED = arrays.load(FIXTURES)
H200 = {"multiprocessors": 132, "clock_mhz": 1980.0, "compute_capability": "9.0"}
PARTS = ["device", "bits", "memcheck", "racecheck", "times", "PyTorch", "JAX"]


@pytest.fixture(scope="module")
def plugin(emulated_plugin):
    return abi.Plugin(str(emulated_plugin))


def run_script(plugin, folder, *options):
    """Exit status, results and table of the script."""
    command = [sys.executable, FOLDER / "run.py", plugin, "--quick", "--out", folder, *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    found = json.loads((folder / "results.json").read_text())
    return done.returncode, found, (folder / "table.txt").read_text()


@pytest.mark.parametrize("name", RECORDED["cases"])
def test_recorded_cases_have_their_bits(plugin, name):
    assert replay(plugin, RECORDED["cases"][name]) == {}


@pytest.mark.parametrize("shape", [SHAPES[0], SHAPES[2], QUICK_SHAPES[1]], ids=lambda one: one.name)
def test_first_steps_of_timed_shapes_have_their_bits(plugin, shape):
    training = Training(plugin, shape, RECORDED)
    assert first_steps(training) == []
    training.close()


@pytest.mark.parametrize(
    "place, told",
    [
        ("expected/0", "weights"),
        ("expected/2", "state 1"),
        ("slices/1/progress", "reports"),
        ("outputs", "outputs"),
    ],
)
def test_another_bit_is_found(plugin, place, told):
    case = dict(arrays.flattened(RECORDED["cases"]["16-64-64-1"]))
    changed = case[f"runs/0/{place}"].copy()
    changed.reshape(-1).view(np.uint8)[0] ^= 1
    case[f"runs/0/{place}"] = changed
    assert replay(plugin, arrays.unflattened(case)) == {told: 1}


@pytest.mark.skipif("avx512" not in _core.simd_paths(), reason="bits of AVX-512 are recorded")
def test_recording_again_gives_the_fixtures():
    from record import record

    again = dict(arrays.flattened(record([SHAPES[0], *QUICK_SHAPES])))
    kept = dict(arrays.flattened(RECORDED))
    large = [f"forms/{shape.form}/" for shape in SHAPES[2:]]
    assert again.keys() == {name for name in kept if not name.startswith(tuple(large))}
    for name, numbers in again.items():
        np.testing.assert_array_equal(numbers, kept[name], err_msg=name)


def test_fixtures_stay_small():
    assert FIXTURES.stat().st_size < 1_000_000


def test_fixtures_of_another_abi_are_refused(plugin):
    case = dict(arrays.flattened(RECORDED["cases"]["16-64-64-1"]))
    layers = case["runs/0/net/layers"]
    case["runs/0/net/layers"] = layers[[name for name in layers.dtype.names if name != "skip"]]
    with pytest.raises(ValueError, match="layers have the fields of another ABI"):
        replay(plugin, arrays.unflattened(case))


@pytest.mark.slow
def test_the_script_runs_on_the_emulated_plugin(emulated_plugin, tmp_path):
    status, found, text = run_script(emulated_plugin, tmp_path, "--core-us", "13.6")
    cases = {one["case"]: one for one in found if one["kind"] == "bits"}
    assert status == 0
    assert cases.keys() == RECORDED["cases"].keys()
    assert f"{len(cases)} of {len(cases)} cases have the recorded bits" in text
    [device] = [one for one in found if one["kind"] == "device"]
    assert (device["name"], device["multiprocessors"]) == ("emulated", 132)
    own = [one for one in found if one["kind"] == "time" and one["contestant"] == "deepgen"]
    assert [one["shape"] for one in own] == [shape.name for shape in QUICK_SHAPES]
    assert all(one["least_us"] <= one["us"] <= one["most_us"] for one in own)
    # A peer is timed, or the page says why it is not.
    for module, name in (("torch", "PyTorch"), ("jax", "JAX")):
        times = [one for one in found if one.get("contestant", "").startswith(name)]
        assert not any("error" in one for one in times)
        assert times or f"No module named '{module}'" in text


def test_what_has_no_time_left_is_named(emulated_plugin, tmp_path):
    status, found, text = run_script(emulated_plugin, tmp_path, "--seconds", "1")
    assert status == 1  # no bits were compared
    assert {"memcheck", "racecheck"} | {one["part"] for one in found} == set(PARTS)
    assert text.count("skipped, 1 s are used up") >= len(PARTS) - 2


def test_a_plugin_that_cannot_be_opened_ends_no_other_part(tmp_path):
    own = ("device", "bits", "times")
    status, found, text = run_script(tmp_path / "missing.so", tmp_path, "--parts", *own)
    assert status == 1
    for part in own:
        assert f"{part}: exit status 1: OSError: " in text


def test_a_part_that_hangs_is_ended_with_what_it_started():
    code = """
import subprocess, sys
print('{"a": 1}', flush=True)
print('{"cut', end="", flush=True)
subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"])
"""
    began = time.monotonic()
    done = outcome_of([sys.executable, "-c", code], 2)
    assert time.monotonic() - began < 30
    assert (done.lines, done.text, done.failure) == ([{"a": 1}], ['{"cut'], "not done after 2 s")


def test_floors_are_those_of_the_products():
    megaflops = [shape.flops / 1e6 for shape in SHAPES]
    assert megaflops == pytest.approx([0.93, 264 * 0.93, 218, 13_971, 189_029], rel=3e-3)
    small, members, middle, large, largest = (floor_us(shape, H200) for shape in SHAPES)
    # On one multiprocessor, then on all of them.
    assert (small, members) == pytest.approx((1.83, 3.67), rel=0.01)
    assert (middle, large, largest) == pytest.approx((3.3, 209, 2825), rel=0.02)
    assert floor_us(SHAPES[0], {**H200, "clock_mhz": None}) is None
    a100 = {**H200, "compute_capability": "8.0"}
    assert floor_us(SHAPES[0], a100) == pytest.approx(2 * small)
