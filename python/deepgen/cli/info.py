"""``deepgen info``: version, SIMD path, threads, CUDA and build."""

from __future__ import annotations

import argparse
import os
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from deepgen import _core

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "run"]

NAME: Final = "info"
HELP: Final = "print version, SIMD path, threads, CUDA and build"
DESCRIPTION: Final = "Print version, SIMD path, threads, CUDA and build."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command: none.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser of the command.
    """


def run(options: argparse.Namespace) -> int:
    """Print one fact per line.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed command line.

    Returns
    -------
    status : int
        Exit code, always 0: what fails raises.
    """
    from deepgen import _core

    output = _core.LayerSpec(width=1, activation="identity")
    loss = _core.Component("squared_error")
    network = _core.Network(_core.NetworkSpec(n_inputs=1, layers=[output], loss=loss))
    build = _core.build_info()
    print(f"deepgen {build.pop('version')}")
    summary = {
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "libraries": ", ".join(
            f"{name} {metadata.version(name)}" for name in ("numpy", "scipy", "scikit-learn")
        ),
        "SIMD path": f"{network.simd} (usable here: {', '.join(_core.simd_paths())}; "
        f"DEEPGEN_SIMD={os.environ.get('DEEPGEN_SIMD', '')})",
        "FMA peak": ", ".join(
            f"{_core.fma_peak(dtype):.0f} GFLOP/s {dtype}" for dtype in ("float32", "float64")
        )
        + " a thread, measured now",
        "threads": f"{_core.max_threads()} (of {os.cpu_count()} logical cores)",
        **_cuda(),
        **{f"build {name}": value for name, value in sorted(build.items())},
    }
    width = max(map(len, summary))
    for name, value in summary.items():
        print(f"{name:<{width}}  {value}")
    return 0


def _cuda() -> dict[str, str]:
    """Return where the plugin for CUDA is and what devices it finds, or what is missing."""
    from deepgen._engine.device import DeviceError, find_plugin, open_plugin

    facts = {}
    try:
        path, plugin = find_plugin(), open_plugin()
        facts["CUDA"] = f"{path}, built for {plugin.built_for}"
        devices = [plugin.describe(device) for device in range(plugin.n_devices())]
    except DeviceError as error:
        return {**facts, "CUDA devices" if facts else "CUDA": str(error)}
    return facts | {f"CUDA device {i}": _described(device) for i, device in enumerate(devices)}


def _described(device: _core.DeviceDescription) -> str:
    """Return a device in one line."""
    from deepgen._engine.device import driver_version

    version, gib = ".".join, 2**30
    driver = f"driver {driver_version()}".rstrip()
    line = (
        f"{device.name}, compute capability {version(map(str, device.compute_capability))}, "
        f"{device.n_multiprocessors} multiprocessors, {driver} for CUDA "
        f"{version(map(str, device.driver))}, {device.free_memory / gib:.1f} of "
        f"{device.memory / gib:.1f} GiB free"
    )
    return f"{line}; cannot be used: {device.refusal}" if device.refusal else line
