"""Key-value: one row a record, one text column a field; an absent field is NULL, which takes one bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from adapters.postgres.client import Client, free_name, int8, quoted
from harness.engine import Address
from harness.keyvalue import KeyValue, Record

PAGE = 500  # Records of everything() in memory at once.


@dataclass(frozen=True)
class Statements:
    """What is sent to a table with these fields. Their order is that of the columns, after the key."""

    fields: tuple[str, ...]
    columns: str  # Quoted, the key first.
    read: str
    scan: str
    insert: str  # The new row replaces the one with its key.
    merge: str  # The rows of `incoming`, in the same way.
    update: dict[str, str]  # By field.


def statements(columns: Sequence[str]) -> Statements:
    key, *fields = map(quoted, columns)
    rest = ", ".join(fields)
    replacing = f"ON CONFLICT ({key}) DO UPDATE SET {', '.join(f'{f} = excluded.{f}' for f in fields)}"
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    return Statements(
        fields=tuple(columns[1:]),
        columns=f"{key}, {rest}",
        read=f"SELECT {rest} FROM records WHERE {key} = $1",
        scan=f"SELECT {key}, {rest} FROM records WHERE {key} >= $1 ORDER BY {key} LIMIT $2",
        insert=f"INSERT INTO records VALUES ({places}) {replacing}",
        # In one order for all: two loads that replace the same records wait for each other, and never crosswise.
        merge=f"INSERT INTO records SELECT * FROM incoming ORDER BY 1 {replacing}",
        update={
            name: f"UPDATE records SET {field} = $2 WHERE {key} = $1"
            for name, field in zip(columns[1:], fields, strict=True)
        },
    )


class Session(KeyValue):
    # Bytes compare fastest, and in the order that scans promise. The room that is left lets updates stay on their page,
    # without a new index entry (HOT).
    TABLE = 'CREATE TABLE records ({key} text COLLATE "C" PRIMARY KEY{columns}) WITH (fillfactor = 80)'

    def __init__(self, address: Address) -> None:
        self._client = Client(address)
        # Every statement but count() is for the primary key, which a plan for unknown parameters might not see.
        self._client.set("enable_seqscan", "off")
        self._statements: Statements | None = None

    def create(self, fields: Sequence[str]) -> None:
        key, columns = quoted(free_name("key", fields)), "".join(f", {quoted(field)} text" for field in fields)
        self._client.execute("DROP TABLE IF EXISTS records", self.TABLE.format(key=key, columns=columns))
        self._client.forget()
        self._statements = None

    def load(self, records: Sequence[Record]) -> None:
        try:
            self._copy("records", records)
        except psycopg.IntegrityError:  # COPY cannot replace.
            self._merge(records)

    def insert(self, record: Record) -> None:
        known = self._statements or self._learn()
        self._client.rows(known.insert, *encoded(known.fields, record))

    def update(self, key: str, field: str, value: str) -> None:
        known = self._statements or self._learn()
        self._client.rows(known.update[field], key.encode(), value.encode())

    def read(self, key: str) -> dict[str, str] | None:
        known = self._statements or self._learn()
        rows = self._client.rows(known.read, key.encode())
        return present(known.fields, rows[0]) if rows else None

    def scan(self, start: str, count: int) -> list[Record]:
        known = self._statements or self._learn()
        fields = known.fields
        rows = self._client.rows(known.scan, start.encode(), int8(count))
        return [Record(row[0], present(fields, row[1:])) for row in rows]

    def count(self) -> int:
        ((count,),) = self._client.rows("SELECT count(*) FROM records")
        return int(count)

    def everything(self) -> Iterator[Record]:
        page = self.scan("", PAGE)
        while page:
            yield from page
            page = self.scan(page[-1].key + "\x01", PAGE)  # The least text after this key, as none has a NUL.

    def ping(self) -> None:
        self._client.ping()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self._client.watch(sink)

    def settle(self) -> None:
        self._client.settle("records")

    def facts(self) -> dict[str, str]:
        return self._client.facts()

    def design(self) -> str:
        return 'heap table, text COLLATE "C" B-tree primary key, a text column per field, fillfactor 80 for HOT updates'

    def size_bytes(self) -> int:
        return self._client.size_bytes()

    def close(self) -> None:
        self._client.close()

    def _learn(self) -> Statements:
        """The fields are those of the table, which another session may have made."""
        self._statements = statements(self._client.columns("records"))
        return self._statements

    def _copy(self, table: str, records: Sequence[Record]) -> None:
        known = self._statements or self._learn()
        with self._client.copying(f"COPY {table} ({known.columns}) FROM STDIN") as copy:
            for record in records:
                copy.write_row((record.key, *map(record.fields.get, known.fields)))

    def _merge(self, records: Sequence[Record]) -> None:
        known = self._statements or self._learn()
        latest = {record.key: record for record in records}
        with self._client.transaction():
            self._client.execute("CREATE TEMPORARY TABLE incoming (LIKE records) ON COMMIT DROP")
            self._copy("incoming", list(latest.values()))
            self._client.execute(known.merge)


def encoded(fields: Sequence[str], record: Record) -> list[bytes | None]:
    """The key and these fields, as parameters."""
    values = record.fields
    return [record.key.encode(), *(None if (text := values.get(name)) is None else text.encode() for name in fields)]


def present(fields: Sequence[str], values: Sequence[Any]) -> dict[str, str]:
    return {name: text for name, text in zip(fields, values, strict=True) if text is not None}
