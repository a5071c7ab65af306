"""Checks of time-series adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import isclose

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.timeseries import Session as Reference
from harness.engine import Address
from harness.timeseries import (
    LastRows,
    MaxByBucket,
    MaxOfNewestBuckets,
    MeanByHostAndBucket,
    Points,
    Row,
    RowsAbove,
    TimeSeries,
)
from tests.conformance.tools import (
    NASTY_TEXTS,
    assert_describes_itself,
    assert_same_when_watched,
    assert_tells_of,
    at_once,
    few_examples,
)

Open = Callable[[], TimeSeries]
METRICS = ("user", "system", "idle")
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
NOON = 1_699_963_200_000  # 2023-11-14 12:00 UTC, a Tuesday.
AGES = (0, 4_000_000_000_000)  # A window around everything.


def points(rows: Sequence[Row]) -> Points:
    """One batch of at least one row."""
    names = sorted({row[1] for row in rows}, reverse=True)
    return Points(
        names=names,
        hosts=np.array([names.index(row[1]) for row in rows], np.int64),
        at_ms=np.array([row[0] for row in rows], np.int64),
        values=np.array([row[2:] for row in rows], np.int64),
    )


def home(open_session: Open, rows: Iterable[Row] = ()) -> TimeSeries:
    """A session on a fresh home that holds these rows."""
    session = open_session()
    session.create(METRICS)
    if batch := list(rows):
        session.load(points(batch))
    session.settle()
    return session


def content(session: TimeSeries) -> list[Row]:
    return sorted(row for batch in session.everything() for row in batch.rows())


def series(host: str, values: Sequence[int], start_ms: int = NOON, step_ms: int = 10 * SECOND) -> list[Row]:
    return [(start_ms + number * step_ms, host, value, 0, 0) for number, value in enumerate(values)]


def assert_equal(answer: list[Row], expected: list[Row]) -> None:
    """The same rows in the same order and of the same types; means up to rounding."""
    assert isinstance(answer, list)
    assert len(answer) == len(expected), (answer, expected)
    for ours, theirs in zip(answer, expected, strict=True):
        assert [type(value) for value in ours] == [type(value) for value in theirs], (ours, theirs)
        for value, right in zip(ours, theirs, strict=True):
            near = isinstance(right, float) and isclose(value, right, rel_tol=1e-9, abs_tol=1e-9)
            assert near or value == right, (ours, theirs)


def assert_same_rows(answer: list[Row], expected: Iterable[Row]) -> None:
    """The same rows in any order."""
    assert isinstance(answer, list)
    assert_equal(sorted(answer), sorted(expected))


def check_an_empty_home_answers_every_question(open_session: Open) -> None:
    session = home(open_session)
    assert session.max_by_bucket(["user"], ["a"], *AGES, HOUR) == []
    assert session.mean_by_host_and_bucket(["user"], *AGES, HOUR) == []
    assert session.rows_above("user", 0, None, *AGES) == []
    assert session.last_rows() == []
    assert session.max_of_newest_buckets("user", NOON, HOUR, 5) == []
    assert session.count() == 0
    assert content(session) == []


def check_create_drops_every_row(open_session: Open) -> None:
    session = home(open_session, series("a", [1, 2, 3]))
    session.insert(points(series("b", [1])))
    session.create(METRICS)
    assert session.count() == 0
    assert session.last_rows() == []
    assert content(session) == []
    session.insert(points(series("c", [4])))
    assert_equal(session.last_rows(), [(NOON, "c", 4, 0, 0)])


def check_create_takes_other_metrics(open_session: Open) -> None:
    session = home(open_session, series("a", [1, 2, 3]))
    session.create(["temperature"])
    session.load(points([(NOON, "a", 20), (NOON + 1, "a", 22)]))
    session.settle()
    assert_equal(session.max_by_bucket(["temperature"], ["a"], *AGES, DAY), [(NOON - 12 * HOUR, 22)])
    assert_equal(session.last_rows(), [(NOON + 1, "a", 22)])


def check_rows_read_back_as_written(open_session: Open) -> None:
    rows = [(NOON, "a", 1, -2, 3), (NOON + 1, "a", 0, 0, 0), (NOON, "b", 2**31 - 1, -(2**31), 5), (0, "c", 7, 8, 9)]
    session = home(open_session, rows[:2])
    session.insert(points(rows[2:]))
    assert_same_rows(content(session), rows)
    assert_same_rows(session.rows_above("user", -1, None, *AGES), rows)
    assert_same_rows(session.last_rows(), rows[1:])


def check_empty_batches_change_nothing(open_session: Open) -> None:
    session = home(open_session, series("a", [1]))
    nothing = Points(["a"], np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, len(METRICS)), np.int64))
    session.load(nothing)
    session.insert(nothing)
    session.settle()
    assert_same_rows(content(session), series("a", [1]))


def check_a_second_load_adds_to_the_first(open_session: Open) -> None:
    session = home(open_session, series("a", [1, 2]))
    session.load(points([*series("a", [3], NOON - MINUTE), *series("b", [4])]))
    session.settle()
    assert session.count() == 4
    assert_same_rows(content(session), series("a", [1, 2]) + series("a", [3], NOON - MINUTE) + series("b", [4]))


def check_batches_may_come_in_any_order_of_rows(open_session: Open) -> None:
    names = ["unused", "b", "a", "also unused"]
    hosts, at_ms = np.array([2, 1, 2, 1]), np.array([NOON + 5, NOON + 7, NOON, NOON + 3])
    batch = Points(names, hosts, at_ms, np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]]))
    expected = [(NOON + 5, "a", 1, 2, 3), (NOON + 7, "b", 4, 5, 6), (NOON, "a", 7, 8, 9), (NOON + 3, "b", 10, 11, 12)]
    session = home(open_session)
    session.load(batch)
    session.settle()
    assert_same_rows(content(session), expected)
    session.create(METRICS)
    session.insert(batch)
    assert_same_rows(content(session), expected)
    assert_same_rows(session.last_rows(), expected[:2])


def check_windows_are_half_open_to_the_millisecond(open_session: Open) -> None:
    start, end = NOON + 123, NOON + 5 * SECOND + 457
    rows = [(at, "a", value, 0, 0) for at, value in ((start - 1, 9), (start, 3), (end - 1, 4), (end, 8), (end + 1, 7))]
    session = home(open_session, rows)
    assert_equal(session.max_by_bucket(["user"], ["a"], start, end, MINUTE), [(NOON, 4)])
    assert_equal(session.mean_by_host_and_bucket(["user"], start, end, MINUTE), [(NOON, "a", 3.5)])
    assert_same_rows(session.rows_above("user", 0, None, start, end), rows[1:3])
    assert_same_rows(session.rows_above("user", 0, ["a"], start, end), rows[1:3])
    assert_same_rows(session.rows_above("user", 0, ["a"], start, start + 1), rows[1:2])
    assert_equal(session.max_of_newest_buckets("user", start, MINUTE, 5), [(NOON, 9)])
    assert_equal(session.max_of_newest_buckets("user", start - 1, MINUTE, 5), [])


def check_an_empty_window_is_empty(open_session: Open) -> None:
    session = home(open_session, series("a", [1, 2, 3]))
    for start, end in ((NOON, NOON), (NOON + 1, NOON + 2), (0, NOON), (NOON + HOUR, NOON + DAY)):
        assert session.max_by_bucket(["user"], ["a"], start, end, MINUTE) == []
        assert session.mean_by_host_and_bucket(["user"], start, end, MINUTE) == []
        assert session.rows_above("user", 0, None, start, end) == []
        assert session.rows_above("user", 0, ["a"], start, end) == []
    assert session.max_of_newest_buckets("user", NOON, MINUTE, 3) == []


def check_windows_need_not_be_aligned_to_buckets(open_session: Open) -> None:
    values = [0, 1, 50, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 60, 15, 16, 17]  # The window leaves out 50 and 60.
    session = home(open_session, series("a", values))  # Three minutes, six rows each.
    start, end = NOON + 25 * SECOND, NOON + 2 * MINUTE + 15 * SECOND
    assert_equal(
        session.max_by_bucket(["user"], ["a"], start, end, MINUTE),
        [(NOON, 5), (NOON + MINUTE, 11), (NOON + 2 * MINUTE, 13)],
    )
    assert_equal(
        session.mean_by_host_and_bucket(["user"], start, end, MINUTE),
        [(NOON, "a", 4.0), (NOON + MINUTE, "a", 8.5), (NOON + 2 * MINUTE, "a", 12.5)],
    )
    assert_equal(session.max_of_newest_buckets("user", end, MINUTE, 2), [(NOON + 2 * MINUTE, 13), (NOON + MINUTE, 11)])


def check_buckets_are_aligned_to_1970(open_session: Open) -> None:
    session = home(open_session, [(NOON + 17, "a", 1, 0, 0), (NOON + 5 * DAY + 23, "a", 2, 0, 0)])
    for bucket in (1, 7, 10, 700, 7 * SECOND, 90 * SECOND, 7 * MINUTE, HOUR, 5 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY):
        first, second = (NOON + 17) // bucket * bucket, (NOON + 5 * DAY + 23) // bucket * bucket
        maxima = {first: 1, second: 2}
        expected: list[Row] = sorted(maxima.items())
        assert_equal(session.max_by_bucket(["user"], ["a"], NOON + 3, NOON + 9 * DAY, bucket), expected)
        assert_equal(session.max_of_newest_buckets("user", NOON + 9 * DAY, bucket, 2), expected[::-1])
        means: list[Row] = [(first, "a", 1.5)] if first == second else [(first, "a", 1.0), (second, "a", 2.0)]
        assert_equal(session.mean_by_host_and_bucket(["user"], NOON + 3, NOON + 9 * DAY, bucket), means)


def check_empty_buckets_are_left_out(open_session: Open) -> None:
    session = home(open_session, [(NOON, "a", 0, 0, 0), (NOON + 3 * HOUR, "a", -1, 0, 0), (NOON + 1, "b", 5, 0, 0)])
    assert_equal(session.max_by_bucket(["user"], ["a"], *AGES, HOUR), [(NOON, 0), (NOON + 3 * HOUR, -1)])
    assert_equal(
        session.mean_by_host_and_bucket(["user"], *AGES, HOUR),
        [(NOON, "a", 0.0), (NOON, "b", 5.0), (NOON + 3 * HOUR, "a", -1.0)],
    )
    assert_equal(session.max_of_newest_buckets("user", NOON + DAY, HOUR, 5), [(NOON + 3 * HOUR, -1), (NOON, 5)])


def check_maxima_are_over_all_hosts_asked_for_together(open_session: Open) -> None:
    rows = [*series("a", [1, 9, 2]), *series("b", [5, 3, 4]), *series("c", [99, 99, 99])]
    session = home(open_session, rows)
    window = (NOON, NOON + HOUR)
    assert_equal(session.max_by_bucket(["user"], ["a", "b"], *window, HOUR), [(NOON, 9)])
    assert_equal(
        session.max_by_bucket(["user"], ["b", "a"], *window, 10 * SECOND),
        [(NOON, 5), (NOON + 10 * SECOND, 9), (NOON + 20 * SECOND, 4)],
    )
    assert_equal(session.max_by_bucket(["user"], ["b"], *window, HOUR), [(NOON, 5)])
    assert_equal(session.max_by_bucket(["user"], ["b", "nobody"], *window, HOUR), [(NOON, 5)])
    assert session.max_by_bucket(["user"], ["nobody"], *window, HOUR) == []


def check_metrics_come_in_the_order_asked(open_session: Open) -> None:
    session = home(open_session, [(NOON, "a", 1, 20, 300), (NOON + 1, "a", 3, 10, 200)])
    assert_equal(session.max_by_bucket(["idle", "user"], ["a"], *AGES, MINUTE), [(NOON, 300, 3)])
    assert_equal(session.max_by_bucket(METRICS, ["a"], *AGES, MINUTE), [(NOON, 3, 20, 300)])
    assert_equal(session.mean_by_host_and_bucket(["idle", "system"], *AGES, MINUTE), [(NOON, "a", 250.0, 15.0)])
    assert_equal(session.mean_by_host_and_bucket(METRICS, *AGES, MINUTE), [(NOON, "a", 2.0, 15.0, 250.0)])
    assert_equal(session.rows_above("idle", 250, ["a"], *AGES), [(NOON, "a", 1, 20, 300)])
    assert_equal(session.max_of_newest_buckets("system", NOON + 1, MINUTE, 1), [(NOON, 20)])


def check_negative_values_and_zero_are_values(open_session: Open) -> None:
    session = home(open_session, [*series("a", [-5, -3, -4]), *series("b", [0, 0, 0]), *series("c", [-(2**31)])])
    assert_equal(session.max_by_bucket(["user"], ["a"], *AGES, MINUTE), [(NOON, -3)])
    assert_equal(session.max_by_bucket(["user"], ["c"], *AGES, MINUTE), [(NOON, -(2**31))])
    assert_equal(
        session.mean_by_host_and_bucket(["user"], *AGES, MINUTE),
        [(NOON, "a", -4.0), (NOON, "b", 0.0), (NOON, "c", -float(2**31))],
    )
    above = [*series("a", [-5, -3])[1:], *series("b", [0, 0, 0])]
    assert_same_rows(session.rows_above("user", -4, ["a", "b"], *AGES), above)
    assert_equal(session.max_of_newest_buckets("user", NOON + 1, MINUTE, 1), [(NOON, 0)])


def check_means_are_of_rows_and_not_rounded(open_session: Open) -> None:
    session = home(open_session, [*series("a", [1, 2, 2, 100, 0, 0]), *series("b", [2**31 - 1, 2**31 - 2])])
    # A mean of the means of parts would be another number: the first bucket has four rows, the second two.
    assert_equal(
        session.mean_by_host_and_bucket(["user"], NOON, NOON + HOUR, HOUR),
        [(NOON, "a", 17.5), (NOON, "b", 2**31 - 1.5)],
    )
    assert_equal(
        session.mean_by_host_and_bucket(["user"], NOON, NOON + 30 * SECOND, MINUTE),
        [(NOON, "a", 5 / 3), (NOON, "b", 2**31 - 1.5)],
    )


def check_means_are_ordered_by_bucket_then_host_name(open_session: Open) -> None:
    names = ["A", "Z", "a", "host_1", "host_10", "host_2", "host_20", "z", "\u00e9"]
    rows = [(NOON + bucket * HOUR, name, bucket, 0, 0) for name in reversed(names) for bucket in (2, 0, 1)]
    session = home(open_session, rows)
    answer = session.mean_by_host_and_bucket(["user"], *AGES, HOUR)
    assert [row[:2] for row in answer] == [(NOON + bucket * HOUR, name) for bucket in range(3) for name in names]


def check_thresholds_are_exclusive(open_session: Open) -> None:
    rows = series("a", [89, 90, 91, 90, 92])
    session = home(open_session, rows)
    assert_same_rows(session.rows_above("user", 90, None, *AGES), [rows[2], rows[4]])
    assert_same_rows(session.rows_above("user", 90, ["a"], *AGES), [rows[2], rows[4]])
    assert session.rows_above("user", 92, None, *AGES) == []


def check_no_host_is_not_every_host(open_session: Open) -> None:
    session = home(open_session, series("a", [1, 2]) + series("b", [3]))
    assert_same_rows(session.rows_above("user", 0, None, *AGES), series("a", [1, 2]) + series("b", [3]))
    assert_same_rows(session.rows_above("user", 0, ["b"], *AGES), series("b", [3]))
    assert_same_rows(session.rows_above("user", 0, ("a", "b"), *AGES), series("a", [1, 2]) + series("b", [3]))
    assert session.rows_above("user", 0, ["nobody"], *AGES) == []
    assert session.rows_above("user", 0, [], *AGES) == []
    assert session.max_by_bucket(["user"], [], *AGES, HOUR) == []


def check_host_names_are_taken_literally(open_session: Open) -> None:
    names = ["host_1", "host_10", "host-1", "host.1", "hostX1", "HOST_1", "host", "host_%", ".*", "host_1|host_10"]
    names += ["(host_1,host_10)", "host=1", *(text for text in NASTY_TEXTS if text.strip())]
    rows = {name: (NOON, name, number, 0, 0) for number, name in enumerate(names)}
    session = home(open_session, list(rows.values())[::2])
    session.insert(points(list(rows.values())[1::2]))
    for number, name in enumerate(names):
        assert_equal(session.max_by_bucket(["user"], [name], *AGES, MINUTE), [(NOON, number)])
        assert_equal(session.rows_above("user", -1, [name], *AGES), [rows[name]])
    pair = session.rows_above("user", -1, ["host_1", ".*"], *AGES)
    assert_same_rows(pair, [rows["host_1"], rows[".*"]])
    assert_same_rows(session.last_rows(), rows.values())
    hosts = [row[1] for row in session.mean_by_host_and_bucket(["user"], *AGES, MINUTE)]
    assert hosts == sorted(names)


def check_the_newest_row_of_a_host_is_the_latest_in_time(open_session: Open) -> None:
    rows = [(NOON, "a", 5, 0, 0), (NOON - DAY, "a", 9, 0, 0), (NOON - 900 * DAY, "old", 1, 2, 3), (0, "first", 4, 5, 6)]
    session = home(open_session, rows)
    expected = [rows[0], rows[2], rows[3]]
    assert_same_rows(session.last_rows(), expected)
    session.insert(points([(NOON - HOUR, "a", 7, 0, 0), (NOON - 901 * DAY, "old", 9, 9, 9)]))
    assert_same_rows(session.last_rows(), expected)
    session.insert(points([(NOON + 1, "a", -8, 0, 0)]))
    assert_same_rows(session.last_rows(), [(NOON + 1, "a", -8, 0, 0), *expected[1:]])


def check_the_newest_buckets_may_be_far_apart(open_session: Open) -> None:
    rows = series("a", [1, 2, 3, 4], NOON, 40 * DAY) + series("b", [9, 0, 7, 1], NOON + 1, 40 * DAY)
    session = home(open_session, rows)
    days = [NOON - 12 * HOUR + number * 40 * DAY for number in range(4)]
    expected: list[Row] = [(days[3], 4), (days[2], 7), (days[1], 2), (days[0], 9)]
    for limit in range(1, 6):
        assert_equal(session.max_of_newest_buckets("user", NOON + 999 * DAY, DAY, limit), expected[:limit])
    assert_equal(session.max_of_newest_buckets("user", days[2], DAY, 9), expected[2:])
    assert_equal(session.max_of_newest_buckets("user", NOON + 80 * DAY + 1, DAY, 1), [(days[2], 3)])


def check_counts_are_exact_right_after_writes(open_session: Open) -> None:
    session = home(open_session, series("a", range(100)))
    assert session.count() == 100
    for number in range(10):
        session.insert(points(series("b", [1, 2, 3], NOON + number * MINUTE)))
        assert session.count() == 103 + 3 * number


def check_everything_gives_each_row_once(open_session: Open) -> None:
    rows = [row for host in ("a", "b", "c") for row in series(host, range(1_000))]
    session = home(open_session, rows)
    late = series("d", range(50)) + series("a", [5] * 20, NOON - DAY)
    session.insert(points(late))
    assert session.count() == len(rows) + len(late)
    assert_same_rows(content(session), rows + late)
    session.settle()
    assert_same_rows(content(session), rows + late)


def check_long_answers_come_whole(open_session: Open) -> None:
    hosts = [f"host_{number}" for number in range(12)]
    rows = [row for host in hosts for row in series(host, range(1, 201))]
    session = home(open_session, rows)
    assert_same_rows(session.rows_above("user", 0, None, *AGES), rows)
    assert_same_rows(session.rows_above("user", 100, hosts[:11], *AGES), [r for r in rows[:2_200] if r[2] > 100])
    means = [(at, host, float(value)) for at, host, value, *_ in sorted(rows)]
    assert_equal(session.mean_by_host_and_bucket(["user"], *AGES, 10 * SECOND), means)
    maxima: list[Row] = [(at, value) for at, _, value, *_ in series("any", range(1, 201))]
    assert_equal(session.max_by_bucket(["user"], hosts, *AGES, 10 * SECOND), maxima)
    assert_equal(session.max_of_newest_buckets("user", AGES[1], 10 * SECOND, 150), maxima[:49:-1])


def check_late_rows_count_like_all_others(open_session: Open) -> None:
    session = home(open_session, series("a", [5, 5, 5]) + series("b", [5]))
    session.insert(points(series("a", [50], NOON + 15 * SECOND)))
    session.insert(points(series("a", [70], NOON - 90 * DAY) + series("b", [60], NOON + 1)))
    session.insert(points(series("c", [80], NOON - 1)))
    assert_equal(session.max_by_bucket(["user"], ["a", "b"], NOON, NOON + MINUTE, MINUTE), [(NOON, 60)])
    assert_equal(
        session.mean_by_host_and_bucket(["user"], NOON - 1, NOON + MINUTE, MINUTE),
        [(NOON - MINUTE, "c", 80.0), (NOON, "a", 16.25), (NOON, "b", 32.5)],
    )
    newest: list[Row] = [(NOON - DAY // 2, 80), (NOON - DAY // 2 - 90 * DAY, 70)]
    assert_equal(session.max_of_newest_buckets("user", NOON, DAY, 2), newest)
    above = [(NOON - 90 * DAY, "a", 70, 0, 0), (NOON - 1, "c", 80, 0, 0)]
    assert_same_rows(session.rows_above("user", 60, None, 0, NOON + DAY), above)


def check_other_sessions_see_an_acknowledged_insert(open_session: Open) -> None:
    writer, reader = home(open_session, series("a", [1])), open_session()
    for number in range(1, 15):
        at = NOON + number * MINUTE
        writer.insert(points([(at, "a", number, 0, 0), (at, "b", -number, 0, 0)]))
        assert reader.count() == 1 + 2 * number
        assert_same_rows(reader.last_rows(), [(at, "a", number, 0, 0), (at, "b", -number, 0, 0)])
        assert_equal(reader.max_by_bucket(["user"], ["a"], at, at + MINUTE, MINUTE), [(at, number)])
        assert_equal(reader.max_of_newest_buckets("user", at + 1, MINUTE, 1), [(at, number)])
        assert_equal(reader.rows_above("user", number - 1, None, NOON + 1, at + 1), [(at, "a", number, 0, 0)])


def check_data_stays_when_a_session_closes(open_session: Open) -> None:
    other = open_session()
    session = home(open_session, series("a", [1, 2]))
    session.insert(points(series("b", [3])))
    session.close()
    assert_same_rows(content(other), series("a", [1, 2]) + series("b", [3]))
    assert open_session().count() == 3


def check_concurrent_inserts_are_all_kept(open_session: Open) -> None:
    first = home(open_session)
    # Writers share the hosts, as collectors behind a balancer do, and never a row.
    shares = [[(NOON + 10 * t + s, f"host_{t % 5}", s, t, 0) for t in range(100)] for s in range(4)]

    def write(session: TimeSeries, rows: list[Row]) -> None:
        for start in range(0, len(rows), 10):
            session.insert(points(rows[start : start + 10]))
            newest = max(row[0] for row in session.last_rows())
            assert newest >= rows[start + 9][0]

    at_once([partial(write, open_session(), share) for share in shares])
    assert first.count() == 400
    assert_same_rows(content(first), [row for share in shares for row in share])


def check_a_ping_changes_nothing(open_session: Open) -> None:
    open_session().ping()
    rows = series("a", range(10))
    session = home(open_session, rows)
    for _ in range(3):
        session.ping()
        assert_same_rows(session.last_rows(), rows[-1:])
    assert session.count() == 10
    assert_same_rows(content(session), rows)


def check_a_watched_session_tells_of_every_request(open_session: Open) -> None:
    session, window = open_session(), (NOON, NOON + HOUR)
    many = [row for host in range(30) for row in series(f"host_{host}", range(100))]
    assert_tells_of(
        session,
        (lambda: session.create(METRICS), ""),
        (lambda: session.load(points(many)), ""),
        (lambda: session.settle(), ""),
        (lambda: session.insert(points(series("new", range(20)))), ""),
        (lambda: session.insert(points(series("host_3", [7], start_ms=NOON + DAY))), ""),
        (lambda: session.max_by_bucket(METRICS, ["host_3", "host_17"], *window, MINUTE), "host_17"),
        (lambda: session.mean_by_host_and_bucket(METRICS, *window, MINUTE), ""),
        (lambda: session.rows_above("user", 90, ["host_3", "host_17"], *window), "host_17"),
        (lambda: session.rows_above("user", 90, None, *window), ""),
        (lambda: session.max_of_newest_buckets("user", NOON + HOUR, MINUTE, 5), ""),
        (lambda: session.count(), ""),
        (lambda: list(session.everything()), ""),
        (lambda: session.last_rows(), ""),
    )


def check_watching_changes_no_answer(open_session: Open) -> None:
    rows = [row for host in ("a", "b") for row in series(host, range(60))]
    session, watched, window = home(open_session, rows), open_session(), (NOON + 7, NOON + 5 * MINUTE)
    assert_same_when_watched(
        session,
        watched,
        lambda each: each.max_by_bucket(METRICS, ["a", "b"], *window, MINUTE),
        lambda each: each.mean_by_host_and_bucket(["user"], *window, MINUTE),
        lambda each: sorted(each.rows_above("user", 20, ["b"], *window)),
        lambda each: sorted(each.rows_above("user", 20, None, *window)),
        lambda each: sorted(each.last_rows()),
        lambda each: each.max_of_newest_buckets("user", NOON + HOUR, MINUTE, 3),
        lambda each: each.count(),
        content,
    )
    new = series("c", [5], start_ms=NOON + DAY)
    assert_tells_of(watched, (lambda: watched.insert(points(new)), ""), (lambda: watched.last_rows(), ""))
    assert_same_rows(content(session), [*rows, *new])


def check_the_session_describes_itself(open_session: Open) -> None:
    assert_describes_itself(home(open_session, series("a", range(200))))


HOSTS = st.sampled_from(["host_1", "host_10", "H"])
TIMES = st.integers(0, 20).map(lambda step: NOON - 7 + step * 5_003)
WINDOWS = st.tuples(TIMES, TIMES).map(lambda pair: (min(pair), max(pair)))
VALUES = st.integers(-3, 3) | st.integers(-(2**31), 2**31 - 1)
ROWS = st.lists(st.tuples(TIMES, HOSTS, VALUES, VALUES, VALUES), min_size=8, max_size=40, unique_by=lambda row: row[:2])
BUCKETS = st.sampled_from([1, 7, SECOND, 7 * SECOND, 25 * SECOND, MINUTE, HOUR])
ONE, SOME = st.sampled_from(METRICS), st.lists(st.sampled_from(METRICS), min_size=1, unique=True).map(tuple)
ASKED = st.lists(HOSTS, min_size=1, unique=True).map(tuple)
QUESTIONS = st.one_of(
    st.builds(
        lambda names, hosts, w, b: MaxByBucket("max", names, hosts, w[0], w[1], b), SOME, ASKED, WINDOWS, BUCKETS
    ),
    st.builds(lambda names, w, b: MeanByHostAndBucket("mean", names, w[0], w[1], b), SOME, WINDOWS, BUCKETS),
    st.builds(
        lambda name, above, hosts, w: RowsAbove("above", name, above, hosts, w[0], w[1]),
        ONE,
        st.integers(-4, 4),
        st.none() | ASKED,
        WINDOWS,
    ),
    st.builds(MaxOfNewestBuckets, st.just("newest"), ONE, TIMES, BUCKETS, st.integers(1, 6)),
    st.just(LastRows("last")),
)


def check_random_questions_agree_with_the_reference(open_session: Open) -> None:
    session, reference = open_session(), Reference(Address("memory://reference", "random questions"))

    @few_examples
    @given(ROWS, st.integers(0, 30), st.lists(QUESTIONS, min_size=10, max_size=25))
    def agree(rows: list[Row], loaded: int, questions: list[MaxByBucket | RowsAbove | LastRows]) -> None:
        for each in (session, reference):
            each.create(METRICS)
            if rows[:loaded]:
                each.load(points(rows[:loaded]))
            each.settle()
            for row in rows[loaded:]:
                each.insert(points([row]))
        for question in questions:
            unordered = isinstance(question, RowsAbove | LastRows)
            (assert_same_rows if unordered else assert_equal)(question.on(session), question.on(reference))
        assert session.count() == len(rows)
        assert_same_rows(content(session), rows)

    agree()
