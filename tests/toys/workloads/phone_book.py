"""A phone book that nobody writes to: look-ups by name, all of them equally likely."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from harness.keyvalue import KeyValue, Read, Record
from harness.workload import Operation, Stream


@dataclass(frozen=True)
class PhoneBook:
    """A phone book that nobody writes to."""

    entries: Annotated[int, Meta(ge=1)] = 1_000

    capability: ClassVar[str] = "keyvalue"
    writes: ClassVar[Mapping[str, int]] = {}

    @property
    def rows(self) -> int:
        return self.entries

    def scaled(self, factor: float) -> PhoneBook:
        return replace(self, entries=max(1, round(self.entries * factor)))

    def create(self, session: KeyValue) -> None:
        session.create(["phone"])

    def load(self) -> Iterator[list[Record]]:
        yield [Record(f"name{number:06}", {"phone": str(7_919 * number)}) for number in range(self.entries)]

    def prepare(self, session: KeyValue) -> None:
        pass

    def operations(self, stream: Stream) -> Iterator[Read]:
        random = Random(f"{stream.seed} {stream.trial} {stream.session}")
        while True:
            yield Read(f"name{random.randrange(self.entries):06}")

    def exact(self) -> bool:
        return True

    def oracle(self) -> Oracle:
        return Oracle({record.key: record.fields for batch in self.load() for record in batch})

    def sweep(self) -> Sequence[Mapping[str, Any]]:
        return ()

    def traits(self, sent: Iterable[Operation], answered: Sequence[tuple[Operation, Any]]) -> dict[str, float]:
        return {}


@dataclass(frozen=True)
class Oracle:
    entries: Mapping[str, Mapping[str, str]]

    def check_content(self, session: KeyValue) -> list[str]:
        found = {record.key: record.fields for record in session.everything()}
        return [] if found == self.entries else [f"{len(found)} entries, not the {len(self.entries)} loaded ones"]

    def tracks(self, operation: Any) -> bool:
        return True

    def wrote(self, operation: Any, sent_ns: int, acknowledged_ns: int | None) -> None:
        pass

    def grade(self, operation: Read, answer: dict[str, str] | None, sent_ns: int, received_ns: int) -> float:
        return float(answer == self.entries[operation.key])

    def check_kept(self, session: KeyValue) -> list[str]:
        return self.check_content(session)


WORKLOAD = PhoneBook()
