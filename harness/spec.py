"""What a run is asked to do: everything that it depends on, checked before anything is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.candidate import Candidate
from harness.histogram import BEYOND
from harness.profile import Profile
from harness.queries.workload import Queries
from harness.result import Slo
from harness.sources.order import Data
from harness.trial import Arrivals, Fault
from harness.workload import Workload

LADDER_CLIENTS = (1, 2, 4, 8, 16, 32)
LONGEST_COMMON_SECONDS = 30.0
COMMON_SHARES = (0.5, 0.8)  # Of the slowest candidate's capacity.


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A candidate and where its server comes from."""

    candidate: Candidate
    source: str  # See harness.sources.resolve.
    why: str  # This source, in a few words.
    url: str | None  # Of a server that is already there.
    image: str | None  # Instead of the official one.
    label: str | None = None  # Its name in this run, where the candidate's would not tell two apart.
    settings: Mapping[str, str] = field(default_factory=dict)  # Of the server, instead of the adapter's.
    queries: Queries | None = None  # Another version of the file that the workload is out of.

    @property
    def name(self) -> str:
        return self.label or self.candidate.name


@dataclass(frozen=True, kw_only=True)
class Spec:
    workload_name: str
    workload: Workload
    queries: str | None  # The file that the workload is out of.
    entries: Sequence[Entry]
    profile_name: str
    profile: Profile  # With what the user wants otherwise.
    rate_per_second: float | None  # None: closed loop.
    arrivals: Arrivals
    slo: Slo | None
    common_rates: Sequence[float]  # At which all candidates are measured; (): shares of what the slowest serves.
    data: Data
    cold: bool  # Restart every server, and drop its files from memory, before every trial.
    fault: Fault | None  # What is done to every server in every main trial.
    lock: bool  # Pin the digests of images.
    seed: int
    memory_bytes: int  # For each server.
    command: Sequence[str]  # Repeats the run.
    listen: str  # Where the load generator's master listens.
    port: int | None
    remote_workers: int  # Load generators on other machines to wait for.

    @property
    def undisturbed(self) -> bool:
        """Is every server left to itself? Else there are main trials only: the other stages would mean nothing."""
        return not self.cold and self.fault is None

    @property
    def common_shares(self) -> Sequence[float]:
        """Where the user sets a rate, all candidates have one already."""
        wanted = self.profile.common_trials and self.rate_per_second is None and self.undisturbed
        return COMMON_SHARES if wanted and not self.common_rates else ()

    def common_seconds(self, rate_per_second: float) -> float:
        """Of a trial at a rate that somebody asks about: long enough to know the quantile of the objective, or p99."""
        requests = 1.1 * BEYOND / (1 - (self.slo.quantile if self.slo else 0.99))
        return max(self.profile.common_seconds, min(requests / rate_per_second, LONGEST_COMMON_SECONDS))
