"""Key-value with all fields of a record in one jsonb column.

Chosen where records differ in their fields, or nobody knows the fields beforehand. The price: each record repeats the
names of its fields, and both sides take JSON apart and put it together again.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from psycopg.types.json import set_json_loads

from adapters.postgres import keyvalue
from adapters.postgres.client import int8
from harness.engine import Address
from harness.keyvalue import Record

# A field is set in the row as it is once its lock is held, so two updates at once do not undo each other. That the
# whole value is written anew is nothing special to jsonb: every update writes the whole row.
UPDATE = "UPDATE records SET fields = fields || $2 WHERE key = $1"


class Session(keyvalue.Session):
    TABLE = 'CREATE TABLE records (key text COLLATE "C" PRIMARY KEY, fields jsonb NOT NULL) WITH (fillfactor = 80)'

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        set_json_loads(msgspec.json.decode, self._client.connection)  # A third of the time of Python's own.

    def insert(self, record: Record) -> None:
        known = self._statements or self._learn()
        self._client.rows(known.insert, record.key.encode(), jsonb(record.fields))

    def update(self, key: str, field: str, value: str) -> None:
        self._client.rows(UPDATE, key.encode(), jsonb({field: value}))

    def read(self, key: str) -> dict[str, str] | None:
        known = self._statements or self._learn()
        rows = self._client.rows(known.read, key.encode())
        return rows[0][0] if rows else None

    def scan(self, start: str, count: int) -> list[Record]:
        known = self._statements or self._learn()
        return [Record(key, fields) for key, fields in self._client.rows(known.scan, start.encode(), int8(count))]

    def design(self) -> str:
        return (
            'heap table, text COLLATE "C" B-tree primary key, one jsonb column with all fields, updated by'
            " fields || {field: value}; fillfactor 80 for HOT updates"
        )

    def _copy(self, table: str, records: Sequence[Record]) -> None:
        known = self._statements or self._learn()
        with self._client.copying(f"COPY {table} ({known.columns}) FROM STDIN") as copy:
            for record in records:
                copy.write_row((record.key, msgspec.json.encode(record.fields).decode()))


def jsonb(fields: dict[str, str]) -> bytes:
    """As a parameter: text, after the version of that form."""
    return b"\x01" + msgspec.json.encode(fields)
