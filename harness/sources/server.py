"""A candidate's server that answers, whichever source it came from."""

from __future__ import annotations

from dataclasses import dataclass

from harness.engine import Address
from harness.result import Network


@dataclass(frozen=True, kw_only=True)
class Server:
    address: Address
    source: str  # "embedded", "in-process", "docker" or "at".
    version: str  # As the server itself says.
    network: Network  # Between it and us.
    image: str | None = None  # What a container runs: "redis@sha256:…", or the id of a local image.
    pid: int | None  # Root of our own process tree that serves it; None where there is none to measure.
    cpus: tuple[int, ...]  # Cores it is bound to; () where it is not ours to bind.
    memory_bytes: int | None  # The limit its settings were made for; None where it is not ours.
    notes: tuple[str, ...] = ()  # What every table that shows it must say: "in process, no network hop".
