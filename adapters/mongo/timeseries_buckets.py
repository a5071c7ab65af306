"""The bucket pattern by hand: a document of an ordinary collection holds ten minutes of a host and their summary.

What teams have whose data began before time-series collections, or who want what those do not do: unique indexes,
transactions, change streams, rows that are corrected, summaries kept with the rows. An append rewrites its bucket,
nothing is compressed by column (several times the disk), each query unpacks by itself, and the period is a guess at the
rate: too few rows and a bucket saves little, too many and it nears the 16 MB of a document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
from bson.datetime_ms import DatetimeMS
from numpy.typing import NDArray

from adapters.mongo import timeseries
from adapters.mongo.client import Document
from adapters.mongo.timeseries import bucket
from harness.timeseries import Points, Row

# With an hour, an append costs the server twice as much; windows hardly differ.
PERIOD_MS = 600_000
NEWEST_BUCKET: list[Document] = [
    {"$sort": {"start": -1}},
    {"$limit": 1},
    {"$project": {"_id": 0, "start": {"$toDouble": "$start"}}},
]


class Session(timeseries.Session):
    """A bucket is {host, start, rows: [[at, value, …], …], count, sum: {metric: …}, max: {metric: …}}.

    Rows are in order of arrival, and arrays because names would double them. An array for each metric instead is two
    fifths larger on disk and costs the server a quarter more to append to, for windows of one metric a tenth faster.
    """

    OPTIONS: ClassVar[Document] = {}
    # The first finds the bucket to append to, a host's windows, and the newest bucket of every host (DISTINCT_SCAN);
    # unique, so that two writers cannot begin the same bucket. The second finds windows of all hosts.
    INDEXES: ClassVar[list[Document]] = [
        {"key": {"host": 1, "start": -1}, "name": "host_start", "unique": True},
        {"key": {"start": 1}, "name": "start"},
    ]

    def insert(self, points: Points) -> None:
        appends = list(self.appends(points))
        while appends:  # An upsert that another one overtook; nearly always the server repeats it by itself.
            overtaken = self.database.bulk({"update": "points", "ordered": False}, "updates", appends)
            appends = [appends[position] for position in overtaken]

    def appends(self, points: Points) -> Iterator[Document]:
        """A statement for each bucket."""
        order = np.lexsort((points.at_ms, points.hosts))
        hosts, at, values = points.hosts[order], points.at_ms[order], points.values[order]
        periods = at // PERIOD_MS
        for own in runs(hosts, periods):
            table = values[own]
            rows = [[DatetimeMS(time), *row] for time, row in zip(at[own].tolist(), table.tolist(), strict=True)]
            change = {
                "$push": {"rows": {"$each": rows}},
                "$max": prefixed("max.", self.metrics, table.max(axis=0).tolist()),
                "$inc": {"count": len(rows), **prefixed("sum.", self.metrics, table.sum(axis=0).tolist())},
            }
            start_ms = int(periods[own.start]) * PERIOD_MS
            name = {"host": points.names[hosts[own.start]], "start": DatetimeMS(start_ms)}
            yield {"q": name, "u": change, "upsert": True}

    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        return self.maxima(metrics, among(hosts), start_ms, end_ms, bucket_ms)

    def maxima_of_all(self, metric: str, start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        return self.maxima([metric], {}, start_ms, end_ms, bucket_ms)[::-1]

    def maxima(self, metrics: Sequence[str], match: Document, start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        summary = ["$start", *(f"$max.{metric}" for metric in self.metrics)]
        maxima = {f"m{number}": {"$max": self.value(metric)} for number, metric in enumerate(metrics)}
        pipeline: list[Document] = [
            *unpacked(match, start_ms, end_ms, inside_or(summary, start_ms, end_ms, bucket_ms)),
            {"$group": {"_id": bucket(bucket_ms, element(0)), **maxima}},
            {"$sort": {"_id": 1}},
            {"$project": {"_id": 0, "row": ["$_id", *(f"${name}" for name in maxima)]}},
        ]
        return self.rows_by_bucket(pipeline, bucket_ms)

    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        summary = ["$start", *(f"$sum.{metric}" for metric in self.metrics), "$count"]  # A row has no count.
        sums = {f"m{number}": {"$sum": self.value(metric)} for number, metric in enumerate(metrics)}
        count = {"$sum": {"$ifNull": [element(len(self.metrics) + 1), 1]}}
        means = ({"$divide": [f"${name}", "$count"]} for name in sums)
        pipeline: list[Document] = [
            *unpacked({}, start_ms, end_ms, inside_or(summary, start_ms, end_ms, bucket_ms)),
            {"$group": {"_id": {"bucket": bucket(bucket_ms, element(0)), "host": "$host"}, "count": count, **sums}},
            {"$sort": {"_id": 1}},
            {"$project": {"_id": 0, "row": ["$_id.bucket", "$_id.host", *means]}},
        ]
        return self.rows_by_bucket(pipeline, bucket_ms)

    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        # A bucket's own maximum decides whether it is unpacked.
        match = {**among(hosts), f"max.{metric}": {"$gt": threshold}}
        above = {"$gt": [self.value(metric, of="$$this"), threshold]}
        return self.rows([*unpacked(match, start_ms, end_ms, inside(start_ms, end_ms, above)), self.as_row("$host")])

    def last_rows(self) -> list[Row]:
        pipeline: list[Document] = [  # In this shape the server reads one bucket of each host.
            {"$sort": {"host": 1, "start": -1}},
            {"$group": {"_id": "$host", "rows": {"$first": "$rows"}}},
            {"$project": {"row": {"$max": "$rows"}}},  # Arrays are compared element by element: by time.
            self.as_row("$_id"),
        ]
        return self.rows(pipeline)

    def after_newest_before(self, before_ms: int) -> int | None:
        while True:  # Once, or twice where the newest bucket begins before that time but all of its rows are later.
            begun = {"$match": {"start": {"$lt": DatetimeMS(before_ms)}}}
            found = self.database.aggregate("points", [begun, *NEWEST_BUCKET])
            if not found:
                return None
            start_ms = int(found[0]["start"])
            rows = unpacked({}, start_ms, before_ms, inside(start_ms, before_ms))
            newest = {"$group": {"_id": None, "at": {"$max": {"$toDouble": element(0)}}}}
            if times := self.database.aggregate("points", [*rows, newest]):
                return int(times[0]["at"]) + 1
            before_ms = start_ms

    def count(self) -> int:
        found = self.database.aggregate("points", [{"$group": {"_id": None, "count": {"$sum": {"$size": "$rows"}}}}])
        return int(found[0]["count"]) if found else 0

    def all_rows(self) -> list[Document]:
        return [{"$project": {"host": 1, "row": "$rows"}}, {"$unwind": "$row"}, self.as_row("$host")]

    def as_row(self, host: str) -> Document:
        values = map(element, range(1, len(self.metrics) + 1))
        return {"$project": {"_id": 0, "row": [{"$toDouble": element(0)}, host, *values]}}

    def value(self, metric: str, of: str = "$row") -> Document:
        return element(1 + self.metrics.index(metric), of)

    def design(self) -> str:
        return (
            "bucket pattern in an ordinary collection: a document for each host and ten minutes, with its rows as"
            " arrays, appended by upsert ($push, which rewrites it), and their sums, maxima and count, which answer for"
            " a bucket that lies in the window whole; indexes (host, start desc) unique and (start); snappy blocks;"
            " aggregation pipelines with $unwind"
        )


def runs(*columns: NDArray[np.int64]) -> Iterator[slice]:
    """Where neighbours are equal in all columns."""
    length = len(columns[0])
    edges = np.flatnonzero(np.any([np.diff(column) for column in columns], axis=0)) + 1
    bounds = [0, *edges.tolist(), length] if length else []
    return map(slice, bounds, bounds[1:])


def prefixed(prefix: str, metrics: Sequence[str], values: Sequence[int]) -> Document:
    return {prefix + metric: value for metric, value in zip(metrics, values, strict=True)}


def among(hosts: Sequence[str] | None) -> Document:
    return {} if hosts is None else {"host": {"$in": list(hosts)}}


def unpacked(match: Document, start_ms: int, end_ms: int, rows: Document) -> list[Document]:
    """Stages that give {host, row} for each of these rows of the buckets that overlap the window."""
    first = DatetimeMS(start_ms // PERIOD_MS * PERIOD_MS)
    return [
        {"$match": {**match, "start": {"$gte": first, "$lt": DatetimeMS(end_ms)}}},
        {"$project": {"_id": 0, "host": 1, "row": rows}},
        {"$unwind": "$row"},
    ]


def inside(start_ms: int, end_ms: int, *conditions: Document) -> Document:
    """The rows of a bucket that lie in the window, and meet the conditions."""
    at = element(0, of="$$this")
    window = ({"$gte": [at, DatetimeMS(start_ms)]}, {"$lt": [at, DatetimeMS(end_ms)]})
    return {"$filter": {"input": "$rows", "cond": {"$and": [*window, *conditions]}}}


def inside_or(summary: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> Document:
    """The same, but the summary as the only row where it says it all."""
    rows = inside(start_ms, end_ms)
    if bucket_ms % PERIOD_MS:
        return rows
    last = DatetimeMS(end_ms - PERIOD_MS)
    whole = {"$and": [{"$gte": ["$start", DatetimeMS(start_ms)]}, {"$lte": ["$start", last]}]}
    return {"$cond": [whole, [summary], rows]}


def element(number: int, of: str = "$row") -> Document:
    """Of a row: its time, then its metrics."""
    return {"$arrayElemAt": [of, number]}
