"""Each kernel of a device and the CPU's own for AVX-512, in one library: kernels/."""

import ctypes
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass

from device import emulation
from device.compiled import CPP, HERE, INCLUDES, TARGET
from device.registers import members

FOLDER = HERE / "kernels"
_DEVICE = (
    *(*TARGET, "-O1", "-fPIC"),
    *("-Wall", "-Wextra", "-Wconversion", "-Werror", "-DDEEPGEN_ONE_LANE"),
    *(*INCLUDES, f"-I{HERE}"),
)
# Compiled in a moment, and as fast as the emulator needs.
_HOST = ("-std=c++20", "-O0", "-ffp-contract=off", "-fvisibility=hidden", "-fPIC", f"-I{CPP}")
_AVX512 = ("avx512f", "avx512dq", "avx512vl", "avx512bw", "fma")

ACTIVATIONS = members("activations")
RULES = members("optimizers/rules")
LOSSES = members("losses")
SIZES = (1, 15, 16, 17, 63, 64, 65, 300)
KINDS = ("ordinary", "tiny", "huge", "special")


def path_flags():
    """The instructions of AVX-512, or generic vectors where the processor has none."""
    if set(_AVX512) <= set(emulation.processor_flags().split()):
        return [f"-m{name}" for name in _AVX512]
    return ["-DDEEPGEN_EMULATE_AVX512", "-Wno-psabi", "-march=native"]


class _Case(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_int32)
        for name in ("rows", "inputs", "outputs", "kind", "number", "variant", "several")
    ]


@dataclass(frozen=True)
class Shape:
    """Rows of a batch, a layer's inputs and outputs, and the number of the kind of numbers."""

    rows: int
    inputs: int
    outputs: int
    kind: int


def shapes(sizes=SIZES, *, narrow=(3, 4)):
    """Shapes in which every two sizes meet, and every size meets every kind of numbers."""
    n = len(sizes)
    square = [
        Shape(sizes[i], sizes[j], sizes[(i + j) % n], (i // 2 + j) % len(KINDS))
        for i in range(n)
        for j in range(n)
    ]
    few = [
        Shape(sizes[i], sizes[(3 * i + k) % n], outputs, (i + k) % len(KINDS))
        for i in range(n)
        for k, outputs in enumerate(narrow)
    ]
    return [*square, *few, Shape(0, 17, 65, 0), Shape(0, 65, 3, 0)]


class Kernels:
    """The library; ``differences`` runs a test of ``kernels/`` on shapes."""

    def __init__(self):
        self._library = ctypes.CDLL(str(_library()))

    def differences(self, name, shapes, number=0, variant=0, *, several=False):
        """A line for each shape in which the device and the CPU differ."""
        test = getattr(self._library, f"test_{name}")
        test.restype = ctypes.c_char_p
        found = []
        for shape in shapes:
            case = _Case(*astuple(shape), number, variant, several)
            if text := test(ctypes.byref(case)).decode():
                found.append(f"{shape} of {KINDS[shape.kind]} numbers: {text}")
        return found


def _library():
    engine = CPP / "engine"
    units = [(engine / "paths" / "avx512.cpp", [*_HOST, *path_flags()])]
    units += [(source, _DEVICE) for source in sorted(FOLDER.glob("*.cpp"))]
    units += [(engine / family / "catalog.cpp", _HOST) for family in ("losses", "core")]

    def compile_to(library):
        def compile_one(unit):
            source, flags = unit
            made = library.parent / f"{source.parent.name}_{source.stem}.o"
            subprocess.run(["g++", *flags, "-c", source, "-o", made], check=True)
            return made

        with ThreadPoolExecutor(2) as pool:
            objects = list(pool.map(compile_one, units))
        # Nothing of the engine is missing in it.
        subprocess.run(["g++", "-shared", "-Wl,-z,defs", *objects, "-o", library], check=True)

    sources = [*emulation.sources(), *(source for source, _ in units), *sorted(FOLDER.iterdir())]
    return emulation.compiled("kernels", units, sources, compile_to)
