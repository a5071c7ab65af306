"""The right answers to SQL of the user: SQLite in this process, filled with the same drawn rows.

It is none of the candidates, so that none judges itself or another. Rows that are added while candidates are asked
carry the times of their writes, so that an answer can be had as of any moment.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from harness.queries.form import QueryFile, TableForm, generator
from harness.queries.generators import type_of
from harness.statements import Batch, names_in, placed

KINDS = {"int": "INTEGER", "float": "REAL", "text": "TEXT", "bool": "INTEGER", "timestamp": "INTEGER"}
LOADED = -1  # When what was loaded had been sent and acknowledged.
NEVER = 2**63 - 1
MOMENT = '"as of"'  # No table of a file has a space in its name.
Rows = tuple[list[str], list[tuple[Any, ...]]]  # Names of the columns, and values.
Statement = tuple[str, Sequence[Any]]


class Reference:
    """Timestamps are milliseconds since 1970, true is 1. Keys and columns that are keys of others are indexed."""

    def __init__(self, file: QueryFile, batches: Iterable[Batch]) -> None:
        self._connection = _empty(file)
        for batch in batches:
            times = [LOADED] * len(batch)
            self.add(batch.table.name, list(zip(*batch.columns, times, times, strict=True)))
        for table, form in file.tables.items():
            for column, drawn in form.columns.items():
                if drawn.key_of is not None:
                    self._connection.execute(f'CREATE INDEX "{table} {column}" ON {stored(table)} ("{column}")')
            self._connection.execute(f'CREATE INDEX "{table} times" ON {stored(table)} ("acknowledged ns")')
        self._connection.execute("ANALYZE")
        self._connection.commit()

    def add(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Rows with all their columns, in order, and when they were sent and acknowledged."""
        places = ", ".join("?" * len(rows[0]))
        self._connection.executemany(f"INSERT OR REPLACE INTO {stored(table)} VALUES ({places})", rows)
        self._connection.commit()

    def names(self, statement: str) -> list[str]:
        """Of the columns that a SELECT gives."""
        return self.before(NEVER, f"SELECT * FROM ({statement}) LIMIT 0", dict.fromkeys(names_in(statement), 0))[0]

    def before(
        self, moment_ns: int, statement: str, values: Mapping[str, Any], changes: Sequence[Statement] = ()
    ) -> Rows:
        """With the rows that had been acknowledged by then, and after some changes, which are undone again."""
        return self._answer(moment_ns, LOADED, statement, values, changes)

    def possible(self, moment_ns: int, statement: str, values: Mapping[str, Any]) -> Rows:
        """With the rows that had been sent by then, acknowledged or not."""
        return self._answer(LOADED, moment_ns, statement, values, ())

    def open(self, tables: Collection[str], sent_ns: int, received_ns: int) -> bool:
        """Was a row on its way in this interval, so that an answer may have it or not?"""
        return any(
            self._connection.execute(
                f'SELECT EXISTS (SELECT 1 FROM {stored(table)} WHERE "acknowledged ns" >= ? AND "sent ns" < ?)',
                (sent_ns, received_ns),
            ).fetchone()[0]
            for table in tables
        )

    def _answer(
        self,
        acknowledged_ns: int,
        sent_ns: int,
        statement: str,
        values: Mapping[str, Any],
        changes: Sequence[Statement],
    ) -> Rows:
        try:
            self._connection.execute(
                f"UPDATE {MOMENT} SET acknowledged_ns = ?, sent_ns = ?", (acknowledged_ns, sent_ns)
            )
            for change, arguments in changes:
                self._connection.execute(change, arguments)
            cursor = self._connection.execute(_numbered(statement), [values[name] for name in names_in(statement)])
            return [column[0] for column in cursor.description or ()], cursor.fetchall()
        finally:
            self._connection.rollback()


def problem(statement: str, file: QueryFile) -> str | None:
    """Why SQLite would refuse a statement on the tables of the file; None if it takes it."""
    connection = _empty(file)
    try:
        connection.execute(f"EXPLAIN {_numbered(statement)}", [0] * len(names_in(statement)))
    except sqlite3.Error as error:
        return str(error)
    finally:
        connection.close()
    return None


def reads(statement: str, table: str) -> bool:
    """May it read this table?"""
    return re.search(rf"\b{table}\b", statement, re.IGNORECASE) is not None


def stored(table: str) -> str:
    """Where the rows of all times are; the table itself shows those of a moment."""
    return f'"{table} of all times"'


def _empty(file: QueryFile) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False)  # Each command comes in another thread, in turn.
    connection.execute("PRAGMA case_sensitive_like = ON")  # As in other engines.
    connection.execute(f"CREATE TABLE {MOMENT} (acknowledged_ns INTEGER, sent_ns INTEGER)")
    connection.execute(f"INSERT INTO {MOMENT} VALUES (0, 0)")
    for table, form in file.tables.items():
        connection.execute(
            f'CREATE TABLE {stored(table)} ({_columns(form)}, "sent ns" INTEGER, "acknowledged ns" INTEGER)'
        )
        shown = ", ".join(f'"{column}"' for column in form.columns)
        connection.execute(
            f'CREATE VIEW "{table}" AS SELECT {shown} FROM {stored(table)}'
            f' WHERE "acknowledged ns" < (SELECT acknowledged_ns FROM {MOMENT})'
            f' OR "sent ns" < (SELECT sent_ns FROM {MOMENT})'
        )
    connection.commit()
    return connection


def _columns(form: TableForm) -> str:
    return ", ".join(
        f'"{column}" {KINDS[type_of(drawn)]}{" PRIMARY KEY" * (generator(drawn) == "sequential")}'
        for column, drawn in form.columns.items()
    )


def _numbered(statement: str) -> str:
    return placed(statement, lambda number: f"?{number + 1}")
