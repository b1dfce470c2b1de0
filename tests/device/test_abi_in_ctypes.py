"""The structs of the plugin's ABI in ctypes, of benchmarks/cuda, are those of the header."""

import subprocess
from ctypes import Structure, sizeof

import abi
import pytest

from device.fakes import CPP

STRUCTS = {
    f"Deepgen{name}": kind
    for name, kind in vars(abi).items()
    if isinstance(kind, type) and issubclass(kind, Structure) and kind is not Structure
}
STRUCTS["DeepgenPlugin"] = STRUCTS.pop("DeepgenTable")
STRUCTS["DeepgenDeviceInfo"] = abi.DeviceInfo

NUMBERS = {
    "DEEPGEN_ABI": abi.ABI,
    "DEEPGEN_N_CONSTANTS": abi.N_CONSTANTS,
    "DEEPGEN_WEIGHTS": abi.WEIGHTS,
    "DEEPGEN_STATE": abi.STATE,
    "DEEPGEN_MEAN": abi.MEAN,
    "DEEPGEN_VARIANCE": abi.VARIANCE,
    "DEEPGEN_FAILED": len(abi.REASONS) - 1,
}


def run_cpp(folder, lines):
    """What a program of these lines prints; ``show`` prints a value's place, size and type."""
    source = folder / "program.cpp"
    source.write_text(
        """
        #include "engine/devices/abi.h"
        #include <cstddef>
        #include <cstdio>
        #include <type_traits>
        template <class T>
        void show(std::size_t offset) {
            std::printf("%zu %zu %d\\n", offset, sizeof(T), int(std::is_floating_point_v<T>));
        }
        int main() {"""
        + "\n".join(lines)
        + "}"
    )
    command = ["g++", "-std=c++20", f"-I{CPP}", source, "-o", folder / "program"]
    subprocess.run(command, check=True)
    return subprocess.run([folder / "program"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", STRUCTS)
def test_structs_lie_in_memory_as_those_of_the_header(name, tmp_path):
    kind = STRUCTS[name]
    fields = [field for field, _ in kind._fields_]
    # As many names as the struct has fields, or it does not compile.
    lines = [f"[[maybe_unused]] auto [{', '.join(f'x_{field}' for field in fields)}] = {name}{{}};"]
    lines += [f"show<decltype({name}::{field})>(offsetof({name}, {field}));" for field in fields]
    lines += [f"show<{name}>(0);"]
    expected = [
        f"{getattr(kind, field).offset} {sizeof(of)} {int(getattr(of, '_type_', '') in ('f', 'd'))}"
        for field, of in kind._fields_
    ]
    expected += [f"0 {sizeof(kind)} 0"]
    assert run_cpp(tmp_path, lines).splitlines() == expected


def test_numbers_are_those_of_the_header(tmp_path):
    lines = [f'std::printf("%d\\n", int({name}));' for name in NUMBERS]
    assert list(map(int, run_cpp(tmp_path, lines).split())) == list(NUMBERS.values())
