"""Time series: one row per host and instant; a B-tree for hosts in a window, another for windows over all hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from adapters.postgres.client import Client, free_name, int4, int8, quoted
from harness.engine import Address
from harness.timeseries import Points, Row, TimeSeries

EPOCH_MS = 946_684_800_000  # PostgreSQL counts microseconds from the year 2000.
CHUNK = 20_000  # Rows that load() encodes and everything() decodes at once.
INT8, INT4, TEXT, TIMESTAMPTZ = 20, 23, 25, 1184  # Object identifiers of types, the same in every PostgreSQL.
EPOCH = "'1970-01-01 00:00+00'"

pack_interval = Struct(">qii").pack
pack_header = Struct(">iiiii").pack
# Hosts as an array, not a join: one scan of the primary key then serves all of them.
AMONG = "ANY (ARRAY(SELECT id FROM hosts WHERE name = ANY ({})))"


class Session(TimeSeries):
    """In SQL, `points` is p and `hosts` is h throughout, as a metric may have the name of any other column."""

    PARTITIONS = ""  # What ends CREATE TABLE points.
    # For windows over all hosts, which say that they are. Queries by host do not, as the planner cannot know that rows
    # of all hosts share pages: it would take this index, and read every host's rows.
    # Hosts share instants, which deduplication stores once: it is a sixth of the primary key.
    INDEX_OF_INSTANTS = "CREATE INDEX points_at ON points ({at}) WHERE {host} > 0"

    def __init__(self, address: Address) -> None:
        self._client = Client(address)
        self._columns: list[str] = []
        self._host_ids: dict[str, int] = {}

    def create(self, metrics: Sequence[str]) -> None:
        at, host = quoted(free_name("at", metrics)), quoted(free_name("host", metrics))
        columns = ", ".join(f"{quoted(metric)} int NOT NULL" for metric in metrics)
        self._client.execute(
            # Hosts stay, so that the numbers which sessions have learnt hold as long as the database.
            "CREATE TABLE IF NOT EXISTS hosts"
            ' (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE)',
            "DROP TABLE IF EXISTS points",
            # The host is a number, which groups in two thirds of the time of a name. It is not a foreign key: that
            # would look up every row's host, and only this session writes hosts' numbers.
            f"CREATE TABLE points ({at} timestamptz NOT NULL, {host} int NOT NULL, {columns},"
            f" PRIMARY KEY ({host}, {at})){self.PARTITIONS.format(at=at)}",
            self.INDEX_OF_INSTANTS.format(at=at, host=host),
        )
        self._client.forget()
        self._columns = []

    def load(self, points: Points) -> None:
        hosts = self._numbers(points)
        chunks = (slice(start, start + CHUNK) for start in range(0, len(points), CHUNK))
        encoded = (copy_rows(hosts[chunk], points.at_ms[chunk], points.values[chunk]) for chunk in chunks)
        self._client.copy("points", encoded)

    def insert(self, points: Points) -> None:
        """One prepared statement of one round trip for any number of rows; COPY takes two and cannot be prepared."""
        if not len(points):
            return
        arrays = ", ".join(f"${number}::int[]" for number in range(2, points.values.shape[1] + 3))
        self._client.rows(
            f"INSERT INTO points SELECT * FROM unnest($1::timestamptz[], {arrays})",
            array(TIMESTAMPTZ, ">i8", microseconds(points.at_ms)),
            array(INT4, ">i4", self._numbers(points)),
            *(array(INT4, ">i4", column) for column in points.values.T),
        )

    def max_by_bucket(
        self, metrics: Sequence[str], hosts: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int
    ) -> list[Row]:
        at, host, _ = self._names()
        bucket = f"date_bin($1, {at}, {EPOCH})"
        return self._client.rows(
            f"SELECT {milliseconds(bucket)}, {', '.join(f'max(p.{quoted(metric)})' for metric in metrics)}"
            f" FROM points AS p WHERE {host} = {AMONG.format('$2')} AND {at} >= $3 AND {at} < $4"
            f" GROUP BY {bucket} ORDER BY {bucket}",
            interval(bucket_ms),
            text_array(hosts),
            instant(start_ms),
            instant(end_ms),
        )

    def mean_by_host_and_bucket(self, metrics: Sequence[str], start_ms: int, end_ms: int, bucket_ms: int) -> list[Row]:
        at, host, _ = self._names()
        # Not avg(), which is a numeric and rounded once more on its way to a float.
        means = ", ".join(f"sum(p.{quoted(name)})::float8 / count(*) AS mean{i}" for i, name in enumerate(metrics))
        return self._client.rows_planned(
            f"SELECT {milliseconds('bucket')}, h.name, {', '.join(f'mean{i}' for i in range(len(metrics)))}"
            f" FROM (SELECT date_bin($1, {at}, {EPOCH}) AS bucket, {host} AS host, {means}"
            f" FROM points AS p WHERE {at} >= $2 AND {at} < $3 AND {host} > 0 GROUP BY 1, 2) AS means"
            " JOIN hosts AS h ON h.id = means.host ORDER BY bucket, h.name",
            interval(bucket_ms),
            instant(start_ms),
            instant(end_ms),
        )

    def rows_above(
        self, metric: str, threshold: int, hosts: Sequence[str] | None, start_ms: int, end_ms: int
    ) -> list[Row]:
        at, host, row = self._names()
        statement = (
            f"SELECT {row} FROM points AS p JOIN hosts AS h ON h.id = {host}"
            f" WHERE p.{quoted(metric)} > $1::bigint AND {at} >= $2 AND {at} < $3"
        )
        parameters = (int8(threshold), instant(start_ms), instant(end_ms))
        if hosts is None:
            return self._client.rows_planned(f"{statement} AND {host} > 0", *parameters)
        return self._client.rows(f"{statement} AND {host} = {AMONG.format('$4')}", *parameters, text_array(hosts))

    def last_rows(self) -> list[Row]:
        at, host, row = self._names()
        return self._client.rows(
            f"SELECT {row} FROM hosts AS h CROSS JOIN LATERAL"
            f" (SELECT * FROM points AS p WHERE {host} = h.id ORDER BY {at} DESC LIMIT 1) AS p"
        )

    def max_of_newest_buckets(self, metric: str, before_ms: int, bucket_ms: int, limit: int) -> list[Row]:
        """From bucket to bucket by the index on instants: the newest row before the last bucket names the next."""
        at, host, _ = self._names()
        newest = f"SELECT date_bin($1, max({at}), {EPOCH}) FROM points AS p WHERE {host} > 0 AND {at} <"
        return self._client.rows(
            f"WITH RECURSIVE buckets (start, number) AS (SELECT ({newest} $2), 1::bigint UNION ALL"
            f" SELECT ({newest} b.start), b.number + 1 FROM buckets AS b WHERE b.start IS NOT NULL AND b.number < $3)"
            f" SELECT {milliseconds('b.start')}, (SELECT max(p.{quoted(metric)}) FROM points AS p"
            f" WHERE {at} >= b.start AND {at} < least(b.start + $1, $2) AND {host} > 0)"
            " FROM buckets AS b WHERE b.start IS NOT NULL ORDER BY b.start DESC",
            interval(bucket_ms),
            instant(before_ms),
            int8(limit),
        )

    def count(self) -> int:
        ((count,),) = self._client.rows("SELECT count(*) FROM points")
        return int(count)

    def everything(self) -> Iterator[Points]:
        at, host, _ = self._names()
        columns = ", ".join(f"p.{quoted(metric)}" for metric in self._columns[2:])
        page = (
            f"SELECT {milliseconds(at)}, {host}, {columns} FROM points AS p"
            f" WHERE ({host}, {at}) > ($1, $2) ORDER BY {host}, {at} LIMIT $3"
        )
        rows = self._client.rows(page, int4(0), instant(0), int8(CHUNK))  # Hosts are numbered from 1.
        while rows:
            block = np.array(rows, np.int64)
            numbers, names = zip(*self._client.rows("SELECT id, name FROM hosts ORDER BY id"), strict=True)
            yield Points(names, np.searchsorted(numbers, block[:, 1]), block[:, 0], block[:, 2:])
            rows = self._client.rows(page, int4(rows[-1][1]), instant(rows[-1][0]), int8(CHUNK))

    def ping(self) -> None:
        self._client.ping()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self._client.watch(sink)

    def settle(self) -> None:
        self._client.settle("points", "hosts")

    def facts(self) -> dict[str, str]:
        return self._client.facts()

    def design(self) -> str:
        return (
            "heap table of timestamptz, host number and int metrics; B-tree primary key (host, at), for all hosts (at);"
            " last rows by one descent per host, newest buckets by one per bucket"
        )

    def size_bytes(self) -> int:
        return self._client.size_bytes()

    def close(self) -> None:
        self._client.close()

    def _names(self) -> tuple[str, str, str]:
        """Of the columns with the instant and the host, and what selects a whole row; another session may have made
        the table."""
        if not self._columns:
            self._columns = self._client.columns("points")
        at, host, *metrics = (f"p.{quoted(name)}" for name in self._columns)
        return at, host, f"{milliseconds(at)}, h.name, {', '.join(metrics)}"

    def _numbers(self, points: Points) -> NDArray[np.int64]:
        """The number of each row's host; hosts that are new get one."""
        used, row_of = np.unique(points.hosts, return_inverse=True)
        names = [points.names[index] for index in used.tolist()]
        if unknown := sorted(name for name in names if name not in self._host_ids):
            # Sorted: of two sessions with the same new hosts, one waits for the other, and never crosswise.
            self._client.rows(
                "INSERT INTO hosts (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING", text_array(unknown)
            )
            found = self._client.rows("SELECT name, id FROM hosts WHERE name = ANY ($1)", text_array(unknown))
            self._host_ids.update(found)
        return np.array([self._host_ids[name] for name in names], np.int64)[row_of]


def milliseconds(instant: str) -> str:
    """In SQL. Exact, as a float's 53 bits hold the milliseconds of 280,000 years."""
    return f"(date_part('epoch', {instant}) * 1000)::bigint"


def microseconds(at_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    return (at_ms - EPOCH_MS) * 1000


def instant(at_ms: int) -> bytes:
    return int8((at_ms - EPOCH_MS) * 1000)


def interval(length_ms: int) -> bytes:
    return pack_interval(length_ms * 1000, 0, 0)  # No days or months, which are not always as long.


def array(oid: int, code: str, values: NDArray[np.int64]) -> bytes:
    """An array parameter of numbers, each preceded by its size."""
    elements = np.empty(len(values), [("size", ">i4"), ("value", code)])
    elements["size"] = elements.dtype["value"].itemsize
    elements["value"] = values
    return array_header(oid, len(values)) + elements.tobytes()


def array_header(oid: int, length: int) -> bytes:
    dimensions, nulls, lower_bound = 1, 0, 1
    return pack_header(dimensions, nulls, oid, length, lower_bound)


def text_array(values: Sequence[str]) -> bytes:
    encoded = [value.encode() for value in values]
    return array_header(TEXT, len(values)) + b"".join(int4(len(value)) + value for value in encoded)


def copy_rows(hosts: NDArray[np.int64], at_ms: NDArray[np.int64], values: NDArray[np.int64]) -> bytes:
    """Rows of `points` for a COPY in binary: the number of columns, then each with its size before it."""
    columns = values.shape[1]
    rows = np.empty(
        len(at_ms),
        [
            *(("columns", ">i2"), ("at size", ">i4"), ("at", ">i8"), ("host size", ">i4"), ("host", ">i4")),
            ("metrics", [("size", ">i4"), ("value", ">i4")], (columns,)),
        ],
    )
    rows["columns"] = 2 + columns
    rows["at size"], rows["at"] = 8, microseconds(at_ms)
    rows["host size"], rows["host"] = 4, hosts
    rows["metrics"]["size"], rows["metrics"]["value"] = 4, values
    return rows.tobytes()
