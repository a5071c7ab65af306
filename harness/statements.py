"""Statements: tables of drawn rows, and requests that the user wrote in the engine's own language."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from harness.errors import UsageError
from harness.session import Session
from harness.wording import shortened

Type = Literal["int", "float", "text", "bool", "timestamp"]
"""64-bit integers, doubles, Unicode without NUL, and moments in milliseconds since 1970 (UTC)."""

PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)(?::([^{}]+))?\}")
"""{name}, and {name:Type} where an engine casts."""

LONGEST = 300  # Characters of statements and errors in a message.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Column(msgspec.Struct, frozen=True):
    name: str
    type: Type
    nullable: bool


class Table(msgspec.Struct, frozen=True):
    name: str
    key: str  # The column of different whole numbers that finds a row.
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


class Batch(msgspec.Struct, frozen=True):
    """Rows of one table, column by column: int, float, str, bool, milliseconds of timestamps; None is null."""

    table: Table
    columns: tuple[list[Any], ...]

    def __len__(self) -> int:
        return len(self.columns[0])


class Step(msgspec.Struct, frozen=True):
    """Something that is done once: a statement of SQL, a command as a document, or the words of a command."""

    where: str  # In the user's file: "[schemas.postgres] create[1]".
    statement: Any


class Asked(msgspec.Struct, frozen=True):
    """An operation as it is written; the statements of one are a transaction."""

    where: str
    statements: tuple[str, ...]


class Design(msgspec.Struct, frozen=True):
    """How one candidate keeps the tables and answers the operations."""

    tables: tuple[Table, ...]
    create: tuple[Step, ...] | None  # None: the adapter's own tables, with a primary key each.
    each_row: Mapping[
        str, tuple[Step, ...]
    ]  # By table: commands to be sent with each row, words with {column} in them.
    after_load: tuple[Step, ...]
    operations: tuple[Asked, ...]


class Statements(Session):
    """A session first gets its design, by `create` or by `prepare`.

    How its requests look depends on the engine's language (`Engine.language`, see harness/queries/templates.py): the
    values of an SQL statement as text in the order of their placeholders, a whole statement, a command as a document,
    or commands as tuples of words.
    """

    @abstractmethod
    def create(self, design: Design) -> None:
        """Drop all tables, and make those of the design. Raises UsageError for a step that the server refuses."""

    @abstractmethod
    def load(self, batch: Batch) -> None:
        """Add rows by the engine's best bulk path. `settle` takes the steps of `after_load`, once after `create`."""

    @abstractmethod
    def prepare(self, design: Design) -> None:
        """Make ready to ask. Raises UsageError for a statement that the server refuses to prepare."""

    @abstractmethod
    def ask(self, number: int, requests: Sequence[Any]) -> list[Any]:
        """The rows that an operation of the design gives, for what its statements were resolved to.

        Rows are tuples, or dictionaries where the engine names values; [] of a statement that only writes.
        """

    @abstractmethod
    def count(self) -> int:
        """How many rows all tables have together, counted, not estimated."""

    @abstractmethod
    def everything(self, table: Table) -> Iterator[list[tuple[Any, ...]]]:
        """Every row once, values in the order of the columns, in any order of rows, in lists of bounded size."""

    @abstractmethod
    def rows(self, table: Table, keys: Sequence[int]) -> list[tuple[Any, ...]]:
        """Those rows with these keys that are there, values in the order of the columns, in any order of rows."""


def take(step: Step, execute: Callable[[Any], Any]) -> None:
    """Raises UsageError that says which step was refused, and why."""
    try:
        execute(step.statement)
    except Exception as error:
        raise refused(step.where, step.statement, error) from error


def refused(where: str, statement: Any, error: Exception) -> UsageError:
    said = " ".join(str(error).split()) or type(error).__name__
    return UsageError(
        f"{where}: the server says: {shortened(said, LONGEST)}\nIt was sent: {shortened(written(statement), LONGEST)}"
    )


def written(statement: Any) -> str:
    """In one line."""
    if isinstance(statement, tuple):
        return " ".join(statement)
    return " ".join(statement.split()) if isinstance(statement, str) else msgspec.json.encode(statement).decode()


def described(design: Design, default: str) -> str:
    """Schema and indexes in one line, for a session's `design`; `default` is what the adapter makes by itself."""
    each_row = [step for steps in design.each_row.values() for step in steps]
    parts = [default if design.create is None else "tables as the file makes them"]
    for what, steps in (("with each row", each_row), ("then", design.after_load)):
        if steps:
            parts.append(f"{what} {shortened('; '.join(written(step.statement) for step in steps), LONGEST)}")
    return ", ".join(parts)


def placed(text: str, place: Callable[[int], str]) -> str:
    """SQL with each placeholder replaced by what the engine writes for the parameter of this number, from 0."""
    names = names_in(text)
    return PLACEHOLDER.sub(lambda found: place(names.index(found[1])), text)


def names_in(text: str) -> list[str]:
    """The names of placeholders, each once, in the order of their first appearance."""
    return list(dict.fromkeys(found[1] for found in PLACEHOLDER.finditer(text)))


def tab_separated(batch: Batch) -> bytes:
    """Rows as both PostgreSQL's COPY and ClickHouse's TabSeparated read them."""
    texts = [_texts(column.type, values) for column, values in zip(batch.table.columns, batch.columns, strict=True)]
    return "".join([line + "\n" for line in map("\t".join, zip(*texts, strict=True))]).encode()


def _texts(type: Type, values: list[Any]) -> list[str]:
    if type == "text":
        return ["\\N" if value is None else value.translate(_ESCAPES) for value in values]
    if type == "timestamp":
        return ["\\N" if value is None else text for value, text in zip(values, moments(values), strict=True)]
    if type == "bool":
        return ["\\N" if value is None else "true" if value else "false" for value in values]
    return ["\\N" if value is None else repr(value) for value in values]


def moments(milliseconds: Sequence[int | None]) -> list[str]:
    """2024-01-31 12:00:00.000, of UTC; anything for None."""
    filled = np.array([0 if each is None else each for each in milliseconds], dtype="datetime64[ms]")
    return [text.replace("T", " ") for text in np.datetime_as_string(filled, unit="ms").tolist()]
