"""Transactions: one row an account, one a counter; reads and writes by primary key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import ClassVar

from psycopg.errors import DeadlockDetected, SerializationFailure

from adapters.postgres.client import Client, int4, int8
from harness.engine import Address
from harness.transactions import Conflict, Role, Transactions

TABLES = ("accounts", "counters")
ISOLATION: dict[Role, str] = {
    "none": "read committed",
    "default": "read committed",
    "strongest": "serializable",
}

Transaction = Callable[[], AbstractContextManager[object]]


class Session(Transactions):
    LEVELS: ClassVar[Mapping[Role, str]] = {
        "none": "autocommit",
        "default": "read committed",
        "strongest": "serializable",
    }

    def __init__(self, address: Address) -> None:
        self._client = Client(address)
        # These tables are so small that the planner would read them whole, and a serializable transaction that reads a
        # table whole conflicts with every one that writes any of its rows.
        self._client.set("enable_seqscan", "off")
        self.set_level("none")

    def create(self, accounts: int, cents: int, counters: int) -> None:
        for table in TABLES:
            self._client.execute(
                f"DROP TABLE IF EXISTS {table}",
                # The few rows change all the time. What each page leaves free takes their new versions, without a new
                # index entry (HOT), which would conflict with serializable readers of the same page of the index.
                f"CREATE TABLE {table} (number int PRIMARY KEY, value bigint NOT NULL) WITH (fillfactor = 10)",
            )
        for table, count, value in zip(TABLES, (accounts, counters), (cents, 0), strict=True):
            fill = f"INSERT INTO {table} SELECT number, $1 FROM generate_series(0, $2::int - 1) AS number"
            self._client.rows(fill, int8(value), int4(count))

    def set_level(self, role: Role) -> None:
        # For statements that stand alone as well: each is a transaction.
        self._client.set("default_transaction_isolation", ISOLATION[role])
        self._transaction: Transaction = nullcontext if role == "none" else self._together
        self._alone: Transaction = nullcontext if role == "none" else refusals

    def transfer(self, source: int, target: int, cents: int) -> bool:
        with self._transaction():
            held = {account: self._value("accounts", account) for account in (source, target)}
            if held[source] < cents:
                return False
            if source == target:
                return True
            held[source] -= cents
            held[target] += cents
            for account in sorted(held):  # In one order for all: else two crosswise would wait for each other.
                self._write("accounts", account, held[account])
        return True

    def balances(self) -> Sequence[int]:
        with self._alone():
            return [value for (value,) in self._client.rows("SELECT value FROM accounts ORDER BY number")]

    def increment(self, counter: int) -> int:
        with self._transaction():
            value = self._value("counters", counter) + 1
            self._write("counters", counter, value)
        return value

    def read(self, counter: int) -> int:
        with self._alone():
            return self._value("counters", counter)

    def ping(self) -> None:
        self._client.ping()

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self._client.watch(sink)

    def settle(self) -> None:
        self._client.settle(*TABLES)

    def facts(self) -> dict[str, str]:
        return self._client.facts("default_transaction_isolation", "deadlock_timeout")

    def design(self) -> str:
        return (
            "a table of accounts and one of counters, integer primary key, fillfactor 10 for HOT updates; SELECT, then"
            " UPDATE to a value, by key and in the order of keys; conflicts (40001, 40P01) are rolled back"
        )

    def size_bytes(self) -> int:
        return self._client.size_bytes()

    def close(self) -> None:
        self._client.close()

    def _value(self, table: str, number: int) -> int:
        ((value,),) = self._client.rows(f"SELECT value FROM {table} WHERE number = $1", int4(number))
        return int(value)

    def _write(self, table: str, number: int, value: int) -> None:
        self._client.rows(f"UPDATE {table} SET value = $2 WHERE number = $1", int4(number), int8(value))

    @contextmanager
    def _together(self) -> Iterator[None]:
        with refusals(), self._client.transaction():
            yield


@contextmanager
def refusals() -> Iterator[None]:
    """Conflict, where the server has rolled back because of others."""
    try:
        yield
    except (SerializationFailure, DeadlockDetected) as refusal:
        raise Conflict(str(refusal)) from refusal
