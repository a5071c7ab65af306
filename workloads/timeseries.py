"""Monitoring: hosts report their CPU every few seconds while dashboards and reports ask for what was reported before.

TSBS's "devops, cpu only": ten metrics, each a random walk of normal steps clamped to 0 … 100 and cut to whole numbers,
and its queries under its names (single-groupby-M-H-T: M metrics, H hosts, T hours). Windows start on any millisecond,
so they are not aligned to buckets, and lie within the loaded span, so each answer is known exactly. Live batches
report what comes after that span.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from harness import draw
from harness.draw import Integers
from harness.points_oracle import Grid, PointsOracle
from harness.timeseries import (
    InsertPoints,
    LastRows,
    MaxByBucket,
    MaxOfNewestBuckets,
    MeanByHostAndBucket,
    Points,
    RowsAbove,
    TimeSeries,
)
from harness.workload import Operation, Stream

METRICS = (
    "usage_user",
    "usage_system",
    "usage_idle",
    "usage_nice",
    "usage_iowait",
    "usage_irq",
    "usage_softirq",
    "usage_steal",
    "usage_guest",
    "usage_guest_nice",
)
START_MS = 1_451_606_400_000  # 2016-01-01, as in TSBS.
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
CEILING = 100 * draw.NORMAL_DEVIATION  # A step of the walk has a deviation of 1.
LOAD_BATCH_ROWS = 10_000
BLOCK = 32  # Operations that are drawn together.

# Each trial reports into a slot of its own, in the order of trials, so that ingest stays an append. A trial that fills
# its slot goes round again, a millisecond later each time: no two rows ever share host and instant.
SLOT_MS = 180 * 24 * HOUR_MS
SLOTS = 400  # They end in 2213, within what every engine's timestamps can hold.
LEVEL_MS = 10 * MINUTE_MS  # How long a level of live values holds.
SIX_BITS = np.arange(0, 6 * len(METRICS), 6, dtype=np.uint64)  # One word serves all metrics of a row.


@dataclass(frozen=True)
class Query:
    operation: type[Any]
    weight: int  # Its share among the dashboards' queries, or among the reports'.
    report: bool = False  # Reads all or many hosts for hours: may cost a thousand times a dashboard's query.
    metrics: int = 1  # The first of METRICS.
    hosts: int | None = None  # Drawn for each query; None: all.
    hours: int = 0
    bucket_ms: int = MINUTE_MS


QUERIES = {
    "single-groupby-1-1-1": Query(MaxByBucket, 30, hosts=1, hours=1),
    "single-groupby-1-8-1": Query(MaxByBucket, 20, hosts=8, hours=1),
    "single-groupby-5-1-12": Query(MaxByBucket, 10, metrics=5, hosts=1, hours=12),
    "cpu-max-all-1": Query(MaxByBucket, 10, metrics=10, hosts=1, hours=8, bucket_ms=HOUR_MS),
    "high-cpu-1": Query(RowsAbove, 10, hosts=1, hours=12),
    "lastpoint": Query(LastRows, 20),
    "cpu-max-all-8": Query(MaxByBucket, 3, report=True, metrics=10, hosts=8, hours=8, bucket_ms=HOUR_MS),
    "double-groupby-1": Query(MeanByHostAndBucket, 2, report=True, hours=12, bucket_ms=HOUR_MS),
    "double-groupby-all": Query(MeanByHostAndBucket, 1, report=True, metrics=10, hours=12, bucket_ms=HOUR_MS),
    "high-cpu-all": Query(RowsAbove, 1, report=True, hours=12),
    "groupby-orderby-limit": Query(MaxOfNewestBuckets, 3, report=True, hours=1),
}
KINDS = ("insert", *QUERIES)
HOURS = np.array([0, *(query.hours for query in QUERIES.values())], dtype=np.int64)
HIGH_CPU = 90
NEWEST_BUCKETS = 5


@dataclass(frozen=True)
class DevOps:
    hosts: Annotated[int, Meta(ge=1, le=10_000)] = 12
    hours: Annotated[int, Meta(ge=13, le=1_000)] = 24  # Of loaded data; windows are up to 12 hours long.
    step_seconds: Annotated[int, Meta(ge=1, le=60)] = 10
    batch_instants: Annotated[int, Meta(ge=1, le=1_000)] = 5  # Of a live batch, for every host: 60 rows by default.
    insert_percent: Annotated[int, Meta(ge=0, le=100)] = 50  # Of operations. The rest are queries.
    report_percent: Annotated[int, Meta(ge=0, le=100)] = 5  # Of queries. The rest are dashboards'.
    data_seed: Annotated[int, Meta(ge=0)] = 1

    capability: ClassVar[str] = "timeseries"

    def __post_init__(self) -> None:
        if self.rows > 100_000_000:
            raise ValueError(f"hosts and hours make {self.rows:,} rows, over 100,000,000.")
        if self.hosts * self.batch_instants > 100_000:
            raise ValueError("hosts times batch_instants, the rows of a live batch, exceed 100,000.")

    @property
    def writes(self) -> Mapping[str, int]:
        return {"insert": self.hosts * self.batch_instants}

    @property
    def rows(self) -> int:
        return self.hosts * self._instants

    def scaled(self, factor: float) -> DevOps:
        return replace(self, hosts=max(1, round(self.hosts * factor)))

    def create(self, session: TimeSeries) -> None:
        session.create(METRICS)

    def load(self) -> Iterator[Points]:
        first = 0
        for walk in self._walks():
            at_ms = START_MS + np.arange(first, first + len(walk), dtype=np.int64) * self._step_ms
            yield self._points(at_ms, walk.reshape(-1, len(METRICS)).astype(np.int64))
            first += len(walk)

    def prepare(self, session: TimeSeries) -> None:
        pass

    def operations(self, stream: Stream) -> Iterator[Any]:
        if not 0 <= stream.trial < SLOTS:
            raise ValueError(f"Trials go to {SLOTS - 1}, not to {stream.trial:,}.")
        name = (stream.seed, stream.trial, stream.session)
        kinds, windows, orders = (draw.source(f"timeseries {what}", *name) for what in ("kind", "window", "hosts"))
        shares = self._shares()
        sent = 0
        for first in count(0, BLOCK):
            index = draw.span(first, BLOCK)
            kind = draw.pick(draw.words(kinds, index), shares)
            latest = self._instants * self._step_ms - HOURS[kind] * HOUR_MS
            start_ms = START_MS + draw.below(draw.words(windows, index), latest + 1)
            keys = draw.words(draw.words(orders, index)[:, None], draw.span(0, self.hosts))
            order = np.argsort(keys, axis=1, kind="stable")
            inserts = np.arange(sent, sent + np.count_nonzero(kind == 0))
            batches = self._live_batches(stream.trial, stream.session + inserts * stream.sessions)
            sent += len(inserts)
            for number, start, hosts in zip(kind.tolist(), start_ms.tolist(), order, strict=True):
                yield _query(KINDS[number], start, hosts) if number else InsertPoints("insert", next(batches))

    def exact(self) -> bool:
        return True

    def oracle(self) -> PointsOracle:
        values = np.empty((self._instants, self.hosts, len(METRICS)), dtype=np.int8)
        first = 0
        for walk in self._walks():
            values[first : first + len(walk)] = walk
            first += len(walk)
        return PointsOracle(Grid(self._names, METRICS, START_MS, self._step_ms, values, self._live))

    def sweep(self) -> Sequence[Mapping[str, Any]]:
        return ()

    def traits(self, sent: Iterable[Operation], answered: Sequence[tuple[Operation, Any]]) -> dict[str, float]:
        return {}

    @property
    def _step_ms(self) -> int:
        return self.step_seconds * 1_000

    @property
    def _instants(self) -> int:
        return self.hours * 3_600 // self.step_seconds

    @cached_property
    def _names(self) -> list[str]:
        return [f"host_{number}" for number in range(self.hosts)]

    def _walks(self) -> Iterator[NDArray[np.int8]]:
        """The loaded values in order, (instants, hosts, metrics) at a time."""
        width = self.hosts * len(METRICS)
        steps = draw.source("timeseries steps", self.data_seed)
        state = draw.below(draw.words(draw.source("timeseries start", self.data_seed), draw.span(0, width)), CEILING)
        most = max(1, LOAD_BATCH_ROWS // self.hosts)
        for first in range(0, self._instants, most):
            instants = min(most, self._instants - first)
            walk = draw.near_normal(draw.words(steps, draw.span(first * width, instants * width)))
            walk = walk.reshape(instants, width)
            for instant in range(instants):
                step = walk[instant].copy()
                walk[instant] = state
                state = np.clip(state + step, 0, CEILING)
            yield (walk // draw.NORMAL_DEVIATION).astype(np.int8).reshape(instants, self.hosts, len(METRICS))

    def _live_batches(self, trial: int, numbers: Integers) -> Iterator[Points]:
        """The batches of a trial that have these numbers; all its sessions count together."""
        length_ms = self.batch_instants * self._step_ms
        rounds, places = np.divmod(numbers, SLOT_MS // length_ms)
        slot_ms = START_MS + self._instants * self._step_ms + trial * SLOT_MS
        first_ms = slot_ms + places * length_ms + rounds
        at_ms = first_ms[:, None] + np.arange(self.batch_instants) * self._step_ms
        hosts = np.tile(np.arange(self.hosts), at_ms.size)
        values = self._live(hosts, np.repeat(at_ms, self.hosts)).reshape(len(numbers), -1, len(METRICS))
        for batch, own in zip(at_ms, values, strict=True):
            yield self._points(batch, own.copy())  # Who keeps one batch shall not keep them all.

    def _live(self, hosts: Integers, at_ms: Integers) -> Integers:
        """The values, (n, metrics), that hosts report at times after the loaded span: a level and a little noise."""
        levels, noises = (draw.source(f"timeseries {what}", self.data_seed) for what in ("levels", "noises"))
        names, at = hosts.astype(np.uint64), at_ms.astype(np.uint64)
        level = draw.words(draw.words(levels, names), at // np.uint64(LEVEL_MS))[:, None] >> SIX_BITS
        noise = draw.words(draw.words(noises, names), at)[:, None] >> SIX_BITS
        return ((level & np.uint64(63)) + (noise & np.uint64(15))).astype(np.int64)

    def _points(self, at_ms: Integers, values: Integers) -> Points:
        """Rows of every host at each of these instants."""
        hosts = np.tile(np.arange(self.hosts, dtype=np.int64), len(at_ms))
        return Points(self._names, hosts, np.repeat(at_ms, self.hosts), values)

    def _shares(self) -> Integers:
        """Running sums of the weights of KINDS."""
        sums = {report: sum(q.weight for q in QUERIES.values() if q.report == report) for report in (False, True)}
        group_percent = {False: 100 - self.report_percent, True: self.report_percent}
        weights = [
            (100 - self.insert_percent) * group_percent[q.report] * q.weight * sums[not q.report]
            for q in QUERIES.values()
        ]
        return np.cumsum([self.insert_percent * 100 * sums[False] * sums[True], *weights], dtype=np.int64)


def _query(kind: str, start_ms: int, order: Integers) -> Any:
    """A query of this kind; its hosts are the first ones in this order of all."""
    query = QUERIES[kind]
    end_ms = start_ms + query.hours * HOUR_MS
    metrics = METRICS[: query.metrics]
    hosts = None if query.hosts is None else tuple(f"host_{number}" for number in order[: query.hosts].tolist())
    if query.operation is MaxByBucket:
        assert hosts is not None
        return MaxByBucket(kind, metrics, hosts, start_ms, end_ms, query.bucket_ms)
    if query.operation is MeanByHostAndBucket:
        return MeanByHostAndBucket(kind, metrics, start_ms, end_ms, query.bucket_ms)
    if query.operation is RowsAbove:
        return RowsAbove(kind, metrics[0], HIGH_CPU, hosts, start_ms, end_ms)
    if query.operation is MaxOfNewestBuckets:
        return MaxOfNewestBuckets(kind, metrics[0], end_ms, query.bucket_ms, NEWEST_BUCKETS)
    return LastRows(kind)


WORKLOAD = DevOps()
