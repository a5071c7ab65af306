"""Points without the time series module: a sorted set of packed rows for each host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.redis.client import Client, Command, empty
from harness.engine import Address
from harness.timeseries import Points, Row

METRICS = "metrics"
HOSTS = "hosts"
BATCH = 5_000  # Rows in one pipeline of a bulk load.
PAGE = 10_000

Times = NDArray[np.int64]
Values = NDArray[np.int64]


class SortedSets:
    """The part of a TimeSeries session that knows how points are stored. Windows are not empty, starts not negative.

    A member of the set t:<host> is a row in little-endian binary, its instant and its metrics; the score is the
    instant. A set of 32-bit numbers beside the time is as compact as a sorted set gets.
    """

    DESIGN = (
        "a sorted set t:<host> of packed rows for each host, scored by time; the client reads the rows of a window"
        " (ZRANGE BYSCORE) and filters and aggregates them itself, in NumPy"
    )

    def __init__(self, client: Client, address: Address) -> None:
        self.client = client
        self.address = address
        self.names: list[str] = []

    def create(self, metrics: Sequence[str]) -> None:
        empty(self.client, self.address)
        self.client.call("RPUSH", METRICS, *metrics)
        self.names = list(metrics)

    def load(self, points: Points) -> None:
        batches = (self._commands(points, slice(at, at + BATCH)) for at in range(0, len(points), BATCH))
        for _ in self.client.stream(batches):
            pass

    def insert(self, points: Points) -> None:
        if len(points):
            self.client.atomically(self._commands(points, slice(None)))

    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        found = self._window(hosts, start_ms, end_ms)
        at = np.concatenate([times for _, times, _ in found])
        values = np.concatenate([values for _, _, values in found])[:, self._columns(metrics)]
        order = np.argsort(at)
        buckets, starts = np.unique(at[order] // bucket_ms * bucket_ms, return_index=True)
        if not len(buckets):
            return []
        highest = np.maximum.reduceat(values[order], starts, axis=0)
        return list(map(tuple, np.column_stack((buckets, highest)).tolist()))

    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        columns = self._columns(metrics)
        rows: list[Row] = []
        for host, at, values in self._window(self._hosts(), start_ms, end_ms):
            if len(at):
                buckets, starts, counts = np.unique(at // bucket_ms * bucket_ms, return_index=True, return_counts=True)
                means = np.add.reduceat(values[:, columns], starts, axis=0) / counts[:, np.newaxis]
                rows += ((bucket, host, *m) for bucket, m in zip(buckets.tolist(), means.tolist(), strict=True))
        rows.sort(key=lambda row: row[:2])
        return rows

    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        (column,) = self._columns([metric])
        rows: list[Row] = []
        for host, at, values in self._window(self._hosts() if hosts is None else hosts, start_ms, end_ms):
            above = values[:, column] > threshold
            rows += as_rows(host, at[above], values[above])
        return rows

    def last_rows(self) -> list[Row]:
        hosts = self._hosts()
        found = self._read(hosts, [("ZRANGE", key(host), -1, -1) for host in hosts])
        return [row for host, at, values in found for row in as_rows(host, at, values)]

    def max_of_newest_buckets(self, metric: str, before_ms: int, bucket_ms: int, limit: int) -> list[Row]:
        """Reads back from the newest row before the end, twice as far each time buckets were missing."""
        hosts = self._hosts()
        edge = ("LIMIT", 0, 1)
        newest = self._read(hosts, [("ZRANGE", key(h), f"({before_ms}", 0, "BYSCORE", "REV", *edge) for h in hosts])
        oldest = self._read(hosts, [("ZRANGE", key(host), 0, 0) for host in hosts])
        instants = [int(at[0]) for _, at, _ in newest if len(at)]
        if not instants:
            return []
        first = min(int(at[0]) for _, at, _ in oldest if len(at))
        span = limit
        while True:
            start = max(0, (max(instants) // bucket_ms - span + 1) * bucket_ms)
            rows = self.max_by_bucket([metric], hosts, start, before_ms, bucket_ms)
            if len(rows) >= limit or start <= first:
                return rows[::-1][:limit]
            span *= 2

    def count(self) -> int:
        return sum(self.client.calls([("ZCARD", key(host)) for host in self._hosts()]))

    def everything(self) -> Iterator[Points]:
        for host in self._hosts():
            after = "-inf"
            while True:
                page = ("ZRANGE", key(host), after, "+inf", "BYSCORE", "LIMIT", 0, PAGE)
                ((_, at, values),) = self._read([host], [page])
                if not len(at):
                    break
                yield Points([host], np.zeros(len(at), np.int64), at, values)
                after = f"({at[-1]}"

    def _metrics(self) -> list[str]:
        if not self.names:  # Another session may have made the home.
            self.names = self.client.call("LRANGE", METRICS, 0, -1)
        return self.names

    def _columns(self, metrics: Sequence[str]) -> list[int]:
        return [self._metrics().index(metric) for metric in metrics]

    def _hosts(self) -> list[str]:
        return list(self.client.call("SMEMBERS", HOSTS))

    def _commands(self, points: Points, part: slice) -> list[Command]:
        hosts, at, values = points.hosts[part], points.at_ms[part], points.values[part]
        packed = np.empty(len(at), row_type(values.shape[1]))
        packed["at"], packed["values"] = at, values
        commands: list[Command] = []
        for number in np.unique(hosts).tolist():
            own = np.flatnonzero(hosts == number)
            members = [row.tobytes() for row in packed[own]]
            pairs = (part for pair in zip(at[own].tolist(), members, strict=True) for part in pair)
            commands.append(("ZADD", key(points.names[number]), *pairs))
        names = {points.names[number] for number in np.unique(hosts).tolist()}
        return [("SADD", HOSTS, *names), *commands]

    def _window(self, hosts: Sequence[str], start_ms: int, end_ms: int) -> list[tuple[str, Times, Values]]:
        return self._read(hosts, [("ZRANGE", key(host), start_ms, f"({end_ms}", "BYSCORE") for host in hosts])

    def _read(self, hosts: Sequence[str], commands: Sequence[Command]) -> list[tuple[str, Times, Values]]:
        """The rows that each host's command finds, as columns: times (n,) and all metrics (n, metrics)."""
        layout = row_type(len(self._metrics()))
        found = []
        for host, members in zip(hosts, self.client.calls(commands, decode=False), strict=True):
            packed: NDArray[Any] = np.frombuffer(b"".join(members), layout)
            found.append((host, packed["at"].astype(np.int64), packed["values"].astype(np.int64)))
        return found


def key(host: str) -> str:
    return "t:" + host


def row_type(metrics: int) -> np.dtype[Any]:
    return np.dtype([("at", "<i8"), ("values", "<i4", (metrics,))])


def as_rows(host: str, at: Times, values: Values) -> list[Row]:
    return [(instant, host, *own) for instant, own in zip(at.tolist(), values.tolist(), strict=True)]
