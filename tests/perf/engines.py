"""Each engine's point read through the harness against the leanest client there is, in turns on one core."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from math import exp, log
from pathlib import Path
from statistics import fmean
from typing import Any
from urllib.parse import urlsplit

import bson

from adapters.clickhouse import client as clickhouse_client
from adapters.clickhouse import keyvalue as clickhouse_keyvalue
from adapters.mongo.client import HEADER, OP_MSG, Database
from adapters.postgres.client import Client as PostgresClient
from adapters.postgres.client import int4
from adapters.redis.client import Client as RedisClient
from harness import discover, draw, machine
from harness.keyvalue import Record
from harness.sources import Order, open_server, wheels
from harness.sources.server import Server
from tests.perf.clients import bare, through_harness
from tests.perf.table import Line

SECONDS = 3.0
TURNS = 3
ROWS = 100_000


@contextmanager
def server(name: str, work: Path) -> Iterator[Server]:
    server_cpus, _ = machine.split_cpus()
    order = Order(
        source="embedded",
        namespace="bakeoff_perf",
        durability="relaxed",
        memory_bytes=5 * 2**28,
        cpus=server_cpus,
        work=work,
        say=lambda text: None,
    )
    with open_server(name, discover.engine(name), order) as opened:
        yield opened


def numbers(count: int = 20_000) -> list[int]:
    drawn: list[int] = draw.below(draw.words(draw.source("perf"), draw.span(0, count)), ROWS).tolist()
    return drawn


class Session:
    """A call and how to close what it needs."""

    def __init__(self, client: Any, call: Callable[[Any], Any]) -> None:
        self.client = client
        self.call = call

    def close(self) -> None:
        self.client.close()


def in_turns(harness: Callable[[], float], native: Callable[[], float]) -> tuple[float, float]:
    """Geometric means of requests per second, measured alternately so that drift hits both."""
    pairs = [(harness(), native()) for _ in range(TURNS)]
    ours, theirs = zip(*pairs, strict=True)
    return exp(fmean(map(log, ours))), exp(fmean(map(log, theirs)))


def lines(
    subject: str,
    native_name: str,
    connections: tuple[int, ...],
    budget: float,
    ours: Callable[[int], float],
    native: Callable[[int], float],
) -> Iterator[Line]:
    for count in connections:
        mine, other = in_turns(lambda count=count: ours(count), lambda count=count: native(count))  # type: ignore[misc]
        yield Line(
            f"{subject}, {count} connections", f"{mine:,.0f}/s", f"{other:,.0f}/s {native_name}", mine / other, budget
        )


def rate(open_session: Callable[[], Any], arguments: list[Any]) -> Callable[[int], float]:
    return lambda connections: through_harness(open_session, arguments, connections, SECONDS).total().per_second


def postgres(work: Path) -> Iterator[Line]:
    engine = discover.engine("postgres")
    pgbench = next(wheels.unpacked("postgres", engine.wheels, print).rglob("pginstall18/bin/pgbench"))
    with server("postgres", work) as found:
        url = re.sub(r"/[^/]*$", f"/{found.address.namespace}", found.address.url)
        subprocess.run([pgbench, "-i", "-q", "-s", str(ROWS // 100_000), url], check=True, capture_output=True)

        def opened() -> Session:
            client = PostgresClient(found.address)
            return Session(client, lambda aid: client.rows("SELECT abalance FROM pgbench_accounts WHERE aid = $1", aid))

        def native(connections: int) -> float:
            command = [pgbench, "-n", "-S", "-M", "prepared", "-j", "1", "-c", connections, "-T", int(SECONDS), url]
            output = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout
            tps = re.search(r"tps = ([\d.]+)", output)
            assert tps
            return float(tps[1])

        arguments = [int4(number + 1) for number in numbers()]
        yield from lines("PostgreSQL read", "pgbench", (1, 4, 8, 16), 0.9, rate(opened, arguments), native)


def redis(work: Path) -> Iterator[Line]:
    benchmark = shutil.which("redis-benchmark")
    if benchmark is None:
        yield Line("Redis GET", "–", "redis-benchmark is not on PATH: apt-get install redis-tools", None, 0.8)
        return
    with server("redis", work) as found:
        port = found.address.url.rpartition(":")[2].partition("/")[0]
        with closing(RedisClient(found.address.url)) as client:
            client.calls([("SET", f"key:{number:012}", "x" * 100) for number in range(ROWS)])
        password = re.search(r"://[^:/@]*:([^@]*)@", found.address.url)

        def opened() -> Session:
            client = RedisClient(found.address.url)
            return Session(client, lambda key: client.call("GET", key))

        def native(connections: int) -> float:
            command = [benchmark, "-p", port, *(["-a", password[1]] if password else []), "-t", "get", "-r", str(ROWS)]
            command += ["-c", str(connections), "-n", "150000", "--csv"]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            return float(output.splitlines()[-1].split(",")[1].strip('"'))

        arguments = [f"key:{number:012}" for number in numbers()]
        yield from lines("Redis GET", "redis-benchmark", (1, 4, 8), 0.8, rate(opened, arguments), native)


def mongo(work: Path) -> Iterator[Line]:
    with server("mongo", work) as found:
        with closing(discover.session("mongo", "keyvalue")(found.address)) as session:
            session.create(["field0"])  # type: ignore[attr-defined]
            session.load([Record(f"user{number:012}", {"field0": "x" * 100}) for number in range(ROWS)])  # type: ignore[attr-defined]
        host, port = re.findall(r"([\w.]+):(\d+)", found.address.url)[-1]

        def opened() -> Session:
            database = Database(found.address)
            return Session(database, lambda key: database.run({"find": "records", "filter": {"_id": key}}))

        def socket_only() -> Session:
            """OP_MSG out of memory, and the reply unread: no driver can be faster."""
            connection = socket.create_connection((host, int(port)))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            buffer = bytearray(1 << 16)

            def call(message: bytes) -> None:
                connection.sendall(message)
                received = connection.recv_into(buffer)
                while received < 4 or received < int.from_bytes(buffer[:4], "little"):
                    received += connection.recv_into(memoryview(buffer)[received:])

            return Session(connection, call)

        keys = [f"user{number:012}" for number in numbers()]
        messages = [_find(found.address.namespace, key) for key in keys]
        native = lambda connections: bare(socket_only, messages, connections, SECONDS)  # noqa: E731
        yield from lines("MongoDB find by _id", "bare OP_MSG", (1, 4, 8), 0.75, rate(opened, keys), native)


def _find(database: str, key: str) -> bytes:
    command = bson.encode({"find": "records", "filter": {"_id": key}, "$db": database})
    return HEADER.pack(HEADER.size + len(command), 1, 0, OP_MSG, 0, 0) + command


def clickhouse(work: Path) -> Iterator[Line]:
    if shutil.which("clickhouse") is None:
        reason = "no server: clickhouse is not on PATH"
        yield Line("ClickHouse read by key and range query", "–", reason, None, 0.75)
        return
    with server("clickhouse", work) as found:
        with closing(discover.session("clickhouse", "keyvalue")(found.address)) as session:
            session.create(["field0"])  # type: ignore[attr-defined]
            session.load([Record(f"user{number:012}", {"field0": "x" * 100}) for number in range(ROWS)])  # type: ignore[attr-defined]
            session.settle()
        keys = [f"user{number:012}" for number in numbers()]
        reads = [clickhouse_keyvalue.READ.format(clickhouse_client.text(key)) for key in keys]
        ranges = [
            f"SELECT count(), max(value) FROM records WHERE key BETWEEN '{key}' AND '{key[:-3]}999' FORMAT JSONCompact"
            for key in keys
        ]
        for subject, statements in (("ClickHouse read by key", reads), ("ClickHouse range query", ranges)):

            def opened() -> Session:
                connection = clickhouse_client.connect(found.address, clickhouse_keyvalue.SETTINGS)
                return Session(connection.client, connection.ask)

            native = lambda count, statements=statements: bare(  # noqa: E731
                lambda: http_only(found), [_request(found, text) for text in statements], count, SECONDS
            )
            yield from lines(subject, "bare HTTP", (1, 4), 0.75, rate(opened, statements), native)


def _request(found: Server, statement: str) -> bytes:
    parts = urlsplit(found.address.url)
    body = statement.encode()
    settings = "&".join(f"{name}={value}" for name, value in clickhouse_keyvalue.SETTINGS.items())
    head = (
        f"POST /?database={found.address.namespace}&{settings} HTTP/1.1\r\nHost: {parts.hostname}\r\n"
        f"X-ClickHouse-User: {parts.username}\r\nX-ClickHouse-Key: {parts.password}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def http_only(found: Server) -> Session:
    """Requests out of memory, and answers read to their end but not looked at."""
    parts = urlsplit(found.address.url)
    connection = socket.create_connection((parts.hostname, parts.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(request: bytes) -> None:
        connection.sendall(request)
        answer = connection.recv(1 << 16)
        while not answer.endswith(b"0\r\n\r\n"):  # The last chunk of an HTTP answer.
            answer += connection.recv(1 << 16)
        assert answer.startswith(b"HTTP/1.1 200"), answer[:200]

    return Session(connection, call)
