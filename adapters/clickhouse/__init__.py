"""ClickHouse: MergeTree tables, on a server where its program is on PATH, else inside the client as chDB."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.engine import Durability, Engine, Recipe, Start, on_demand

USER = "bakeoff"


def observe_durability(facts: Mapping[str, str]) -> Durability | None:
    """By what every table says of itself. No fsync still survives the server's own end, just not a power loss."""
    promised = {facts.get("fsync_after_insert"), facts.get("fsync_part_directory")}
    if promised == {"1"}:
        return "durable"
    return "relaxed" if promised <= {"0", "1"} else None


def configuration(start: Start, data: str, file: str, password: str) -> dict[str, Any]:
    """The whole of it: a server without a configuration file of its own writes no system logs beside the work."""
    values: dict[str, Any] = {
        "listen_host": "127.0.0.1",
        "http_port": start.port,
        "path": f"{data}/",
        "users_config": file,
        "logger": {"level": "warning", "console": 1},
        "keep_alive_timeout": 3600,  # A session that pauses keeps its connection, and one that is busy too:
        "max_keep_alive_requests": 1_000_000_000,  # the server would hang up after 10,000 requests.
        "max_server_memory_usage": start.memory_bytes,
        "mark_cache_size": start.memory_bytes // 8,
        "vector_similarity_index_cache_size": start.memory_bytes // 4,  # 5 GiB by default; unknown before 25.8.
        "uncompressed_cache_size": 0,  # The kernel caches the files; blocks twice in memory gained nothing here.
        "asynchronous_metrics_update_period_s": 60,  # Every second costs 3 % of a core.
        "profiles": {"default": {"max_threads": start.cpus}},
        "quotas": {"default": {}},
        "users": {USER: {"password": password, "profile": "default", "quota": "default"}},
    }
    for name, value in start.settings.items():
        *parents, last = name.split(".")  # profiles.default.max_threads
        place = values
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return values


def url(start: Start, password: str) -> str:
    return f"http://{USER}:{password}@127.0.0.1:{start.port}"


def recipe(start: Start) -> Recipe:
    password = secrets.token_hex(16)
    file = f"{start.data / 'config.yaml'}"
    text = json.dumps(configuration(start, f"{start.data / 'clickhouse'}", file, password))  # JSON is YAML too.
    return Recipe(
        prepare=(("sh", "-c", 'umask 077; printf %s "$CONFIGURATION" > "$0"', file),),
        environment={"CONFIGURATION": text, "CLICKHOUSE_WATCHDOG_ENABLE": "0"},
        serve=(f"{start.binaries / 'clickhouse'}", "server", f"--config-file={file}"),
        url=url(start, password),
    )


def container(start: Start) -> Recipe:
    """The image's own configuration listens on every address and writes system logs, so this one replaces it.

    Its entrypoint makes the data folder belong to the user clickhouse, then runs what it is given.
    """
    password = secrets.token_hex(16)
    file = "/etc/clickhouse-server/bakeoff.yaml"
    text = json.dumps(configuration(start, "/var/lib/clickhouse", file, password))
    write_and_serve = (
        'printf %s "$CONFIGURATION" > "$0"'
        ' && exec clickhouse su clickhouse:clickhouse clickhouse server --config-file="$0"'
    )
    return Recipe(
        environment={"CONFIGURATION": text, "CLICKHOUSE_WATCHDOG_ENABLE": "0"},
        serve=("sh", "-c", write_and_serve, file),
        url=url(start, password),
    )


def in_process(data: Path) -> str:
    return f"chdb://{data.resolve()}"


ENGINE = Engine(
    title="ClickHouse",
    ping=on_demand("adapters.clickhouse.client", "ping"),
    create_namespace=on_demand("adapters.clickhouse.client", "create_namespace"),
    drop_namespace=on_demand("adapters.clickhouse.client", "drop_namespace"),
    observe_durability=observe_durability,
    url_example="http://user:password@host:8123",
    program="clickhouse",
    recipe=recipe,
    language="literal sql",
    lacks={"transactions": "no, records\none by one"},
    in_process=in_process,
    in_process_note="chDB in process: no network hop, the client's core does the server's work, no memory limit",
    image="clickhouse/clickhouse-server:26.8.20.9",
    container=container,
)
