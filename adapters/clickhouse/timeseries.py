"""Time series: one table sorted by host and time, and the newest row of each host kept beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from adapters.clickhouse import client, native
from adapters.clickhouse.client import columns, name, rows, text, texts
from adapters.clickhouse.native import Column
from harness.engine import Address
from harness.timeseries import Points, Row, TimeSeries

AT_MS = "toUnixTimestamp64Milli(at)"


def metric(value: str) -> str:
    """The column of a metric; the prefix keeps it apart from host and at, whatever the metric is called."""
    return f"metric {value}"


def instant(at_ms: int) -> str:
    return f"fromUnixTimestamp64Milli({at_ms:d})"


def bucket(bucket_ms: int) -> str:
    return f"intDiv({AT_MS}, {bucket_ms:d}) * {bucket_ms:d} AS bucket"


def each(function: str, metrics: Sequence[str]) -> str:
    """function(column) of each metric; {} stands for the column."""
    return ", ".join(function.format(name(metric(value))) for value in metrics)


def newest_row(metrics: Sequence[str]) -> str:
    """One state for the whole row: with one for each metric, an insert took half as long again."""
    return f"argMax(tuple({AT_MS}, {each('{}', metrics)}), at)"


class Session(TimeSeries):
    ORDER = "host, at"

    def __init__(self, address: Address) -> None:
        self._durability = address.durability
        self._connection = client.connect(address)
        self._known_metrics: tuple[str, ...] = ()

    def create(self, metrics: Sequence[str]) -> None:
        self._connection.ask("DROP TABLE IF EXISTS points SYNC")
        # Few hosts: a number each. Times at even steps: nothing is left of them but the steps. Metrics that use few of
        # their bits: T64 cuts the others off. LZ4: with ZSTD, and DoubleDelta for the times, the table was a quarter
        # smaller, but queries took a tenth to a third more of the server's time.
        # 1,024 rows between two index entries, not 8,192: an hour of one host at 10 s is 360 rows.
        self._connection.ask(
            "CREATE TABLE points (host LowCardinality(String), at DateTime64(3, 'UTC') CODEC(Delta, LZ4),"
            f" {each('{} Int32 CODEC(T64, LZ4)', metrics)}{self._projections(metrics)})"
            f" ENGINE = MergeTree ORDER BY ({self.ORDER})"
            f" SETTINGS index_granularity = 1024{client.durable_settings(self._durability)}"
        )
        self._known_metrics = tuple(metrics)

    def load(self, points: Points) -> None:
        self.insert(points)

    def insert(self, points: Points) -> None:
        if not len(points):
            return
        measured = points.values.astype("<i4")
        block = [
            Column("host", "LowCardinality(String)", native.dictionary(points.names, points.hosts)),
            Column("at", "DateTime64(3, 'UTC')", points.at_ms.astype("<i8").tobytes()),
            *(
                Column(metric(value), "Int32", measured[:, number].tobytes())
                for number, value in enumerate(self._metrics())
            ),
        ]
        self._connection.insert("points", native.block(len(points), block), {})

    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        if not hosts:
            return []
        return rows(
            self._connection,
            f"SELECT {bucket(bucket_ms)}, {each('max({})', metrics)} FROM points"
            f" WHERE host IN ({texts(hosts)}) AND {self._within(start_ms, end_ms)} GROUP BY bucket ORDER BY bucket",
        )

    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        buckets, hosts, *means = columns(
            self._connection.ask(
                f"SELECT {bucket(bucket_ms)}, host, {each('avg({})', metrics)} FROM points"
                f" WHERE {self._within(start_ms, end_ms)} GROUP BY bucket, host ORDER BY bucket, host"
                " FORMAT JSONCompactColumns"
            )
        ) or [[], []]
        # JSON does not tell 3.0 from 3.
        return list(zip(buckets, hosts, *(map(float, mean) for mean in means), strict=True))

    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        if hosts is not None and not hosts:
            return []
        among = "" if hosts is None else f" AND host IN ({texts(hosts)})"
        return rows(
            self._connection,
            f"SELECT {AT_MS}, host, {each('{}', self._metrics())} FROM points"
            f" WHERE {each('{}', [metric])} > {threshold:d} AND {self._within(start_ms, end_ms)}{among}",
        )

    def last_rows(self) -> list[Row]:
        metrics = self._metrics()
        values = ", ".join(f"newest.{place}" for place in range(2, len(metrics) + 2))
        return rows(
            self._connection,
            f"SELECT newest.1, host, {values}"
            f" FROM (SELECT host, {newest_row(metrics)} AS newest FROM points GROUP BY host)",
        )

    def max_of_newest_buckets(self, metric: str, before_ms: int, bucket_ms: int, limit: int) -> list[Row]:
        """Looks back as far as `limit` buckets reach, and further only if some of those are empty."""
        span_ms = limit * bucket_ms
        while True:
            start_ms = max(0, (before_ms - span_ms) // bucket_ms * bucket_ms)
            found = rows(
                self._connection,
                f"SELECT {bucket(bucket_ms)}, {each('max({})', [metric])} FROM points"
                f" WHERE {self._within(start_ms, before_ms)} GROUP BY bucket ORDER BY bucket DESC LIMIT {limit:d}",
            )
            if len(found) == limit or start_ms == 0:
                return found
            span_ms *= 8

    def count(self) -> int:
        ((count,),) = rows(self._connection, "SELECT count() FROM points")
        return int(count)

    def everything(self) -> Iterator[Points]:
        metrics = self._metrics()
        hosts = [host for (host,) in rows(self._connection, "SELECT DISTINCT host FROM points")]
        if not hosts:
            return
        record = np.dtype([("host", "<u4"), ("at_ms", "<i8"), ("values", "<i4", (len(metrics),))])
        statement = (
            f"SELECT transform(host, [{texts(hosts)}], range(toUInt32({len(hosts)})), toUInt32(0)), {AT_MS},"
            f" {each('{}', metrics)} FROM points"
        )
        for page in client.records(self._connection, statement, record):
            yield Points(
                names=hosts,
                hosts=page["host"].astype(np.int64),
                at_ms=page["at_ms"].astype(np.int64),
                values=page["values"].astype(np.int64),
            )

    def ping(self) -> None:
        self._connection.ask("SELECT 1")

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self._connection = client.watched(self._connection, sink)

    def settle(self) -> None:
        client.settle(self._connection, "points")

    def facts(self) -> dict[str, str]:
        return client.facts(self._connection)

    def design(self) -> str:
        return (
            "MergeTree sorted by host and time; Delta and T64 with LZ4; "
            "an aggregating projection for the newest row of each host"
        )

    def size_bytes(self) -> int:
        return client.size_bytes(self._connection)

    def close(self) -> None:
        self._connection.client.close()

    def _within(self, start_ms: int, end_ms: int) -> str:
        return f"at >= {instant(start_ms)} AND at < {instant(end_ms)}"

    def _projections(self, metrics: Sequence[str]) -> str:
        """Written with each part, and merged with it: the newest rows are found without the others."""
        return f", PROJECTION newest (SELECT host, {newest_row(metrics)} GROUP BY host)"

    def _metrics(self) -> tuple[str, ...]:
        """Those that create() was told, by this session or by another, in their order."""
        if not self._known_metrics:
            found = rows(
                self._connection,
                "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'points'"
                f" AND startsWith(name, {text(metric(''))}) ORDER BY position",
            )
            self._known_metrics = tuple(column.removeprefix(metric("")) for (column,) in found)
        return self._known_metrics
