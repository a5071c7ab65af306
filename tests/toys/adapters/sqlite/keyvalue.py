"""Records as rows of a key and its fields as JSON; text in SQLite is compared by its bytes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence

from harness.engine import Address
from harness.keyvalue import KeyValue, Record
from harness.wording import shortened


class Session(KeyValue):
    def __init__(self, address: Address) -> None:
        file = f"{address.url}/{address.namespace}.db"
        self.connection = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute(f"PRAGMA synchronous = {'FULL' if address.durability == 'durable' else 'NORMAL'}")

    def create(self, fields: Sequence[str]) -> None:
        self.connection.execute("DROP TABLE IF EXISTS records")
        self.connection.execute("CREATE TABLE records (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID")

    def load(self, records: Sequence[Record]) -> None:
        rows = [(record.key, json.dumps(record.fields)) for record in records]
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany("REPLACE INTO records VALUES (?, ?)", rows)
        self.connection.execute("COMMIT")

    def insert(self, record: Record) -> None:
        self.connection.execute("REPLACE INTO records VALUES (?, ?)", (record.key, json.dumps(record.fields)))

    def update(self, key: str, field: str, value: str) -> None:
        update = "UPDATE records SET fields = json_set(fields, ?, ?) WHERE key = ?"
        self.connection.execute(update, (f'$."{field}"', value, key))

    def read(self, key: str) -> dict[str, str] | None:
        row = self.connection.execute("SELECT fields FROM records WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else None

    def scan(self, start: str, count: int) -> list[Record]:
        query = "SELECT key, fields FROM records WHERE key >= ? ORDER BY key LIMIT ?"
        return [Record(key, json.loads(fields)) for key, fields in self.connection.execute(query, (start, count))]

    def count(self) -> int:
        (number,) = self.connection.execute("SELECT count(*) FROM records").fetchone()
        return int(number)

    def everything(self) -> Iterator[Record]:
        for key, fields in self.connection.execute("SELECT key, fields FROM records"):
            yield Record(key, json.loads(fields))

    def ping(self) -> None:
        self.connection.execute("SELECT 1").fetchone()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self.connection.set_trace_callback(sink and (lambda statement: sink(shortened(statement, 500))))

    def settle(self) -> None:
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def facts(self) -> dict[str, str]:
        names = ("synchronous", "journal_mode", "cache_size", "page_size")
        settings = {name: str(self.connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in names}
        return {"version": sqlite3.sqlite_version, **settings}

    def design(self) -> str:
        return "records(key TEXT PRIMARY KEY, fields JSON) WITHOUT ROWID"

    def size_bytes(self) -> int | None:
        pages, size = (self.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        return int(pages * size)

    def close(self) -> None:
        self.connection.close()
