"""Statements of the user: MergeTree tables as the design makes them. Every statement comes with its values in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import msgspec

from adapters.clickhouse import client
from adapters.clickhouse.client import name
from harness.engine import Address, Durability
from harness.statements import Batch, Column, Design, Statements, Table, Type, described, tab_separated, take

TYPES: dict[Type, str] = {
    "int": "Int64",
    "float": "Float64",
    "text": "String",
    "bool": "Bool",
    "timestamp": "DateTime64(3, 'UTC')",
}
PAGE_BYTES = 4 * 2**20  # Of everything() in memory at once.
READS = re.compile(r"\s*(SELECT|WITH|SHOW|DESCRIBE|EXISTS|EXPLAIN)\b", re.IGNORECASE)
FINAL = "SETTINGS final = 1"  # Of rows that replace each other the last one counts, in tables that have such rows.


class Answer(msgspec.Struct):
    """What FORMAT JSONCompact gives. The names and types of columns, which come first, are left unread."""

    data: list[tuple[Any, ...]]


decode = msgspec.json.Decoder(Answer).decode
decode_lines = msgspec.json.Decoder(tuple[Any, ...]).decode_lines


class Session(Statements):
    def __init__(self, address: Address) -> None:
        self._durability: Durability = address.durability
        self._connection = client.connect(address, {"session_timezone": "UTC"})
        self._ask = self._connection.ask
        self._tables: Sequence[Table] = ()
        self._after_load: list[Any] = []
        self._reads: list[bool] = []
        self._summary = ""

    def create(self, design: Design) -> None:
        for (table,) in client.rows(
            self._connection, "SELECT name FROM system.tables WHERE database = currentDatabase()"
        ):
            self._ask(f"DROP TABLE IF EXISTS {name(table)} SYNC")
        for table in design.tables if design.create is None else ():
            self._ask(definition(table, self._durability))
        for step in design.create or ():
            take(step, self._ask)
        self._adopt(design)
        self._after_load = list(design.after_load)

    def load(self, batch: Batch) -> None:
        into = f"INSERT INTO {name(batch.table.name)} ({columns(batch.table)}) FORMAT TabSeparated\n"
        self._ask(into + tab_separated(batch).decode())

    def prepare(self, design: Design) -> None:
        self._adopt(design)
        self._reads = [bool(READS.match(asked.statements[0])) for asked in design.operations]

    def ask(self, number: int, requests: Sequence[Any]) -> list[Any]:
        if self._reads[number]:
            return decode(self._ask(requests[0] + " FORMAT JSONCompact")).data
        self._ask(requests[0])
        return []

    def count(self) -> int:
        return sum(self._rows(f"SELECT count() FROM {name(table.name)} {FINAL}")[0][0] for table in self._tables)

    def everything(self, table: Table) -> Iterator[list[tuple[Any, ...]]]:
        statement = f"SELECT {columns(table)} FROM {name(table.name)} {FINAL} FORMAT JSONCompactEachRow"
        with closing(self._connection.stream(statement)) as stream:
            rest = b""
            while page := stream.read(PAGE_BYTES):
                whole, end, rest = (rest + page).rpartition(b"\n")
                yield decode_lines(whole + end)
            assert not rest, "the answer was cut off"

    def rows(self, table: Table, keys: Sequence[int]) -> list[tuple[Any, ...]]:
        condition = f"{name(table.key)} IN ({', '.join(map(str, keys))})"
        return self._rows(f"SELECT {columns(table)} FROM {name(table.name)} WHERE {condition} {FINAL}")

    def ping(self) -> None:
        self._connection.ask("SELECT 1")

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self._connection = client.watched(self._connection, sink)
        self._ask = self._connection.ask

    def settle(self) -> None:
        while self._after_load:
            take(self._after_load.pop(0), self._ask)
        for table in self._tables:
            client.settle(self._connection, table.name)

    def facts(self) -> dict[str, str]:
        return client.facts(self._connection)

    def design(self) -> str:
        return self._summary

    def size_bytes(self) -> int:
        return client.size_bytes(self._connection)

    def close(self) -> None:
        self._connection.client.close()

    def _adopt(self, design: Design) -> None:
        self._tables = design.tables
        self._summary = described(design, "a MergeTree for each table, sorted by its key")

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        return decode(self._ask(statement + " FORMAT JSONCompact")).data


def definition(table: Table, durability: Durability) -> str:
    """A table sorted by its key."""
    declared = ", ".join(f"{name(column.name)} {typed(column)}" for column in table.columns)
    settings = client.durable_settings(durability).removeprefix(", ")
    return (
        f"CREATE TABLE {name(table.name)} ({declared}) ENGINE = MergeTree ORDER BY {name(table.key)}"
        f"{' SETTINGS ' if settings else ''}{settings}"
    )


def typed(column: Column) -> str:
    return f"Nullable({TYPES[column.type]})" if column.nullable else TYPES[column.type]


def columns(table: Table) -> str:
    return ", ".join(map(name, table.names))
