"""Accounts and counters in lists. One lock makes transactions of what is otherwise single reads and writes."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import ClassVar

from adapters.memory import store
from adapters.memory.store import namespace
from harness.engine import Address
from harness.transactions import Role, Transactions


class Session(Transactions):
    LEVELS: ClassVar[Mapping[Role, str]] = {"none": "no lock", "strongest": "one lock"}

    def __init__(self, address: Address) -> None:
        self.accounts = namespace(address).accounts
        self.counters = namespace(address).counters
        self.lock = namespace(address).writing
        self.transaction: AbstractContextManager[object] = nullcontext()

    def create(self, accounts: int, cents: int, counters: int) -> None:
        self.accounts[:] = [cents] * accounts
        self.counters[:] = [0] * counters

    def set_level(self, role: Role) -> None:
        self.transaction = nullcontext() if role == "none" else self.lock

    def transfer(self, source: int, target: int, cents: int) -> bool:
        with self.transaction:
            held, other = self.accounts[source], self.accounts[target]
            if held < cents:
                return False
            if source != target:
                self.accounts[source], self.accounts[target] = held - cents, other + cents
            return True

    def balances(self) -> Sequence[int]:
        with self.transaction:
            return list(self.accounts)

    def increment(self, counter: int) -> int:
        with self.transaction:
            value = self.counters[counter] + 1
            self.counters[counter] = value
            return value

    def read(self, counter: int) -> int:
        return self.counters[counter]

    def ping(self) -> None:
        pass  # Nobody is asked.

    def watch(self, sink: Callable[[str], None] | None) -> None:
        store.watch(self, Transactions.__abstractmethods__, sink)

    def settle(self) -> None:
        pass  # A write is visible to every session before it returns.

    def facts(self) -> dict[str, str]:
        return {"version": platform.python_version()}

    def design(self) -> str:
        return "a list of balances and one of counters; a transaction holds a lock of them all"

    def size_bytes(self) -> None:
        return None

    def close(self) -> None:
        pass
