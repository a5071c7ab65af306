"""The machine that measures: what a result must say of it, and how its cores are shared out."""

from __future__ import annotations

import os
import platform
import re
import time
from collections import defaultdict
from importlib import metadata
from itertools import chain
from pathlib import Path

import psutil

from harness import usage
from harness.result import Machine

CPUS = Path("/sys/devices/system/cpu")
LOOK_SECONDS = 0.5  # At what else the machine is doing.


def machine() -> Machine:
    """The facts, as they are now. Looks at its cores for half a second."""
    usable = usable_cpus()
    before = usage.cores()
    time.sleep(LOOK_SECONDS)
    spent = usage.cores().since(before)
    return Machine(
        cpu=cpu_model(),
        cores=os.cpu_count() or 1,
        usable_cores=len(usable),
        memory_bytes=psutil.virtual_memory().total,
        system=_system(),
        kernel=platform.release(),
        python=platform.python_version(),
        packages=_package_versions(),
        load_average=round(os.getloadavg()[0], 2),
        busy=spent.busy(usable),
        stolen=spent.stolen(usable),
        governor=_read(CPUS / f"cpu{usable[0]}/cpufreq/scaling_governor"),
        virtualisation=_virtualisation(),
    )


def usable_cpus() -> tuple[int, ...]:
    """The cores that this process may run on; () never."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def split_cpus() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(for servers, for clients): halves that share no core, the odd one to the clients; both alike if there is one.

    The two threads of one physical core slow each other down, so they stay together, unless there is no other core.
    """
    cpus = usable_cpus()
    threads_of: defaultdict[str, list[int]] = defaultdict(list)
    for cpu in cpus:
        threads_of[_siblings(cpu)].append(cpu)
    cores = list(threads_of.values()) if len(threads_of) > 1 else [[cpu] for cpu in cpus]
    if len(cores) == 1:
        return cpus, cpus
    half = len(cores) // 2
    return tuple(sorted(chain(*cores[:half]))), tuple(sorted(chain(*cores[half:])))


def _siblings(cpu: int) -> str:
    """Equal for the threads of one physical core: "0,4" or "0-1"; unknown: each its own."""
    return _read(CPUS / f"cpu{cpu}/topology/thread_siblings_list") or str(cpu)


def cpu_model() -> str:
    model = re.search(r"^model name\s*:\s*(.+)$", _read(Path("/proc/cpuinfo")) or "", re.MULTILINE)
    return model[1] if model else platform.processor() or platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform()


def _virtualisation() -> str | None:
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return "container"
    product = _read(Path("/sys/class/dmi/id/product_name"))
    hypervisor = re.search(r"^flags\s*:.*\bhypervisor\b", _read(Path("/proc/cpuinfo")) or "", re.MULTILINE)
    return (product or "virtual machine") if hypervisor else None


def _package_versions() -> dict[str, str]:
    try:
        requirements = metadata.requires("bakeoff") or []
    except metadata.PackageNotFoundError:  # Run from its folder, without having been installed.
        return {}
    versions = {}
    for requirement in requirements:
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        if not re.search(r"extra == .dev.", requirement):
            try:
                versions[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                continue  # An optional one.
    return versions


def _read(file: Path) -> str | None:
    try:
        return file.read_text().strip() or None
    except OSError:
        return None
