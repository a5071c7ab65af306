"""A candidate's server that answers, whichever source it came from, and what can be done to one of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.engine import Address
from harness.result import Limits, Network


class Control(Protocol):
    """A server that we started, to be hurt and brought back. All of it is for the main thread."""

    @property
    def pid(self) -> int | None:
        """Root of its process tree on this machine; None where that cannot be seen. Another one after a start."""

    @property
    def files(self) -> Sequence[Path]:
        """Folders of its data on this machine; () where they cannot be seen, or lie in memory."""

    def kill(self) -> None:
        """SIGKILL to all of it at once, without a chance to write anything; returns when it is gone."""

    def stop(self) -> None:
        """In order, by the signal of its recipe; by force where that takes too long."""

    def start(self) -> None:
        """Again, after kill or stop, on the same data and port; returns at once."""

    def answered(self, patience_seconds: float) -> str:
        """Wait until it answers; its version. Raises EnvironmentProblem where it ends or stays silent."""

    def pause(self) -> None:
        """Stop the time of all its processes."""

    def resume(self) -> None: ...

    def end(self) -> str | None:
        """How it ended ("ended", "was killed for memory, its limit is 512 MiB"); None while it runs."""

    def limits(self) -> Limits:
        """What it really got."""


@dataclass(frozen=True, kw_only=True)
class Server:
    address: Address
    source: str  # "embedded", "in-process", "docker" or "at".
    version: str  # As the server itself says.
    network: Network  # Between it and us.
    image_asked: str | None = None  # By name and tag, or by the digest of the lock file.
    image: str | None = None  # What a container runs: "redis@sha256:…", or the id of a local image.
    control: Control | None  # None where it is not ours, or inside the client.
    cpus: tuple[int, ...]  # Cores it is bound to; () where it is not ours to bind.
    memory_bytes: int | None  # The most it shall use; None where it is not ours.
    notes: tuple[str, ...] = ()  # What every table that shows it must say: "in process, no network hop".

    @property
    def pid(self) -> int | None:
        """Root of our own process tree that serves it; None where there is none to measure."""
        return self.control.pid if self.control else None
