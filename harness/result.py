"""The record of a run: everything needed to believe it, to repeat it, and to compare it.

A run is a folder: `run.json` (a Run) and one file per candidate (a Result). Numbers carry their units in their names;
None means not measured and is never 0; nothing has a default, so nothing is missing silently. Unknown fields are
refused. `bakeoff schema` prints the JSON Schema of both.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

VERSION: Literal[2] = 2
Parameter = int | float | str | bool
Arrivals = Literal["constant", "poisson"]
Stage = Literal["warm-up", "main", "ladder", "search", "common rate", "sweep"]
Network = Literal["loopback", "mapped port", "remote", "in process"]


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


class ClientUse(Record, frozen=True):
    processes: int
    cpu_cores: float  # 1.0: one core was busy all the time. Near the number of processes we measured the client.
    resident_bytes: int  # Of the largest process.


class HostUse(Record, frozen=True):
    """What the machine's cores did during the measured part, in shares of their time; None where it does not tell."""

    client_cores_busy: float | None  # With the client or anything else.
    server_cores_busy: float | None
    stolen: float | None  # Of all usable cores, by the hypervisor for other machines.


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
    problems: list[str]  # Wrong answers and lost writes. Any makes the trial invalid.


class Loading(Record, frozen=True):
    rows: int
    seconds: float  # In the engine's bulk path; drawing the data is not counted.
    rows_per_second: float
    settle_seconds: float
    size_bytes: int | None  # After settling.
    index_bytes: int | None  # Of the index on vectors alone.
    content: str  # What was compared with the data set: "100,000 rows compared, count 100,000".
    checked: dict[str, Graded]  # The answer check before the clock started, by kind of operation.


class Repeat(Record, frozen=True):
    """Medians over a few reads of one kind: asked for the first time, and at once again."""

    first_ms: float
    again_ms: float


class Calibration(Record, frozen=True):
    """What can be measured of a candidate from here, before its first trial, in one process and one session."""

    null_cpu_us: float  # Client CPU per operation of this workload when no engine is asked: the harness itself.
    ceiling_per_second: float  # What one process could send of it at most.
    ping: Latency  # The shortest round trip: driver, network, and a server with nothing to do.
    ping_cpu_us: float  # Client CPU of one.
    timer_error: Latency  # By how much sleeps of a millisecond overslept.
    repeats: dict[str, Repeat]  # By kind of reading operation.


class Slo(Record, frozen=True):
    """What users must be able to rely on: this quantile of response times is at most so long."""

    quantile: float  # 0.99
    limit_ms: float


class Capacity(Record, frozen=True):
    """The highest rate offered in an open loop at which the objective of the run is kept.

    Between low and high the probes do not agree: a bracket, not a confidence interval. See harness.analysis.capacity.
    """

    per_second: float | None  # The estimate; None: no rate was settled as kept.
    low_per_second: float | None
    high_per_second: float | None  # None: the server was not the limit.
    limit: Literal["slo", "client", "top", "bottom"]  # What ended the search.


class Problem(Record, frozen=True):
    reason: str
    remedy: str


class Result(Record, frozen=True):
    """One candidate under one workload."""

    version: Literal[2]
    run: str  # Run.id
    candidate: str
    engine: str
    title: str
    status: Literal["ok", "invalid", "failed", "unsupported"]
    problems: list[Problem]  # Why the status is not ok, and what to do.
    warnings: list[Problem]  # Reasons for doubt that every table must show.
    workload: str
    fingerprint: str  # Of the data and the first operations. Results that differ here never compare.
    source: str | None  # "embedded", "in-process", "docker", "at"; None: never started.
    network: Network | None  # Between client and server.
    image: str | None  # What a container ran: "redis@sha256:…", or the id of a local image.
    server_version: str | None
    durability_asked: str
    durability_observed: str | None
    design: str | None  # Schema, index and access path, in the adapter's words.
    facts: dict[str, str]  # Settings as the server reports them.
    server_cpus: list[int]
    client_cpus: list[int]
    memory_bytes: int | None
    loading: Loading | None
    statements: dict[str, list[str]]  # As they were sent: "create", "load", "settle", then kinds of operations.
    calibration: Calibration | None
    trials: list[Trial]  # Of the stage "main": what the run was asked for.
    probes: list[Trial]  # Of all other stages, in the order in which they ran.
    capacity: Capacity | None


class Machine(Record, frozen=True):
    """None where the system does not tell."""

    cpu: str  # Its model: "AMD EPYC 9B14".
    cores: int  # Logical ones, of the whole machine.
    usable_cores: int  # Of these, the ones that the run could use.
    memory_bytes: int
    system: str  # "Debian GNU/Linux 12 (bookworm)".
    kernel: str
    python: str
    packages: dict[str, str]  # What bakeoff is built on, drivers among them: name -> version.
    load_average: float  # Over the last minute, before anything was started.
    busy: float | None  # Share of the usable cores' time, by others, in the half second before.
    stolen: float | None  # The same by the hypervisor.
    governor: str | None  # Of the CPU clock: "performance", "powersave".
    virtualisation: str | None  # "container", the hypervisor's product, "virtual machine"; None: none that shows.


class Run(Record, frozen=True):
    version: Literal[2]
    id: str
    started: datetime
    finished: datetime | None  # None: still going, or interrupted.
    bakeoff: str  # Version and, in a checkout, the commit ("+" if the tree had changes).
    command: str  # Repeats it.
    workload: str
    summary: str  # What application the workload stands for.
    parameters: dict[str, Parameter]
    fingerprint: str
    exact: bool  # Right answers are all or nothing; else grades are recall.
    profile: str
    clients: int
    rate_per_second: float | None
    arrivals: Arrivals
    seed: int
    trials: int
    warmup_seconds: float  # Before the first trial; twice as long where that was not steady.
    seconds: float
    slo: Slo | None
    common_shares: list[float]  # Of the slowest candidate's capacity: the rates at which all were measured.
    candidates: list[str]
    machine: Machine
