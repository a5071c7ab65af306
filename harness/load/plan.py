"""What travels between the command line, the master and the workers: plain data, JSON both ways."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import msgspec

from harness.engine import Address
from harness.queries.workload import Carried
from harness.trial import Graded, Parameter

T = TypeVar("T")


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker works on: one workload on one server."""

    engine: str
    variant: str | None
    workload: str
    parameters: dict[str, Parameter]
    address: Address
    queries: Carried | None = None  # Of a workload out of a file.


class TrialPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One process's part of a trial."""

    target: Target
    varied: dict[str, Parameter]  # Of the workload's parameters, for the operations of this trial.
    seed: int
    trial: int
    sessions: int  # In this process.
    first_session: int  # The number of its first one over all processes.
    all_sessions: int
    rate_per_second: float | None  # This process's share; None: closed loop.
    arrivals: Literal["constant", "poisson"]
    process: int  # Its number, from 0: each draws an arrival schedule of its own.
    warmup_seconds: float
    seconds: float
    stepwise: bool  # Count answers in steps of 0.01 s too.


class Series(msgspec.Struct, frozen=True):
    """A sparse histogram of one series, kind and second, as little-endian bytes."""

    series: str
    kind: str
    second: int
    indices: bytes  # uint16
    counts: bytes  # int64


class ErrorCount(msgspec.Struct, frozen=True):
    kind: str
    second: int
    error: str
    count: int


class ScheduleOutcome(msgspec.Struct, frozen=True):
    """Over the measured part."""

    due: int
    sent: int
    late: int
    unsent: int
    unfinished: int


class TrialOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one process measured."""

    series: list[Series]
    errors: list[ErrorCount]
    client_cpu_ns: dict[str, tuple[int, int]]  # Kind -> thread CPU time of sampled requests, their number.
    graded: dict[str, Graded]
    problems: list[str]
    traits: dict[str, float]
    schedule: ScheduleOutcome | None
    steps: bytes  # int64, answers in each step of the measured part; empty unless they were wanted.
    rows_added: int  # By acknowledged writes, those of the warm-up included.
    rows_maybe_added: int  # By writes that ended in an error.
    process_cpu_seconds: float  # Over the measured part.
    resident_bytes: int


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A namespace that is created, loaded, settled and checked."""

    rows: int
    rows_added: int  # By the answer check.
    load_seconds: float
    settle_seconds: float
    size_bytes: int | None
    index_bytes: int | None
    content: str
    design: str
    statements: dict[str, list[str]]
    facts: dict[str, str]
    checked: dict[str, Graded]
    problems: list[str]


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """A namespace after its last trial."""

    rows: int  # As counted.
    facts: dict[str, str]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A command that could not be carried out."""

    kind: Literal["unsupported", "failed"]
    reason: str
    remedy: str


class Hello(msgspec.Struct, frozen=True):
    """A worker introduces itself."""

    serves: str | None  # The candidate whose own it is; None: any (a worker on another machine).
    host: str
    pid: int


class Command(msgspec.Struct, frozen=True, kw_only=True):
    name: Literal["prepare", "calibrate", "arm", "go", "finish"]
    payload: dict[str, Any]


def plain(value: Any) -> dict[str, Any]:
    """As a command's payload."""
    built: dict[str, Any] = msgspec.to_builtins(value)
    return built


def wrapped(value: Any) -> dict[str, str]:
    """As Locust carries it: a dictionary of what msgpack knows."""
    return {"json": msgspec.json.encode(value).decode()}


def unwrapped(data: dict[str, str], kind: type[T]) -> T:
    return msgspec.json.decode(data["json"], type=kind)
