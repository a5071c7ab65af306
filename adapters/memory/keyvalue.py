"""Records in one dictionary by key. Python compares text by code points, which is the order of its UTF-8 bytes."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from heapq import nsmallest

from adapters.memory import store
from adapters.memory.store import namespace
from harness.engine import Address
from harness.keyvalue import KeyValue, Record


class Session(KeyValue):
    def __init__(self, address: Address) -> None:
        self.records = namespace(address).records
        self.writing = namespace(address).writing

    def create(self, fields: Sequence[str]) -> None:
        self.records.clear()

    def load(self, records: Sequence[Record]) -> None:
        with self.writing:
            self.records.update({record.key: record.fields for record in records})

    def insert(self, record: Record) -> None:
        with self.writing:
            self.records[record.key] = record.fields

    def update(self, key: str, field: str, value: str) -> None:
        with self.writing:  # A new dictionary: answers that were given before must not change.
            self.records[key] = {**self.records[key], field: value}

    def read(self, key: str) -> dict[str, str] | None:
        return self.records.get(key)

    def scan(self, start: str, count: int) -> list[Record]:
        keys = nsmallest(count, (key for key in list(self.records) if key >= start))
        return [Record(key, self.records[key]) for key in keys]

    def count(self) -> int:
        return len(self.records)

    def everything(self) -> Iterator[Record]:
        for key, fields in list(self.records.items()):
            yield Record(key, fields)

    def ping(self) -> None:
        pass  # Nobody is asked.

    def watch(self, sink: Callable[[str], None] | None) -> None:
        store.watch(self, KeyValue.__abstractmethods__, sink)

    def settle(self) -> None:
        pass  # A write is visible to every session before it returns.

    def facts(self) -> dict[str, str]:
        return {"version": platform.python_version()}

    def design(self) -> str:
        return "one dictionary by key; a scan looks at every key"

    def size_bytes(self) -> None:
        return None

    def close(self) -> None:
        pass
