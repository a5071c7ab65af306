"""What a server really got, as the kernel has it."""

from __future__ import annotations

import os

import psutil

from harness import cgroups
from harness.result import Limits


def limits_of(pid: int, data: str) -> Limits:
    """Of a process and its group; what cannot be seen, or is not limited, is None or []."""
    return Limits(
        cpus=_cpus(pid),
        memory_bytes=cgroups.memory_limit_bytes(pid),
        swap_bytes=cgroups.swap_limit_bytes(pid),
        shared_memory_bytes=_shared_memory_bytes(pid),
        data=data,
    )


def _cpus(pid: int) -> list[int]:
    try:
        return sorted(psutil.Process(pid).cpu_affinity())
    except (AttributeError, psutil.Error):  # macOS has no affinity.
        return []


def _shared_memory_bytes(pid: int) -> int | None:
    try:
        place = os.statvfs(f"/proc/{pid}/root/dev/shm")
    except OSError:
        return None
    return place.f_blocks * place.f_frsize
