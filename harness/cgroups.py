"""What Linux' control groups say of a process: its limits, and what became of it at them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
UNLIMITED = 2**60  # Version 1 writes "no limit" as a number near 2^63.


def memory_limit_bytes(pid: int) -> int | None:
    """Hard limit on all of its group; None: there is none, or it cannot be seen."""
    return _limit(_read(pid, "memory", "memory.limit_in_bytes", "memory.max"))


def swap_limit_bytes(pid: int) -> int | None:
    """What the group may swap beyond its memory; None as above."""
    if (ours := _limit(_read(pid, "memory", None, "memory.swap.max"))) is not None:
        return ours
    both, memory = _limit(_read(pid, "memory", "memory.memsw.limit_in_bytes", None)), memory_limit_bytes(pid)
    return None if both is None or memory is None else both - memory


def killed_for_memory(pid: int) -> int | None:
    """How many processes of its group the kernel has killed for want of memory; None: it does not say."""
    return _named(_read(pid, "memory", "memory.oom_control", "memory.events"), "oom_kill")


def throttled_seconds(pid: int) -> float | None:
    """How long a limit on its group's CPU time kept it from running; None where there is no such limit."""
    text = _read(pid, "cpu", "cpu.stat", "cpu.stat")
    if (us := _named(text, "throttled_usec")) is not None:
        return us / 1e6
    ns = _named(text, "throttled_time")
    return None if ns is None else ns / 1e9


def _read(pid: int, controller: str, first: str | None, second: str | None) -> str | None:
    """A file of its group in version 1 and 2 of the interface, whichever is there; None: neither, or another system."""
    try:
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            name = first if controller in controllers.split(",") else second if not controllers else None
            file = ROOT / (controller if controllers else "") / path.lstrip("/") / (name or "")
            if name and file.is_file():
                return file.read_text()
    except (OSError, ValueError):
        pass  # It is gone, or this is another system.
    return None


def _limit(text: str | None) -> int | None:
    if text is None or not text.strip().isdigit():  # "max".
        return None
    number = int(text)
    return number if number < UNLIMITED else None


def _named(text: str | None, name: str) -> int | None:
    found = re.search(rf"^{name} (\d+)$", text or "", re.MULTILINE)
    return int(found[1]) if found else None
