"""Judges what nvcc makes of the kernels: registers, spills, and the instructions that they may use.

    python kernel_report.py LOG PTX...

LOG is what nvcc says with -Xptxas=-v, PTX its intermediate code (--keep). The bits of a kernel must
not depend on chance or on the device, so sums are never atomic and no operation is approximate.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

REGISTERS = 65536  # of a multiprocessor
LARGEST = 255  # registers that a thread can name
WARP = 32


class Kernel(NamedTuple):
    name: str
    architecture: str
    registers: int
    spilled: int  # bytes, stored and loaded


def kernels_of(log):
    """The kernels of a log of ptxas, in its order."""
    entry = re.compile(r"Compiling entry function '(\w+)' for '(\w+)'")
    spills = re.compile(r"(\d+) bytes spill stores, (\d+) bytes spill loads")
    used = re.compile(r"Used (\d+) registers")
    kernels, name, architecture, spilled = [], None, None, 0
    for line in log.splitlines():
        if found := entry.search(line):
            (name, architecture), spilled = found.groups(), 0
        elif found := spills.search(line):
            spilled += sum(map(int, found.groups()))
        elif (found := used.search(line)) and name is not None:
            kernels.append(Kernel(name, architecture, int(found[1]), spilled))
            name = None
    return kernels


def without_comments(ptx):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", ptx, flags=re.DOTALL)


def launch_bounds(ptx):
    """Registers that each kernel may have, by the threads that it says it is launched with."""
    entry = re.compile(r"\.entry\s+(\w+)\s*(?:\([^)]*\))?([^{;]*)\{")
    allowed = {}
    for name, directives in entry.findall(without_comments(ptx)):
        threads = re.search(r"\.maxntid\s+(\d+)(?:,\s*(\d+))?(?:,\s*(\d+))?", directives)
        blocks = re.search(r"\.minnctapersm\s+(\d+)", directives)
        if threads is None:
            allowed[name] = None
            continue
        n_threads = 1
        for size in threads.groups(default="1"):
            n_threads *= int(size)
        n_warps = -(-n_threads // WARP) * (int(blocks[1]) if blocks else 1)
        allowed[name] = min(REGISTERS // (n_warps * WARP), LARGEST)
    return allowed


def forbidden(ptx):
    """The instructions whose results depend on the order of threads, or are approximate."""
    opcodes = re.findall(r"(?<![\w$%.])[a-z]\w*(?:\.\w+)+", without_comments(ptx))
    return sorted(
        {
            opcode
            for opcode in opcodes
            for first, *more in [opcode.split(".")]
            if first in ("atom", "red") or "approx" in more or "full" in more
        }
    )


def faults(log, ptx_by_name):
    """What is wrong, in words."""
    kernels = kernels_of(log)
    if not kernels:
        yield "the log names no kernel"
    allowed = {}
    for name, ptx in ptx_by_name.items():
        allowed |= launch_bounds(ptx)
        if found := forbidden(ptx):
            yield f"{name} has {', '.join(found)}"
    for kernel in kernels:
        where = f"{kernel.name} for {kernel.architecture}"
        if kernel.spilled:
            yield f"{where} spills {kernel.spilled} bytes"
        most = allowed.get(kernel.name)
        if most is None:
            yield f"{where} states no launch bounds"
        elif kernel.registers > most:
            yield f"{where} takes {kernel.registers} registers, and may have {most}"


def main(log_path, *ptx_paths):
    log = Path(log_path).read_text()
    for kernel in kernels_of(log):
        print(f"{kernel.architecture}: {kernel.registers} registers, {kernel.name}")
    found = list(faults(log, {Path(path).name: Path(path).read_text() for path in ptx_paths}))
    print("\n".join(found) or "no fault")
    return bool(found) or not ptx_paths


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
