"""What a workload file provides: a data set, streams of operations, and an oracle that knows the right answers.

A workload is a frozen dataclass named WORKLOAD (its default instance). Its fields are its parameters, with units in
their names and their limits in their types (`Annotated[int, Meta(ge=1)]`), so that `--set records=100000` needs no
code. Its data and operations depend on the parameters and the stream alone, never on the engine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self


@dataclass(frozen=True)
class Stream:
    """Names one session's operations. Equal streams give equal operations, whatever the engine or the process."""

    seed: int  # Of the run.
    trial: int  # 0 is the answer check after loading; timed trials count from 1.
    session: int  # Over all processes of the trial, from 0.
    sessions: int  # How many there are.


class Operation(Protocol):
    """One request as data. `on` is all that is timed; it must fetch its whole answer."""

    @property
    def kind(self) -> str: ...

    def on(self, session: Any, /) -> Any: ...


class Oracle(Protocol):
    """Knows every right answer, without any database. One per load-generating process and candidate.

    The process tells it of writes in any order but before the reads that they concern are graded; nanoseconds are one
    monotonic clock. Other processes' writes are unknown to it, and it must allow for them.
    """

    def check_content(self, session: Any, /) -> list[str]:
        """Compare every row of a freshly loaded session with the data set; the differences, [] if none."""

    def tracks(self, operation: Any, /) -> bool:
        """Is this a write whose times the oracle needs, or a read whose answer it can grade?"""

    def wrote(self, operation: Any, sent_ns: int, acknowledged_ns: int | None, /) -> None:
        """A tracked write was sent, and acknowledged or (None) not known to be."""

    def grade(self, operation: Any, answer: Any, sent_ns: int, received_ns: int, /) -> float | None:
        """1.0 right, 0.0 wrong, recall in between for approximate answers; None: it cannot be known, or takes too long.

        Where rows were being written: nothing acknowledged before `sent_ns` may be missing, nothing that was not sent
        by `received_ns` may appear.
        """

    def check_kept(self, session: Any, /) -> list[str]:
        """After a trial, with nothing in flight: which acknowledged writes are missing or wrong; [] if none."""


class Workload(Protocol):
    capability: ClassVar[str]  # The file in adapters/<engine>/ that it runs on: "keyvalue".

    @property
    def writes(self) -> Mapping[str, int]:
        """Kinds of operations that write, and how many rows one adds; 0 for one that changes rows."""

    @property
    def rows(self) -> int:
        """How many rows load() yields in all."""

    def scaled(self, factor: float, /) -> Self:
        """The same workload with `factor` times the data."""

    def create(self, session: Any, /) -> None:
        """Leave the namespace empty and ready to be loaded."""

    def load(self) -> Iterator[Any]:
        """The data set, in batches for `session.load`, generated as they are drawn, in bounded memory."""

    def prepare(self, session: Any, /) -> None:
        """Set what a session needs before operations (the search effort, say). Off the clock."""

    def operations(self, stream: Stream, /) -> Iterator[Operation]:
        """What one session sends, without end."""

    def exact(self) -> bool:
        """Is every right answer 1.0 (a lower grade is a wrong answer), or is recall a quality to report?"""

    def oracle(self) -> Oracle: ...

    def sweep(self) -> Sequence[Mapping[str, Any]]:
        """Parameters to be changed for a trial each, beside the others: the search effort, say. () for most."""

    def traits(self, sent: Iterable[Operation], answered: Sequence[tuple[Operation, Any]]) -> dict[str, float]:
        """What the operations turned out to be like, in shares of 1: {"hottest key": 0.085, "found": 1.0}; {} for most.

        `sent`: the first operations of a trial, drawn when asked for, session after session; `answered`: sampled reads.
        """


def summary(workload: Workload) -> str:
    """What application it stands for: its description, else the first sentence of its file."""
    text = getattr(workload, "description", None) or sys.modules[type(workload).__module__].__doc__ or ""
    return " ".join(text.split("\n\n")[0].split())
