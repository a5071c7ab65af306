"""An order book or a device registry: new records keep coming, the state of popular ones changes all the time.

Half of the operations update one field of a popular record, three in ten insert a whole record, the rest read one: a
popular record, or one that the session itself inserted a moment ago, which must be there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from harness import records_traits
from harness.keyvalue import KeyValue, Record
from harness.records import Mix, Records, Request, operations
from harness.records_oracle import RecordsOracle
from harness.workload import Operation, Stream


@dataclass(frozen=True)
class WriteHeavy:
    records: Annotated[int, Meta(ge=1, le=10_000_000)] = 40_000
    fields: Annotated[int, Meta(ge=1, le=100)] = 10
    field_bytes: Annotated[int, Meta(ge=20, le=1_000_000)] = 100
    update_percent: Annotated[int, Meta(ge=0, le=100)] = 50
    insert_percent: Annotated[int, Meta(ge=0, le=100)] = 30
    fresh_read_percent: Annotated[int, Meta(ge=0, le=100)] = 5  # The rest reads popular records.
    zipf_theta: Annotated[float, Meta(ge=0.0, le=1.2)] = 0.99  # 0: every record is equally popular.

    capability: ClassVar[str] = "keyvalue"
    writes: ClassVar[Mapping[str, int]] = {"update": 0, "insert": 1}

    def __post_init__(self) -> None:
        named = self.update_percent + self.insert_percent + self.fresh_read_percent
        if named > 100:
            raise ValueError(f"update_percent, insert_percent and fresh_read_percent add up to {named}, over 100.")

    @property
    def rows(self) -> int:
        return self.records

    def scaled(self, factor: float) -> WriteHeavy:
        return replace(self, records=max(1, round(self.records * factor)))

    def create(self, session: KeyValue) -> None:
        session.create(self._data.names)

    def load(self) -> Iterator[list[Record]]:
        return self._data.batches()

    def prepare(self, session: KeyValue) -> None:
        pass

    def operations(self, stream: Stream) -> Iterator[Request]:
        return operations(self._data, self._mix, stream)

    def exact(self) -> bool:
        return True

    def oracle(self) -> RecordsOracle:
        return RecordsOracle(self._data)

    def sweep(self) -> Sequence[Mapping[str, Any]]:
        return ()

    def traits(self, sent: Iterable[Operation], answered: Sequence[tuple[Operation, Any]]) -> dict[str, float]:
        return records_traits.traits(sent, answered, self.records)

    @property
    def _mix(self) -> Mix:
        return Mix(
            reads=100 - self.update_percent - self.insert_percent - self.fresh_read_percent,
            fresh_reads=self.fresh_read_percent,
            updates=self.update_percent,
            inserts=self.insert_percent,
            zipf_theta=self.zipf_theta,
        )

    @property
    def _data(self) -> Records:
        return Records(self.records, self.fields, self.field_bytes)


WORKLOAD = WriteHeavy()
