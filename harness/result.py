"""The record of a run: everything needed to believe it, to repeat it, and to compare it.

A run is a folder: `run.json` (a Run) and one file per candidate (a Result). Numbers carry their units in their names;
None means not measured and is never 0; nothing has a default, so nothing is missing silently. Unknown fields are
refused. `bakeoff schema` prints the JSON Schema of both.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from harness.trial import Arrivals, Fault, Graded, Latency, Parameter, Record, Trial

VERSION: Literal[3] = 3
Network = Literal["loopback", "mapped port", "remote", "in process"]


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


class Limits(Record, frozen=True):
    """What a server got, as the kernel (or a Docker on a machine of its own) has it. None: no limit, or not seen."""

    cpus: list[int]  # It may run on; [] not to be seen.
    memory_bytes: int | None  # Hard limit on all of it.
    swap_bytes: int | None  # Beyond that; 0: it never swaps.
    shared_memory_bytes: int | None  # Size of /dev/shm.
    data: str  # Where its files are: "disk", "memory", "volume", "tmpfs".


class Result(Record, frozen=True):
    """One candidate under one workload."""

    version: Literal[3]
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
    image_asked: str | None  # By name and tag, or by the digest of the lock file.
    image: str | None  # What a container ran: "redis@sha256:…", or the id of a local image.
    server_version: str | None
    durability_asked: str
    durability_observed: str | None
    design: str | None  # Schema, index and access path, in the adapter's words.
    facts: dict[str, str]  # Settings as the server reports them.
    server_cpus: list[int]
    client_cpus: list[int]
    memory_bytes: int | None  # The most it shall use.
    limits: Limits | None  # What it got; None of a server that is not ours.
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
    version: Literal[3]
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
    data: Literal["disk", "memory"]  # Where the files of servers of ours shall be.
    cold: bool  # Was every server restarted, and its files dropped from memory, before every trial?
    fault: Fault | None
    common_shares: list[float]  # Of the slowest candidate's capacity: the rates at which all were measured.
    candidates: list[str]
    machine: Machine
