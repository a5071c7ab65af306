"""Commands of the user: each row of a table is the hash TABLE:KEY, beside what the design writes with each row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from adapters.redis.client import Client, Command, empty, facts, settle, size_bytes
from harness.engine import Address
from harness.statements import PLACEHOLDER, Batch, Design, Statements, Table, Type, described, take

BATCH = 500  # Rows in flight: enough to hide the round trip, little to hold in memory.
PAGE = 1_000  # Keys that one SCAN looks at.


class Session(Statements):
    def __init__(self, address: Address) -> None:
        self._address = address
        self._client = Client(address.url)
        self._call = self._client.call
        self._design = Design((), None, {}, (), ())
        self._after_load: list[Any] = []

    def create(self, design: Design) -> None:
        empty(self._client, self._address)
        for step in design.create or ():
            take(step, lambda words: self._call(*words))
        self._design, self._after_load = design, list(design.after_load)

    def load(self, batch: Batch) -> None:
        commands = commands_of(batch, [step.statement for step in self._design.each_row.get(batch.table.name, ())])
        for _ in self._client.stream(iter(lambda: list(islice(commands, BATCH)), [])):
            pass

    def prepare(self, design: Design) -> None:
        self._design = design

    def ask(self, number: int, requests: Sequence[Any]) -> list[Any]:
        if len(requests) == 1:
            return rows_of(self._call(*requests[0]))
        return [row for reply in self._client.atomically(requests) for row in rows_of(reply)]

    def count(self) -> int:
        return sum(len(self._keys(table)) for table in self._design.tables)

    def everything(self, table: Table) -> Iterator[list[tuple[Any, ...]]]:
        keys = iter(self._keys(table))
        while page := list(islice(keys, BATCH)):
            yield self.rows(table, page)

    def rows(self, table: Table, keys: Sequence[int]) -> list[tuple[Any, ...]]:
        names = table.names
        found = self._client.calls([("HGETALL", f"{table.name}:{key}") for key in keys])
        return [tuple(map(fields.get, names)) for fields in found if fields]

    def ping(self) -> None:
        self._client.ping()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self._client.watch(sink)

    def settle(self) -> None:
        while self._after_load:
            take(self._after_load.pop(0), lambda words: self._call(*words))
        settle(self._client, self._address)

    def facts(self) -> dict[str, str]:
        return facts(self._client)

    def design(self) -> str:
        return described(self._design, "a hash TABLE:KEY for each row")

    def size_bytes(self) -> int | None:
        return size_bytes(self._client)

    def close(self) -> None:
        self._client.close()

    def _keys(self, table: Table) -> list[int]:
        """Of all rows; SCAN may tell of one twice."""
        found: set[int] = set()
        cursor, own = None, re.compile(rf"{table.name}:(\d+)")
        while cursor != "0":
            cursor, keys = self._call("SCAN", cursor or "0", "MATCH", f"{table.name}:*", "COUNT", PAGE)
            found.update(int(match[1]) for key in keys if (match := own.fullmatch(key)))
        return sorted(found)


def commands_of(batch: Batch, each_row: Sequence[Sequence[str]]) -> Iterator[Command]:
    """For each row its hash, which has no field for what is null, and what the design adds."""
    table = batch.table
    names, place = table.names, table.names.index(table.key)
    words = [as_words(column.type, values) for column, values in zip(table.columns, batch.columns, strict=True)]
    for row in zip(*words, strict=True):
        values = dict(zip(names, row, strict=True))
        present = (part for field in values.items() if field[1] is not None for part in field)
        yield ("HSET", f"{table.name}:{row[place]}", *present)
        for command in each_row:
            yield filled(command, values)


def filled(command: Sequence[str], values: Mapping[str, Any]) -> Command:
    return tuple(PLACEHOLDER.sub(lambda found: str(values[found[1]]), word) for word in command)


def as_words(type: Type, values: Sequence[Any]) -> Sequence[Any]:
    return [None if value is None else int(value) for value in values] if type == "bool" else values


def rows_of(reply: Any) -> list[Any]:
    """A dictionary is a row whose values are named; of a list, each element is a row; nothing is no row."""
    if isinstance(reply, list):
        return reply
    if isinstance(reply, dict):
        return [reply] if reply else []
    return [] if reply is None else [(reply,)]
