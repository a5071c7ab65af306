"""What a server is wanted for: the keyword arguments that every source is opened with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from harness.engine import Durability


class Order(TypedDict):
    source: str  # "docker", "embedded" or "at": see harness.sources.resolve.
    url: str | None  # Of the server that is already there; None unless the source is "at".
    namespace: str  # What the run makes for itself in the server.
    durability: Durability
    memory_bytes: int  # What the server may use for caches and work together.
    cpus: tuple[int, ...]  # Cores to bind the server to; (): any.
    work: Path  # A folder for logs.
    say: Callable[[str], None]  # Takes a line on what is being done, for people who wait.
