"""Where the command line writes: what was asked for, and what is said on the way."""

from __future__ import annotations

import os
from typing import IO

from rich.console import Console


class Unhurt(Console):
    """Whose reader may leave early, as `head` does: the work goes on to its end, and so to its own exit code."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        to_nowhere(self.file)


def notes() -> Console:
    """For what is said on the way."""
    return Unhurt(stderr=True)


def output() -> Console:
    """For what was asked for."""
    return Unhurt()


def to_nowhere(file: IO[str]) -> None:
    """From now on. Python would complain of what it cannot write when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, file.fileno())
    os.close(nowhere)
