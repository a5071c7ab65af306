"""Statements of the user: heap tables as the design makes them, statements prepared once in each session.

Parameters travel as text, because only the server knows their types: it reads text as any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from adapters.postgres.client import TEXT, Client, quoted
from harness.engine import Address
from harness.statements import (
    Asked,
    Batch,
    Column,
    Design,
    Statements,
    Table,
    Type,
    described,
    placed,
    refused,
    tab_separated,
    take,
)

TYPES: dict[Type, str] = {
    "int": "bigint",
    "float": "double precision",
    "text": "text",
    "bool": "boolean",
    "timestamp": "timestamptz",
}
PAGE = 5_000  # Rows of everything() in memory at once.
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"

Answer = Callable[[Sequence[Any]], list[Any]]


class Session(Statements):
    def __init__(self, address: Address) -> None:
        self._client = Client(address, TEXT)
        self._client.set("TimeZone", "UTC")
        self._client.set("plan_cache_mode", "auto")  # As an application's sessions have it.
        self._tables: Sequence[Table] = ()
        self._after_load: list[Any] = []
        self._answers: list[Answer] = []
        self._summary = ""

    def create(self, design: Design) -> None:
        for (table,) in self._client.rows(TABLES):
            self._client.execute(f"DROP TABLE IF EXISTS {quoted(table)} CASCADE")
        self._client.forget()
        if design.create is None:
            self._client.execute(*map(definition, design.tables))
        for step in design.create or ():
            take(step, self._client.execute)
        self._adopt(design)
        self._after_load = list(design.after_load)

    def load(self, batch: Batch) -> None:
        with self._client.copying(f"COPY {named(batch.table)} FROM STDIN") as copy:
            copy.write(tab_separated(batch))

    def prepare(self, design: Design) -> None:
        self._adopt(design)
        self._answers = [self._prepared(asked) for asked in design.operations]

    def ask(self, number: int, requests: Sequence[Any]) -> list[Any]:
        return self._answers[number](requests)

    def count(self) -> int:
        return sum(self._client.rows(f"SELECT count(*) FROM {quoted(each.name)}")[0][0] for each in self._tables)

    def everything(self, table: Table) -> Iterator[list[tuple[Any, ...]]]:
        connection = self._client.connection
        with connection.transaction(), connection.cursor("everything", binary=True) as cursor:
            cursor.execute(f"SELECT {columns(table)} FROM {quoted(table.name)}")
            while rows := cursor.fetchmany(PAGE):
                yield rows

    def rows(self, table: Table, keys: Sequence[int]) -> list[tuple[Any, ...]]:
        condition = f"{quoted(table.key)} = ANY ($1::bigint[])"
        wanted = "{" + ",".join(map(str, keys)) + "}"
        return self._client.rows(
            f"SELECT {columns(table)} FROM {quoted(table.name)} WHERE {condition}", wanted.encode()
        )

    def ping(self) -> None:
        self._client.ping()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self._client.watch(sink)

    def settle(self) -> None:
        while self._after_load:
            take(self._after_load.pop(0), self._client.execute)
        self._client.settle(*(quoted(table) for (table,) in self._client.rows(TABLES)))

    def facts(self) -> dict[str, str]:
        return self._client.facts()

    def design(self) -> str:
        return self._summary

    def size_bytes(self) -> int:
        return self._client.size_bytes()

    def close(self) -> None:
        self._client.close()

    def _adopt(self, design: Design) -> None:
        self._tables = design.tables
        self._summary = described(design, "a heap table for each table, with a B-tree primary key")

    def _prepared(self, asked: Asked) -> Answer:
        """What answers an operation, its statements being prepared."""
        statements = [placed(statement, lambda number: f"${number + 1}") for statement in asked.statements]
        for statement in statements:
            try:
                self._client.prepare(statement)
            except Exception as error:
                raise refused(asked.where, statement, error) from error
        return partial(self._one, statements[0]) if len(statements) == 1 else partial(self._transaction, statements)

    def _one(self, statement: str, requests: Sequence[Any]) -> list[Any]:
        return self._client.rows(statement, *requests[0])

    def _transaction(self, statements: Sequence[str], requests: Sequence[Any]) -> list[Any]:
        rows: list[Any] = []
        with self._client.transaction():
            for statement, parameters in zip(statements, requests, strict=True):
                rows += self._client.rows(statement, *parameters)
        return rows


def definition(table: Table) -> str:
    """A table with a primary key and no other index."""
    return f"CREATE TABLE {quoted(table.name)} ({', '.join(declared(table, column) for column in table.columns)})"


def declared(table: Table, column: Column) -> str:
    suffix = " PRIMARY KEY" if column.name == table.key else "" if column.nullable else " NOT NULL"
    return f"{quoted(column.name)} {TYPES[column.type]}{suffix}"


def columns(table: Table) -> str:
    return ", ".join(map(quoted, table.names))


def named(table: Table) -> str:
    """With its columns, in whose order rows are written."""
    return f"{quoted(table.name)} ({columns(table)})"
