"""Key-value: one row for each field of a record; of several rows for one field the last one counts.

So an update is an insert of one row that reads nothing, and two updates of different fields of one record cannot undo
each other, as they could where a whole record is a row that is read, changed and written back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import msgspec

from adapters.clickhouse import client
from adapters.clickhouse.client import columns, rows, text
from harness.engine import Address
from harness.keyvalue import KeyValue, Record

SETTINGS = {
    "max_threads": 1,  # A few rows are found sooner than threads are started.
    # A scan reads along the key until it has enough. By default ranges that only one part has are read to their end.
    "split_parts_ranges_into_intersecting_and_non_intersecting_final": 0,
    "split_intersecting_parts_ranges_into_layers_final": 0,
}
READ = "SELECT field, value FROM records FINAL WHERE key = {} FORMAT JSONCompactColumns"
SCAN = (
    "SELECT key, field, value FROM records FINAL WHERE key {} {} ORDER BY key, field LIMIT {}"
    " SETTINGS max_block_size = 512 FORMAT JSONCompactColumns"  # Not much more is read than is asked for.
)
INSERT = "INSERT INTO records FORMAT JSONCompactEachRow\n"
PAGE = 1_000  # Records of everything() in memory at once.

encode = msgspec.json.Encoder().encode
encode_lines = msgspec.json.Encoder().encode_lines


class Session(KeyValue):
    def __init__(self, address: Address) -> None:
        self._durability = address.durability
        self._connection = client.connect(address, SETTINGS)
        self._ask = self._connection.ask
        self._known_fields: tuple[str, ...] = ()

    def create(self, fields: Sequence[str]) -> None:
        self._ask("DROP TABLE IF EXISTS records SYNC")
        self._ask(
            f"CREATE TABLE records {self._table(fields)}{client.durable_settings(self._durability)}"
            f" COMMENT {text(json.dumps(list(fields)))}"
        )
        self._known_fields = tuple(fields)

    def load(self, records: Sequence[Record]) -> None:
        if records:
            self._ask(INSERT + encode_lines(list(self._rows(records))).decode())

    def insert(self, record: Record) -> None:
        self.load((record,))  # One block, so all of its rows come into sight at once.

    def update(self, key: str, field: str, value: str) -> None:
        self._ask(INSERT + encode((key, field, value)).decode())

    def read(self, key: str) -> dict[str, str] | None:
        found = columns(self._ask(READ.format(text(key))))
        if not found or not found[0]:
            return None
        return {field: value for field, value in zip(*found, strict=True) if value is not None}

    def scan(self, start: str, count: int) -> list[Record]:
        return self._page(">=", start, count)

    def count(self) -> int:
        # Every record has a row for every field, and versions of it that are not merged away yet.
        one = text(self._fields()[0])
        ((count,),) = rows(self._connection, f"SELECT uniqExact(key) FROM records WHERE field = {one}")
        return int(count)

    def everything(self) -> Iterator[Record]:
        page = self._page(">=", "", PAGE)
        while page:
            yield from page
            page = self._page(">", page[-1].key, PAGE)

    def ping(self) -> None:
        self._connection.ask("SELECT 1")

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self._connection = client.watched(self._connection, sink)
        self._ask = self._connection.ask

    def settle(self) -> None:
        client.settle(self._connection, "records")

    def facts(self) -> dict[str, str]:
        return client.facts(self._connection)

    def design(self) -> str:
        return (
            "ReplacingMergeTree with a row for each field, sorted by key and field, read with FINAL; "
            "an update inserts one row, merged in the background"
        )

    def size_bytes(self) -> int:
        return client.size_bytes(self._connection)

    def close(self) -> None:
        self._connection.client.close()

    def _table(self, fields: Sequence[str]) -> str:
        # No column for a version: without one the server keeps the row that was inserted last, by the number that it
        # gives each insert before it acknowledges it. That order is right for all sessions, and needs no clock.
        # 128 rows between two index entries: a record is read with a dozen neighbours, not with hundreds.
        return (
            "(key String, field String, value Nullable(String))"
            " ENGINE = ReplacingMergeTree PRIMARY KEY key ORDER BY (key, field) SETTINGS index_granularity = 128"
        )

    def _fields(self) -> tuple[str, ...]:
        """Those that create() was told, by this session or by another."""
        if not self._known_fields:
            ((comment,),) = rows(
                self._connection,
                "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = 'records'",
            )
            self._known_fields = tuple(json.loads(comment))
        return self._known_fields

    def _rows(self, records: Iterable[Record]) -> Iterator[tuple[str | None, ...]]:
        """Every record has a row for every field, so that the fields of the one that it replaces go."""
        fields = self._fields()
        return ((record.key, field, record.fields.get(field)) for record in records for field in fields)

    def _page(self, comparison: str, start: str, count: int) -> list[Record]:
        limit = count * len(self._fields())
        found = columns(self._ask(SCAN.format(comparison, text(start), limit)))
        return [
            Record(key, {field: value for _, field, value in group if value is not None})
            for key, group in groupby(zip(*found, strict=True), itemgetter(0))
        ]
