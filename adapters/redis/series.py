"""Points as series of the time series module: one for each host and metric."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

import numpy as np
import redis

from adapters.redis.client import Client, Command, empty, raise_first
from harness.engine import Address
from harness.timeseries import Points, Row

METRICS = "metrics"
# Compressed series take a tenth of the memory of raw ones. A chunk is allocated whole and decoded from its beginning:
# a quarter of the default size halves the time of short windows.
OPTIONS = ("ENCODING", "COMPRESSED", "CHUNK_SIZE", 1024, "DUPLICATE_POLICY", "LAST")
BATCH = 1_000  # Rows in one command of a bulk load.
PAGE = 10_000
MOST_TIMES = 128  # FILTER_BY_TS ignores, without a word, those beyond.
WHOLE_AGE = 2**62  # A bucket that holds every instant.
LARGEST = 2**53

Samples = list[list[Any]]  # [[at_ms, value], …]


class Series:
    """The part of a TimeSeries session that knows how points are stored. Windows are not empty, starts not negative."""

    DESIGN = (
        "time series module: a compressed series <metric number>:<host> in chunks of 1 KiB for each host and metric,"
        " labelled by both; TS.MADD; TS.MRANGE with AGGREGATION, GROUPBY and filters aggregates in the server;"
        " rows are put together from the series of their host by the client"
    )

    def __init__(self, client: Client, address: Address) -> None:
        self.client = client
        self.address = address
        self.names: list[str] = []
        self.keys: dict[str, tuple[str, ...]] = {}  # Host -> its series, which exist.

    def create(self, metrics: Sequence[str]) -> None:
        empty(self.client, self.address)
        self.client.call("RPUSH", METRICS, *metrics)
        self.names, self.keys = list(metrics), {}

    def load(self, points: Points) -> None:
        self._add(points, BATCH)

    def insert(self, points: Points) -> None:
        self._add(points, len(points))  # One command, so that nobody sees half of it.

    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        groups = self.client.call(
            *("TS.MRANGE", start_ms, end_ms - 1, "AGGREGATION", "max", bucket_ms),
            *("FILTER", one_of("host", hosts), one_of("metric", metrics), "GROUPBY", "metric", "REDUCE", "max"),
        )
        if not groups:
            return []
        columns = [groups[f"metric={label(metric)}"][-1] for metric in metrics]
        return [(samples[0][0], *(int(value) for _, value in samples)) for samples in zip(*columns, strict=True)]

    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        series = self.client.call(
            *("TS.MRANGE", start_ms, end_ms - 1, "AGGREGATION", "avg", bucket_ms),
            *("FILTER", one_of("metric", metrics)),
        )
        numbers = [self._number(metric) for metric in metrics]
        rows: list[Row] = []
        for host in hosts_of(series, numbers[0]):
            columns = [series[f"{number}:{host}"][-1] for number in numbers]
            rows += ((samples[0][0], host, *(mean for _, mean in samples)) for samples in zip(*columns, strict=True))
        rows.sort(key=lambda row: row[:2])
        return rows

    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        """Two round trips: at which instants of which hosts, then the whole rows of these."""
        found = self.client.call(
            *("TS.MRANGE", start_ms, end_ms - 1, "FILTER_BY_VALUE", threshold + 1, LARGEST),
            *("FILTER", *(() if hosts is None else (one_of("host", hosts),)), one_of("metric", [metric])),
        )
        wanted: list[tuple[str, list[int]]] = []
        for host in hosts_of(found, number := self._number(metric)):
            times = [at for at, _ in found[f"{number}:{host}"][-1]]
            wanted += ((host, times[i : i + MOST_TIMES]) for i in range(0, len(times), MOST_TIMES))
        commands = (
            [("TS.MRANGE", times[0], times[-1], "FILTER_BY_TS", *times, "FILTER", one_of("host", [host]))]
            for host, times in wanted
        )
        rows: list[Row] = []
        for (host, _), (series,) in zip(wanted, self.client.stream(commands), strict=True):
            rows += self._rows(host, series)
        return rows

    def last_rows(self) -> list[Row]:
        numbers = range(len(self._metrics()))
        series = self.client.call("TS.MGET", "FILTER", one_of("metric", self.names))
        rows: list[Row] = []
        for host in hosts_of(series, 0):
            samples = [series[f"{number}:{host}"][-1] for number in numbers]
            rows.append((samples[0][0], host, *(int(value) for _, value in samples)))
        return rows

    def max_of_newest_buckets(self, metric: str, before_ms: int, bucket_ms: int, limit: int) -> list[Row]:
        last = before_ms - 1
        question = ("COUNT", limit, "AGGREGATION", "max", bucket_ms, "FILTER", one_of("metric", [metric]))
        # Collectors that never pause fill the newest buckets, and the server can merge them for all hosts.
        start = max(0, last // bucket_ms * bucket_ms - (limit - 1) * bucket_ms)
        merged = self.client.call("TS.MREVRANGE", start, last, *question, "GROUPBY", "metric", "REDUCE", "max")
        for *_, samples in merged.values():
            if len(samples) == limit:
                return [(at, int(value)) for at, value in samples]
        # Else the newest of each host hold the newest of all. With GROUPBY the server would scan every point here.
        highest: dict[int, int] = {}
        for *_, samples in self.client.call("TS.MREVRANGE", 0, last, *question).values():
            for at, value in samples:
                highest[at] = max(int(value), highest.get(at, int(value)))
        return sorted(highest.items(), reverse=True)[:limit]

    def count(self) -> int:
        first = one_of("metric", self._metrics()[:1])
        series = self.client.call("TS.MRANGE", "-", "+", "AGGREGATION", "count", WHOLE_AGE, "FILTER", first)
        return sum(int(count) for *_, samples in series.values() for _, count in samples)

    def everything(self) -> Iterator[Points]:
        for host in self._known_hosts():
            start = 0
            while rows := self._page(host, start):
                table = np.array([(at, *values) for at, _, *values in rows], np.int64)
                yield Points([host], np.zeros(len(rows), np.int64), table[:, 0], table[:, 1:])
                start = rows[-1][0] + 1

    def _page(self, host: str, start: int) -> list[Row]:
        return self._rows(
            host, self.client.call("TS.MRANGE", start, "+", "COUNT", PAGE, "FILTER", one_of("host", [host]))
        )

    def _rows(self, host: str, series: dict[str, Any]) -> list[Row]:
        """(at_ms, host, every metric) out of all series of a host, which have the same instants."""
        columns: list[Samples] = [series[f"{number}:{host}"][-1] for number in range(len(self._metrics()))]
        return [(samples[0][0], host, *(int(value) for _, value in samples)) for samples in zip(*columns, strict=True)]

    def _metrics(self) -> list[str]:
        if not self.names:  # Another session may have made the home.
            self.names = self.client.call("LRANGE", METRICS, 0, -1)
        return self.names

    def _number(self, metric: str) -> int:
        return self._metrics().index(metric)

    def _known_hosts(self) -> list[str]:
        """Hosts that have all of their series: that of the last metric is made last."""
        return [host_of(key) for key in self.client.call("TS.MGET", "FILTER", one_of("metric", self._metrics()[-1:]))]

    def _add(self, points: Points, batch: int) -> None:
        if not len(points):
            return
        try:
            self._write(points, batch)
        except redis.ResponseError:  # Another session may have begun anew. What is there already is replaced.
            self.names, self.keys = [], {}
            self._write(points, batch)

    def _write(self, points: Points, batch: int) -> None:
        self._make_series([points.names[number] for number in np.unique(points.hosts).tolist()])
        commands = ([self._command(points, slice(at, at + batch))] for at in range(0, len(points), batch))
        for (answers,) in self.client.stream(commands):
            raise_first(answers)

    def _command(self, points: Points, part: slice) -> Command:
        """TS.MADD key at value, key at value, … with the three columns laid out by slices, not in a loop."""
        names, values = points.names, points.values[part]
        command: list[Any] = ["TS.MADD", *[None] * (3 * values.size)]
        command[1::3] = [key for host in points.hosts[part].tolist() for key in self.keys[names[host]]]
        command[2::3] = np.repeat(points.at_ms[part], values.shape[1]).tolist()
        command[3::3] = values.ravel().tolist()
        return tuple(command)

    def _make_series(self, hosts: Iterable[str]) -> None:
        """TS.MADD creates none. Other sessions may have made some, or be making them at this moment."""
        new = [host for host in hosts if host not in self.keys]
        if not new:
            return
        known = set() if self.keys else set(self._known_hosts())
        keys = {host: tuple(f"{number}:{host}" for number in range(len(self._metrics()))) for host in new}
        commands: list[Command] = [
            ("TS.CREATE", key, *OPTIONS, "LABELS", "host", label(host), "metric", label(metric))
            for host in new
            if host not in known
            for key, metric in zip(keys[host], self.names, strict=True)
        ]
        if commands:
            self.client.send(commands)
            raise_first(a for a in self.client.answers(len(commands)) if "already exists" not in str(a))
        self.keys.update(keys)


def one_of(name: str, values: Sequence[str]) -> str:
    return f"{name}=({','.join(map(label, values))})"


def label(value: str) -> str:
    """The value as filters can say it: without spaces, commas, quotes or parentheses, and not empty."""
    return quote(value, safe="") or "%"


def host_of(key: str) -> str:
    return key.partition(":")[2]


def hosts_of(series: dict[str, Any], number: int) -> list[str]:
    """Hosts that have samples of the metric of this number."""
    return [host_of(key) for key, (*_, samples) in series.items() if samples and key.startswith(f"{number}:")]
