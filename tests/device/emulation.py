"""The plugin compiled for the CPU: CUDA's language and runtime are those of emulator/."""

import fcntl
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CPP = HERE.parents[1] / "cpp"
OPTIONS = (
    *("-std=c++20", "-O2", "-g1", "-march=native", "-ffp-contract=off", "-fvisibility=hidden"),
    *("-fPIC", "-shared", "-DDEEPGEN_ONE_LANE", '-DDEEPGEN_BUILT_FOR="emulated"'),
)


def sources():
    """All files that the plugin may include."""
    yield HERE / "device_on_host.hpp"
    folders = (CPP, HERE / "emulator")
    yield from sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in (".h", ".hpp", ".cuh", ".cu")
    )


def emulated_plugin():
    """Path of the plugin for the CPU, compiled once for these sources and this processor."""
    key = hashlib.sha256(repr(OPTIONS).encode())
    key.update(Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0].encode())
    for path in sources():
        key.update(path.read_bytes())
    folder = Path(tempfile.gettempdir()) / f"deepgen-emulated-{os.getuid()}-{key.hexdigest()[:16]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    library = folder / "libdeepgen_emulated.so"
    # Of several processes the first compiles, and the others wait.
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not library.exists():
            unfinished = library.with_suffix(".part")
            subprocess.run(
                ["g++", *OPTIONS, f"-I{CPP}", f"-I{HERE / 'emulator'}", "-x", "c++"]
                + [CPP / "cuda" / "plugin.cu", "-o", unfinished],
                check=True,
            )
            unfinished.rename(library)
    return library
