"""The record of a run: everything needed to believe it, to repeat it, and to compare it.

A run is a folder: `run.json` (a Run) and one file per candidate (a Result). Numbers carry their units in their names;
None means not measured and is never 0; nothing has a default, so nothing is missing silently. Unknown fields are
refused. `bakeoff schema` prints the JSON Schema of both.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from harness.errors import EnvironmentProblem, UsageError

VERSION: Literal[1] = 1
Parameter = int | float | str | bool
T = TypeVar("T")


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


class Offered(Record, frozen=True):
    """An open loop's schedule against what became of it, over the measured part of a trial."""

    rate_per_second: float  # Intended.
    arrivals: Literal["constant", "poisson"]
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


class ClientUse(Record, frozen=True):
    processes: int
    cpu_cores: float  # 1.0: one core was busy all the time. Near the number of processes we measured the client.
    resident_bytes: int  # Of the largest process.


class Trial(Record, frozen=True):
    number: int  # From 1.
    position: int  # In its block, from 1: which candidate went first.
    seed: int
    started: datetime
    warmup_seconds: float
    seconds: float  # Measured part.
    clients: int
    offered: Offered | None  # None: closed loop.
    operations: list[Measured]  # By kind, then nothing else.
    total: Measured
    timeline: list[Slice]
    server: ServerUse | None
    client: ClientUse
    problems: list[str]  # Wrong answers and lost writes. Any makes the trial invalid.


class Loading(Record, frozen=True):
    rows: int
    seconds: float  # In the engine's bulk path; drawing the data is not counted.
    rows_per_second: float
    settle_seconds: float
    size_bytes: int | None  # After settling.
    content: str  # What was compared with the data set: "100,000 rows compared, count 100,000".
    checked: dict[str, Graded]  # The answer check before the clock started, by kind of operation.


class Problem(Record, frozen=True):
    reason: str
    remedy: str


class Result(Record, frozen=True):
    """One candidate under one workload."""

    version: Literal[1]
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
    trials: list[Trial]


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
    governor: str | None  # Of the CPU clock: "performance", "powersave".
    virtualisation: str | None  # "container", the hypervisor's product, "virtual machine"; None: none that shows.


class Run(Record, frozen=True):
    version: Literal[1]
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
    arrivals: Literal["constant", "poisson"]
    seed: int
    trials: int
    warmup_seconds: float
    seconds: float
    candidates: list[str]
    machine: Machine


def save(record: Run | Result, path: Path) -> None:
    """Write atomically: a full disk or a kill leaves the earlier file whole. Raises EnvironmentProblem."""
    content = msgspec.json.encode(record)
    msgspec.json.decode(content, type=type(record))  # What could not be read again (a NaN) must not be written.
    _write(msgspec.json.format(content, indent=1), path)


def write_text(text: str, path: Path) -> None:
    """Like save, for a report."""
    _write(text.encode(), path)


def _write(content: bytes, path: Path) -> None:
    partial = path.with_suffix(".partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise EnvironmentProblem(f"Cannot save {path}: {error.strerror}. What was saved before is kept.") from error


def read_run(folder: Path) -> tuple[Run, list[Result]]:
    """The run in a folder and its results, in the order the candidates were given. Raises UsageError."""
    if not (folder / "run.json").is_file():
        raise UsageError(f"{folder} is not a run: it has no run.json. Runs are folders below results/runs/.")
    run = _read(folder / "run.json", Run)
    files = [folder / f"{file_name(candidate)}.json" for candidate in run.candidates]
    results = [_read(file, Result) for file in files if file.is_file()]
    for result in results:
        if result.run != run.id:
            raise UsageError(f"{folder}: the result of {result.candidate} belongs to run {result.run}, not {run.id}.")
    return run, results


def file_name(candidate: str) -> str:
    """A candidate's name with what some file systems refuse taken out: postgres:durable -> postgres.durable."""
    return candidate.replace(":", ".")


def schema() -> dict[str, Any]:
    """JSON Schema of run.json and of a candidate's file."""
    return {"run": msgspec.json.schema(Run), "result": msgspec.json.schema(Result)}


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise UsageError(
            f"{path} is not a bakeoff {kind.__name__.lower()} file of version {VERSION}: {error}."
        ) from error
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.") from error
