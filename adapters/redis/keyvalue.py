"""Records as hashes, and one sorted set of all keys, because Redis itself keeps keys in no order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from adapters.redis.client import Client, Command, empty, facts, settle, size_bytes
from harness.engine import Address
from harness.keyvalue import KeyValue, Record

KEYS = "keys"  # Members with equal scores are ordered by their bytes.
EMPTY = "\0"  # Field of a record that has no other: a hash without fields does not exist.
BATCH = 500  # Records in flight: enough to hide the round trip, little to hold in memory.


class Session(KeyValue):
    def __init__(self, address: Address) -> None:
        self.address = address
        self.client = Client(address.url)
        self.call = self.client.call

    def create(self, fields: Sequence[str]) -> None:
        empty(self.client, self.address)

    def load(self, records: Sequence[Record]) -> None:
        newest = list({record.key: record for record in records}.values())
        batches = (newest[start : start + BATCH] for start in range(0, len(newest), BATCH))
        for _ in self.client.stream(map(self.replace_all, batches)):
            pass

    def replace_all(self, records: Sequence[Record]) -> list[Command]:
        """Many records with different keys: one command for all old ones, and one for all keys."""
        old = ("UNLINK", *("r:" + record.key for record in records))
        return [old, *map(hash_of, records), keys_of(records)]

    def insert(self, record: Record) -> None:
        self.client.atomically((*replace(record), ("ZADD", KEYS, 0, record.key)))

    def update(self, key: str, field: str, value: str) -> None:
        self.call("HSET", "r:" + key, field, value)

    def read(self, key: str) -> dict[str, str] | None:
        fields: dict[str, str] = self.call("HGETALL", "r:" + key)
        if not fields:
            return None
        fields.pop(EMPTY, None)
        return fields

    def scan(self, start: str, count: int) -> list[Record]:
        return self.page("[" + start, count)

    def count(self) -> int:
        return int(self.call("ZCARD", KEYS))

    def everything(self) -> Iterator[Record]:
        after = "-"
        while page := self.page(after, BATCH):
            yield from page
            after = "(" + page[-1].key

    def page(self, start: str, count: int) -> list[Record]:
        """The first records from here on, in two round trips; `start` as ZRANGE BYLEX wants it."""
        keys = self.call("ZRANGE", KEYS, start, "+", "BYLEX", "LIMIT", 0, count)
        answers = self.client.calls([("HGETALL", "r:" + key) for key in keys])
        for fields in answers:
            fields.pop(EMPTY, None)
        return list(map(Record, keys, answers))

    def ping(self) -> None:
        self.client.ping()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self.client.watch(sink)

    def settle(self) -> None:
        settle(self.client, self.address)

    def facts(self) -> dict[str, str]:
        return facts(self.client)

    def design(self) -> str:
        return (
            "a hash r:<key> for each record, read by HGETALL; one sorted set of all keys, kept in the same transaction"
            " as inserts, for scans (ZRANGE BYLEX, then HGETALLs in one pipeline)"
        )

    def size_bytes(self) -> int | None:
        return size_bytes(self.client)

    def close(self) -> None:
        self.client.close()


def replace(record: Record) -> tuple[Command, Command]:
    """HSET alone would keep the fields that the new record lacks."""
    return ("DEL", "r:" + record.key), hash_of(record)


def hash_of(record: Record) -> Command:
    fields = record.fields or {EMPTY: ""}
    return ("HSET", "r:" + record.key, *(part for field in fields.items() for part in field))


def keys_of(records: Sequence[Record]) -> Command:
    return ("ZADD", KEYS, *(part for record in records for part in (0, record.key)))
