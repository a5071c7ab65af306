"""Time series: rows of integer metrics per host and instant, appended in batches and read in windows.

Times are milliseconds since 1970 UTC. Windows are half open, `start_ms <= at < end_ms`, and need not be aligned to
buckets; buckets are aligned to multiples of `bucket_ms` since 1970 and named by their first instant. Empty ones are
left out.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.session import Session

Row = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Points:
    """A batch in columns; row i is one host at one instant. No two rows anywhere share both."""

    names: Sequence[str]  # Host names; `hosts` points into it.
    hosts: NDArray[np.int64]  # (n,)
    at_ms: NDArray[np.int64]  # (n,)
    values: NDArray[np.int64]  # (n, metrics), each within 32 bits

    def __len__(self) -> int:
        return len(self.at_ms)

    def rows(self) -> Iterator[Row]:
        """(at_ms, host name, metric, metric, …) in Python's own types, for drivers that want rows."""
        names = self.names
        for at, host, values in zip(self.at_ms.tolist(), self.hosts.tolist(), self.values.tolist(), strict=True):
            yield (at, names[host], *values)


class TimeSeries(Session):
    @abstractmethod
    def create(self, metrics: Sequence[str]) -> None:
        """Drop all points and make an empty home for points that have exactly these metrics."""

    @abstractmethod
    def load(self, points: Points) -> None:
        """Append a large batch by the engine's best bulk path."""

    @abstractmethod
    def insert(self, points: Points) -> None:
        """Append a small batch as a collector would, acknowledged when this returns; times may be out of order."""

    @abstractmethod
    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        """(bucket, max of each metric over all these hosts together), oldest bucket first."""

    @abstractmethod
    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        """(bucket, host, mean of each metric) for every host, ordered by bucket, then host name."""

    @abstractmethod
    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        """(at_ms, host, every metric) where metric > threshold; hosts None means all. In any order."""

    @abstractmethod
    def last_rows(self) -> list[Row]:
        """(at_ms, host, every metric) of the newest row of every host. In any order."""

    @abstractmethod
    def max_of_newest_buckets(self, metric: str, before_ms: int, bucket_ms: int, limit: int) -> list[Row]:
        """(bucket, max over all hosts) of rows with at < before_ms: the `limit` newest buckets, newest first."""

    @abstractmethod
    def count(self) -> int:
        """How many rows there are, counted, not estimated."""

    @abstractmethod
    def everything(self) -> Iterator[Points]:
        """Every row once, in any order, in batches of bounded size."""


class InsertPoints(msgspec.Struct, frozen=True, gc=False):
    kind: str
    points: Points

    def on(self, session: TimeSeries) -> None:
        session.insert(self.points)


class MaxByBucket(msgspec.Struct, frozen=True, gc=False):
    kind: str
    metrics: tuple[str, ...]
    hosts: tuple[str, ...]
    start_ms: int
    end_ms: int
    bucket_ms: int

    def on(self, session: TimeSeries) -> list[Row]:
        return session.max_by_bucket(self.metrics, self.hosts, self.start_ms, self.end_ms, self.bucket_ms)


class MeanByHostAndBucket(msgspec.Struct, frozen=True, gc=False):
    kind: str
    metrics: tuple[str, ...]
    start_ms: int
    end_ms: int
    bucket_ms: int

    def on(self, session: TimeSeries) -> list[Row]:
        return session.mean_by_host_and_bucket(self.metrics, self.start_ms, self.end_ms, self.bucket_ms)


class RowsAbove(msgspec.Struct, frozen=True, gc=False):
    kind: str
    metric: str
    threshold: int
    hosts: tuple[str, ...] | None
    start_ms: int
    end_ms: int

    def on(self, session: TimeSeries) -> list[Row]:
        return session.rows_above(self.metric, self.threshold, self.hosts, self.start_ms, self.end_ms)


class LastRows(msgspec.Struct, frozen=True, gc=False):
    kind: str

    def on(self, session: TimeSeries) -> list[Row]:
        return session.last_rows()


class MaxOfNewestBuckets(msgspec.Struct, frozen=True, gc=False):
    kind: str
    metric: str
    before_ms: int
    bucket_ms: int
    limit: int

    def on(self, session: TimeSeries) -> list[Row]:
        return session.max_of_newest_buckets(self.metric, self.before_ms, self.bucket_ms, self.limit)
