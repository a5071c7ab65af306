"""A row is a document of an ordinary collection, with an index by host and time and one by time.

What teams have whose data began before time-series collections, or whose measurements must be unique, changed one by
one, written in transactions or watched by change streams. Each row is stored whole, names and all, and is three index
entries beside: many times the disk and memory, and a window fetches its rows one by one.
"""

from __future__ import annotations

from typing import ClassVar

from adapters.mongo import timeseries
from adapters.mongo.client import Document


class Session(timeseries.Session):
    OPTIONS: ClassVar[Document] = {}
    # The first finds a host's windows, and the newest row of every host (DISTINCT_SCAN); the second windows of all
    # hosts. An _id of host and instant would save its own index, but not the first: who looks for a part of an _id, or
    # for the newest with each, gets no help from the index on it.
    INDEXES: ClassVar[list[Document]] = [
        {"key": {"host": 1, "at": -1}, "name": "host_at"},
        {"key": {"at": 1}, "name": "at"},
    ]

    def design(self) -> str:
        return (
            "one document a row in an ordinary collection (_id made by the server), indexes (host, at desc) and (at):"
            " names and three index entries for each row; snappy blocks; aggregation pipelines"
        )
