"""What this machine can measure, in plain words, with what would improve it."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from harness import discover
from harness.analysis.verdict import HOST_BUSY
from harness.analysis.verdict.client import CLIENT_BUSY, TIMER_MS
from harness.analysis.verdict.engine import STOLEN
from harness.load.calibrate import null_cost, timer_error
from harness.machine import machine, split_cpus
from harness.report.numbers import cores, digits, percent, size
from harness.result import Machine
from harness.sources import why_not
from harness.sources.folders import data_folder, in_memory

SPINS, SPIN_ROUNDS = 100, 200_000  # About ten milliseconds each.
UNEVEN = 0.05  # Deviation of equal work's times, from which short trials cannot see small differences.
SYNCS = 50
SLOW_SYNC_MS = 5.0
NULL_WORKLOAD = "read-heavy"  # Small operations: the harness weighs most there.


@dataclass(frozen=True)
class Finding:
    subject: str
    text: str
    advice: str = ""  # "" where there is nothing to improve.


def show(console: Console) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for finding in examine():
        table.add_row(finding.subject, finding.text)
        if finding.advice:
            table.add_row("", f"→ {finding.advice}")
    console.print(table)


def examine() -> Iterator[Finding]:
    """Takes some seconds."""
    host = machine()
    server_cpus, client_cpus = split_cpus()
    yield _layout(server_cpus, client_cpus)
    yield _quiet(host)
    with _pinned_to(client_cpus[0]):
        yield _evenness()
        yield from _client(len(client_cpus))
    yield _clock(host)
    yield _disk()
    yield from _sources()


def _layout(server_cpus: tuple[int, ...], client_cpus: tuple[int, ...]) -> Finding:
    if set(server_cpus) & set(client_cpus):
        text = f"only core {cores(client_cpus)} is usable: servers and clients would share it, and slow each other down"
        return Finding("cores", text, "give it two cores or more; every number made here will be flagged")
    text = f"servers on {cores(server_cpus)}, clients on {cores(client_cpus)}: neither takes time from the other"
    few = "with four cores or more, fast engines are limited by the client less often" if len(client_cpus) == 1 else ""
    return Finding("cores", text, few)


def _quiet(host: Machine) -> Finding:
    busy, stolen = host.busy or 0.0, host.stolen or 0.0
    text = f"other programs use {percent(busy)} of the cores, the hypervisor takes {percent(stolen)}"
    if stolen > STOLEN:
        return Finding("quiet", text, "measure on a machine whose cores are your own, or at another hour")
    return Finding("quiet", text, "end what else is running" if busy > HOST_BUSY else "")


def _evenness() -> Finding:
    times = [_spin() for _ in range(SPINS)]
    deviation = statistics.stdev(times) / statistics.fmean(times)
    text = (
        f"the same work takes {digits(statistics.median(times) * 1e3)} ms, give or take {percent(deviation)}; "
        f"at worst {digits(max(times) / statistics.median(times))}x"
    )
    advice = "small differences need many trials here: --profile thorough" if deviation > UNEVEN else ""
    return Finding("evenness", text, advice)


def _spin() -> float:
    began = time.perf_counter()
    for _ in range(SPIN_ROUNDS):
        pass
    return time.perf_counter() - began


def _client(processes: int) -> Iterator[Finding]:
    cost_us, per_second = null_cost(discover.workload(NULL_WORKLOAD), seed=1)
    most = per_second * processes * CLIENT_BUSY
    yield Finding(
        "client",
        f"the harness takes {digits(cost_us)} µs of CPU for an operation of {NULL_WORKLOAD}, without a driver: "
        f"never more than {digits(most)}/s can be measured with {percent(CLIENT_BUSY)} of the client's cores; "
        "drivers take 10 to 60 µs more",
    )
    late = timer_error()
    late_ms = late.p95_ms or late.max_ms
    advice = "p99 in an open loop will be flagged: a busy or power-saving machine" if late_ms > TIMER_MS else ""
    text = f"a client that waits for its schedule oversleeps by {digits(late.p50_ms)} ms, p95 {digits(late_ms)} ms"
    yield Finding("timer", text, advice)


def _clock(host: Machine) -> Finding:
    governor = host.governor or "not known"
    where = f"; runs in {host.virtualisation}" if host.virtualisation else ""
    saving = host.governor not in (None, "performance")
    advice = "set the CPU governor to performance: cpupower frequency-set -g performance" if saving else ""
    return Finding("clock", f"CPU governor {governor}{where}; {size(host.memory_bytes)} memory", advice)


def _disk() -> Finding:
    """Where servers keep their data: what a durable write waits for."""
    with data_folder("doctor", owner=None) as folder:
        if in_memory(folder):
            text = "the servers' data would be in memory: durable writes would cost nothing"
            return Finding("disk", text, "name a folder on a disk in BAKEOFF_DATA")
        took_ms = sorted(_sync_ms(folder) for _ in range(SYNCS))
    middle = statistics.median(took_ms)
    text = f"a flush to disk takes {digits(middle)} ms: one durable session writes at most {digits(1e3 / middle)}/s"
    slow = "durable results will measure this disk, not the engines" if middle > SLOW_SYNC_MS else ""
    return Finding("disk", text, slow)


def _sync_ms(folder: Path) -> float:
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"x" * 4096)
        file.flush()
        began = time.perf_counter()
        os.fsync(file.fileno())
        return (time.perf_counter() - began) * 1e3


def _sources() -> Iterator[Finding]:
    for source, advice in (("docker", "see bakeoff list"), ("embedded", "pip install 'bakeoff[embedded]'")):
        lacks = {name: why for name in discover.engine_names() if (why := why_not(name, discover.engine(name), source))}
        able = [name for name in discover.engine_names() if name not in lacks]
        text = f"can start {', '.join(able)}" if able else next(iter(lacks.values()))
        yield Finding(f"--source {source}", text, advice if not able else "")


@contextmanager
def _pinned_to(cpu: int) -> Iterator[None]:
    """This thread, as clients are."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
