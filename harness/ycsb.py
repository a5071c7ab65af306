"""YCSB's core workload: what its six mixes share. Its definition is kept to the bit, and where it is not, this says so.

Kept: keys, the choice of operations, records, fields and scan lengths from uniform random numbers; 10 fields of 100
bytes; updates of one field, reads of all. Random numbers are ours, since YCSB's cannot be repeated.

- Values are not random bytes but prove which write they come from, which is how answers are graded.
- YCSB draws among the records that are known to be there. One session knows, as YCSB does, what it inserted itself;
  what others are inserting at the same time it does not, so each session draws among the loaded records and its own.
- Each trial begins with the loaded records and inserts others than the trials before; the first, YCSB's own.
- The room that zipfian requests leave for records to come follows from YCSB's operationcount. As in its workload
  files, that is the number of records, whose default here is 40,000 instead of 1,000.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from harness import draw, records_traits
from harness.draw import Integers, Words
from harness.keyvalue import KeyValue, Record
from harness.records import (
    BLOCK,
    INSERT,
    READ,
    READ_MODIFY_WRITE,
    SCAN,
    UPDATE,
    Records,
    Request,
    first_write,
    requests,
)
from harness.records_oracle import RecordsOracle
from harness.workload import Operation, Stream
from harness.ycsb_generators import KEYS, choice, latest, scrambled, uniform, zeta, zetas

KINDS = {"read": READ, "update": UPDATE, "insert": INSERT, "scan": SCAN, "read-modify-write": READ_MODIFY_WRITE}
ROWS_ADDED = {"update": 0, "insert": 1, "read-modify-write": 0}
LONGEST_SCAN = 100
TRIALS = 1 << 14
INSERTS_OF_A_TRIAL = 1 << 32  # At most.


@dataclass(frozen=True)
class Ycsb:
    """A mix is a subclass with `shares` of kinds of operations that add up to 1."""

    records: Annotated[int, Meta(ge=10, le=10_000_000)] = 40_000
    fields: Annotated[int, Meta(ge=1, le=100)] = 10
    field_bytes: Annotated[int, Meta(ge=20, le=1_000_000)] = 100

    capability: ClassVar[str] = "keyvalue"
    shares: ClassVar[Mapping[str, float]]
    asks_for_latest: ClassVar[bool] = False  # requestdistribution=latest; else zipfian.

    @property
    def writes(self) -> Mapping[str, int]:
        return {kind: rows for kind, rows in ROWS_ADDED.items() if kind in self.shares}

    @property
    def rows(self) -> int:
        return self.records

    def scaled(self, factor: float) -> Ycsb:
        return replace(self, records=max(10, round(self.records * factor)))

    def create(self, session: KeyValue) -> None:
        session.create(self._data.names)

    def load(self) -> Iterator[list[Record]]:
        return self._data.batches()

    def prepare(self, session: KeyValue) -> None:
        pass

    def operations(self, stream: Stream) -> Iterator[Request]:
        data, names = self._data, (stream.seed, stream.trial, stream.session)
        kinds, ranks, choices = (draw.source(f"ycsb {what}", *names) for what in ("kind", "rank", "choice"))
        writes, first = np.uint64(first_write(stream)), first_number(self.records, stream)
        known = self.records  # Loaded, and inserted by this session.
        known_zeta = zeta(known - 1) if self.asks_for_latest else 0.0
        for start in count(0, BLOCK):
            index = draw.span(start, BLOCK)
            kind = self._kinds(draw.words(kinds, index))
            inserts = kind == INSERT
            before = known + np.cumsum(inserts) - inserts
            if self.asks_for_latest:
                grown = zetas(known_zeta, known - 1, int(np.count_nonzero(inserts)))
                known_zeta = float(grown[-1])
                uniforms = uniform(draw.words(ranks, index))
                items = latest(uniforms, before - 1, self.records - 1, grown[before - known])
            else:
                items = self._zipfian(ranks, index, before)
            known += int(np.count_nonzero(inserts))
            items = np.where(inserts, before, items)
            inserted = first + (items - self.records) * stream.sessions
            numbers = np.where(items < self.records, items, inserted).view(np.uint64)
            words = draw.words(choices, index)
            fields, lengths = choice(words, 0, self.fields - 1), choice(words, 1, LONGEST_SCAN)
            yield from requests(data, kind, numbers, writes + index, fields, lengths)

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
        return Records(self.records, self.fields, self.field_bytes, KEYS)

    def _kinds(self, words: Words) -> Integers:
        """In YCSB's order of kinds, the first whose running sum of shares is above the number drawn."""
        named = [kind for kind in KINDS if kind in self.shares]
        sums = np.cumsum([self.shares[kind] for kind in named])[:-1]
        return np.array([KINDS[kind] for kind in named])[np.searchsorted(sums, uniform(words), side="right")]

    def _zipfian(self, source: np.uint64, index: Words, known: Integers) -> Integers:
        """Items below `known`; drawn again where they are not."""
        expected = int(self.records * self.shares.get("insert", 0.0) * 2.0)  # Twice as many as are likely.
        space = self.records + expected + 1
        words = draw.words(source, index)
        items = scrambled(uniform(words), space)
        for attempt in count(1):
            unknown = np.flatnonzero(items >= known)
            if not len(unknown):
                return items
            again = draw.words(words[unknown], draw.span(attempt, 1))
            items[unknown] = scrambled(uniform(again), space)
        raise AssertionError("count() ends")


def first_number(records: int, stream: Stream) -> int:
    """The number of the first record that a stream inserts; its others follow in steps of stream.sessions.

    Those of the first timed trial follow the loaded records. The answer check, trial 0, is out of the way.
    """
    return records + (stream.trial - 1) % TRIALS * INSERTS_OF_A_TRIAL + stream.session
