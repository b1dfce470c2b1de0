"""The plugin compiled for the CPU: CUDA's language and runtime are those of emulator/."""

import fcntl
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from device.compiled import CPP, HERE, INCLUDES, TARGET

OPTIONS = (
    *(*TARGET, "-O2", "-g1"),
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


def processor_flags():
    """What the processor has, in the words of Linux."""
    return Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0]


def compiled(name, options, files, compile_to):
    """Path of a library, compiled once for these options, sources and this processor."""
    key = hashlib.sha256(repr(options).encode() + processor_flags().encode())
    for path in files:
        key.update(path.read_bytes())
    folder = Path(tempfile.gettempdir()) / f"deepgen-{name}-{os.getuid()}-{key.hexdigest()[:16]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    library = folder / f"libdeepgen_{name}.so"
    # Of several processes the first compiles, and the others wait.
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not library.exists():
            unfinished = library.with_suffix(".part")
            compile_to(unfinished)
            unfinished.rename(library)
    return library


def emulated_plugin():
    """Path of the plugin, compiled for the CPU."""

    def compile_to(library):
        subprocess.run(
            ["g++", *OPTIONS, *INCLUDES, "-x", "c++"] + [CPP / "cuda" / "plugin.cu", "-o", library],
            check=True,
        )

    return compiled("emulated", OPTIONS, sources(), compile_to)
