"""Records of text for key-value workloads: keys that scatter, and values that prove where they come from.

A key is "user" and the digits of a hash of the record's number, so that neighbours by number are strangers by key.
A value starts with the write that it comes from, and the rest is a hash of (key, field, write): whoever reads it can
tell that it belongs to this key and field, and which of all writes it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np

from harness import draw
from harness.draw import Integers, Words
from harness.keyvalue import Insert, Read, ReadModifyWrite, Record, Scan, Update
from harness.workload import Stream

LOADED = 0  # The write that loaded values come from.
KEY_CHARACTERS = 24  # At most.
WRITE_CHARACTERS = 11  # At six bits each, these hold 64 bits.
LOAD_BATCH = 1_000
BLOCK = 1_024  # Operations that are drawn together: NumPy's cost per call is shared, a session holds a megabyte.
READ, UPDATE, INSERT, FRESH_READ, SCAN, READ_MODIFY_WRITE = range(6)
READ_BACK = 100  # Reads of fresh records go to one of this many last inserts of their session.

_KEYS = draw.source("record keys")
_VALUES = draw.source("record values")
_POPULARITY = draw.source("record popularity")
_SHIFTS = np.arange(0, 6 * WRITE_CHARACTERS, 6, dtype=np.uint64)
_VALUE_OF_CHARACTER = {character: value for value, character in enumerate(draw.ALPHABET)}
_FOUR_DIGITS = np.frombuffer("".join(f"{number:04}" for number in range(10_000)).encode(), dtype=np.uint32)
_USER = np.frombuffer(b"user", dtype=np.uint32)

Request = Read | Update | Insert | Scan | ReadModifyWrite


def key_hashes(numbers: Words) -> Words:
    """The hashes of the keys of these records; different for different numbers."""
    return draw.words(_KEYS, numbers)


def key_texts(hashes: Words) -> list[str]:
    """The keys with these hashes, in 20 digits."""
    fours = np.empty((len(hashes), 6), dtype=np.uint32)  # Four characters each.
    fours[:, 0] = _USER
    for column in range(5, 0, -1):
        higher = hashes // np.uint64(10_000)
        fours[:, column] = _FOUR_DIGITS[(hashes - higher * np.uint64(10_000)).astype(np.intp)]
        hashes = higher
    return draw.lines(fours.view(np.uint8))


def key_hash(key: str) -> int:
    """The hash of a key; 0, which is that of another, where it is no key."""
    digits = key[4:]
    return int(digits) if digits.isdecimal() and len(digits) == 20 and int(digits) < 1 << 64 else 0


def write_of(value: object) -> int:
    """Which write a value says that it comes from; -1 if it says nothing."""
    write = 0
    if not isinstance(value, str) or len(value) < WRITE_CHARACTERS:
        return -1
    for character in reversed(value[:WRITE_CHARACTERS]):
        write = write << 6 | _VALUE_OF_CHARACTER.get(character, 1 << 70)
    return write if write < 1 << 63 else -1


def first_write(stream: Stream) -> int:
    """The number of the first write of a stream; its others follow, and no other stream comes near."""
    if not (0 <= stream.trial < 1 << 14 and 0 <= stream.session < 1 << 16):
        raise ValueError(f"Trials go to 16,383 and sessions to 65,535, not to {stream.trial:,} and {stream.session:,}.")
    return (stream.trial + 1) << 48 | stream.session << 32


@dataclass(frozen=True)
class Keys:
    """From the number of a record to its key, by way of a hash, and from the key back to the hash."""

    hashes: Callable[[Words], Words]
    texts: Callable[[Words], list[str]]
    hash_of: Callable[[str], int]  # Of no key: any hash, whose key is another.


TWENTY_DIGITS = Keys(key_hashes, key_texts, key_hash)


@dataclass(frozen=True)
class Records:
    """A data set of `count` records, numbered from 0; what is inserted later has numbers from `count` on."""

    count: int
    fields: int
    field_bytes: int  # At least WRITE_CHARACTERS + 8.
    keys: Keys = TWENTY_DIGITS

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(f"field{number}" for number in range(self.fields))

    def values(self, hashes: Words, fields: Words, writes: Words) -> list[str]:
        """One value for each (hash of a key, number of a field, write)."""
        filler_bytes = self.field_bytes - WRITE_CHARACTERS
        seeds = draw.words(draw.words(draw.words(_VALUES, hashes), fields), writes)
        filler = draw.words(seeds[:, None], draw.span(0, -(-filler_bytes // 8)))
        characters = np.empty((len(seeds), self.field_bytes), dtype=np.uint8)
        characters[:, :WRITE_CHARACTERS] = writes[:, None] >> _SHIFTS
        characters[:, WRITE_CHARACTERS:] = draw.octets(filler)[:, :filler_bytes]
        return draw.texts(characters)

    def records(self, hashes: Words, writes: Words) -> list[Record]:
        """The records with these hashes, (n,), whose fields come from these writes, (n, fields)."""
        fields = np.tile(draw.span(0, self.fields), len(hashes))
        values = self.values(np.repeat(hashes, self.fields), fields, writes.ravel())
        rows = [values[start : start + self.fields] for start in range(0, len(values), self.fields)]
        names = self.names
        keys = self.keys.texts(hashes)
        return [Record(key, dict(zip(names, row, strict=True))) for key, row in zip(keys, rows, strict=True)]

    def written(self, numbers: Words, writes: Words) -> list[Record]:
        """The records with these numbers, (n,), each wholly of one write, (n,)."""
        return self.records(self.keys.hashes(numbers), np.repeat(writes[:, None], self.fields, axis=1))

    def batches(self) -> Iterator[list[Record]]:
        """The data set as it is loaded."""
        for start in range(0, self.count, LOAD_BATCH):
            numbers = draw.span(start, min(LOAD_BATCH, self.count - start))
            yield self.written(numbers, np.full(len(numbers), LOADED, dtype=np.uint64))


@dataclass(frozen=True, kw_only=True)
class Mix:
    """What sessions send, in shares of any sum. Reads and updates go to loaded records, popular by Zipf's law.

    Fresh reads go to records that the session itself inserted a moment ago; before there are any, to popular ones.
    """

    reads: int
    updates: int = 0  # Of one field.
    inserts: int = 0
    fresh_reads: int = 0
    zipf_theta: float

    @cached_property
    def cumulative(self) -> Integers:
        """In the order of READ, UPDATE, INSERT, FRESH_READ."""
        return np.cumsum([self.reads, self.updates, self.inserts, self.fresh_reads], dtype=np.int64)


def operations(records: Records, mix: Mix, stream: Stream) -> Iterator[Request]:
    """What one session sends, without end. Inserted records have the numbers of their writes."""
    name = (stream.seed, stream.trial, stream.session)
    kinds, ranks, ages, fields = (draw.source(f"records {what}", *name) for what in ("kind", "rank", "age", "field"))
    first = np.uint64(first_write(stream))
    popularity = draw.zipf(records.count, mix.zipf_theta)
    popular = draw.permutation(_POPULARITY, records.count)
    recent = np.empty(0, dtype=np.uint64)
    for start in count(0, BLOCK):
        index = draw.span(start, BLOCK)
        kind = draw.pick(draw.words(kinds, index), mix.cumulative)
        numbers = popular[draw.pick(draw.words(ranks, index), popularity)].astype(np.uint64)
        if mix.fresh_reads:
            recent = _place_fresh_reads(kind, numbers, first + index, recent, draw.words(ages, index))
        numbers = np.where(kind == INSERT, first + index, numbers)
        chosen = draw.below(draw.words(fields, index), records.fields)
        yield from requests(records, kind, numbers, first + index, chosen)


def _place_fresh_reads(kind: Integers, numbers: Words, writes: Words, recent: Words, ages: Words) -> Words:
    """Point the fresh reads of a block at inserts before them; the last inserts, for the next block."""
    inserted = np.concatenate((recent, writes[kind == INSERT]))
    before = len(recent) + np.cumsum(kind == INSERT)
    fresh = np.flatnonzero((kind == FRESH_READ) & (before > 0))
    newest = before[fresh] - 1
    numbers[fresh] = inserted[newest - draw.below(ages[fresh], np.minimum(before[fresh], READ_BACK))]
    return inserted[-READ_BACK:]


def requests(
    records: Records,
    kind: Integers,
    numbers: Words,
    writes: Words,
    fields: Integers | None = None,
    lengths: Integers | None = None,
) -> list[Request]:
    """Operations of these kinds on the records with these numbers, (n,).

    `writes` and `fields` are for those that write: their numbers, and which field is updated. `lengths` is for scans.
    """
    hashes = records.keys.hashes(numbers)
    keys = records.keys.texts(hashes)
    made: list[Request] = list(map(Read, keys))
    if len(changes := np.flatnonzero((kind == UPDATE) | (kind == READ_MODIFY_WRITE))):
        assert fields is not None
        names, chosen = records.names, fields[changes]
        values = records.values(hashes[changes], chosen.astype(np.uint64), writes[changes])
        modifies = (kind[changes] == READ_MODIFY_WRITE).tolist()
        for place, field, value, reads in zip(changes.tolist(), chosen.tolist(), values, modifies, strict=True):
            made[place] = (ReadModifyWrite if reads else Update)(keys[place], names[field], value)
    if len(inserts := np.flatnonzero(kind == INSERT)):
        every = np.repeat(writes[inserts, None], records.fields, axis=1)
        for place, record in zip(inserts.tolist(), records.records(hashes[inserts], every), strict=True):
            made[place] = Insert(record)
    if len(scans := np.flatnonzero(kind == SCAN)):
        assert lengths is not None
        for place, length in zip(scans.tolist(), lengths[scans].tolist(), strict=True):
            made[place] = Scan(keys[place], length)
    return made
