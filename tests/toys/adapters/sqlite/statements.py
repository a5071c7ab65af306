"""Statements of the user on SQLite. Timestamps are whole numbers of milliseconds, as SQLite has no type for them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from harness.engine import Address
from harness.queries.answers import plain
from harness.statements import Batch, Design, Statements, Table, described, placed, take
from harness.wording import shortened

TYPES = {"int": "INTEGER", "float": "REAL", "text": "TEXT", "bool": "INTEGER", "timestamp": "INTEGER"}
PAGE = 1_000


class Session(Statements):
    def __init__(self, address: Address) -> None:
        file = f"{address.url}/{address.namespace}.db"
        self.connection = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self._design = Design((), None, {}, (), ())
        self._after_load: list[Any] = []

    def create(self, design: Design) -> None:
        for (table,) in self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            self.connection.execute(f'DROP TABLE "{table}"')
        for table in design.tables if design.create is None else ():
            columns = (f'"{c.name}" {TYPES[c.type]}{" PRIMARY KEY" * (c.name == table.key)}' for c in table.columns)
            self.connection.execute(f'CREATE TABLE "{table.name}" ({", ".join(columns)})')
        for step in design.create or ():
            take(step, self.connection.execute)
        self._design, self._after_load = design, list(design.after_load)

    def load(self, batch: Batch) -> None:
        places = ", ".join("?" * len(batch.columns))
        self.connection.execute("BEGIN")
        statement = f'INSERT INTO "{batch.table.name}" VALUES ({places})'
        self.connection.executemany(statement, zip(*batch.columns, strict=True))
        self.connection.execute("COMMIT")

    def prepare(self, design: Design) -> None:
        self._design = design

    def ask(self, number: int, requests: Sequence[Any]) -> list[Any]:
        statements = self._design.operations[number].statements
        if len(statements) == 1:
            return self._one(statements[0], requests[0])
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            rows = [row for each in zip(statements, requests, strict=True) for row in self._one(*each)]
        except sqlite3.Error:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        return rows

    def count(self) -> int:
        return sum(self._rows(f'SELECT count(*) FROM "{table.name}"')[0][0] for table in self._design.tables)

    def everything(self, table: Table) -> Iterator[list[tuple[Any, ...]]]:
        cursor = self.connection.execute(f"SELECT {columns(table)} FROM {table.name}")
        while rows := cursor.fetchmany(PAGE):
            yield [row_of(table, row) for row in rows]

    def rows(self, table: Table, keys: Sequence[int]) -> list[tuple[Any, ...]]:
        wanted = ", ".join(map(str, keys))
        found = self._rows(f'SELECT {columns(table)} FROM {table.name} WHERE "{table.key}" IN ({wanted})')
        return [row_of(table, row) for row in found]

    def ping(self) -> None:
        self.connection.execute("SELECT 1").fetchone()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self.connection.set_trace_callback(sink and (lambda statement: sink(shortened(statement, 500))))

    def settle(self) -> None:
        while self._after_load:
            take(self._after_load.pop(0), self.connection.execute)
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def facts(self) -> dict[str, str]:
        (level,) = self.connection.execute("PRAGMA synchronous").fetchone()
        return {"version": sqlite3.sqlite_version, "synchronous": str(level)}

    def design(self) -> str:
        return described(self._design, "a table with a primary key each")

    def size_bytes(self) -> int | None:
        pages, size = (self.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        return int(pages * size)

    def close(self) -> None:
        self.connection.close()

    def _one(self, statement: str, parameters: Sequence[bytes]) -> list[Any]:
        numbered = placed(statement, lambda number: f"?{number + 1}")
        return self._rows(numbered, [text.decode() for text in parameters])

    def _rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        return self.connection.execute(statement, parameters).fetchall()


def columns(table: Table) -> str:
    return ", ".join(f'"{name}"' for name in table.names)


def row_of(table: Table, row: Sequence[Any]) -> tuple[Any, ...]:
    """Parameters arrive as text. SQLite makes numbers of it where a column has some, but knows no truth and no time."""
    means: dict[str, Callable[[Any], Any]] = {
        "bool": lambda each: {"true": 1, "false": 0}.get(each, each),
        "timestamp": plain,
    }
    return tuple(
        means[column.type](value) if column.type in means else value
        for column, value in zip(table.columns, row, strict=True)
    )
