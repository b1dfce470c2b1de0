"""Plants each fault of faults.py in the plugin and tells what finds it.

    python tests/device/try_faults.py LIBDEEPGEN_ENGINE_A

First the bits that training ends with, in three orders of threads, against the engine's
(programs/parity.cpp); what these miss goes to ThreadSanitizer and then to AddressSanitizer and
UndefinedBehaviorSanitizer. The right code has to pass all of them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from device.compiled import CPP, HERE, INCLUDES, SANITIZERS, run_program
from device.emulation import OPTIONS
from device.faults import FAULTS

ORDERS = ["rising", "falling", "shuffled"]
# A message of the sanitizers, or of the emulator.
SIGNS = ["ThreadSanitizer: data race", "AddressSanitizer: ", "runtime error: ", "kernel: "]


def compile_driver(folder, engine, sanitizer):
    driver = folder / f"parity-{sanitizer}"
    subprocess.run(
        ["g++", "-std=c++20", "-O1", *SANITIZERS[sanitizer], f"-I{CPP}"]
        + [HERE / "programs" / "parity.cpp", engine, "-fopenmp", "-ldl", "-o", driver],
        check=True,
    )
    return driver


def compile_plugin(folder, sanitizer, fault=None):
    """Compile the plugin with a fault, from a copy of its sources in ``folder``."""
    sources = folder / "cuda"
    if not sources.exists():
        shutil.copytree(CPP / "cuda", sources)
        if fault is not None:
            text = (sources / fault.file).read_text()
            if text.count(fault.before) != 1:
                raise ValueError(f"{fault.file} has {text.count(fault.before)} x {fault.before!r}")
            (sources / fault.file).write_text(text.replace(fault.before, fault.after))
    plugin = folder / f"{sanitizer}.so"
    subprocess.run(
        ["g++", *OPTIONS, "-O1", "-w", *SANITIZERS[sanitizer]]
        + [f"-I{folder}", *INCLUDES, "-x", "c++"]
        + [sources / "plugin.cu", "-o", plugin],
        check=True,
    )
    return plugin


def found_by(driver, plugin, sanitizer):
    """What a run shows, or nothing."""
    for order in ORDERS if sanitizer == "none" else ORDERS[:1]:
        status, output = run_program(
            driver,
            plugin,
            sanitizer=sanitizer,
            DEEPGEN_EMULATED_ORDER=order,
            ASAN_OPTIONS="detect_leaks=0",
        )
        if status != 0:
            for line in output.splitlines():
                if any(sign in line for sign in SIGNS):
                    return line.strip()
            differing = [line for line in output.splitlines() if " 0 of " not in line]
            return f"{order}: {differing[0] if differing else f'status {status}'}"
    return ""


def main(engine):
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        folder = Path(name)
        drivers = {
            sanitizer: pool.submit(compile_driver, folder, engine, sanitizer)
            for sanitizer in SANITIZERS
        }

        def right(sanitizer):
            own = folder / f"right-{sanitizer}"
            own.mkdir()
            plugin = compile_plugin(own, sanitizer)
            return found_by(drivers[sanitizer].result(), plugin, sanitizer)

        def planted(number, fault):
            own = folder / f"fault-{number}"
            own.mkdir()
            for sanitizer in ("none",) if fault.escapes else ("none", "thread", "address"):
                plugin = compile_plugin(own, sanitizer, fault)
                found = found_by(drivers[sanitizer].result(), plugin, sanitizer)
                if found:
                    return found
            return ""

        passed = {sanitizer: pool.submit(right, sanitizer) for sanitizer in SANITIZERS}
        tried = [pool.submit(planted, *pair) for pair in enumerate(FAULTS)]
        n_wrong = 0
        for sanitizer, run in passed.items():
            print(f"right code, sanitizer {sanitizer}: {run.result() or 'passes'}", flush=True)
            n_wrong += run.result() != ""
        for fault, run in zip(FAULTS, tried, strict=True):
            found = run.result()
            is_wrong = (found == "") != (fault.escapes != "")
            n_wrong += is_wrong
            note = f"not found: {fault.escapes}" if fault.escapes and not found else found
            print(f"{fault.file}: {fault.sentence}\n    {note or 'NOT FOUND'}", flush=True)
            if is_wrong and found:
                print("    FOUND, though named as one that escapes")
    print(f"{len(FAULTS)} faults, {n_wrong} not as they should be")
    return n_wrong != 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or not os.path.exists(sys.argv[1]):
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]).resolve()))
