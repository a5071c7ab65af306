"""What all sessions of Redis share: the connection, the namespace, settling, facts and sizes.

The namespace is the logical database of the URL, empty at first; MARKER names the run that owns it. It is emptied key
by key: FLUSHDB in any database drops the search indexes and the labels of time series in all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import hiredis
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from adapters.redis.shown import telling
from harness.engine import Address
from harness.errors import UsageError

Command = tuple[Any, ...]
pack: Callable[[Command], bytes] = hiredis.pack_command

MARKER = "bakeoff:namespace"
SETTINGS = (
    *("appendonly", "appendfsync", "save", "auto-aof-rewrite-percentage", "auto-aof-rewrite-min-size"),
    *("maxmemory", "maxmemory-policy", "io-threads", "search-workers", "latency-tracking"),
    *("hash-max-listpack-entries", "hash-max-listpack-value"),
)


class Client:
    """One connection out of a redis-py pool, spoken to directly. Of one thread at a time.

    Against Redis.execute_command this saves two thirds of the client's time: no retry, metric and callback layers,
    hiredis packs a command in one call, and a socket without a timeout needs no poll before each send and receive.
    RESP3 makes hiredis build dictionaries and floats in C. A lost connection is opened anew by the next command.
    """

    def __init__(self, url: str, *, connect_seconds: float = 10) -> None:
        self._redis = redis.Redis.from_url(
            url,
            protocol=3,
            decode_responses=True,
            socket_timeout=None,
            socket_connect_timeout=connect_seconds,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),  # A lost connection is an error to be counted, not a slow answer.
        )
        pool: Any = self._redis.connection_pool
        self.database = int(pool.connection_kwargs.get("db") or 0)
        self._connection = pool.get_connection()
        self._send = self._connection.send_packed_command
        self._receive = self._connection.read_response

    def call(self, *command: Any) -> Any:
        """The reply to one command. Raises redis.ResponseError where the server refuses it."""
        self._send((pack(command),), False)
        return self._receive()

    def calls(self, commands: Sequence[Command], *, decode: bool = True) -> list[Any]:
        """The replies to commands sent in one round trip. Raises the first error, once all replies are read."""
        self.send(commands)
        return self.receive(len(commands), decode=decode)

    def atomically(self, commands: Sequence[Command]) -> list[Any]:
        """The replies to commands that no other session can see half of, in one round trip."""
        replies: list[Any] = self.calls((("MULTI",), *commands, ("EXEC",)))[-1]
        raise_first(replies)
        return replies

    def send(self, commands: Iterable[Command]) -> None:
        self._send((b"".join(map(pack, commands)),), False)

    def receive(self, count: int, *, decode: bool = True) -> list[Any]:
        """The next replies. Raises the first error, once all are read."""
        replies = self.answers(count, decode=decode)
        raise_first(replies)
        return replies

    def answers(self, count: int, *, decode: bool = True) -> list[Any]:
        """The next replies, with errors among them."""
        replies = []
        for _ in range(count):
            try:
                replies.append(self._receive(not decode))
            except redis.ResponseError as refusal:
                replies.append(refusal)
        return replies

    def stream(self, batches: Iterable[Sequence[Command]]) -> Iterator[list[Any]]:
        """The replies to each batch. The next one is packed and sent while the server works on this one."""
        waiting = 0
        try:
            for batch in batches:
                self.send(batch)
                if waiting:
                    yield self.receive(waiting)
                waiting = len(batch)
            if waiting:
                yield self.receive(waiting)
        except BaseException:
            self._connection.disconnect()  # Replies may still come, and must not answer the next command.
            raise

    def ping(self) -> None:
        self.call("PING")

    def watch(self, sink: Callable[[str], None] | None) -> None:
        plain = self._connection.send_packed_command
        self._send = telling(sink, plain) if sink else plain

    def knows(self, command: str) -> bool:
        """Has the server this command, of its own or by a module?"""
        return self.call("COMMAND", "INFO", command)[0] is not None

    def information(self, *sections: str) -> dict[str, str]:
        lines = [line.partition(":") for line in self.call("INFO", *sections).splitlines() if ":" in line]
        return {name: value for name, _, value in lines}

    def close(self) -> None:
        self._connection.disconnect()
        self._redis.close()


def raise_first(replies: Iterable[Any]) -> None:
    """Errors are values where one reply holds those of many commands."""
    for reply in replies:
        if isinstance(reply, redis.ResponseError):
            raise reply


def ping(url: str) -> str:
    """The server's version. Raises UsageError for a cluster, whose nodes hold a part of the keys each."""
    client = Client(url, connect_seconds=1)
    try:
        server = client.information("server")
    finally:
        client.close()
    if server.get("redis_mode") == "cluster":
        raise UsageError("This Redis is a cluster; the adapter needs a single server, or one database behind a proxy.")
    return server["redis_version"]


def create_namespace(address: Address) -> None:
    client = Client(address.url)
    number = client.database
    try:
        # One script: nobody writes between the look and the mark.
        keys = client.call(
            "EVAL",
            "local n = redis.call('DBSIZE') if n == 0 then redis.call('SET', KEYS[1], ARGV[1]) end return n",
            *(1, MARKER, address.namespace),
        )
        if keys:
            raise UsageError(
                f"Database {number} of this Redis holds {keys:,} keys; a run needs an empty one.\n"
                f"Name another in the URL (redis://host:port/{number + 1}), or empty it: redis-cli -n {number} FLUSHDB"
            )
        indexes = client.call("FT._LIST") if client.knows("FT._LIST") else ()
        if indexes:
            client.call("DEL", MARKER)
            some = ", ".join(sorted(indexes)[:3])
            raise UsageError(
                f"This Redis has search indexes ({some}), which could index what a run writes.\n"
                "Give the run a server without any, or drop them: redis-cli FT.DROPINDEX NAME"
            )
    finally:
        client.close()


def drop_namespace(address: Address) -> None:
    client = Client(address.url)
    try:
        if client.call("GET", MARKER) == address.namespace:
            empty(client, address)
            client.call("DEL", MARKER)
    finally:
        client.close()


def search_index(address: Address) -> str:
    return f"{MARKER}:{address.namespace}"


def empty(client: Client, address: Address) -> None:
    """Drop all that the namespace holds but its mark; the search index first, or each key would be taken out of it."""
    if client.knows("FT._LIST") and search_index(address) in client.call("FT._LIST"):
        client.call("FT.DROPINDEX", search_index(address))
    cursor = None
    while cursor != "0":
        cursor, keys = client.call("SCAN", cursor or "0", "COUNT", 1_000)
        doomed = [key for key in keys if key != MARKER]
        if doomed:
            client.call("UNLINK", *doomed)


def settle(client: Client, address: Address) -> None:
    """Return when the append-only file is rewritten and synced, and memory is given back."""
    pending = ("aof_rewrite_in_progress", "aof_rewrite_scheduled", "lazyfree_pending_objects")
    while any(int((state := client.information("persistence", "memory"))[name]) for name in pending):
        time.sleep(0.02)
    if state["aof_enabled"] == "0" or address.durability == "volatile" or never_syncs(client):
        return
    # WAITAOF waits for this connection's last write and so for all before it, whoever sent them.
    _, (synced, _) = client.calls((("SET", MARKER, address.namespace), ("WAITAOF", 1, 0, 60_000)))
    if not synced:
        raise redis.TimeoutError("The append-only file was not synced within 60 s.")


def never_syncs(client: Client) -> bool:
    """Is that left to the kernel, whatever class was asked for? Then nobody could wait for it."""
    try:
        return bool(client.call("CONFIG", "GET", "appendfsync") == {"appendfsync": "no"})
    except redis.ResponseError:  # Many clouds forbid CONFIG.
        return False


def facts(client: Client) -> dict[str, str]:
    information = client.information("server", "memory", "persistence")
    try:
        settings = client.call("CONFIG", "GET", *SETTINGS)
    except redis.ResponseError:  # Many clouds forbid CONFIG.
        settings = {"appendonly": "yes" if information["aof_enabled"] == "1" else "no"}
    return {
        "version": information["redis_version"],
        "modules": ", ".join(module_versions(client)) or "none",
        **{name: settings[name] for name in SETTINGS if name in settings},
        "allocator": information["mem_allocator"],
        "client": f"redis-py {redis.__version__}, hiredis {hiredis.__version__}, RESP3",
        "database": f"{client.database}",
        "size means": "memory of data, indexes, key table and modules; Redis keeps all data in memory",
        "append-only file bytes": information.get("aof_current_size", "0"),
        "resident memory bytes": information["used_memory_rss"],
    }


def module_versions(client: Client) -> list[str]:
    """Like "search 2.10.5": modules number their versions in pairs of digits."""
    numbers = {module["name"]: module["ver"] for module in client.call("MODULE", "LIST")}
    return [f"{name} {ver // 10_000}.{ver // 100 % 100}.{ver % 100}" for name, ver in sorted(numbers.items())]


def size_bytes(client: Client) -> int | None:
    """Memory of data and indexes; None where other databases of the server share its counters."""
    own = f"db{client.database}"
    if any(name.startswith("db") and name != own for name in client.information("keyspace")):
        return None
    memory = client.call("MEMORY", "STATS")
    table = memory.get(f"db.{client.database}", {})
    return int(memory["dataset.bytes"]) + int(table.get("overhead.hashtable.main", 0))
