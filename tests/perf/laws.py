"""The harness alone: what it costs per operation, and how exact it is where the truth is known."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import numpy as np

from harness import discover
from harness.engine import Address
from harness.load import plan, trial
from harness.load.merge import Merged
from tests.perf.clients import bare, through_harness
from tests.perf.table import Line

SECONDS = 3.0
STALL_MS = 1_881.0  # Exact p99 of a 2 s stall at 1,000/s in 12 s: requests due in it wait 2,000 ms, 1,999 ms, …


class Nothing:
    """A session that answers at once."""

    def call(self, argument: object) -> object:
        return argument

    def close(self) -> None:
        pass


class Stalling:
    """Answers at once, except that all sessions stand still for two seconds."""

    began = 0.0
    lock = Lock()

    def call(self, argument: object) -> None:
        since = time.perf_counter() - Stalling.began
        if 5.5 <= since < 7.5:
            time.sleep(7.5 - since)

    def close(self) -> None:
        pass


def null(work: Path) -> Iterator[Line]:
    arguments = list(range(10_000))
    for sessions in (1, 8):
        merged = through_harness(Nothing, arguments, sessions, SECONDS)
        ours_us = merged.client().cpu_cores / merged.total().per_second * 1e6
        bare_us = 1e6 / bare(Nothing, arguments, 1, 1.0)
        yield Line(
            f"loop and recording, {sessions} sessions, µs of CPU/operation",
            f"{ours_us:.2f}",
            f"a bare counting loop {bare_us:.2f}",
            ours_us,
            2.0,
            at_most=True,
        )
    for workload in ("read-heavy", "write-heavy"):
        ours_us = _memory_engine_us(workload)
        yield Line(f"{workload} on the null engine, drawn as it runs, µs", f"{ours_us:.2f}", "", ours_us, None)


def _memory_engine_us(name: str) -> float:
    """With drawing, tracking and sampling, on the memory engine."""
    workload = discover.workload(name)
    address = Address("memory://perf", f"perf_{name}")
    session = discover.session("memory", "keyvalue")
    oracle = workload.oracle()
    opened = session(address)
    workload.create(opened)
    for batch in workload.load():
        opened.load(batch)  # type: ignore[attr-defined]
    order = plan.TrialPlan(
        target=plan.Target(engine="memory", variant=None, workload=name, parameters={}, address=address),
        varied={},
        seed=1,
        trial=1,
        sessions=4,
        first_session=0,
        all_sessions=4,
        rate_per_second=None,
        arrivals="constant",
        process=0,
        warmup_seconds=0.5,
        seconds=SECONDS,
        stepwise=False,
    )
    armed = trial.arm(order, workload, oracle, lambda: session(address))
    merged = Merged([trial.go(armed, time.perf_counter_ns() + 50_000_000)], SECONDS)
    return merged.client().cpu_cores / merged.total().per_second * 1e6


def stall(work: Path) -> Iterator[Line]:
    for name, rate in (("open loop", 1_000.0), ("closed loop", None)):
        Stalling.began = time.perf_counter()
        merged = through_harness(Stalling, [0], 4, 12.0, rate)
        p99_ms = merged.total().response.p99_ms  # type: ignore[union-attr]
        assert p99_ms is not None
        if rate:
            off = abs(p99_ms / STALL_MS - 1)
            yield Line(
                "p99 of a 2 s stall at 1,000/s, open loop",
                f"{p99_ms:,.0f} ms",
                "exact 1,881 ms",
                off,
                0.02,
                at_most=True,
            )
        else:
            yield Line(
                f"the same stall in a {name} is hidden",
                f"p99 {p99_ms:.3f} ms",
                "",
                p99_ms / STALL_MS,
                0.01,
                at_most=True,
            )


def offered(work: Path) -> Iterator[Line]:
    for rate in (1_000.0, 5_000.0):
        merged = through_harness(Nothing, [0], 8, 5.0, rate)
        achieved = merged.total().per_second
        yield Line(
            f"offered against {rate:,.0f}/s intended, client at {merged.client().cpu_cores:.0%}",
            f"{achieved:,.1f}/s",
            "",
            abs(achieved / rate - 1),
            0.01,
            at_most=True,
        )


def memory(work: Path) -> Iterator[Line]:
    """Resident memory of this process does not grow with the length of a trial, at the full speed of the loop."""
    through_harness(Nothing, list(range(1_000)), 8, 1.0)
    short = through_harness(Nothing, list(range(1_000)), 8, 2.0).client().resident_bytes
    long = through_harness(Nothing, list(range(1_000)), 8, 12.0).client().resident_bytes
    growth = float(np.float64(long) / short)
    yield Line(
        "memory after 12 s against 2 s at full speed",
        f"{long / 1e6:.0f} MB",
        f"{short / 1e6:.0f} MB",
        growth,
        1.1,
        at_most=True,
    )
