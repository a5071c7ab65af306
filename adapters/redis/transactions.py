"""Transactions: a string for each account and counter. Nothing is undone: a transaction is its writes, sent together.

So all reads come before it, and only WATCH makes them a part of it: EXEC does nothing if what was watched has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from adapters.redis.client import Client, empty, facts, raise_first, settle, size_bytes
from harness.engine import Address
from harness.transactions import Conflict, Role, Transactions

ACCOUNTS = "accounts"  # How many there are.


class Session(Transactions):
    LEVELS: ClassVar[Mapping[Role, str]] = {
        "none": "GET and SET",
        "default": "MULTI/EXEC",
        "strongest": "WATCH and MULTI/EXEC",
    }

    def __init__(self, address: Address) -> None:
        self.address = address
        self.client = Client(address.url)
        self.role: Role = "none"
        self.accounts = 0  # As far as this session knows.

    def create(self, accounts: int, cents: int, counters: int) -> None:
        empty(self.client, self.address)
        values: dict[str, int] = {ACCOUNTS: accounts}
        values |= {account(number): cents for number in range(accounts)}
        values |= {counter_key(number): 0 for number in range(counters)}
        self.client.call("MSET", *(part for value in values.items() for part in value))

    def set_level(self, role: Role) -> None:
        self.role = role

    def transfer(self, source: int, target: int, cents: int) -> bool:
        keys = account(source), account(target)
        held, other = self.values(*keys)
        if held < cents or source == target:
            self.give_up()
            return held >= cents
        self.write(dict(zip(keys, (held - cents, other + cents), strict=True)))
        return True

    def balances(self) -> Sequence[int]:
        while True:
            count, *found = self.client.call("MGET", ACCOUNTS, *map(account, range(self.accounts)))
            if int(count) == self.accounts:
                return list(map(int, found))
            self.accounts = int(count)

    def increment(self, counter: int) -> int:
        key = counter_key(counter)
        (value,) = self.values(key)
        self.write({key: value + 1})
        return value + 1

    def read(self, counter: int) -> int:
        return int(self.client.call("GET", counter_key(counter)))

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
            "a string for each account and counter; GETs, then SETs: one by one, within MULTI/EXEC, or with the keys"
            " WATCHed since before the GETs (a nil EXEC is a conflict); all balances by one MGET"
        )

    def size_bytes(self) -> int | None:
        return size_bytes(self.client)

    def close(self) -> None:
        self.client.close()

    def values(self, *keys: str) -> list[int]:
        """In one round trip with the WATCH that precedes them."""
        if self.role == "strongest":
            return list(map(int, self.client.calls((("WATCH", *keys), *(("GET", key) for key in keys)))[1:]))
        return [int(self.client.call("GET", key)) for key in keys]

    def give_up(self) -> None:
        if self.role == "strongest":
            self.client.call("UNWATCH")

    def write(self, values: Mapping[str, int]) -> None:
        commands = [("SET", key, value) for key, value in values.items()]
        if self.role == "none":
            for command in commands:
                self.client.call(*command)
            return
        replies = self.client.calls((("MULTI",), *commands, ("EXEC",)))[-1]
        if replies is None:
            raise Conflict("EXEC: a watched key has changed")
        raise_first(replies)


def account(number: int) -> str:
    return f"account:{number}"


def counter_key(number: int) -> str:
    return f"counter:{number}"
