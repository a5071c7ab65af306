"""Broken time-series adapters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from statistics import fmean
from time import sleep

import numpy as np

from adapters.memory.timeseries import Session
from harness.engine import Address
from harness.timeseries import Points, Row
from tests.conformance import timeseries as checks
from tests.mutants import rejected_by

MONDAY_MS = 4 * checks.DAY  # The first Monday after the first of January 1970.


def known_hosts(session: Session) -> list[str]:
    return sorted({row[1] for row in session.rows(*checks.AGES)})


@rejected_by(checks.check_an_empty_home_answers_every_question, checks.check_an_empty_window_is_empty)
class MaximumOfNothingIsZero(Session):
    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        return super().max_by_bucket(metrics, hosts, start_ms, end_ms, bucket_ms) or [(start_ms, *(0 for _ in metrics))]


@rejected_by(checks.check_create_drops_every_row)
class CreateKeepsOldData(Session):
    def create(self, metrics: Sequence[str]) -> None:
        self.metrics[:] = metrics


@rejected_by(checks.check_create_takes_other_metrics)
class CreateKeepsOldSchema(Session):
    def create(self, metrics: Sequence[str]) -> None:
        super().create(self.metrics or metrics)

    def columns(self, metrics: Sequence[str]) -> list[int]:
        return [2 + self.metrics.index(metric) if metric in self.metrics else 0 for metric in metrics]


@rejected_by(checks.check_rows_read_back_as_written, checks.check_negative_values_and_zero_are_values)
class ValuesAreUnsigned(Session):
    def load(self, points: Points) -> None:
        super().load(replace(points, values=np.abs(points.values)))


@rejected_by(checks.check_rows_read_back_as_written)
class ValuesAreSinglePrecision(Session):
    def insert(self, points: Points) -> None:
        super().insert(replace(points, values=points.values.astype(np.float32).astype(np.int64)))


@rejected_by(checks.check_rows_read_back_as_written, checks.check_windows_are_half_open_to_the_millisecond)
class TimesAreInSeconds(Session):
    def load(self, points: Points) -> None:
        super().load(replace(points, at_ms=points.at_ms // 1_000 * 1_000))


@rejected_by(checks.check_empty_batches_change_nothing)
class EmptyBatchesAreARow(Session):
    def insert(self, points: Points) -> None:
        super().insert(points if len(points) else checks.points(checks.series("a", [0])))


@rejected_by(checks.check_a_second_load_adds_to_the_first)
class LoadTruncatesFirst(Session):
    def load(self, points: Points) -> None:
        self.batches.clear()
        super().load(points)


@rejected_by(checks.check_everything_gives_each_row_once, checks.check_long_answers_come_whole)
class LoadSendsOneBatch(Session):
    def load(self, points: Points) -> None:
        super().load(Points(points.names, points.hosts[:1_000], points.at_ms[:1_000], points.values[:1_000]))


@rejected_by(checks.check_batches_may_come_in_any_order_of_rows)
class HostsAreExpectedInTurn(Session):
    def load(self, points: Points) -> None:
        super().load(replace(points, hosts=np.arange(len(points)) % len(points.names)))


@rejected_by(checks.check_windows_are_half_open_to_the_millisecond, checks.check_an_empty_window_is_empty)
class WindowsIncludeTheirEnd(Session):
    def rows(self, start_ms: int, end_ms: int) -> Iterator[Row]:
        return super().rows(start_ms, min(end_ms, 2**62) + 1)


@rejected_by(checks.check_windows_are_half_open_to_the_millisecond)
class WindowsExcludeTheirStart(Session):
    def rows(self, start_ms: int, end_ms: int) -> Iterator[Row]:
        return super().rows(start_ms + 1, end_ms)


@rejected_by(checks.check_windows_need_not_be_aligned_to_buckets)
class WindowsAreRoundedToBuckets(Session):
    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        return super().max_by_bucket(metrics, hosts, start_ms // bucket_ms * bucket_ms, end_ms, bucket_ms)


@rejected_by(checks.check_buckets_are_aligned_to_1970, checks.check_windows_need_not_be_aligned_to_buckets)
class BucketsStartWithTheWindow(Session):
    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        starts = [start_ms + (row[0] - start_ms) // bucket_ms * bucket_ms for row in self.rows(start_ms, end_ms)]
        found: list[Row] = []
        for start in sorted(set(starts)):
            rows = super().mean_by_host_and_bucket(metrics, start, min(start + bucket_ms, end_ms), 10**15)
            found += [(start, *row[1:]) for row in rows]
        return found


@rejected_by(checks.check_buckets_are_aligned_to_1970)
class WeeksStartOnMonday(Session):
    def max_of_newest_buckets(self, metric: str, before_ms: int, bucket_ms: int, limit: int) -> list[Row]:
        rows = super().max_of_newest_buckets(metric, before_ms, bucket_ms, limit)
        shift = MONDAY_MS if bucket_ms == 7 * checks.DAY else 0
        return [(bucket + shift, value) for bucket, value in rows]


@rejected_by(checks.check_empty_buckets_are_left_out)
class EmptyBucketsAreFilled(Session):
    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        rows = super().max_by_bucket(metrics, hosts, start_ms, end_ms, bucket_ms)
        present = {row[0]: row for row in rows}
        buckets = range(rows[0][0], rows[-1][0] + 1, bucket_ms)
        return [present.get(bucket, (bucket, *(0 for _ in metrics))) for bucket in buckets]


@rejected_by(checks.check_maxima_are_over_all_hosts_asked_for_together, checks.check_no_host_is_not_every_host)
class HostFilterIsDropped(Session):
    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        return super().max_by_bucket(metrics, known_hosts(self), start_ms, end_ms, bucket_ms)


@rejected_by(checks.check_maxima_are_over_all_hosts_asked_for_together)
class OnlyTheFirstHostCounts(Session):
    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        return super().max_by_bucket(metrics, hosts[:1], start_ms, end_ms, bucket_ms)


@rejected_by(checks.check_maxima_are_over_all_hosts_asked_for_together)
class MaximaAreGivenForEachHost(Session):
    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        found: list[Row] = []
        for host in hosts:
            found += super().max_by_bucket(metrics, [host], start_ms, end_ms, bucket_ms)
        return sorted(found)


@rejected_by(
    checks.check_maxima_are_over_all_hosts_asked_for_together, checks.check_random_questions_agree_with_the_reference
)
class MinimumForMaximum(Session):
    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        rows = [row for row in self.rows(start_ms, end_ms) if row[1] in hosts]
        columns, buckets = self.columns(metrics), sorted({row[0] // bucket_ms for row in rows})
        groups = {bucket: [row for row in rows if row[0] // bucket_ms == bucket] for bucket in buckets}
        return [(b * bucket_ms, *(min(row[c] for row in group) for c in columns)) for b, group in groups.items()]


@rejected_by(checks.check_metrics_come_in_the_order_asked)
class MetricsComeInTheOrderOfTheSchema(Session):
    def columns(self, metrics: Sequence[str]) -> list[int]:
        return sorted(super().columns(metrics))


@rejected_by(checks.check_negative_values_and_zero_are_values)
class MaximaStartAtZero(Session):
    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        rows = super().max_by_bucket(metrics, hosts, start_ms, end_ms, bucket_ms)
        return [(bucket, *(max(0, value) for value in values)) for bucket, *values in rows]


@rejected_by(checks.check_negative_values_and_zero_are_values, checks.check_empty_buckets_are_left_out)
class ZeroIsNoValue(Session):
    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        return [row for row in super().mean_by_host_and_bucket(metrics, start_ms, end_ms, bucket_ms) if any(row[2:])]


@rejected_by(checks.check_means_are_of_rows_and_not_rounded, checks.check_random_questions_agree_with_the_reference)
class MeansAreIntegers(Session):
    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        rows = super().mean_by_host_and_bucket(metrics, start_ms, end_ms, bucket_ms)
        return [(bucket, host, *(float(int(mean)) for mean in means)) for bucket, host, *means in rows]


@rejected_by(checks.check_means_are_of_rows_and_not_rounded)
class MeansAreOfMeans(Session):
    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        parts = super().mean_by_host_and_bucket(metrics, start_ms, end_ms, 40 * checks.SECOND)
        parts.sort(key=lambda row: (row[0] // bucket_ms, row[1]))
        groups = groupby(parts, lambda row: (row[0] // bucket_ms * bucket_ms, row[1]))
        return [(*group, *map(fmean, list(zip(*rows, strict=True))[2:])) for group, rows in groups]


@rejected_by(checks.check_means_are_ordered_by_bucket_then_host_name)
class HostsAreInNaturalOrder(Session):
    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        rows = super().mean_by_host_and_bucket(metrics, start_ms, end_ms, bucket_ms)
        return sorted(rows, key=lambda row: (row[0], len(row[1]), row[1]))


@rejected_by(checks.check_means_are_ordered_by_bucket_then_host_name)
class HostsComeBeforeBuckets(Session):
    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        rows = super().mean_by_host_and_bucket(metrics, start_ms, end_ms, bucket_ms)
        return sorted(rows, key=lambda row: (row[1], row[0]))


@rejected_by(checks.check_windows_need_not_be_aligned_to_buckets, checks.check_long_answers_come_whole)
class BucketsAreReversed(Session):
    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        return super().max_by_bucket(metrics, hosts, start_ms, end_ms, bucket_ms)[::-1]


@rejected_by(checks.check_thresholds_are_exclusive, checks.check_random_questions_agree_with_the_reference)
class ThresholdsAreInclusive(Session):
    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        return super().rows_above(metric, threshold - 1, hosts, start_ms, end_ms)


@rejected_by(checks.check_thresholds_are_exclusive, checks.check_long_answers_come_whole)
class TheCursorIsNeverRead(Session):
    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        return iter(super().rows_above(metric, threshold, hosts, start_ms, end_ms))  # type: ignore[return-value]


@rejected_by(checks.check_long_answers_come_whole)
class OnlyTheFirstPageIsRead(Session):
    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        return super().rows_above(metric, threshold, hosts, start_ms, end_ms)[:1_000]


@rejected_by(checks.check_no_host_is_not_every_host)
class NoHostsMeansAllHosts(Session):
    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        return super().rows_above(metric, threshold, hosts or None, start_ms, end_ms)


@rejected_by(checks.check_host_names_are_taken_literally)
class HostsMatchByPrefix(Session):
    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        named = hosts and [known for known in known_hosts(self) if known.startswith(tuple(hosts))]
        return super().rows_above(metric, threshold, named, start_ms, end_ms)


@rejected_by(checks.check_host_names_are_taken_literally)
class HostsArePatterns(Session):
    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        pattern = "|".join(host.replace("*", ".*") for host in hosts if re.fullmatch(r"[\w.*|-]+", host)) or "(?!)"
        named = [known for known in known_hosts(self) if known in hosts or re.fullmatch(pattern, known)]
        return super().max_by_bucket(metrics, named, start_ms, end_ms, bucket_ms)


@rejected_by(checks.check_host_names_are_taken_literally)
class HostsIgnoreCase(Session):
    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        folded = hosts and {host.casefold() for host in hosts}
        named = hosts and [known for known in known_hosts(self) if folded and known.casefold() in folded]
        return super().rows_above(metric, threshold, named, start_ms, end_ms)


@rejected_by(checks.check_the_newest_row_of_a_host_is_the_latest_in_time)
class TheNewestRowIsTheLastWritten(Session):
    def last_rows(self) -> list[Row]:
        return list({row[1]: row for row in self.rows(*checks.AGES)}.values())


@rejected_by(checks.check_the_newest_row_of_a_host_is_the_latest_in_time)
class TheNewestRowMustBeRecent(Session):
    def last_rows(self) -> list[Row]:
        rows = super().last_rows()
        newest = max((row[0] for row in rows), default=0)
        return [row for row in rows if row[0] > newest - 30 * checks.DAY]


@rejected_by(checks.check_the_newest_row_of_a_host_is_the_latest_in_time)
class TheNewestRowIsTheLargestValue(Session):
    def last_rows(self) -> list[Row]:
        rows = sorted(self.rows(*checks.AGES), key=lambda row: row[2])
        return list({row[1]: row for row in rows}.values())


@rejected_by(checks.check_the_newest_buckets_may_be_far_apart)
class TheNewestBucketsAreSoughtNearby(Session):
    def max_of_newest_buckets(self, metric: str, before_ms: int, bucket_ms: int, limit: int) -> list[Row]:
        rows = super().max_of_newest_buckets(metric, before_ms, bucket_ms, limit)
        return [row for row in rows if row[0] >= before_ms - limit * bucket_ms]


@rejected_by(checks.check_the_newest_buckets_may_be_far_apart)
class TheLimitTakesTheOldestBuckets(Session):
    def max_of_newest_buckets(self, metric: str, before_ms: int, bucket_ms: int, limit: int) -> list[Row]:
        return super().max_of_newest_buckets(metric, before_ms, bucket_ms, 10**9)[-limit:]


@rejected_by(checks.check_the_newest_buckets_may_be_far_apart)
class TheNewestBucketIsDropped(Session):
    def max_of_newest_buckets(self, metric: str, before_ms: int, bucket_ms: int, limit: int) -> list[Row]:
        return super().max_of_newest_buckets(metric, before_ms // bucket_ms * bucket_ms, bucket_ms, limit)


@rejected_by(checks.check_counts_are_exact_right_after_writes)
class CountIsEstimated(Session):
    def settle(self) -> None:
        self.statistics = super().count()

    def count(self) -> int:
        return self.statistics


@rejected_by(checks.check_everything_gives_each_row_once)
class EverythingSkipsARow(Session):
    def everything(self) -> Iterator[Points]:
        for batch in super().everything():
            yield Points(batch.names, batch.hosts[1:], batch.at_ms[1:], batch.values[1:])


@rejected_by(checks.check_everything_gives_each_row_once)
class EverythingRepeatsTheLastBatch(Session):
    def everything(self) -> Iterator[Points]:
        yield from self.batches
        yield self.batches[-1]


@rejected_by(checks.check_late_rows_count_like_all_others)
class LateRowsAreDropped(Session):
    def insert(self, points: Points) -> None:
        newest = max((row[0] for row in self.rows(*checks.AGES)), default=0)
        on_time = points.at_ms >= newest
        super().insert(
            Points(points.names, points.hosts[on_time], points.at_ms[on_time], points.values[on_time]),
        )


@rejected_by(checks.check_other_sessions_see_an_acknowledged_insert, checks.check_data_stays_when_a_session_closes)
class InsertsWaitForMore(Session):
    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.waiting: list[Points] = []

    def insert(self, points: Points) -> None:
        self.waiting.append(points)
        if len(self.waiting) == 3:
            self.settle()

    def settle(self) -> None:
        self.batches.extend(self.waiting)
        self.waiting.clear()


@rejected_by(checks.check_other_sessions_see_an_acknowledged_insert)
class AnswersAreStale(Session):
    newest: Sequence[Row] = ()

    def last_rows(self) -> list[Row]:
        self.newest = self.newest or super().last_rows()
        return list(self.newest)


@rejected_by(checks.check_data_stays_when_a_session_closes)
class CloseDropsEverything(Session):
    def close(self) -> None:
        self.batches.clear()


@rejected_by(checks.check_concurrent_inserts_are_all_kept)
class InsertWritesBackAllBatches(Session):
    def insert(self, points: Points) -> None:
        batches = [*self.batches, points]
        sleep(0.0005)  # The round trip during which others write.
        self.batches[:] = batches


@rejected_by(checks.check_rows_read_back_as_written, checks.check_the_newest_row_of_a_host_is_the_latest_in_time)
class ValuesAreText(Session):
    def last_rows(self) -> list[Row]:
        return [(at, host, *map(str, values)) for at, host, *values in super().last_rows()]


@rejected_by(checks.check_a_ping_changes_nothing)
class PingLeavesAPoint(Session):
    def ping(self) -> None:
        self.insert(checks.points([(checks.NOON, "ping", 0, 0, 0)]))


@rejected_by(checks.check_a_watched_session_tells_of_every_request)
class TheFirstRequestIsNotTold(Session):
    """What it sends to learn the schema comes before the detour is in place."""

    def watch(self, sink: Callable[[str], None] | None) -> None:
        super().watch(sink)
        vars(self).pop("create")


@rejected_by(checks.check_watching_changes_no_answer)
class WatchedRowsAreConsumed(Session):
    watched = False

    def watch(self, sink: Callable[[str], None] | None) -> None:
        super().watch(sink)
        self.watched = sink is not None

    def last_rows(self) -> list[Row]:
        return super().last_rows()[self.watched :]


@rejected_by(checks.check_the_session_describes_itself)
class TheVersionIsMissing(Session):
    def facts(self) -> dict[str, str]:
        return {"version": ""}


@rejected_by(checks.check_the_session_describes_itself)
class SizeIsZeroWhenUnknown(Session):
    def size_bytes(self) -> None:
        return 0  # type: ignore[return-value]
