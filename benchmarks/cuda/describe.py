"""Describe plugin, device and machine: a line of JSON.

python benchmarks/cuda/describe.py PLUGIN
"""

import ctypes
import platform
import sys

import abi
import numpy as np
from lines import write_line

CLOCK_RATE = 13  # CUdevice_attribute


def clock_mhz():
    """The device's highest clock as its driver tells it; None where there is no driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    device, kilohertz = ctypes.c_int(), ctypes.c_int()
    errors = [
        driver.cuInit(0),
        driver.cuDeviceGet(ctypes.byref(device), 0),
        driver.cuDeviceGetAttribute(ctypes.byref(kilohertz), CLOCK_RATE, device),
    ]
    return None if any(errors) else kilohertz.value / 1000


def main(path):
    plugin = abi.Plugin(path)
    device = plugin.describe()
    write_line(
        "device",
        plugin=plugin.built_for,
        name=device.name.decode(),
        compute_capability=f"{device.major}.{device.minor}",
        multiprocessors=device.n_multiprocessors,
        clock_mhz=clock_mhz(),
        memory=device.memory,
        free_memory=device.free_memory,
        driver=device.driver,
        runtime=device.runtime,
        machine=platform.machine(),
        python=platform.python_version(),
        numpy=np.__version__,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
