"""Memory: the limit for this process."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["memory_limit"]

# Files with a container's limit on Linux, in version 2 and in version 1 of control groups.
CONTROL_GROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory_limit() -> float:
    """Return the memory available to this process in bytes, at most that of the machine.

    Infinite if the system does not report it.
    """
    limits = [float("inf")]
    try:
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        pass  # Windows
    for path in CONTROL_GROUPS:
        try:
            text = Path(path).read_text()
        except OSError:
            continue
        if text.strip().isdecimal():
            limits.append(int(text))
    try:
        import resource
    except ImportError:
        pass  # Windows
    else:
        soft = resource.getrlimit(resource.RLIMIT_AS)[0]
        if soft != resource.RLIM_INFINITY:
            limits.append(soft)
    return min(limits)
