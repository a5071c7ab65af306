"""What a server is wanted for: all that every source is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.engine import Durability, Start
from harness.machine import usable_cpus

Data = Literal["disk", "memory"]

_NUMBERS = re.compile(r"\d+(\.\d+)*")
FOR_SETTINGS = 4, 5  # Of the memory: what caches and work are told they may use. The program itself comes on top.


@dataclass(frozen=True, kw_only=True)
class Order:
    source: str  # "docker", "embedded" or "at": see harness.sources.resolve.
    url: str | None = None  # Of the server that is already there; None unless the source is "at".
    version: str | None = None  # Asked for; None: the one that the source takes by default.
    image: str | None = None  # Instead of the official one.
    lock: bool = False  # Pin the image's digest as the registry tells it.
    namespace: str  # What the run makes for itself in the server.
    durability: Durability
    transactions: bool = False  # The server must offer them.
    memory_bytes: int  # The most that the server may use in all.
    cpus: tuple[int, ...] = ()  # Cores to bind the server to; (): any.
    data: Data = "disk"  # Where its files are; "memory": gone when it stops.
    settings: Mapping[str, str] = field(default_factory=dict)  # Of the server, instead of the adapter's.
    work: Path  # A folder for logs.
    say: Callable[[str], None]  # Takes a line on what is being done, for people who wait.

    def start(self, *, binaries: Path, data: Path, port: int) -> Start:
        """What a recipe is told."""
        share, whole = FOR_SETTINGS
        return Start(
            binaries=binaries,
            data=data,
            port=port,
            version=self.version,
            durability=self.durability,
            transactions=self.transactions,
            memory_bytes=self.memory_bytes * share // whole,
            cpus=len(self.cpus or usable_cpus()),
            settings=self.settings,
        )


def same_version(asked: str, found: str) -> bool:
    """Is what was found the version that was asked for, which may be less exact? "17" also means 17.4, but not 170.

    The tag of an image that is no version ("8.2-alpine") says nothing about it.
    """
    if not _NUMBERS.fullmatch(asked):
        return True
    return found.split(".")[: asked.count(".") + 1] == asked.split(".")
