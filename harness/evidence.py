"""What studies leave: like a run's, their numbers carry their units, and None means not measured.

A study is a folder with one file, `study.json`, and its report.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from harness.consistency.record import Consistency, Economy
from harness.result import Limits, Machine, Network, Problem
from harness.trial import Parameter, Record

VERSION: Literal[1] = 1


class Subject(Record, frozen=True):
    """A candidate in a study: which server it was, and under which terms."""

    candidate: str
    engine: str
    title: str
    status: Literal["ok", "failed", "unsupported"]
    problems: list[Problem]  # Why the status is not ok, and what to do.
    source: str | None  # As in a Result, like all below; None: it was never started.
    network: Network | None
    image_asked: str | None
    image: str | None
    server_version: str | None
    durability_asked: str
    durability_observed: str | None
    server_cpus: list[int]
    memory_bytes: int | None
    limits: Limits | None
    design: str | None
    facts: dict[str, str]


class About(Record, frozen=True):
    """The head of every study."""

    version: Literal[1]
    id: str
    started: datetime
    finished: datetime | None  # None: still going, or interrupted.
    bakeoff: str
    command: str  # Repeats it.
    seed: int
    parameters: dict[str, Parameter]
    candidates: list[str]
    machine: Machine


class Kill(Record, frozen=True):
    """One kill, and what was there afterwards. Only writes that the server had acknowledged can be lost."""

    number: int  # From 1.
    after_seconds: float  # Of writing.
    acknowledged: int
    lost: int  # Of the acknowledged ones: missing, or with another content.
    oldest_lost_seconds: float | None  # How long before the kill the earliest lost one was acknowledged; None: no loss.
    holes: int  # Lost ones after which the same session's later writes survived.
    settled: int
    settled_lost: int  # Of those that were settled before.
    unacknowledged: int  # Sent, and not acknowledged when the server died.
    unacknowledged_found: int
    foreign: int  # Records that nobody wrote.
    serving_seconds: float  # From the kill, with the server started again at once, to the first read that succeeded.


class Survival(Record, frozen=True):
    subject: Subject
    kills: list[Kill]


class DurabilityStudy(Record, frozen=True, tag_field="kind", tag="durability"):
    about: About
    clients: int  # Sessions that write at the same time.
    kills: int  # Wanted of each candidate.
    results: list[Survival]


class Consistent(Record, frozen=True):
    subject: Subject
    levels: list[Consistency]  # Those that the engine offers, the weakest first.


class ConsistencyStudy(Record, frozen=True, tag_field="kind", tag="consistency"):
    about: About
    economy: Economy
    results: list[Consistent]


Study = ConsistencyStudy | DurabilityStudy
