"""Time series whose index on instants is a BRIN: of each 32 pages, in the order of arrival, the first and last instant.

Chosen where rows come nearly in the order of time and there are very many of them: the index is a thousandth of a
B-tree. The price: a window reads whole ranges of pages, rows that come late widen ranges, and new pages are read by
every window until they are summarised. Queries by host and last rows need an order that no BRIN has, so the B-tree on
(host, at), the primary key, stays.
"""

from __future__ import annotations

from adapters.postgres import timeseries
from adapters.postgres.client import int8, quoted
from adapters.postgres.timeseries import EPOCH, instant, interval, milliseconds
from harness.engine import Address
from harness.timeseries import Points, Row

FIRST_MS = -210_866_803_200_000  # The first instant that a timestamptz can hold, in 4714 BC.
ROWS_UNSUMMARISED = 10_000  # That a session leaves so; three ranges of pages.
SUMMARISE = "SELECT brin_summarize_new_values('points_at')"
# Unless another session does, or a vacuum, which does it as well: only one of them at a time may.
SUMMARISE_IN_TURN = (
    f"{SUMMARISE} WHERE NOT EXISTS"
    " (SELECT FROM pg_locks WHERE relation = 'points'::regclass AND mode = 'ShareUpdateExclusiveLock')"
)


class Session(timeseries.Session):
    # 32 pages a range, not 128: of a narrow window most that is read lies around it. With less, all ranges' summaries
    # take longer to go through than what they save, from some million rows on.
    INDEX_OF_INSTANTS = (
        "CREATE INDEX points_at ON points USING brin ({at}) WITH (pages_per_range = 32) WHERE {host} > 0"
    )

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self._unsummarised = 0

    def insert(self, points: Points) -> None:
        """And now and then summarise. With autosummarize, an autovacuum would come for it up to a minute later."""
        super().insert(points)
        self._unsummarised += len(points)
        if self._unsummarised >= ROWS_UNSUMMARISED:
            self._client.rows(SUMMARISE_IN_TURN)
            self._unsummarised = 0

    def max_of_newest_buckets(self, metric: str, before_ms: int, bucket_ms: int, limit: int) -> list[Row]:
        """A BRIN cannot name the newest row. Looks back as far as `limit` buckets reach, and further if it must."""
        at, host, _ = self._names()
        bucket = f"date_bin($1, {at}, {EPOCH})"
        statement = (
            f"SELECT {milliseconds(bucket)}, max(p.{quoted(metric)}) FROM points AS p"
            f" WHERE {at} >= $2 AND {at} < $3 AND {host} > 0 GROUP BY {bucket} ORDER BY {bucket} DESC LIMIT $4"
        )
        span_ms = limit * bucket_ms
        while True:
            start_ms = max(FIRST_MS, (before_ms - span_ms) // bucket_ms * bucket_ms)
            parameters = (interval(bucket_ms), instant(start_ms), instant(before_ms), int8(limit))
            found = self._client.rows_planned(statement, *parameters)
            if len(found) == limit or start_ms == FIRST_MS:
                return found
            span_ms *= 8

    def settle(self) -> None:
        self._client.execute(SUMMARISE)  # Vacuum leaves out the last range, which is not full.
        super().settle()

    def design(self) -> str:
        return (
            "heap table of timestamptz, host number and int metrics; B-tree primary key (host, at), for all hosts BRIN"
            " (at) of 32 pages a range, summarised every 10,000 rows of a session; newest buckets by windows going back"
        )
