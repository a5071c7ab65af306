"""What a server costs, its whole process tree together, and what the cores of the machine were doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import psutil

from harness import cgroups

ATTEMPTS = 5
T = TypeVar("T", int, float)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Since the server was started, or, from `since`, in between. None where the system does not tell."""

    cpu_seconds: float  # User and system, of processes that have ended too. In steps of 0.01 s.
    resident_bytes: int | None  # Now. Memory that processes share counts once.
    read_bytes: int | None  # From disk, not from the page cache.
    written_bytes: int | None  # To files on a disk, when written, be it flushed later.
    throttled_seconds: float | None  # Kept from running by a limit on the CPU time of its control group.
    killed_for_memory: int | None  # Processes of its control group that the kernel ended at a limit on its memory.

    def since(self, earlier: Usage) -> Usage:
        return Usage(
            cpu_seconds=self.cpu_seconds - earlier.cpu_seconds,
            resident_bytes=self.resident_bytes,
            read_bytes=_difference(self.read_bytes, earlier.read_bytes),
            written_bytes=_difference(self.written_bytes, earlier.written_bytes),
            throttled_seconds=_difference(self.throttled_seconds, earlier.throttled_seconds),
            killed_for_memory=_difference(self.killed_for_memory, earlier.killed_for_memory),
        )


@dataclass(frozen=True)
class Cores:
    """Seconds by core since the machine was started, or, from `since`, in between."""

    seconds: Mapping[int, tuple[float, float, float]]  # Core -> (in all, idle, stolen by the hypervisor).

    @property
    def numbers(self) -> list[int]:
        return sorted(self.seconds)

    def since(self, earlier: Cores) -> Cores:
        return Cores(
            {
                number: (now[0] - then[0], now[1] - then[1], now[2] - then[2])
                for number, now in self.seconds.items()
                if (then := earlier.seconds.get(number))
            }
        )

    def busy(self, numbers: Sequence[int]) -> float | None:
        """Share of the time of these cores that was not idle; None if not known."""
        all_, idle, _ = self._sum(numbers)
        return 1 - idle / all_ if all_ > 0 else None

    def stolen(self, numbers: Sequence[int]) -> float | None:
        all_, _, stolen = self._sum(numbers)
        return stolen / all_ if all_ > 0 else None

    def _sum(self, numbers: Sequence[int]) -> tuple[float, float, float]:
        known = [self.seconds[number] for number in numbers if number in self.seconds]
        return (sum(k[0] for k in known), sum(k[1] for k in known), sum(k[2] for k in known))


def cores() -> Cores:
    """As they are now. In steps of 0.01 s."""
    seconds = {}
    for number, times in enumerate(psutil.cpu_times(percpu=True)):
        stolen = getattr(times, "steal", 0.0)
        idle = times.idle + getattr(times, "iowait", 0.0)
        everything = idle + stolen + times.user + times.system + times.nice  # User has guests' time in it already.
        everything += getattr(times, "irq", 0.0) + getattr(times, "softirq", 0.0)
        seconds[number] = (everything, idle, stolen)
    return Cores(seconds)


def sample(pid: int, *, memory: bool = True) -> Usage | None:
    """Usage of `pid` and its descendants; None if it is gone.

    For `memory` their maps are walked, which stops them for milliseconds: not while they are measured, and after all
    else is read, for what they do meanwhile belongs to no trial.

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
        return replace(usage, resident_bytes=_sum(_resident_bytes(family))) if memory else usage
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return None


def _family(root: psutil.Process) -> list[psutil.Process]:
    return [root, *sorted(root.children(recursive=True), key=lambda process: process.pid)]


def _total(family: list[psutil.Process]) -> Usage:
    """All but memory. Parents come first: a child that ends meanwhile is missed, never counted twice."""
    cpu_seconds = 0.0
    traffic: list[tuple[int, int] | None] = []
    for process in family:
        try:
            cpu_seconds += sum(process.cpu_times()[:4])  # Own and waited-for children's, user and system.
            traffic.append(_traffic(process))
        except psutil.NoSuchProcess:
            if process is family[0]:
                raise
    return Usage(
        cpu_seconds=cpu_seconds,
        resident_bytes=None,
        read_bytes=_sum([one and one[0] for one in traffic]),
        written_bytes=_sum([one and one[1] for one in traffic]),
        throttled_seconds=cgroups.throttled_seconds(family[0].pid),
        killed_for_memory=cgroups.killed_for_memory(family[0].pid),
    )


def _resident_bytes(family: list[psutil.Process]) -> list[int | None]:
    """Of each that is still there: with its share of shared memory (PSS) where the kernel tells, else all (RSS)."""
    found: list[int | None] = []
    for process in family:
        try:
            memory = process.memory_full_info()
            found.append(int(getattr(memory, "pss", memory.rss)))
        except psutil.AccessDenied:
            found.append(int(process.memory_info().rss))
        except psutil.NoSuchProcess:
            if process is family[0]:
                raise
    return found


def _traffic(process: psutil.Process) -> tuple[int, int] | None:
    try:
        counters = process.io_counters()
    except (psutil.AccessDenied, AttributeError):  # macOS has no such counters.
        return None
    return counters.read_bytes, counters.write_bytes


def _sum(parts: list[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _difference(later: T | None, earlier: T | None) -> T | None:
    return None if later is None or earlier is None else later - earlier
