"""A profile store or a session cache: many look-ups by key, now and then one field changes, few keys get most requests.

Records of `fields` texts of `field_bytes` each. Popularity is true Zipf over the keys; the default asks for the most
popular of 40,000 records in 8.5 % of all operations, and for the most popular 1 % in 57 %.
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
class ReadHeavy:
    records: Annotated[int, Meta(ge=1, le=10_000_000)] = 40_000
    fields: Annotated[int, Meta(ge=1, le=100)] = 10
    field_bytes: Annotated[int, Meta(ge=20, le=1_000_000)] = 100
    read_percent: Annotated[int, Meta(ge=0, le=100)] = 95  # The rest are updates of one field.
    zipf_theta: Annotated[float, Meta(ge=0.0, le=1.2)] = 0.99  # 0: every record is equally popular.

    capability: ClassVar[str] = "keyvalue"
    writes: ClassVar[Mapping[str, int]] = {"update": 0}

    @property
    def rows(self) -> int:
        return self.records

    def scaled(self, factor: float) -> ReadHeavy:
        return replace(self, records=max(1, round(self.records * factor)))

    def create(self, session: KeyValue) -> None:
        session.create(self._data.names)

    def load(self) -> Iterator[list[Record]]:
        return self._data.batches()

    def prepare(self, session: KeyValue) -> None:
        pass

    def operations(self, stream: Stream) -> Iterator[Request]:
        mix = Mix(reads=self.read_percent, updates=100 - self.read_percent, zipf_theta=self.zipf_theta)
        return operations(self._data, mix, stream)

    def exact(self) -> bool:
        return True

    def oracle(self) -> RecordsOracle:
        return RecordsOracle(self._data)

    def sweep(self) -> Sequence[Mapping[str, Any]]:
        return ()

    def traits(self, sent: Iterable[Operation], answered: Sequence[tuple[Operation, Any]]) -> dict[str, float]:
        return records_traits.traits(sent, answered, self.records)

    @property
    def _data(self) -> Records:
        return Records(self.records, self.fields, self.field_bytes)


WORKLOAD = ReadHeavy()
