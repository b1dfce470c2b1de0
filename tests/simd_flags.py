"""Flags of the SIMD paths, as in CMakeLists.txt, for tests that compile parts of the engine."""

from device.emulation import processor_flags

from deepgen import _core

EMULATED_AVX512 = ("-DDEEPGEN_EMULATE_AVX512", "-Wno-psabi")
_AVX512 = ("-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma")
_FLAGS = {
    # An extension that emulates this path has it on every processor.
    "avx512": _AVX512 if "avx512f" in processor_flags() else EMULATED_AVX512,
    "avx2": ("-mavx2", "-mfma"),
    "portable": (),
}
# Of the paths that the extension has here.
SIMD_FLAGS = {path: _FLAGS[path] for path in _core.simd_paths() if path in _FLAGS}
