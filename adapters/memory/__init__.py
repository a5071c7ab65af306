"""Dictionaries in this process: the reference answers, the null engine, and the example to copy.

Copy this folder to begin a new engine. A real one describes its server with `wheels` and `recipe` (see
adapters/postgres/__init__.py) where this one has `in_process`.
"""

from __future__ import annotations

import platform
from pathlib import Path

from adapters.memory.store import drop
from harness.engine import Engine
from harness.errors import UsageError


def start(data: Path) -> str:
    return f"memory://{data}"


def ping(url: str) -> str:
    if not url.startswith("memory://"):
        raise UsageError(f"{url} is not of the form memory://name.")
    return platform.python_version()


ENGINE = Engine(
    title="Memory",
    ping=ping,
    create_namespace=drop,  # The first session makes it; here it only must be empty.
    drop_namespace=drop,
    observe_durability=lambda facts: "volatile",
    url_example="memory://name",
    in_process=start,
    in_process_note="dictionaries of the client itself, no server",
)
