"""One line of a history: what one run measured of one candidate, on which terms."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal

import msgspec

from harness.result import Network, Slo
from harness.trial import Arrivals, Fault, Parameter, Record

VERSION: Literal[1] = 1


class Terms(Record, frozen=True):
    """What must be alike for two numbers to be of one series: whatever differs here can change a number by itself.

    Left out is what a series shall show: the commit, bakeoff, its drivers, minor versions of the kernel. These are kept
    beside each number (`Entry.surroundings`), and named where a change coincides with theirs. The machine comes first,
    then the server, then the work; None where the system did not tell.
    """

    cpu: str  # Its model.
    cores: int  # That the run could use.
    memory_gib: int  # Rounded: kernels of one machine report some megabytes more or less.
    kernel: str  # Major version: schedulers and file systems differ from one to the next.
    virtualisation: str | None
    governor: str | None  # Of the clock: powersave can halve a throughput.
    source: str | None
    network: Network | None  # A mapped port adds 0.1 ms to each round trip.
    server_version: str | None
    durability: str  # The class that the server was seen to keep, else the one it was asked for.
    server_cores: int
    client_cores: int
    memory_bytes: int | None  # The most a server shall use.
    data: Literal["disk", "memory"]
    fingerprint: str  # Of data and operations.
    parameters: dict[str, Parameter]
    clients: int
    rate_per_second: float | None
    arrivals: Arrivals
    seconds: float  # A short trial sees less of caches that fill, of checkpoints and of compaction.
    slo: Slo | None
    cold: bool
    fault: Fault | None

    @property
    def key(self) -> str:
        """8 hex digits, equal for equal terms."""
        return hashlib.blake2b(msgspec.json.encode(self, order="deterministic"), digest_size=4).hexdigest()


class Point(Record, frozen=True):
    """As harness.metrics.Number."""

    metric: str
    unit: str
    higher_is_better: bool
    value: float
    low: float | None
    high: float | None
    at_per_second: float | None
    flagged: list[str]


class Entry(Record, frozen=True):
    version: Literal[1]
    run: str  # Run.id
    started: datetime  # Of the run. Together with its id that is one run and no other.
    commit: str | None  # Of the code that was measured; None: not known.
    workload: str
    candidate: str
    terms: Terms
    surroundings: dict[str, str]  # What else may change a number, with its version: "kernel", "psycopg".
    points: list[Point]
