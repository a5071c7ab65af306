"""SQLite as somebody would add it who has read the README: this folder and nothing else."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from harness.engine import Address, Engine


def ping(url: str) -> str:
    sqlite3.connect(f"{url}/ping.db").close()
    return sqlite3.sqlite_version


def drop_namespace(address: Address) -> None:
    for file in Path(address.url).glob(f"{address.namespace}.db*"):
        file.unlink()


ENGINE = Engine(
    title="SQLite",
    ping=ping,
    create_namespace=drop_namespace,
    drop_namespace=drop_namespace,
    observe_durability=lambda facts: "durable" if facts["synchronous"] == "2" else "relaxed",
    url_example="/folder/of/databases",
    in_process=str,
    in_process_note="in process, no network hop",
    language="sql",
    transactions_of_statements=True,
)
