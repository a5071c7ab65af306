"""Points in a list of batches, just as they came. Every question looks at every batch."""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean

from adapters.memory import store
from adapters.memory.store import namespace
from harness.engine import Address
from harness.timeseries import Points, Row, TimeSeries

ALWAYS = (-(2**63), 2**63 - 1)


class Session(TimeSeries):
    def __init__(self, address: Address) -> None:
        self.metrics = namespace(address).metrics
        self.batches = namespace(address).batches

    def create(self, metrics: Sequence[str]) -> None:
        self.metrics[:] = metrics
        self.batches.clear()

    def load(self, points: Points) -> None:
        self.batches.append(points)

    def insert(self, points: Points) -> None:
        self.batches.append(points)

    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        buckets = defaultdict(list)
        for row in self.rows(start_ms, end_ms):
            if row[1] in hosts:
                buckets[row[0] // bucket_ms * bucket_ms].append(row)
        columns = self.columns(metrics)
        return [(b, *(max(row[c] for row in rows) for c in columns)) for b, rows in sorted(buckets.items())]

    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        groups = defaultdict(list)
        for row in self.rows(start_ms, end_ms):
            groups[row[0] // bucket_ms * bucket_ms, row[1]].append(row)
        columns = self.columns(metrics)
        return [(*group, *(fmean(row[c] for row in rows) for c in columns)) for group, rows in sorted(groups.items())]

    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        (column,) = self.columns([metric])
        rows = self.rows(start_ms, end_ms)
        return [row for row in rows if row[column] > threshold and (hosts is None or row[1] in hosts)]

    def last_rows(self) -> list[Row]:
        newest: dict[str, Row] = {}
        for row in self.rows(*ALWAYS):
            newest[row[1]] = max(row, newest.get(row[1], row))
        return list(newest.values())

    def max_of_newest_buckets(self, metric: str, before_ms: int, bucket_ms: int, limit: int) -> list[Row]:
        (column,) = self.columns([metric])
        buckets = defaultdict(list)
        for row in self.rows(ALWAYS[0], before_ms):
            buckets[row[0] // bucket_ms * bucket_ms].append(row[column])
        return [(bucket, max(values)) for bucket, values in sorted(buckets.items(), reverse=True)[:limit]]

    def count(self) -> int:
        return sum(map(len, self.batches))

    def everything(self) -> Iterator[Points]:
        yield from list(self.batches)

    def rows(self, start_ms: int, end_ms: int) -> Iterator[Row]:
        """(at_ms, host name, metric, metric, …) of every point in the window."""
        for batch in self.batches:
            inside = (batch.at_ms >= start_ms) & (batch.at_ms < end_ms)
            yield from Points(batch.names, batch.hosts[inside], batch.at_ms[inside], batch.values[inside]).rows()

    def columns(self, metrics: Sequence[str]) -> list[int]:
        """Where these metrics are in a row."""
        return [2 + self.metrics.index(metric) for metric in metrics]

    def ping(self) -> None:
        pass  # Nobody is asked.

    def watch(self, sink: Callable[[str], None] | None) -> None:
        store.watch(self, TimeSeries.__abstractmethods__, sink)

    def settle(self) -> None:
        pass  # A write is visible to every session before it returns.

    def facts(self) -> dict[str, str]:
        return {"version": platform.python_version()}

    def design(self) -> str:
        return "a list of batches in the order of their arrival; every query reads them all"

    def size_bytes(self) -> None:
        return None

    def close(self) -> None:
        pass
