"""Sums over trials that no analysis needs: how an open loop's schedule was kept, and what the measured part took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.merge import Merged, merged_latency, weighted
from harness.trial import Latency, Trial


@dataclass(frozen=True)
class Schedule:
    """An open loop over trials."""

    due: int
    sent: int
    late: int
    unsent: int
    unfinished: int
    lag: Latency | None
    timer_error: Latency | None


@dataclass(frozen=True)
class Costs:
    """What the measured part took; None is what could not be seen."""

    server_cpu_us: float | None  # Per operation.
    server_resident_bytes: int | None  # The most of any trial, as are the client's.
    written_bytes: float | None  # By the server to its disk, per operation.
    client_cpu_us: float | None  # Per operation.
    client_busy: float  # Share of the client's processes' cores, 0 … 1.
    client_processes: int
    client_resident_bytes: int
    server_cores_busy: float | None  # Share of the time of the server's cores.


def schedule(trials: Sequence[Trial]) -> Schedule | None:
    """None of a closed loop."""
    offered = [trial.offered for trial in trials if trial.offered]
    if not offered:
        return None
    return Schedule(
        due=sum(o.due for o in offered),
        sent=sum(o.sent for o in offered),
        late=sum(o.late for o in offered),
        unsent=sum(o.unsent for o in offered),
        unfinished=sum(o.unfinished for o in offered),
        lag=merged_latency(o.lag for o in offered),
        timer_error=merged_latency(o.timer_error for o in offered),
    )


def costs(trials: Sequence[Trial], total: Merged) -> Costs:
    seen = [(trial.server, trial.total.count) for trial in trials if trial.server]
    resident = [use.resident_bytes for use, _ in seen if use.resident_bytes is not None]
    written = [(use.written_bytes / count, count) for use, count in seen if count and use.written_bytes is not None]
    return Costs(
        server_cpu_us=weighted((use.cpu_us_per_operation, count) for use, count in seen),
        server_resident_bytes=max(resident, default=None),
        written_bytes=weighted(written),
        client_cpu_us=total.client_cpu_us,
        client_busy=sum(t.client.cpu_cores / t.client.processes for t in trials) / len(trials),
        client_processes=max(t.client.processes for t in trials),
        client_resident_bytes=max(t.client.resident_bytes for t in trials),
        server_cores_busy=weighted((t.host.server_cores_busy, t.seconds) for t in trials),
    )
