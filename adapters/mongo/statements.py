"""Commands of the user: a collection for each table, a document for each row, whose key is its _id."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from adapters.mongo.client import Database, Document, raise_write_errors
from harness.engine import Address
from harness.statements import Batch, Design, Statements, Table, described, take

WRITES = ("insert", "update", "delete", "findAndModify")


class Session(Statements):
    def __init__(self, address: Address) -> None:
        self._database = Database(address)
        self._tables: Sequence[Table] = ()
        self._after_load: list[Any] = []
        self._summary = ""

    def create(self, design: Design) -> None:
        for collection in self._collections():
            self._database.drop(collection)
        for step in design.create or ():
            take(step, self._run)
        made = self._collections()
        for table in design.tables:
            if table.name not in made:
                self._database.run({"create": table.name})
        self._adopt(design)
        self._after_load = list(design.after_load)

    def load(self, batch: Batch) -> None:
        self._database.insert(batch.table.name, documents(batch))

    def prepare(self, design: Design) -> None:
        self._adopt(design)

    def ask(self, number: int, requests: Sequence[Any]) -> list[Any]:
        command: Document = requests[0]
        name = next(iter(command))
        if name in ("find", "aggregate"):
            if name == "aggregate":
                command.setdefault("cursor", {})
            return self._database.fetch(command)
        if name in WRITES:
            command["writeConcern"] = self._database.write_concern
        return answered(name, self._run(command))

    def count(self) -> int:
        return sum(self._database.count(table.name) for table in self._tables)

    def everything(self, table: Table) -> Iterator[list[tuple[Any, ...]]]:
        for batch in self._database.batches({"find": table.name}):
            yield [row(table, document) for document in batch]

    def rows(self, table: Table, keys: Sequence[int]) -> list[tuple[Any, ...]]:
        found = self._database.fetch({"find": table.name, "filter": {"_id": {"$in": list(keys)}}})
        return [row(table, document) for document in found]

    def ping(self) -> None:
        self._database.ping()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self._database.watch(sink)

    def settle(self) -> None:
        while self._after_load:
            take(self._after_load.pop(0), self._run)
        self._database.settle()

    def facts(self) -> dict[str, str]:
        return self._database.facts()

    def design(self) -> str:
        return self._summary

    def size_bytes(self) -> int:
        return self._database.size_bytes()

    def close(self) -> None:
        self._database.close()

    def _adopt(self, design: Design) -> None:
        self._tables = design.tables
        self._summary = described(design, "a document for each row, whose _id is its key")

    def _collections(self) -> list[str]:
        return [each["name"] for each in self._database.fetch({"listCollections": 1, "nameOnly": True})]

    def _run(self, command: Document) -> Document:
        """A command whose every part must succeed. Raises what the server says."""
        reply = self._database.run(command)
        raise_write_errors(reply)
        return reply


def documents(batch: Batch) -> Iterator[Document]:
    """What is null is there as null: a document lacks no column."""
    names = ["_id" if name == batch.table.key else name for name in batch.table.names]
    values = [
        np.array(each, dtype="datetime64[ms]").tolist() if column.type == "timestamp" else each
        for column, each in zip(batch.table.columns, batch.columns, strict=True)
    ]
    for each in zip(*values, strict=True):
        yield dict(zip(names, each, strict=True))


def row(table: Table, document: Document) -> tuple[Any, ...]:
    return tuple(document.get("_id" if name == table.key else name) for name in table.names)


def answered(name: str, reply: Document) -> list[Any]:
    """The rows in a reply without a cursor."""
    if name == "count":
        return [(reply["n"],)]
    if name == "distinct":
        return list(reply["values"])
    return [reply["value"]] if reply.get("value") else []
