"""Activations and rules over arrays, with the registers of a SIMD path or with one lane."""

import ctypes
import re
import subprocess
from pathlib import Path

import numpy as np
from simd_flags import EMULATED_AVX512, SIMD_FLAGS

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "cpp" / "engine"

ONE_LANE = ("-DDEEPGEN_ONE_LANE",)
# Those that fuse multiplication and addition, as a device does.
REGISTERS = {path: flags for path, flags in SIMD_FLAGS.items() if path != "portable"}
REGISTERS["emulated avx512"] = EMULATED_AVX512

N_CONSTANTS = 8
MAX_STATE_ARRAYS = 3


def members(family):
    """The names in a list of the engine; their places are their numbers."""
    lines = (ENGINE / family / "list.hpp").read_text()
    return re.findall(r"^ +MEMBER\(\w+, (\w+)\)", lines, re.MULTILINE)


class Registers:
    """A library of ``registers.cpp``, built with some flags."""

    def __init__(self, folder, flags):
        library = folder / "libregisters.so"
        core = [ENGINE / "core" / name for name in ("parallel.cpp", "affordable_threads.cpp")]
        subprocess.run(
            ["g++", "-std=c++20", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Wconversion"]
            + ["-Werror", "-fopenmp", "-shared", "-fPIC", f"-I{ROOT / 'cpp'}", *flags]
            + [Path(__file__).with_suffix(".cpp"), *core, "-o", library],
            check=True,
        )
        self._library = ctypes.CDLL(str(library))
        self.lanes = self._library.register_lanes()

    def activate(self, number, x):
        """Value, slope and second derivative at ``x``, the slopes as functions of ``x`` itself."""
        results = np.empty((3, x.size), x.dtype)
        name = "activate_float" if x.dtype == np.float32 else "activate_double"
        getattr(self._library, name)(number, *_arguments(x, *results))
        return results

    def move(self, number, constants, weights, gradient, state):
        """Weights and state after a step of a rule."""
        weights, state = weights.copy(), state.copy()
        pointer = constants.ctypes.data_as(ctypes.c_void_p)
        self._library.move(number, pointer, *_arguments(weights, gradient, state))
        return np.vstack([weights, state])


def _arguments(first, *others):
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (first, *others)]
    return ctypes.c_ssize_t(first.size), *pointers
