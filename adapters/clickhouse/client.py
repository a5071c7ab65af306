"""What all sessions of ClickHouse share: the connection, the namespace, settling, facts, sizes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, BinaryIO, cast
from urllib.parse import urlencode, urlsplit

import clickhouse_connect
import msgspec
import numpy as np
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.httpclient import HttpClient
from numpy.typing import NDArray

from adapters.clickhouse import native, shown
from harness.engine import Address, Durability
from harness.errors import UsageError

SETTINGS = {
    "use_query_cache": 0,  # No answer is given twice from memory, and
    "use_query_condition_cache": 0,  # no filter is remembered from an earlier query like it.
    "async_insert": 0,  # An acknowledged row is written, in a part of its own. Waiting for a batch took longer.
    "input_format_parallel_parsing": 0,  # Starting threads takes longer than reading a small insert.
    "local_filesystem_read_method": "pread",  # Without a hop to another thread for what the kernel has cached.
    "output_format_json_quote_64bit_integers": 0,
}
FACTS = (
    *SETTINGS,
    "enable_analyzer",
    "fsync_metadata",
    "hnsw_candidate_list_size_for_search",
    "max_block_size",
    "max_insert_threads",
    "max_memory_usage",
    "max_threads",
    "optimize_use_projections",
    "use_uncompressed_cache",
)
SERVER_FACTS = (
    "background_pool_size",
    "mark_cache_size",
    "max_server_memory_usage",
    "uncompressed_cache_size",
    "vector_similarity_index_cache_size",
)
NO_SETTINGS: Mapping[str, int] = MappingProxyType({})
PAGE_BYTES = 16 * 2**20  # Of a stream in memory at once.
DURABILITY = ("fsync_after_insert", "fsync_part_directory")
DRIVER_VERSION = version("clickhouse-connect")
PAUSE_SECONDS = 0.02  # Between two looks at merges that run.

logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)  # What it logs it raises too.


@dataclass(frozen=True)
class Connection:
    """One connection, of one thread at a time. Statements are text; their answers are whole."""

    client: Client
    ask: Callable[[str], bytes]  # Raises DatabaseError with the server's words.
    insert: Callable[[str, native.Block, Mapping[str, int]], None]  # Into a table, with settings.
    stream: Callable[[str], BinaryIO]  # Like ask, but the answer is read from its beginning while it is being written.
    plain: Connection | None = None  # The same one, unwatched; None if it is this.


def connect(address: Address, settings: Mapping[str, object] = NO_SETTINGS) -> Connection:
    client = open_client(address.url, database=address.namespace)
    known = {name: value for name, value in {**SETTINGS, **settings}.items() if name in client.server_settings}
    for name, value in known.items():
        client.set_client_setting(name, value)
    return http(client, address.namespace, known) if isinstance(client, HttpClient) else in_process(client)


def open_client(url: str, **options: Any) -> Client:
    scheme = urlsplit(url).scheme
    if scheme == "chdb":  # The driver's own backend: each client has a connection and a lock of its own.
        return clickhouse_connect.get_client(interface="chdb", path=urlsplit(url).path, **options)
    return clickhouse_connect.get_client(
        dsn=url,
        interface=scheme,
        compress=False,  # The network is this machine or a fast one; compressing costs more than it saves.
        autogenerate_session_id=False,  # The server keeps and locks a session for each.
        autogenerate_query_id=False,
        dedicated_pool=True,  # The pool that clients otherwise share keeps eight connections.
        **options,
    )


def http(client: HttpClient, database: str, settings: Mapping[str, object]) -> Connection:
    """Statements go straight to the connection pool of the driver, answers are not taken apart by it.

    Against Client.raw_query this saves 0.2 ms of the client's time in each call, which is a third.
    """
    pool = client.http.connection_from_url(client.url)
    target = "/?" + urlencode({"database": database, **settings})
    headers = dict(client.headers)

    def send(body: bytes) -> bytes:
        response = pool.urlopen("POST", target, body=body, headers=headers, timeout=client.timeout, retries=False)
        if response.status != 200:
            raise DatabaseError(response.data.decode(errors="replace").strip())
        return response.data

    def ask(statement: str) -> bytes:
        return send(statement.encode())

    def insert(table: str, block: native.Block, settings: Mapping[str, int]) -> None:
        send(f"{insertion(table, settings)}\n".encode() + block.data)

    return Connection(client, ask, insert, streams(client))


def in_process(client: Client) -> Connection:
    def insert(table: str, block: native.Block, settings: Mapping[str, int]) -> None:
        client.raw_insert(table, insert_block=block.data, fmt="Native", settings=dict(settings))

    return Connection(client, client.raw_query, insert, streams(client))


def streams(client: Client) -> Callable[[str], BinaryIO]:
    return lambda statement: cast(BinaryIO, client.raw_stream(statement))


def insertion(table: str, settings: Mapping[str, int]) -> str:
    clause = " SETTINGS " + ", ".join(f"{name} = {value}" for name, value in settings.items()) if settings else ""
    return f"INSERT INTO {table}{clause} FORMAT Native"


def watched(connection: Connection, sink: Callable[[str], None] | None) -> Connection:
    """The same connection, which tells of each statement first; as it was, where there is no sink."""
    plain = connection.plain or connection
    if sink is None:
        return plain
    tell = sink

    def ask(statement: str) -> bytes:
        tell(shown.statement(statement))
        return plain.ask(statement)

    def insert(table: str, block: native.Block, settings: Mapping[str, int]) -> None:
        tell(f"{insertion(table, settings)} ({block.rows:,} row{'s' * (block.rows != 1)})")
        plain.insert(table, block, settings)

    def stream(statement: str) -> BinaryIO:
        tell(shown.statement(statement))
        return plain.stream(statement)

    return Connection(plain.client, ask, insert, stream, plain)


def text(value: str) -> str:
    """As a literal in a statement."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def texts(values: Iterable[str]) -> str:
    return ", ".join(map(text, values))


def name(value: str) -> str:
    """As an identifier in a statement."""
    return "`" + value.replace("\\", "\\\\").replace("`", "\\`") + "`"


def columns(answer: bytes) -> list[list[Any]]:
    """What FORMAT JSONCompactColumns gave; [] or empty columns where there are no rows."""
    return cast(list[list[Any]], msgspec.json.decode(answer))


def rows(connection: Connection, statement: str) -> list[tuple[Any, ...]]:
    """The server writes columns once it has them all, so no answer can turn out to be an error half way."""
    return list(zip(*columns(connection.ask(statement + " FORMAT JSONCompactColumns")), strict=True))


def records(connection: Connection, statement: str, record: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    """The answer in pages of bounded size; RowBinary writes rows without anything between or around them."""
    with closing(connection.stream(statement + " FORMAT RowBinary")) as stream:
        while page := stream.read(max(1, PAGE_BYTES // record.itemsize) * record.itemsize):
            yield np.frombuffer(page, record)


def durable_settings(durability: Durability) -> str:
    """For the SETTINGS of a table: files and their folder reach the disk before an insert or a merge is done.

    By default none do: what the server wrote survives its end, and a loss of power once the kernel has flushed it.
    """
    if durability != "durable":
        return ""
    return ", fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1"


def settle(connection: Connection, table: str, complete: str = "true") -> None:
    """Merge the table into one part and return when it is there, is `complete`, and nothing else merges.

    `complete` is a condition on system.parts. Inserts were visible all along, but until then a query has more parts to
    look at, and replaced rows to skip.
    """
    parts = f"table = {text(table)} AND database = currentDatabase()"
    while True:
        ((merged, merging),) = rows(
            connection,
            f"SELECT (SELECT count() <= 1 AND countIf(NOT {complete}) = 0 FROM system.parts WHERE active AND {parts}),"
            f" (SELECT count() FROM system.merges WHERE {parts})",
        )
        if merged and not merging:
            return
        if merging:  # Until those have ended, OPTIMIZE would return without effect.
            time.sleep(PAUSE_SECONDS)
        else:
            connection.ask(f"OPTIMIZE TABLE {table} FINAL")


def facts(connection: Connection) -> dict[str, str]:
    found = {"version": str(connection.client.server_version), "client": f"clickhouse-connect {DRIVER_VERSION}"}
    for table, names in (("settings", FACTS), ("server_settings", SERVER_FACTS), ("merge_tree_settings", DURABILITY)):
        found |= rows(
            connection, f"SELECT name, value FROM system.{table} WHERE name IN ({texts(names)}) ORDER BY name"
        )
    tables = dict(
        rows(connection, "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() ORDER BY name")
    )
    # What a table does not set itself is as the server has it for all.
    for setting in DURABILITY:
        if tables and all(f"{setting} = 1" in engine for engine in tables.values()):
            found[setting] = "1"
    return found | {f"table {table}": engine for table, engine in tables.items()}


def size_bytes(connection: Connection) -> int:
    """Of the parts in use, with their marks, indexes and projections, without those that merges have replaced."""
    ((size,),) = rows(
        connection, "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()"
    )
    return int(size)


def ping(url: str) -> str:
    waits = {} if url.startswith("chdb:") else {"connect_timeout": 1, "send_receive_timeout": 5}
    client = open_client(url, **waits)
    try:
        return str(client.server_version)
    finally:
        client.close()


def create_namespace(address: Address) -> None:
    client = open_client(address.url)
    try:
        client.command(f"CREATE DATABASE IF NOT EXISTS {name(address.namespace)}")
        tables = client.command(f"SELECT count() FROM system.tables WHERE database = {text(address.namespace)}")
    finally:
        client.close()
    if tables:
        raise UsageError(
            f"The database {address.namespace} of this ClickHouse has {tables} tables of others; a run needs its own.\n"
            f"Choose another, or drop it: DROP DATABASE {name(address.namespace)}"
        )


def drop_namespace(address: Address) -> None:
    client = open_client(address.url)
    try:
        client.command(f"DROP DATABASE IF EXISTS {name(address.namespace)} SYNC")
    finally:
        client.close()
