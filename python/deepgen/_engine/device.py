"""The plugin for ``device='cuda'``: where it is, and words for what is missing.

The engine opens a shared library of its own for a device, and reports what is missing by a reason
and what came. Here both become a sentence that says how to get it. Nothing falls back to the CPU.
"""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path
from typing import Final

from deepgen import _core
from deepgen._core import DeviceError
from deepgen._engine.version import VERSION

__all__ = [
    "DeviceError",
    "driver_version",
    "find_plugin",
    "open_plugin",
    "usable_plugin",
]

VARIABLE: Final = "DEEPGEN_CUDA_PLUGIN"
FILE: Final = "libdeepgen_cuda.so"
DRIVER: Final = Path("/sys/module/nvidia/version")
# Entry point of the wheel that holds the plugin alone; its value is the path.
GROUP, NAME = "deepgen.plugins", "cuda"

GET_PLUGIN: Final = (
    "install it by pip install 'deepgen[cuda]', or build deepgen with it by pip install . "
    "-Ccmake.define.DEEPGEN_CUDA=ON"
)
GET_DRIVER: Final = "CUDA 13 needs driver 580 or newer, from https://www.nvidia.com/drivers"

# What is missing, and how to get it; the engine's detail says what came.
WORDS: Final = {
    "not_found": "deepgen's plugin for CUDA, which is neither beside the package ({detail}) nor in "
    f"a package of its own; {GET_PLUGIN}; {VARIABLE} may name the file of one",
    "not_opened": f"a plugin that can be opened, and not {{detail}}; {GET_PLUGIN}",
    "no_plugin": f"a plugin of deepgen, and not {{detail}}; {GET_PLUGIN}",
    "other_version": f"the plugin of deepgen {VERSION}, and not {{detail}}; {GET_PLUGIN}",
    "no_driver": f"NVIDIA's driver, and none was found: {{detail}}; {GET_DRIVER}",
    "old_driver": f"a newer driver of NVIDIA, and {{driver}} is installed: {{detail}}; "
    f"{GET_DRIVER}",
    "no_device": "a GPU of NVIDIA, and none was found: {detail}; nvidia-smi lists those that the "
    "driver sees, and CUDA_VISIBLE_DEVICES may hide them",
    "old_device": "a newer GPU: {detail}; compute capability 8.0 or newer is wanted, which is "
    "Ampere (2020) or later",
    "no_memory": "more memory on the GPU: {detail}; take a smaller network, fewer rows or smaller "
    "batches, or end what else runs there (nvidia-smi lists it)",
}


def driver_version() -> str:
    """Return the version of NVIDIA's driver, such as '580.95.05'; '' if the kernel has none."""
    try:
        return DRIVER.read_text().strip()
    except OSError:
        return ""


def in_words(error: DeviceError) -> str:
    """Return what the engine reports about a device as a sentence that says what to do."""
    if len(error.args) == 1:
        return str(error.args[0])  # has been put into words, and got a name in front
    reason, detail = error.args
    if reason not in WORDS:
        return f"device='cuda' failed: {detail}"
    driver = driver_version() or "an older one"
    needed = WORDS[reason].format(detail=detail, driver=driver)
    return f"device='cuda' needs {needed}; or use device='cpu'"


# Reports come from wherever the engine computes on a device, so the error itself has the words.
DeviceError.__str__ = in_words  # type: ignore[method-assign, assignment]


def find_plugin() -> Path:
    """Return the path of the plugin.

    It is named by ``DEEPGEN_CUDA_PLUGIN``, or is beside the extension, or in a package of its own.

    Raises
    ------
    DeviceError
        If none of them has it.
    """
    if named := os.environ.get(VARIABLE):
        return Path(named).absolute()
    beside = Path(_core.__file__).with_name(FILE)
    if beside.exists():
        return beside
    for entry in metadata.entry_points(group=GROUP, name=NAME):
        return Path(entry.load())
    raise DeviceError("not_found", str(beside))


def open_plugin() -> _core.Plugin:
    """Return the opened plugin; raise `DeviceError` if there is none that can be used."""
    path = find_plugin()
    named = f"{VARIABLE}={path}" if os.environ.get(VARIABLE) else str(path)
    try:
        return _core.Plugin(str(path))
    except DeviceError as error:
        reason, detail = error.args
        raise DeviceError(reason, f"{named} ({detail})") from None


def usable_plugin() -> _core.Plugin:
    """Return the opened plugin; raise `DeviceError` also if the first device cannot be used."""
    plugin = open_plugin()
    plugin.n_devices()  # raises where there is none
    first = plugin.describe(0)
    if first.refusal:
        raise DeviceError("old_device", first.refusal)
    return plugin
