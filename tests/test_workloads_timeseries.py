"""TSBS's data and queries, against plain-Python answers; the oracle rejects the errors that TSBS let pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.timeseries import (
    InsertPoints,
    LastRows,
    MaxByBucket,
    MaxOfNewestBuckets,
    MeanByHostAndBucket,
    Points,
    RowsAbove,
)
from harness.workload import Stream
from tests.workload_tools import NEVER, STREAM, first, memory, of_kind
from workloads.timeseries import HOUR_MS, METRICS, MINUTE_MS, QUERIES, SLOT_MS, START_MS, DevOps

DENSE = DevOps(hosts=10, hours=13)
SPARSE = DevOps(hosts=3, hours=13, step_seconds=60)
SPARSE_END_MS = START_MS + 13 * HOUR_MS
SESSION = memory(SPARSE)
ORACLE = SPARSE.oracle()
instants = st.integers(START_MS - HOUR_MS, SPARSE_END_MS + HOUR_MS)
buckets = st.sampled_from([1_000, 7_000, MINUTE_MS, HOUR_MS, 24 * HOUR_MS])
some_metrics = st.lists(st.sampled_from(METRICS), min_size=1, unique=True).map(tuple)
some_hosts = st.lists(st.sampled_from(["host_0", "host_1", "host_2"]), min_size=1, unique=True).map(tuple)


def rows_of(workload: DevOps) -> list[tuple[Any, ...]]:
    return [row for points in workload.load() for row in points.rows()]


def grade(operation: Any, answer: Any) -> float:
    return ORACLE.grade(operation, answer, 0, NEVER)


def test_walks_stay_within_bounds_and_step_like_normal_ones() -> None:
    values = np.concatenate([p.values for p in DevOps(hosts=10, hours=24).load()]).reshape(-1, 10, 10)
    assert values.min() == 0
    assert 99 <= values.max() <= 100
    inside = (values[:-1] > 10) & (values[:-1] < 90)
    steps = np.diff(values, axis=0)[inside]
    assert steps.mean() == pytest.approx(0, abs=0.02)
    assert steps.std() == pytest.approx(np.sqrt(1 + 1 / 6), abs=0.03)  # Of the walk, and of cutting twice.
    starts = np.concatenate([next(DevOps(hosts=200, hours=13, data_seed=seed).load()).values[:200] for seed in (1, 2)])
    assert starts.mean() == pytest.approx(49.5, abs=2)
    assert starts.std() == pytest.approx(28.9, abs=1.5)


def test_every_host_and_instant_is_loaded_once_in_the_order_of_time() -> None:
    rows = rows_of(SPARSE)
    assert len({row[:2] for row in rows}) == len(rows) == SPARSE.rows == 13 * 60 * 3
    assert [row[0] for row in rows] == sorted(START_MS + i * MINUTE_MS for i in range(13 * 60) for _ in range(3))


def test_another_data_seed_gives_other_data() -> None:
    assert rows_of(SPARSE) != rows_of(replace(SPARSE, data_seed=2))


# Queries.


@pytest.mark.parametrize(
    ("kind", "sizes", "columns"),
    [
        ("single-groupby-1-1-1", {61}, 2),
        ("single-groupby-1-8-1", {61}, 2),
        ("single-groupby-5-1-12", {721}, 6),
        ("cpu-max-all-1", {9}, 11),
        ("cpu-max-all-8", {9}, 11),
        ("double-groupby-1", {130}, 3),
        ("double-groupby-all", {130}, 12),
        ("groupby-orderby-limit", {5}, 2),
        ("lastpoint", {10}, 12),
    ],
)
def test_answers_have_the_shapes_of_tsbs(kind: str, sizes: set[int], columns: int) -> None:
    session = memory(DENSE)
    oracle = DENSE.oracle()
    for operation in of_kind(DENSE, kind, 3):
        answer = operation.on(session)
        assert {len(answer)} == sizes  # Windows that are no multiple of the bucket touch one more.
        assert {len(row) for row in answer} == {columns}
        assert oracle.grade(operation, answer, 0, 1) == 1.0


def test_windows_are_unaligned_have_their_length_and_lie_in_the_loaded_span() -> None:
    windows = [o for o in first(DENSE, 3_000) if hasattr(o, "end_ms")]
    assert {o.kind: o.end_ms - o.start_ms for o in windows} == {
        kind: query.hours * HOUR_MS for kind, query in QUERIES.items() if query.operation not in NO_WINDOW
    }
    assert min(o.start_ms for o in windows) >= START_MS
    assert max(o.end_ms for o in windows) <= START_MS + 13 * HOUR_MS
    assert sum(o.start_ms % 1_000 == 0 for o in windows) < len(windows) / 100


NO_WINDOW = (LastRows, MaxOfNewestBuckets)


@pytest.mark.parametrize("step_seconds", [7, 11, 60])
def test_windows_lie_in_the_loaded_span_whatever_the_step(step_seconds: int) -> None:
    workload = DevOps(hosts=2, hours=13, step_seconds=step_seconds, insert_percent=0)
    last_ms = max(row[0] for row in rows_of(workload))
    ends = [o.end_ms for o in first(workload, 3_000) if hasattr(o, "end_ms")]
    assert max(ends) <= last_ms + step_seconds * 1_000


def test_hosts_are_drawn_without_repeats_and_alike() -> None:
    drawn = [o.hosts for o in first(DENSE, 4_000) if isinstance(o, MaxByBucket)]
    assert {len(hosts) for hosts in drawn} == {1, 8}
    assert all(len(set(hosts)) == len(hosts) for hosts in drawn)
    counts = Counter(host for hosts in drawn for host in hosts)
    assert len(counts) == 10
    assert max(counts.values()) < 1.25 * min(counts.values())


def test_fewer_than_eight_hosts_are_asked_together() -> None:
    assert {len(o.hosts) for o in of_kind(SPARSE, "single-groupby-1-8-1", 5)} == {3}


def test_dashboards_dominate_and_every_report_occurs() -> None:
    seen = Counter(operation.kind for operation in first(DENSE, 20_000))
    reports = sum(seen[kind] for kind, query in QUERIES.items() if query.report)
    assert seen.keys() == {"insert", *QUERIES}
    assert seen["insert"] == pytest.approx(10_000, abs=300)
    assert reports == pytest.approx(500, abs=90)


# The oracle, against the plain-Python answers of adapters/memory.


@given(some_metrics, some_hosts, instants, instants, buckets)
@settings(max_examples=40, deadline=None)
def test_max_by_bucket_agrees(
    metrics: tuple[str, ...], hosts: tuple[str, ...], start: int, end: int, bucket: int
) -> None:
    query = MaxByBucket("q", metrics, hosts, start, end, bucket)
    assert grade(query, query.on(SESSION)) == 1.0
    assert ORACLE.max_by_bucket(query) == query.on(SESSION)


@given(some_metrics, instants, instants, buckets)
@settings(max_examples=30, deadline=None)
def test_mean_by_host_and_bucket_agrees(metrics: tuple[str, ...], start: int, end: int, bucket: int) -> None:
    query = MeanByHostAndBucket("q", metrics, start, end, bucket)
    assert grade(query, query.on(SESSION)) == 1.0


@given(st.sampled_from(METRICS), st.integers(-1, 100), st.none() | some_hosts, instants, instants)
@settings(max_examples=40, deadline=None)
def test_rows_above_agree(metric: str, threshold: int, hosts: tuple[str, ...] | None, start: int, end: int) -> None:
    query = RowsAbove("q", metric, threshold, hosts, start, end)
    assert sorted(ORACLE.rows_above(query)) == sorted(query.on(SESSION))


@given(st.sampled_from(METRICS), instants, buckets, st.integers(1, 8))
@settings(max_examples=30, deadline=None)
def test_newest_buckets_agree(metric: str, before: int, bucket: int, limit: int) -> None:
    query = MaxOfNewestBuckets("q", metric, before, bucket, limit)
    assert ORACLE.max_of_newest_buckets(query) == query.on(SESSION)


START = START_MS + 3 * HOUR_MS  # On an instant, so that a closed interval shows.
MAX = MaxByBucket("q", METRICS[:2], ("host_0", "host_2"), START, START + HOUR_MS, MINUTE_MS)
MEAN = MeanByHostAndBucket("q", METRICS[:2], START + 1, START + HOUR_MS, HOUR_MS)
ABOVE = RowsAbove("q", METRICS[0], 32, ("host_1",), START, START + HOUR_MS)
NEWEST = MaxOfNewestBuckets("q", METRICS[0], START, 10 * MINUTE_MS, 5)


def everything_above(**changes: Any) -> list[tuple[Any, ...]]:
    fields = {name: getattr(ABOVE, name) for name in ABOVE.__struct_fields__}
    return RowsAbove(**{**fields, **changes}).on(SESSION)


WRONG: dict[str, tuple[Any, Any]] = {
    "max: closed interval": (MAX, SESSION.max_by_bucket(MAX.metrics, MAX.hosts, START, MAX.end_ms + 1, MINUTE_MS)),
    "max: window moved": (MAX, SESSION.max_by_bucket(MAX.metrics, MAX.hosts, START + 1, MAX.end_ms, MINUTE_MS)),
    "max: host filter dropped": (
        MAX,
        SESSION.max_by_bucket(MAX.metrics, ("host_0", "host_1", "host_2"), START, MAX.end_ms, MINUTE_MS),
    ),
    "max: a host left out": (MAX, SESSION.max_by_bucket(MAX.metrics, ("host_2",), START, MAX.end_ms, MINUTE_MS)),
    "max: metrics exchanged": (
        MAX,
        SESSION.max_by_bucket(MAX.metrics[::-1], MAX.hosts, START, MAX.end_ms, MINUTE_MS),
    ),
    "max: min instead": (
        MAX,
        [
            (at, *(min(row[2 + i] for row in SESSION.rows(at, at + MINUTE_MS) if row[1] in MAX.hosts) for i in (0, 1)))
            for at, *_ in MAX.on(SESSION)
        ],
    ),
    "max: order reversed": (MAX, MAX.on(SESSION)[::-1]),
    "max: empty bucket added": (MAX, [*MAX.on(SESSION), (MAX.end_ms, None, None)]),
    "max: nothing": (MAX, []),
    "max: None": (MAX, None),
    "max: lists": (MAX, [list(row) for row in MAX.on(SESSION)]),
    "mean: of another window": (MEAN, SESSION.mean_by_host_and_bucket(MEAN.metrics, START, MEAN.end_ms, HOUR_MS)),
    "mean: cut to whole numbers": (MEAN, [(*row[:2], *map(int, row[2:])) for row in MEAN.on(SESSION)]),
    "mean: one host left out": (MEAN, MEAN.on(SESSION)[1:]),
    "mean: hosts exchanged": (MEAN, [(row[0], "host_1", *row[2:]) for row in MEAN.on(SESSION)]),
    "mean: a metric missing": (MEAN, [row[:-1] for row in MEAN.on(SESSION)]),
    "mean: order of hosts": (MEAN, MEAN.on(SESSION)[::-1]),
    "rows: closed threshold": (ABOVE, everything_above(threshold=31)),
    "rows: closed interval": (ABOVE, everything_above(end_ms=ABOVE.end_ms + 1)),
    "rows: filter dropped": (ABOVE, everything_above(hosts=None)),
    "rows: one twice": (ABOVE, [*everything_above(), everything_above()[0]]),
    "rows: one missing": (ABOVE, everything_above()[:-1]),
    "rows: seconds for milliseconds": (ABOVE, [(row[0] // 1_000, *row[1:]) for row in everything_above()]),
    "rows: a column missing": (ABOVE, [row[:-1] for row in everything_above()]),
    "newest: oldest first": (NEWEST, NEWEST.on(SESSION)[::-1]),
    "newest: closed end": (NEWEST, SESSION.max_of_newest_buckets(METRICS[0], START + 1, NEWEST.bucket_ms, 5)),
    "newest: one too few": (NEWEST, NEWEST.on(SESSION)[:-1]),
    "newest: oldest five": (NEWEST, sorted(SESSION.max_of_newest_buckets(METRICS[0], START, 10 * MINUTE_MS, 99))[:5]),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_is_rejected(name: str) -> None:
    query, wrong = WRONG[name]
    assert everything_above()
    assert grade(query, query.on(SESSION)) == 1.0
    assert grade(query, wrong) == 0.0


def test_rows_come_in_any_order() -> None:
    assert grade(ABOVE, everything_above()[::-1]) == 1.0


def test_means_may_differ_in_the_last_digits() -> None:
    assert grade(MEAN, [(*row[:2], *(mean * (1 + 1e-12) for mean in row[2:])) for row in MEAN.on(SESSION)]) == 1.0
    assert grade(MEAN, [(*row[:2], *(mean * (1 + 1e-6) for mean in row[2:])) for row in MEAN.on(SESSION)]) == 0.0


# Live ingest.


def inserts(workload: DevOps, number: int, stream: Stream = STREAM) -> list[Points]:
    return [operation.points for operation in of_kind(workload, "insert", number, stream)]


def test_no_two_live_rows_share_host_and_instant() -> None:
    streams = [
        Stream(7, trial, session, sessions) for trial, sessions in ((0, 1), (1, 3)) for session in range(sessions)
    ]
    rows = [row[:2] for stream in streams for points in inserts(SPARSE, 40, stream) for row in points.rows()]
    rows += [row[:2] for row in rows_of(SPARSE)]
    assert len(set(rows)) == len(rows)


def test_live_batches_are_appends_that_start_after_the_loaded_span() -> None:
    batches = inserts(SPARSE, 30, Stream(7, 0, 0, 1))
    at_ms = [at for points in batches for at in points.at_ms.tolist()]
    assert at_ms == sorted(at_ms)
    assert at_ms[0] == SPARSE_END_MS
    assert {len(points) for points in batches} == {SPARSE.writes["insert"]} == {15}


def test_a_later_trial_writes_after_an_earlier_one() -> None:
    (early,), (late,) = inserts(SPARSE, 1, Stream(7, 1, 4, 5)), inserts(SPARSE, 1, Stream(7, 2, 0, 5))
    assert early.at_ms.max() < late.at_ms.min()


def test_a_trial_that_fills_its_slot_goes_round_between_its_own_rows() -> None:
    workload = DevOps(hosts=1, hours=13, step_seconds=60, batch_instants=1_000)
    per_slot = SLOT_MS // (60_000 * 1_000)
    batches = inserts(workload, 3 * per_slot)
    at_ms = np.concatenate([points.at_ms for points in batches])
    assert len(np.unique(at_ms)) == len(at_ms)
    assert at_ms.max() - at_ms.min() < SLOT_MS
    assert batches[per_slot].at_ms[0] == batches[0].at_ms[0] + 1


def test_a_trial_beyond_the_last_slot_is_refused() -> None:
    with pytest.raises(ValueError, match="399"):
        first(SPARSE, 1, Stream(7, 400, 0, 1))


def test_live_values_are_metrics() -> None:
    values = np.concatenate([points.values for points in inserts(DENSE, 50)])
    assert values.min() >= 0
    assert values.max() <= 100
    assert len(np.unique(values)) > 60
    assert len({tuple(column) for column in values.T.tolist()}) == len(METRICS)


def last_rows(points: Points) -> list[tuple[Any, ...]]:
    return list(points.rows())[-SPARSE.hosts :]


@pytest.fixture
def live() -> tuple[Any, list[Points]]:
    """An oracle that knows of two batches, sent at 10 and 30, acknowledged at 20 and 40."""
    oracle = SPARSE.oracle()
    batches = inserts(SPARSE, 2)
    for points, sent in zip(batches, (10, 30), strict=True):
        oracle.wrote(InsertPoints("insert", points), sent, sent + 10)
    return oracle, batches


LAST = LastRows("lastpoint")


def test_the_last_rows_are_the_newest_acknowledged_ones(live: tuple[Any, list[Points]]) -> None:
    oracle, (old, new) = live
    assert oracle.grade(LAST, SESSION.last_rows(), 1, 9) == 1.0
    assert oracle.grade(LAST, SESSION.last_rows(), 15, 30) == 1.0
    assert oracle.grade(LAST, SESSION.last_rows(), 21, 30) == 0.0
    assert oracle.grade(LAST, last_rows(old), 21, 30) == 1.0
    assert oracle.grade(LAST, last_rows(old), 35, 36) == 1.0
    assert oracle.grade(LAST, last_rows(new), 35, 36) == 1.0
    assert oracle.grade(LAST, last_rows(old), 41, 50) == 0.0


def test_a_last_row_from_the_future_is_wrong(live: tuple[Any, list[Points]]) -> None:
    oracle, (old, new) = live
    assert oracle.grade(LAST, last_rows(old), 1, 9) == 0.0
    assert oracle.grade(LAST, last_rows(new), 21, 29) == 0.0


def test_a_last_row_of_another_process_is_accepted_if_its_values_are_right(live: tuple[Any, list[Points]]) -> None:
    oracle, _ = live
    (foreign,) = inserts(SPARSE, 1, Stream(7, 1, 7, 8))
    right = last_rows(foreign)
    assert oracle.grade(LAST, right, 41, 50) == 1.0
    assert oracle.grade(LAST, [(at, name, *values[::-1]) for at, name, *values in right], 41, 50) == 0.0
    assert oracle.grade(LAST, [(at + 1, name, *values) for at, name, *values in right], 41, 50) == 0.0


def test_last_rows_hold_every_host_once(live: tuple[Any, list[Points]]) -> None:
    oracle, (_, new) = live
    right = last_rows(new)
    for wrong in (right[:-1], [*right, right[0]], [right[0], *right[:-1]], [row[:-1] for row in right], []):
        assert oracle.grade(LAST, wrong, 41, 50) == 0.0


def test_an_off_grid_copy_of_the_last_loaded_row_is_wrong() -> None:
    moved = [(row[0] + 5, *row[1:]) for row in SESSION.last_rows()]
    assert grade(LAST, moved) == 0.0


# Content and kept writes.


@pytest.mark.parametrize("damage", ["lost", "twice", "changed", "moved", "foreign host"])
def test_content_that_differs_is_told(damage: str) -> None:
    session = memory(SPARSE)
    points = session.batches[0]
    names, hosts, at_ms, values = points.names, points.hosts.copy(), points.at_ms.copy(), points.values.copy()
    if damage == "lost":
        session.batches[0] = Points(names, hosts[1:], at_ms[1:], values[1:])
    elif damage == "twice":
        session.batches.append(Points(names, hosts[:1], at_ms[:1], values[:1]))
    else:
        values[5, 3] += damage == "changed"
        at_ms[5] += damage == "moved"
        names = ["host_9", *names[1:]] if damage == "foreign host" else names
        session.batches[0] = Points(names, hosts, at_ms, values)
    assert SPARSE.oracle().check_content(session)


@pytest.mark.parametrize("damage", ["lost", "twice", "changed"])
def test_a_batch_that_is_not_kept_is_told(damage: str) -> None:
    session, oracle = memory(SPARSE), SPARSE.oracle()
    tracked = []
    for operation in of_kind(SPARSE, "insert", 60):
        operation.on(session)
        if oracle.tracks(operation):
            oracle.wrote(operation, 0, 1)
            tracked.append(session.batches[-1])
    assert oracle.check_kept(session) == []
    place = session.batches.index(tracked[1])
    points = session.batches[place]
    if damage == "lost":
        del session.batches[place]
    elif damage == "twice":
        session.batches.append(points)
    else:
        session.batches[place] = Points(points.names, points.hosts, points.at_ms, points.values + 1)
    assert oracle.check_kept(session)


def test_one_batch_in_thirteen_is_tracked_and_every_query() -> None:
    oracle = DENSE.oracle()
    operations = first(DENSE, 2_000)
    batches = [operation for operation in operations if operation.kind == "insert"]
    assert sum(map(oracle.tracks, batches)) == pytest.approx(len(batches) / 13, abs=1)
    assert all(oracle.tracks(operation) for operation in operations if operation.kind != "insert")
