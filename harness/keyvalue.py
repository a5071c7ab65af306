"""Key-value: records of named text fields, found by their primary key and scanned in key order."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec

from harness.session import Session


class Record(msgspec.Struct, frozen=True, gc=False):
    key: str
    fields: dict[str, str]  # A field that is absent is absent; there is no null beside it.


class KeyValue(Session):
    """Keys are ordered by their UTF-8 bytes. Text is any Unicode without NUL."""

    @abstractmethod
    def create(self, fields: Sequence[str]) -> None:
        """Drop all records and make an empty home for records that have some or all of these fields."""

    @abstractmethod
    def load(self, records: Sequence[Record]) -> None:
        """Write many records by the engine's best bulk path; replaces those whose keys exist, the last one wins."""

    @abstractmethod
    def insert(self, record: Record) -> None:
        """Write one record; one with its key is replaced whole, fields the new one lacks are gone."""

    @abstractmethod
    def update(self, key: str, field: str, value: str) -> None:
        """Set one field of a record that exists. What happens to a key without a record is not defined."""

    @abstractmethod
    def read(self, key: str) -> dict[str, str] | None:
        """All fields of the record with this key, or None."""

    @abstractmethod
    def scan(self, start: str, count: int) -> list[Record]:
        """The first `count` records with key >= start, in key order."""

    @abstractmethod
    def count(self) -> int:
        """How many records there are, counted, not estimated."""

    @abstractmethod
    def everything(self) -> Iterator[Record]:
        """Every record once, in any order, in bounded memory."""


class Read(msgspec.Struct, frozen=True, gc=False):
    key: str
    kind: ClassVar[str] = "read"

    def on(self, session: KeyValue) -> dict[str, str] | None:
        return session.read(self.key)


class Update(msgspec.Struct, frozen=True, gc=False):
    key: str
    field: str
    value: str
    kind: ClassVar[str] = "update"

    def on(self, session: KeyValue) -> None:
        session.update(self.key, self.field, self.value)


class ReadModifyWrite(msgspec.Struct, frozen=True, gc=False):
    """A read, then an update of one field of the same record, as one request; not atomic."""

    key: str
    field: str
    value: str
    kind: ClassVar[str] = "read-modify-write"

    def on(self, session: KeyValue) -> dict[str, str]:
        """All fields before the update; {} where there is no such record."""
        fields = session.read(self.key)
        session.update(self.key, self.field, self.value)
        return fields or {}


class Insert(msgspec.Struct, frozen=True, gc=False):
    record: Record
    kind: ClassVar[str] = "insert"

    def on(self, session: KeyValue) -> None:
        session.insert(self.record)


class Scan(msgspec.Struct, frozen=True, gc=False):
    start: str
    count: int
    kind: ClassVar[str] = "scan"

    def on(self, session: KeyValue) -> list[Record]:
        return session.scan(self.start, self.count)
