"""Time series in a partition for each week, with the indexes of the adapter's own design in each.

Chosen where old rows go by the week, as dropping a partition costs nothing, or where the indexes of the whole history
would not fit in memory. The price: what is not bounded in time asks every partition that there is, and whoever brings
the first row of a week makes its partition, for which all sessions plan anew.
"""

from __future__ import annotations

import numpy as np
import psycopg

from adapters.postgres import timeseries
from adapters.postgres.client import quoted
from adapters.postgres.timeseries import INT8, array
from harness.engine import Address
from harness.timeseries import Points

# Months would make indexes that outgrow memory where hosts are many; days hundreds of partitions in a year, of which
# each takes some microseconds of a query that asks all of them.
WEEK_SECONDS = 7 * 24 * 3_600
# Of several sessions that need a partition one makes it; the number is any.
TAKE_TURNS = "SELECT pg_advisory_xact_lock(1952541552)"
MISSING = (
    "SELECT week FROM unnest($1::bigint[]) AS week"
    # Not to_regclass(), which may know no better than before the wait.
    " WHERE NOT EXISTS (SELECT FROM pg_class WHERE relname = 'points_' || week)"
)


class Session(timeseries.Session):
    PARTITIONS = " PARTITION BY RANGE ({at})"

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        # Else a plan that is made while a partition is nearly empty scans it, and is kept while it grows.
        self._client.set("enable_seqscan", "off")

    def load(self, points: Points) -> None:
        self._make_partitions(points)
        super().load(points)

    def insert(self, points: Points) -> None:
        try:
            super().insert(points)
        except psycopg.errors.CheckViolation:  # A row has no partition.
            self._make_partitions(points)
            super().insert(points)

    def design(self) -> str:
        return (
            "a partition for each week, of timestamptz, host number and int metrics; in each, B-tree primary key (host,"
            " at), for all hosts (at); the first row of a week makes its partition"
        )

    def _make_partitions(self, points: Points) -> None:
        weeks = array(INT8, ">i8", np.unique(points.at_ms // (WEEK_SECONDS * 1_000)))
        if not self._client.rows(MISSING, weeks):
            return
        with self._client.transaction():
            self._client.execute(TAKE_TURNS)
            for (week,) in self._client.rows(MISSING, weeks):
                name, start = quoted(f"points_{week}"), week * WEEK_SECONDS
                self._client.execute(
                    # Attached, as CREATE TABLE … PARTITION OF would wait for all queries, and others for it.
                    f"CREATE TABLE {name} (LIKE points INCLUDING ALL)",
                    f"ALTER TABLE points ATTACH PARTITION {name}"
                    f" FOR VALUES FROM (to_timestamp({start})) TO (to_timestamp({start + WEEK_SECONDS}))",
                )
