"""One timed interval of one candidate, and all that was measured in it: the part of a result that repeats.

Numbers carry their units in their names; None means not measured and is never 0; nothing has a default, so nothing is
missing silently. Unknown fields are refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Parameter = int | float | str | bool
Arrivals = Literal["constant", "poisson"]
Stage = Literal["warm-up", "main", "ladder", "search", "common rate", "sweep"]
FaultKind = Literal["kill", "pause", "restart"]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Latency(Record, frozen=True):
    """Of requests that succeeded. A quantile q is None unless count * (1 - q) >= 10: fewer samples do not know it."""

    count: int
    mean_ms: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    max_ms: float
    histogram: str  # HDR V2, base64, nanoseconds, 3 digits. Merged percentiles come from here, never from means.


class Graded(Record, frozen=True):
    """Answers compared with the oracle: 1.0 right, 0.0 wrong, recall in between."""

    answers: int
    mean: float
    lowest: float
    wrong: int  # Graded 0.0; for a workload whose answers are exact, graded below 1.0.


class Measured(Record, frozen=True):
    """One kind of operation, or all together ("total"), over the measured part of a trial."""

    kind: str
    count: int  # Succeeded.
    errors: dict[str, int]  # By type. Failed requests are in no latency.
    per_second: float
    response: Latency | None  # From when the schedule wanted it sent (open loop) or from the send: what a user waits.
    service: Latency | None  # From the send: what driver and database took.
    client_cpu_us: float | None  # Thread CPU time per operation in harness, driver and decoding, from a sample.
    graded: Graded | None


class Slice(Record, frozen=True):
    """One kind of operation in one second, by the time of its end. Seconds below 0 are warm-up."""

    second: int
    kind: str
    count: int
    errors: int
    response: str  # HDR V2, base64, nanoseconds; "" if count is 0.


class Load(Record, frozen=True):
    """How hard a trial pressed, for which stage of its run, and what it changed of the workload's parameters."""

    stage: Stage
    clients: int
    rate_per_second: float | None  # None: closed loop.
    arrivals: Arrivals
    varied: dict[str, Parameter]


class Offered(Record, frozen=True):
    """An open loop's schedule against what became of it, over the measured part of a trial."""

    rate_per_second: float  # Intended.
    arrivals: Arrivals
    due: int  # Requests that the schedule wanted sent.
    sent: int
    late: int  # Sent later than due because every session was busy; their response counts from the schedule.
    unsent: int  # Still waiting for a free session when the trial ended.
    unfinished: int  # Sent, without an answer when the trial ended.
    lag: Latency | None  # From due to sent, for late ones.
    timer_error: Latency | None  # By how much an idle session overslept; the client's fault, in no response time.


class ServerUse(Record, frozen=True):
    """What the server's processes used during the measured part; None where it cannot be seen apart."""

    cpu_seconds: float
    cpu_us_per_operation: float | None
    resident_bytes: int | None
    read_bytes: int | None
    written_bytes: int | None
    throttled_seconds: float | None  # Kept from running by a limit on its CPU time.
    killed_for_memory: int | None  # Processes that the kernel ended at a limit on its memory.


class ClientUse(Record, frozen=True):
    processes: int
    cpu_cores: float  # 1.0: one core was busy all the time. Near the number of processes we measured the client.
    resident_bytes: int  # Of the largest process.


class HostUse(Record, frozen=True):
    """What the machine's cores did during the measured part, in shares of their time; None where it does not tell."""

    client_cores_busy: float | None  # With the client or anything else.
    server_cores_busy: float | None
    stolen: float | None  # Of all usable cores, by the hypervisor for other machines.


class Fault(Record, frozen=True):
    """What is done to the server in every main trial."""

    kind: FaultKind  # Killed and started again at once; stopped in order and started again; or its time is stopped.
    at_seconds: float  # Into the measured part.
    for_seconds: float  # That a pause lasts; 0 of the others.


class Struck(Record, frozen=True):
    """What a fault did to a trial. Seconds count from the fault."""

    fault: Fault
    answering_seconds: float | None  # Until the server answered a ping of ours again; None: not within the trial.
    silent_seconds: float  # The longest time without an answer to any client, in steps of 0.01 s.
    recovered_seconds: float | None  # Until 90 % of the earlier throughput was there again; None: not in the trial.
    lost: list[str]  # Acknowledged writes that were not there afterwards, where the durability class allows that.


class Cold(Record, frozen=True):
    """What was done before a trial so that nothing is in memory yet."""

    restart_seconds: float  # From the start of the server to its first answer.
    cached_bytes: int | None  # Of the server's files in the kernel's page cache, when the server had stopped;
    left_bytes: int | None  # and after they had been dropped. None: we cannot see its files.


class Trial(Record, frozen=True):
    number: int  # From 1.
    position: int  # In its block, from 1: which candidate went first.
    seed: int
    started: datetime
    warmup_seconds: float
    seconds: float  # Measured part.
    load: Load
    offered: Offered | None  # None: closed loop.
    operations: list[Measured]  # By kind, then nothing else.
    total: Measured
    timeline: list[Slice]
    server: ServerUse | None
    client: ClientUse
    host: HostUse
    traits: dict[str, float]  # Workload.traits: what the operations turned out to be like, in shares of 1.
    cold: Cold | None  # None: the server went on as it was.
    struck: Struck | None  # None: undisturbed.
    problems: list[str]  # Wrong answers and lost writes. Any makes the trial invalid.
