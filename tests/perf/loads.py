"""Each adapter's bulk load against the driver's own bulk call, into the same table, in turns on one core."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pymongo
import redis as redis_py

from adapters.clickhouse import client as clickhouse_client
from adapters.postgres.client import Client as PostgresClient
from harness import discover
from harness.keyvalue import Record
from harness.sources.server import Server
from tests.perf.engines import in_turns, server
from tests.perf.table import Line

BATCH = 1_000
FIELDS = [f"field{number}" for number in range(10)]


def load(work: Path) -> Iterator[Line]:
    """Each adapter's load() against the driver's own bulk call, into the same table, in turns."""
    workload = discover.workload("write-heavy").scaled(0.2)
    batches = list(workload.load())
    for name, native in NATIVE_LOADS.items():
        with server(name, work) as found, closing(discover.session(name, "keyvalue")(found.address)) as session:

            def ours(session: Any = session) -> float:
                session.create(FIELDS)
                return _rows_per_second(session.load, batches)

            def theirs(session: Any = session, native: Any = native, found: Server = found) -> float:
                session.create(FIELDS)
                with native(found) as write:
                    return _rows_per_second(write, batches)

            mine, other = in_turns(ours, theirs)
            against = f"{other:,.0f}/s {native.__doc__}"
            yield Line(f"bulk load into {name}, rows", f"{mine:,.0f}/s", against, mine / other, 0.8)


def _rows_per_second(write: Callable[[list[Record]], Any], batches: list[list[Record]]) -> float:
    began = time.perf_counter()
    for batch in batches:
        write(batch)
    return sum(map(len, batches)) / (time.perf_counter() - began)


@contextmanager
def postgres_copy(found: Server) -> Iterator[Callable[[list[Record]], Any]]:
    """psycopg COPY"""

    def write(batch: list[Record]) -> None:
        with client.connection.cursor() as cursor, cursor.copy("COPY records FROM STDIN") as copy:
            for record in batch:
                copy.write_row((record.key, *record.fields.values()))

    with closing(PostgresClient(found.address)) as client:
        yield write


@contextmanager
def mongo_insert_many(found: Server) -> Iterator[Callable[[list[Record]], Any]]:
    """insert_many"""
    with pymongo.MongoClient[dict[str, Any]](found.address.url) as client:
        records = client[found.address.namespace]["records"]
        yield lambda batch: records.insert_many([{"_id": r.key, **r.fields} for r in batch], ordered=False)


@contextmanager
def redis_pipeline(found: Server) -> Iterator[Callable[[list[Record]], Any]]:
    """redis-py pipeline"""

    def write(batch: list[Record]) -> None:
        with client.pipeline(transaction=False) as pipeline:
            for record in batch:
                pipeline.hset("r:" + record.key, mapping=dict(record.fields))
            pipeline.zadd("keys", {record.key: 0 for record in batch})
            pipeline.execute()

    with closing(redis_py.Redis.from_url(found.address.url)) as client:
        yield write


@contextmanager
def clickhouse_insert(found: Server) -> Iterator[Callable[[list[Record]], Any]]:
    """client.insert"""
    with closing(clickhouse_client.open_client(found.address.url, database=found.address.namespace)) as client:
        yield (
            lambda batch: client.insert("records", [(r.key, f, v) for r in batch for f, v in r.fields.items()]) and None
        )


NATIVE_LOADS = {
    "postgres": postgres_copy,
    "mongo": mongo_insert_many,
    "redis": redis_pipeline,
    "clickhouse": clickhouse_insert,
}
