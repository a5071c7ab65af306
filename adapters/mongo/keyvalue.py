"""A record is a document: its key is the _id, its fields are the document's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from adapters.mongo.client import Database, Document
from harness.engine import Address
from harness.keyvalue import KeyValue, Record


class Session(KeyValue):
    # Records lie in one tree by key: an index on _id beside the records would be a second tree to keep, and scans
    # would jump between the two (a scan of 50: 150 against 190 µs of the server; reads and updates are alike).
    OPTIONS: ClassVar[Document] = {"clusteredIndex": {"key": {"_id": 1}, "unique": True}}

    def __init__(self, address: Address) -> None:
        self.database = Database(address)

    def create(self, fields: Sequence[str]) -> None:
        for name in fields:
            if not name or name == "_id" or name.startswith("$") or "." in name:
                raise ValueError(f"MongoDB cannot update a field named {name!r}.")
        self.database.drop("records")
        self.database.run({"create": "records", **self.OPTIONS})

    def load(self, records: Sequence[Record]) -> None:
        documents = [{"_id": record.key, **record.fields} for record in records]
        existed = self.database.insert("records", documents)
        replacements = (replacement(documents[position]) for position in sorted(existed))
        self.database.bulk({"update": "records", "ordered": True}, "updates", replacements)

    def insert(self, record: Record) -> None:
        # Most records are new, and an insert costs the server 120 µs where a replacement with upsert costs 200.
        document = {"_id": record.key, **record.fields}
        if not self.database.insert_one("records", document):
            self.database.write({"update": "records", "updates": [replacement(document)]})

    def update(self, key: str, field: str, value: str) -> None:
        self.database.write({"update": "records", "updates": [{"q": {"_id": key}, "u": {"$set": {field: value}}}]})

    def read(self, key: str) -> dict[str, str] | None:
        found = self.database.run({"find": "records", "filter": {"_id": key}})["cursor"]["firstBatch"]
        if not found:
            return None
        fields: dict[str, str] = found[0]
        del fields["_id"]
        return fields

    def scan(self, start: str, count: int) -> list[Record]:
        command = {
            "find": "records",
            "filter": {"_id": {"$gte": start}},
            "sort": {"_id": 1},
            "limit": count,
            "batchSize": count + 1,  # A batch as large as the limit would leave the cursor open.
        }
        return [record(document) for document in self.database.fetch(command)]

    def count(self) -> int:
        return self.database.count("records")

    def everything(self) -> Iterator[Record]:
        for batch in self.database.batches({"find": "records"}):
            yield from map(record, batch)

    def ping(self) -> None:
        self.database.ping()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self.database.watch(sink)

    def settle(self) -> None:
        self.database.settle()

    def facts(self) -> dict[str, str]:
        return self.database.facts()

    def design(self) -> str:
        return "one document a record, collection clustered by _id (the key); snappy blocks; reads and scans by _id"

    def size_bytes(self) -> int:
        return self.database.size_bytes()

    def close(self) -> None:
        self.database.close()


def replacement(document: Document) -> Document:
    return {"q": {"_id": document["_id"]}, "u": document, "upsert": True}


def record(document: Document) -> Record:
    return Record(document.pop("_id"), document)
