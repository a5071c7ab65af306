"""What a run is asked to do: everything that it depends on, checked before anything is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.candidate import Candidate
from harness.workload import Workload


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A candidate and where its server comes from."""

    candidate: Candidate
    source: str  # See harness.sources.resolve.
    why: str  # This source, in a few words.
    url: str | None  # Of a server that is already there.


@dataclass(frozen=True, kw_only=True)
class Spec:
    workload_name: str
    workload: Workload
    entries: Sequence[Entry]
    profile: str
    trials: int
    warmup_seconds: float
    seconds: float  # Measured part of a trial.
    clients: int
    rate_per_second: float | None  # None: closed loop.
    arrivals: Literal["constant", "poisson"]
    seed: int
    memory_bytes: int  # For each server.
    command: Sequence[str]  # Repeats the run.
    listen: str  # Where the load generator's master listens.
    port: int | None
    remote_workers: int  # Load generators on other machines to wait for.
