"""Accounts and counters, a row each; of several rows for one the last one counts. There are no transactions.

An INSERT is atomic, and one could write both accounts of a transfer in one: nobody would see half of it. But it would
overwrite what others wrote since the balances were read all the same. Here it is one statement for each, as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from adapters.clickhouse import client
from adapters.clickhouse.client import columns
from harness.engine import Address
from harness.transactions import Role, Transactions

SETTINGS = {
    "max_threads": 1,  # A few rows are found sooner than threads are started.
    "split_parts_ranges_into_intersecting_and_non_intersecting_final": 0,
    "split_intersecting_parts_ranges_into_layers_final": 0,
}
TABLES = ("accounts", "counters")


class Session(Transactions):
    LEVELS: ClassVar[Mapping[Role, str]] = {"none": "single statements"}

    def __init__(self, address: Address) -> None:
        self._durability = address.durability
        self._connection = client.connect(address, SETTINGS)

    def create(self, accounts: int, cents: int, counters: int) -> None:
        for table, count, value in zip(TABLES, (accounts, counters), (cents, 0), strict=True):
            self._connection.ask(f"DROP TABLE IF EXISTS {table} SYNC")
            # No column for a version: without one the server keeps the row that was inserted last.
            self._connection.ask(
                f"CREATE TABLE {table} (number UInt32, value Int64) ENGINE = ReplacingMergeTree ORDER BY number"
                f" SETTINGS index_granularity = 128{client.durable_settings(self._durability)}"
            )
            self._connection.ask(f"INSERT INTO {table} SELECT number, {value} FROM numbers({count})")

    def set_level(self, role: Role) -> None:
        pass  # There is one.

    def transfer(self, source: int, target: int, cents: int) -> bool:
        held, other = self._value("accounts", source), self._value("accounts", target)
        if held < cents:
            return False
        if source != target:
            self._write("accounts", source, held - cents)
            self._write("accounts", target, other + cents)
        return True

    def balances(self) -> Sequence[int]:
        return self._values("accounts FINAL ORDER BY number")

    def increment(self, counter: int) -> int:
        value = self._value("counters", counter) + 1
        self._write("counters", counter, value)
        return value

    def read(self, counter: int) -> int:
        return self._value("counters", counter)

    def ping(self) -> None:
        self._connection.ask("SELECT 1")

    def watch(self, sink: Callable[[str], None] | None) -> None:
        self._connection = client.watched(self._connection, sink)

    def settle(self) -> None:
        for table in TABLES:
            client.settle(self._connection, table)

    def facts(self) -> dict[str, str]:
        return client.facts(self._connection)

    def design(self) -> str:
        return (
            "ReplacingMergeTree tables of accounts and counters, sorted by number, read with FINAL; a write inserts one"
            " row; no transactions, nothing is checked when it is written"
        )

    def size_bytes(self) -> int:
        return client.size_bytes(self._connection)

    def close(self) -> None:
        self._connection.client.close()

    def _value(self, table: str, number: int) -> int:
        (value,) = self._values(f"{table} FINAL WHERE number = {number}")
        return value

    def _values(self, found: str) -> list[int]:
        """Of the rows in number of a table."""
        answer = columns(self._connection.ask(f"SELECT value FROM {found} FORMAT JSONCompactColumns"))
        return answer[0] if answer else []

    def _write(self, table: str, number: int, value: int) -> None:
        self._connection.ask(f"INSERT INTO {table} FORMAT JSONCompactEachRow\n[{number},{value}]")
