"""What a session sends, overheard: the report shows each candidate's statements as they were sent, not as intended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from harness.session import Session
from harness.wording import shortened

MOST = 12  # Statements for one purpose; how many more there were is said.
LONGEST = 2_000  # Characters of one.


@dataclass
class Wiretap:
    session: Session
    heard: dict[str, list[str]] = field(default_factory=dict)  # By purpose.

    @contextmanager
    def on(self, purpose: str) -> Iterator[None]:
        """Listen while something is done."""
        heard: list[str] = []
        self.session.watch(heard.append)
        try:
            yield
        finally:
            self.session.watch(None)
        more = len(heard) - MOST
        self.heard[purpose] = [
            *(shortened(statement, LONGEST) for statement in heard[:MOST]),
            *([f"… and {more:,} more"] if more > 0 else []),
        ]
