"""A row is a measurement of a native time-series collection, which packs an hour of a host into columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np
from bson.datetime_ms import DatetimeMS

from adapters.mongo.client import Database, Document
from harness.engine import Address
from harness.timeseries import Points, Row, TimeSeries

BATCH = 10_000
# The server looks for buckets by the 32 bits of seconds in their ids, and MongoDB 6 lets them overflow: a window from
# less than a bucket (an hour) after 1970, or to a time after 2106, would find nothing. It does not do so for a $not.
BUCKET_IDS_MS = range(3_600_000, 2**32 * 1_000)
# A float: pymongo makes one in C, where dates and long integers are objects of its own. Exact below 2^53.
AT = {"$toDouble": "$at"}


class Session(TimeSeries):
    # "seconds" is for sources that report every few seconds: a bucket holds an hour, or 1,000 measurements.
    OPTIONS: ClassVar[Document] = {"timeseries": {"timeField": "at", "metaField": "host", "granularity": "seconds"}}
    # Finds a host's buckets, and the newest of every host without a look at the others (DISTINCT_SCAN; only in this
    # direction). Windows over all hosts need no index: buckets are clustered by time.
    INDEXES: ClassVar[list[Document]] = [{"key": {"host": 1, "at": -1}, "name": "host_at"}]

    def __init__(self, address: Address) -> None:
        self.database = Database(address)

    @cached_property
    def metrics(self) -> list[str]:
        """The server gives a measurement's fields in an order of its own: theirs is kept beside them."""
        (found,) = self.database.fetch({"find": "metrics", "filter": {"_id": "points"}})
        return list(found["names"])

    def create(self, metrics: Sequence[str]) -> None:
        for name in metrics:
            if not name or name in ("_id", "at", "host") or name.startswith("$") or "." in name:
                raise ValueError(f"This collection cannot have a metric named {name!r}.")
        self.database.drop("points")
        self.database.drop("metrics")
        self.database.run({"create": "points", **self.OPTIONS})
        self.database.run({"createIndexes": "points", "indexes": self.INDEXES})
        self.metrics = list(metrics)
        self.database.insert("metrics", [{"_id": "points", "names": self.metrics}])

    def load(self, points: Points) -> None:
        self.insert(points)

    def insert(self, points: Points) -> None:
        self.database.insert("points", measurements(points, self.metrics))

    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        maxima = {f"m{number}": {"$max": f"${metric}"} for number, metric in enumerate(metrics)}
        pipeline: list[Document] = [
            {"$match": {"host": {"$in": list(hosts)}, **window(start_ms, end_ms)}},
            {"$group": {"_id": bucket(bucket_ms), **maxima}},
            {"$sort": {"_id": 1}},
        ]
        found = self.database.aggregate("points", pipeline)
        return [(int(each["_id"]) * bucket_ms, *(each[name] for name in maxima)) for each in found]

    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        means = {f"m{number}": {"$avg": f"${metric}"} for number, metric in enumerate(metrics)}
        pipeline: list[Document] = [
            {"$match": window(start_ms, end_ms)},
            {"$group": {"_id": {"bucket": bucket(bucket_ms), "host": "$host"}, **means}},
            {"$sort": {"_id": 1}},
            {"$project": {"_id": 0, "row": ["$_id.bucket", "$_id.host", *(f"${name}" for name in means)]}},
        ]
        return self.rows_by_bucket(pipeline, bucket_ms)

    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        among = {} if hosts is None else {"host": {"$in": list(hosts)}}
        # Values are within 32 bits, so the buckets' own maxima decide which of them are unpacked.
        match = {"$match": {**among, **window(start_ms, end_ms), metric: {"$gt": threshold}}}
        return self.rows([match, self.as_row("$host")])

    def last_rows(self) -> list[Row]:
        newest = {metric: {"$first": f"${metric}"} for metric in self.metrics}
        pipeline: list[Document] = [  # In this shape the server unpacks one bucket of each host.
            {"$sort": {"host": 1, "at": -1}},
            {"$group": {"_id": "$host", "at": {"$first": "$at"}, **newest}},
            self.as_row("$_id"),
        ]
        return self.rows(pipeline)

    def max_of_newest_buckets(self, metric: str, before_ms: int, bucket_ms: int, limit: int) -> list[Row]:
        # The server would group all of the past. As many buckets as are asked for are enough unless some are empty;
        # then it goes on below the newest row that is left.
        found: list[Row] = []
        end_ms: int | None = before_ms
        while end_ms is not None and len(found) < limit:
            start_ms = ((end_ms - 1) // bucket_ms - (limit - len(found)) + 1) * bucket_ms
            found += self.maxima_of_all(metric, start_ms, end_ms, bucket_ms)
            if len(found) < limit:
                end_ms = self.after_newest_before(start_ms)
        return found

    def maxima_of_all(self, metric: str, start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        """(bucket, max over all hosts), newest first."""
        pipeline: list[Document] = [
            {"$match": window(start_ms, end_ms)},
            {"$group": {"_id": bucket(bucket_ms), "max": {"$max": f"${metric}"}}},
            {"$sort": {"_id": -1}},
        ]
        buckets = self.database.aggregate("points", pipeline)
        return [(int(each["_id"]) * bucket_ms, each["max"]) for each in buckets]

    def after_newest_before(self, before_ms: int) -> int | None:
        pipeline: list[Document] = [
            {"$match": before(before_ms)},
            {"$sort": {"at": -1}},
            {"$limit": 1},
            {"$project": {"_id": 0, "at": AT}},
        ]
        found = self.database.aggregate("points", pipeline)
        return int(found[0]["at"]) + 1 if found else None

    def count(self) -> int:
        return self.database.count("points")

    def everything(self) -> Iterator[Points]:
        command = {"aggregate": "points", "pipeline": self.all_rows(), "cursor": {"batchSize": BATCH}}
        for batch in self.database.batches(command):
            if not batch:
                continue
            rows = [each["row"] for each in batch]
            names = sorted({row[1] for row in rows})
            numbers = {name: number for number, name in enumerate(names)}
            yield Points(
                names=names,
                hosts=np.array([numbers[row[1]] for row in rows], np.int64),
                at_ms=np.array([row[0] for row in rows], np.int64),
                values=np.array([row[2:] for row in rows], np.int64),
            )

    def all_rows(self) -> list[Document]:
        return [self.as_row("$host")]

    def as_row(self, host: str) -> Document:
        """One array a row: its names are not sent and read again with each."""
        return {"$project": {"_id": 0, "row": [AT, host, *(f"${metric}" for metric in self.metrics)]}}

    def rows(self, pipeline: list[Document]) -> list[Row]:
        rows = (each["row"] for each in self.database.aggregate("points", pipeline))
        return [(int(at), *rest) for at, *rest in rows]

    def rows_by_bucket(self, pipeline: list[Document], bucket_ms: int) -> list[Row]:
        rows = (each["row"] for each in self.database.aggregate("points", pipeline))
        return [(int(number) * bucket_ms, *rest) for number, *rest in rows]

    def ping(self) -> None:
        self.database.ping()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self.database.watch(sink)

    def settle(self) -> None:
        self.database.settle()

    def facts(self) -> dict[str, str]:
        return self.database.facts()

    def design(self) -> str:
        return (
            "native time-series collection (timeField at, metaField host, granularity seconds: buckets of an hour,"
            " clustered by time, compressed by column), index (host, at desc); aggregation pipelines"
        )

    def size_bytes(self) -> int:
        return self.database.size_bytes()

    def close(self) -> None:
        self.database.close()


def measurements(points: Points, metrics: list[str]) -> Iterator[Document]:
    """Host by host and oldest first: the server writes neighbours of one bucket at once (6 against 9 µs a row).

    They have no _id: a time-series collection asks for none, and one would be the largest column.
    """
    order = np.lexsort((points.at_ms, points.hosts))
    at_ms, hosts, values = points.at_ms[order].tolist(), points.hosts[order].tolist(), points.values[order].tolist()
    for at, host, row in zip(at_ms, hosts, values, strict=True):
        yield {"at": DatetimeMS(at), "host": points.names[host], **dict(zip(metrics, row, strict=True))}


def window(start_ms: int, end_ms: int) -> Document:
    return {"$and": [since(start_ms), before(end_ms)]}


def since(start_ms: int) -> Document:
    start = DatetimeMS(start_ms)
    return {"at": {"$gte": start} if start_ms in BUCKET_IDS_MS else {"$not": {"$lt": start}}}


def before(end_ms: int) -> Document:
    end = DatetimeMS(end_ms)
    return {"at": {"$lt": end} if end_ms in BUCKET_IDS_MS else {"$not": {"$gte": end}}}


def bucket(bucket_ms: int, at: str | Document = "$at") -> Document:
    """The number of a bucket since 1970. As fast as $dateTrunc, which counts from 2000."""
    return {"$floor": {"$divide": [{"$toLong": at}, bucket_ms]}}
