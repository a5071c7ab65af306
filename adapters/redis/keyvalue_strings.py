"""Records as strings of JSON, beside the sorted set of all keys.

What caches do whose records are read whole by programs of many kinds: one GET, one reply, one MGET for a whole scan. An
update rewrites all of the record, in the server and in its log, and Redis does nothing else meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1

import msgspec
from redis.exceptions import NoScriptError

from adapters.redis import keyvalue
from adapters.redis.client import Command
from adapters.redis.keyvalue import KEYS, keys_of
from harness.keyvalue import Record

# A read and a write from here would lose what another session changes in between, unless they WATCH the key: three
# round trips, and again at each conflict. A script is one, and alone while it runs. Not a function (FUNCTION LOAD):
# those belong to the whole server, and would outlive the run; of a script nothing stays but a line in a cache.
UPDATE = """
local record = cjson.decode(redis.call('GET', KEYS[1]))
record[ARGV[1]] = ARGV[2]
redis.call('SET', KEYS[1], cjson.encode(record))
"""
UPDATE_SHA = sha1(UPDATE.encode(), usedforsecurity=False).hexdigest()

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(dict[str, str]).decode


class Session(keyvalue.Session):
    def insert(self, record: Record) -> None:
        self.client.atomically((strings_of([record]), keys_of([record])))

    def replace_all(self, records: Sequence[Record]) -> list[Command]:
        return [strings_of(records), keys_of(records)]

    def update(self, key: str, field: str, value: str) -> None:
        try:
            self.call("EVALSHA", UPDATE_SHA, 1, "r:" + key, field, value)
        except NoScriptError:  # The first one since the server started.
            self.call("EVAL", UPDATE, 1, "r:" + key, field, value)

    def read(self, key: str) -> dict[str, str] | None:
        text = self.call("GET", "r:" + key)
        return None if text is None else decode(text)

    def page(self, start: str, count: int) -> list[Record]:
        keys = self.call("ZRANGE", KEYS, start, "+", "BYLEX", "LIMIT", 0, count)
        texts = self.call("MGET", *("r:" + key for key in keys)) if keys else []
        return list(map(Record, keys, map(decode, texts)))

    def design(self) -> str:
        return (
            "a string r:<key> of JSON for each record, read by GET; an update of one field rewrites it whole, in a"
            " script (EVALSHA); one sorted set of all keys, kept in the same transaction as inserts, for scans (ZRANGE"
            " BYLEX, then one MGET)"
        )


def strings_of(records: Sequence[Record]) -> Command:
    return ("MSET", *(part for record in records for part in ("r:" + record.key, encode(record.fields))))
