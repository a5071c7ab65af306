"""What a server costs: CPU time, memory and disk traffic of its whole process tree."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Since the server was started, or, from `since`, in between. None where the system does not tell."""

    cpu_seconds: float  # User and system, of processes that have ended too. In steps of 0.01 s.
    resident_bytes: int | None  # Now. Memory that processes share counts once.
    read_bytes: int | None  # From disk, not from the page cache.
    written_bytes: int | None  # To files on a disk, when written, be it flushed later.

    def since(self, earlier: Usage) -> Usage:
        return Usage(
            cpu_seconds=self.cpu_seconds - earlier.cpu_seconds,
            resident_bytes=self.resident_bytes,
            read_bytes=_difference(self.read_bytes, earlier.read_bytes),
            written_bytes=_difference(self.written_bytes, earlier.written_bytes),
        )


def sample(pid: int) -> Usage | None:
    """Usage of `pid` and its descendants; None if it is gone. Walks their memory maps: milliseconds, not for a loop.

    PostgreSQL has a process for each connection. When one ends, the kernel adds its CPU time and its disk traffic to
    what its parent has for waited-for children. One that ends while we read would be missed, so then we read again.
    """
    try:
        root = psutil.Process(pid)
        for _ in range(ATTEMPTS):
            family = _family(root)
            usage = _total(family)
            if _family(root) == family:
                break
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return None
    return usage


def _family(root: psutil.Process) -> list[psutil.Process]:
    return [root, *sorted(root.children(recursive=True), key=lambda process: process.pid)]


def _total(family: list[psutil.Process]) -> Usage:
    """Parents come first: a child that ends meanwhile is missed, never counted twice."""
    cpu_seconds = 0.0
    resident: list[int | None] = []
    traffic: list[tuple[int, int] | None] = []
    for process in family:
        try:
            cpu_seconds += sum(process.cpu_times()[:4])  # Own and waited-for children's, user and system.
            traffic.append(_traffic(process))
            resident.append(_resident_bytes(process))
        except psutil.NoSuchProcess:
            if process is family[0]:
                raise
    return Usage(
        cpu_seconds=cpu_seconds,
        resident_bytes=_sum(resident),
        read_bytes=_sum([one and one[0] for one in traffic]),
        written_bytes=_sum([one and one[1] for one in traffic]),
    )


def _resident_bytes(process: psutil.Process) -> int | None:
    """Its proportional share of shared memory (PSS) where the kernel tells, else all of it (RSS)."""
    try:
        memory = process.memory_full_info()
        return int(getattr(memory, "pss", memory.rss))
    except psutil.AccessDenied:
        return int(process.memory_info().rss)


def _traffic(process: psutil.Process) -> tuple[int, int] | None:
    try:
        counters = process.io_counters()
    except (psutil.AccessDenied, AttributeError):  # macOS has no such counters.
        return None
    return counters.read_bytes, counters.write_bytes


def _sum(parts: list[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _difference(later: int | None, earlier: int | None) -> int | None:
    return None if later is None or earlier is None else later - earlier
