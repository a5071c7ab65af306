"""What all capabilities share: one open connection of a candidate, used by one client thread."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from harness.engine import Address


class Session(ABC):
    """One connection for one capability. Opening it proves that the running server has the capability.

    A subclass in `adapters/<engine>/<capability>.py` is named `Session` too; the harness finds it by its place.
    """

    @abstractmethod
    def __init__(self, address: Address) -> None:
        """Connect. Raises `Unsupported` where the server lacks what the capability needs."""

    @abstractmethod
    def ping(self) -> None:
        """The shortest round trip that driver and server can make: what every request takes, whatever it asks."""

    @abstractmethod
    def watch(self, sink: Callable[[str], None] | None) -> None:
        """Tell `sink` of each statement as it is sent, with its parameters where they travel apart; None: no longer.

        Long values are shortened (harness.wording.shortened). What is not watched pays nothing for it.
        """

    @abstractmethod
    def settle(self) -> None:
        """Return when all that was written is durable as promised, indexed, and visible to every session."""

    @abstractmethod
    def facts(self) -> dict[str, str]:
        """Server version ("version") and every setting that matters for speed, as the server itself reports them."""

    @abstractmethod
    def design(self) -> str:
        """Schema, index and access path in one line, for the report: what an expert would ask first."""

    @abstractmethod
    def size_bytes(self) -> int | None:
        """Bytes that data and indexes of the namespace take, as the server reports them; None if it cannot say."""

    @abstractmethod
    def close(self) -> None:
        """Release the connection. Data stays."""
