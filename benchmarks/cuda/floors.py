"""The least time that a step's products take on a device, by its own numbers."""


def fma_per_cycle(compute_capability):
    """Fused multiply-adds in float32 that a multiprocessor makes in a cycle."""
    return 64 if compute_capability == "8.0" else 128


def floor_us(shape, device):
    """Microseconds of a step in fused multiply-adds, if nothing else took time.

    A network that one block trains has one multiprocessor at most. None where the device does not
    tell its clock.
    """
    if device.get("clock_mhz") is None:
        return None
    n = device["multiprocessors"]
    if shape.in_one_block:
        n = min(n, shape.n_nets)
    per_us = 2 * fma_per_cycle(device["compute_capability"]) * n * device["clock_mhz"]
    return shape.flops / per_us
