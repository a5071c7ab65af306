"""Knows the right answers about points on a grid, while later points are being written, without any database.

Loaded points are one for every host and instant. Later ones, "live", are a function of host and time, in batches that
hold the same instants for every host. Other processes' batches are unknown here; what is found of them must be right.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.draw import Integers
from harness.timeseries import (
    InsertPoints,
    LastRows,
    MaxByBucket,
    MaxOfNewestBuckets,
    MeanByHostAndBucket,
    Points,
    Row,
    RowsAbove,
    TimeSeries,
)

TRACKED_EVERY = 13  # Of live batches: bounds the log. A prime, so that each of 2, 4, 8, … sessions has its share.
KEPT_BATCHES = 20
EVERYTHING = -1  # A threshold that all values exceed.
SHOWN = 5  # Differences that are told one by one.
NEVER = 2**63 - 1
RELATIVE_ERROR = 1e-9  # Of means of whole numbers.


@dataclass(frozen=True, eq=False)
class Grid:
    names: Sequence[str]  # Of hosts.
    metrics: Sequence[str]
    start_ms: int
    step_ms: int
    values: NDArray[np.int8]  # (instants, hosts, metrics), none negative: the loaded points.
    live: Callable[[Integers, Integers], Integers]  # Hosts (n,), at_ms (n,) -> values (n, metrics).

    @property
    def end_ms(self) -> int:
        """The first instant after the loaded points."""
        return self.start_ms + len(self.values) * self.step_ms


class PointsOracle:
    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._number = {name: number for number, name in enumerate(grid.names)}
        self._batches: array[int] = array("q")  # First at, last at, sent, acknowledged, first at, …

    def check_content(self, session: TimeSeries) -> list[str]:
        grid = self._grid
        instants, hosts, metrics = grid.values.shape
        loaded = grid.values.reshape(-1, metrics)
        seen = np.zeros(len(loaded), dtype=np.int64)
        foreign = different = 0
        for points in session.everything():
            numbers = np.array([self._number.get(name, -1) for name in points.names], dtype=np.int64)
            instant, off = np.divmod(points.at_ms - grid.start_ms, grid.step_ms)
            host = numbers[points.hosts]
            known = (host >= 0) & (off == 0) & (instant >= 0) & (instant < instants)
            places = (instant * hosts + host)[known]
            np.add.at(seen, places, 1)
            foreign += int(np.count_nonzero(~known))
            different += int(np.count_nonzero((points.values[known] != loaded[places]).any(axis=1)))
        found = {
            "are not of the data set": foreign,
            "differ from those that were loaded": different,
            "came more than once": int(np.count_nonzero(seen > 1)),
            "are missing": int(np.count_nonzero(seen == 0)),
        }
        problems = [f"{number:,} rows {what}" for what, number in found.items() if number]
        if (count := session.count()) != len(loaded):
            problems.append(f"count() says {count:,} where {len(loaded):,} rows were loaded")
        return problems

    def tracks(self, operation: Any) -> bool:
        if not isinstance(operation, InsertPoints):
            return True
        at_ms = operation.points.at_ms
        batch_ms = int(at_ms[-1]) - int(at_ms[0]) + self._grid.step_ms
        return (int(at_ms[0]) - self._grid.end_ms) // batch_ms % TRACKED_EVERY == 0

    def wrote(self, operation: Any, sent_ns: int, acknowledged_ns: int | None) -> None:
        at_ms = operation.points.at_ms
        acknowledged = NEVER if acknowledged_ns is None else acknowledged_ns
        self._batches.extend((int(at_ms[0]), int(at_ms[-1]), sent_ns, acknowledged))

    def grade(self, operation: Any, answer: Any, sent_ns: int, received_ns: int) -> float:
        if isinstance(operation, InsertPoints):
            return float(answer is None)
        if not isinstance(answer, list) or not all(isinstance(row, tuple) for row in answer):
            return 0.0
        if isinstance(operation, LastRows):
            return float(self._are_last_rows(answer, sent_ns, received_ns))
        if isinstance(operation, RowsAbove):
            return float(Counter(answer) == Counter(self.rows_above(operation)))
        if isinstance(operation, MeanByHostAndBucket):
            expected = self.mean_by_host_and_bucket(operation)
            return float(len(answer) == len(expected) and all(map(_same_means, answer, expected)))
        if isinstance(operation, MaxByBucket):
            return float(answer == self.max_by_bucket(operation))
        assert isinstance(operation, MaxOfNewestBuckets)
        return float(answer == self.max_of_newest_buckets(operation))

    def check_kept(self, session: TimeSeries) -> list[str]:
        grid = self._grid
        hosts = np.arange(len(grid.names))
        first, last, _, acknowledged = _entries(self._batches).T
        kept = np.flatnonzero(acknowledged != NEVER)
        problems = []
        for batch in kept[:: -(-len(kept) // KEPT_BATCHES) or 1]:
            instants = np.arange(first[batch], last[batch] + 1, grid.step_ms)
            at_ms, numbers = np.repeat(instants, len(hosts)), np.tile(hosts, len(instants))
            expected = Points(grid.names, numbers, at_ms, grid.live(numbers, at_ms))
            found = session.rows_above(grid.metrics[0], EVERYTHING, None, int(instants[0]), int(instants[-1]) + 1)
            own = set(instants.tolist())  # Other processes may have written between them.
            if Counter(row for row in found if row[0] in own) != Counter(expected.rows()):
                problems.append(
                    f"the acknowledged batch of {len(at_ms):,} rows from {instants[0]} ms on is not as sent"
                )
        instants_kept = len(grid.values) + int(((last - first)[kept] // grid.step_ms + 1).sum())
        least = instants_kept * len(hosts)
        if (count := session.count()) < least:
            problems.append(f"count() says {count:,} where at least {least:,} rows were loaded and acknowledged")
        if not self._are_last_rows(session.last_rows(), NEVER, NEVER):
            problems.append("last_rows() is not the newest row of every host")
        return problems[:SHOWN]

    def max_by_bucket(self, query: MaxByBucket) -> list[Row]:
        hosts = [self._number[name] for name in query.hosts]
        first, last = self._window(query.start_ms, query.end_ms)
        highest = self._grid.values[first:last, hosts][:, :, self._columns(query.metrics)].max(axis=1)
        buckets, starts = self._buckets(first, last, query.bucket_ms)
        if not buckets:
            return []
        return [
            (bucket, *row) for bucket, row in zip(buckets, np.maximum.reduceat(highest, starts).tolist(), strict=True)
        ]

    def mean_by_host_and_bucket(self, query: MeanByHostAndBucket) -> list[Row]:
        first, last = self._window(query.start_ms, query.end_ms)
        values = self._grid.values[first:last, :, self._columns(query.metrics)].astype(np.int64)
        buckets, starts = self._buckets(first, last, query.bucket_ms)
        if not buckets:
            return []
        sizes = np.diff(starts, append=last - first)
        means = (np.add.reduceat(values, starts) / sizes[:, None, None]).tolist()
        by_name = sorted(self._number.items())
        return [
            (bucket, name, *row[number]) for bucket, row in zip(buckets, means, strict=True) for name, number in by_name
        ]

    def rows_above(self, query: RowsAbove) -> list[Row]:
        first, last = self._window(query.start_ms, query.end_ms)
        above = self._grid.values[first:last, :, self._columns([query.metric])[0]] > query.threshold
        if query.hosts is not None:
            above[:, [number for name, number in self._number.items() if name not in query.hosts]] = False
        instants, hosts = np.nonzero(above)
        at_ms = self._grid.start_ms + (first + instants) * self._grid.step_ms
        return list(
            Points(self._grid.names, hosts, at_ms, self._grid.values[first:last][above].astype(np.int64)).rows()
        )

    def max_of_newest_buckets(self, query: MaxOfNewestBuckets) -> list[Row]:
        first, last = self._window(self._grid.start_ms, query.before_ms)
        highest = self._grid.values[first:last, :, self._columns([query.metric])[0]].max(axis=1)
        buckets, starts = self._buckets(first, last, query.bucket_ms)
        if not buckets:
            return []
        rows = zip(buckets, np.maximum.reduceat(highest, starts).tolist(), strict=True)
        return list(rows)[: -query.limit - 1 : -1]

    def _are_last_rows(self, answer: list[Row], sent_ns: int, received_ns: int) -> bool:
        grid = self._grid
        if any(len(row) != 2 + len(grid.metrics) for row in answer):
            return False
        if sorted(row[1] for row in answer) != sorted(grid.names):
            return False
        first, last, sent, acknowledged = _entries(self._batches).T
        newest_kept = max([grid.end_ms - grid.step_ms, *last[acknowledged < sent_ns].tolist()])
        hosts = np.array([self._number[row[1]] for row in answer])
        at_ms = np.array([row[0] for row in answer], dtype=np.int64)
        values = grid.live(hosts, at_ms)
        loaded = at_ms == grid.end_ms - grid.step_ms
        values[loaded] = grid.values[-1, hosts[loaded]]
        return (
            int(at_ms.min()) >= newest_kept
            and not any(((first <= at) & (at <= last) & (sent > received_ns)).any() for at in set(at_ms.tolist()))
            and [list(row[2:]) for row in answer] == values.tolist()
        )

    def _window(self, start_ms: int, end_ms: int) -> tuple[int, int]:
        """The loaded instants in [start, end), as the first and the one after the last."""
        instants = len(self._grid.values)
        first, last = (-((self._grid.start_ms - at) // self._grid.step_ms) for at in (start_ms, end_ms))
        first = min(max(first, 0), instants)
        return first, min(max(last, first), instants)

    def _buckets(self, first: int, last: int, bucket_ms: int) -> tuple[list[int], Integers]:
        """The buckets of these instants, and where each begins among them."""
        at_ms = self._grid.start_ms + np.arange(first, last, dtype=np.int64) * self._grid.step_ms
        buckets, starts = np.unique(at_ms // bucket_ms * bucket_ms, return_index=True)
        return buckets.tolist(), starts

    def _columns(self, metrics: Sequence[str]) -> list[int]:
        return [self._grid.metrics.index(metric) for metric in metrics]


def _same_means(row: Row, expected: Row) -> bool:
    return (
        len(row) == len(expected)
        and row[:2] == expected[:2]
        and all(isclose(mean, other, rel_tol=RELATIVE_ERROR) for mean, other in zip(row[2:], expected[2:], strict=True))
    )


def _entries(batches: array[int]) -> Integers:
    """(batches, 4)"""
    return np.array(batches, dtype=np.int64).reshape(-1, 4)
