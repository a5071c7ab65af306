"""Time series: by the module where the server has it, else by sorted sets that the client aggregates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from adapters.redis.client import Client, facts, settle, size_bytes
from adapters.redis.series import Series
from adapters.redis.sorted_sets import SortedSets
from harness.engine import Address
from harness.timeseries import Points, Row, TimeSeries


class Session(TimeSeries):
    def __init__(self, address: Address) -> None:
        self.address = address
        self.client = Client(address.url)
        self.store = self.chosen_store()

    def chosen_store(self) -> Series | SortedSets:
        # The module has one index of labels for all databases, so two of them would mix.
        store = Series if self.client.knows("TS.MADD") and self.client.database == 0 else SortedSets
        return store(self.client, self.address)

    def create(self, metrics: Sequence[str]) -> None:
        self.store.create(metrics)

    def load(self, points: Points) -> None:
        self.store.load(points)

    def insert(self, points: Points) -> None:
        self.store.insert(points)

    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        if not hosts or end_ms <= max(start_ms, 0):
            return []
        return self.store.max_by_bucket(metrics, hosts, max(start_ms, 0), end_ms, bucket_ms)

    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        if end_ms <= max(start_ms, 0):
            return []
        return self.store.mean_by_host_and_bucket(metrics, max(start_ms, 0), end_ms, bucket_ms)

    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        if (hosts is not None and not hosts) or end_ms <= max(start_ms, 0):
            return []
        return self.store.rows_above(metric, threshold, hosts, max(start_ms, 0), end_ms)

    def last_rows(self) -> list[Row]:
        return self.store.last_rows()

    def max_of_newest_buckets(self, metric: str, before_ms: int, bucket_ms: int, limit: int) -> list[Row]:
        if before_ms <= 0 or limit <= 0:
            return []
        return self.store.max_of_newest_buckets(metric, before_ms, bucket_ms, limit)

    def count(self) -> int:
        return self.store.count()

    def everything(self) -> Iterator[Points]:
        return self.store.everything()

    def ping(self) -> None:
        self.client.ping()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self.client.watch(sink)

    def settle(self) -> None:
        settle(self.client, self.address)

    def facts(self) -> dict[str, str]:
        return facts(self.client)

    def design(self) -> str:
        why = "without the time series module (for database 0 only): " if isinstance(self.store, SortedSets) else ""
        return why + self.store.DESIGN

    def size_bytes(self) -> int | None:
        return size_bytes(self.client)

    def close(self) -> None:
        self.client.close()
