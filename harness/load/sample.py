"""Which answers of a session are kept to be graded after the trial, and which writes are logged for the oracle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness.workload import Operation, Oracle

CAPACITY_ROWS = 8_000  # Of each kind in a process. An answer weighs its rows, so that large ones do not fill memory.


class Answered(NamedTuple):
    operation: Operation
    answer: Any
    sent_ns: int
    received_ns: int


class Write(NamedTuple):
    operation: Operation
    sent_ns: int
    acknowledged_ns: int | None


@dataclass
class Sample:
    """Every n-th gradable answer of each kind; n doubles and half is dropped whenever a kind's room is used up.

    What is kept is spread evenly over the trial, whatever its length. Thread CPU time is sampled on the same requests.
    """

    oracle: Oracle
    writes: Mapping[str, int]  # Workload.writes
    capacity_rows: int = CAPACITY_ROWS  # Of this session.
    answers: dict[str, list[Answered]] = field(default_factory=lambda: defaultdict(list))
    log: list[Write] = field(default_factory=list)
    cpu_ns: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))  # Sum, number.
    _stride: dict[str, int] = field(default_factory=lambda: defaultdict(lambda: 1))
    _seen: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def tracked(self, block: Sequence[Operation]) -> list[int]:
        """Positions of the operations that the oracle can grade or has to know of."""
        tracks = self.oracle.tracks
        return [position for position, operation in enumerate(block) if tracks(operation)]

    def picks(self, block: Sequence[Operation], tracked: Sequence[int]) -> list[int]:
        """Positions, out of the tracked ones, whose CPU time and answer are wanted."""
        chosen = []
        for position in tracked:
            kind = block[position].kind
            if self._seen[kind] % self._stride[kind] == 0:
                chosen.append(position)
            self._seen[kind] += 1
        return chosen

    def keep(self, answered: Answered, cpu_ns: int) -> None:
        """Remember a picked request that succeeded."""
        kind = answered.operation.kind
        spent = self.cpu_ns[kind]
        spent[0] += cpu_ns
        spent[1] += 1
        if kind in self.writes and answered.answer is None:  # A write that reads as well has an answer to grade.
            if spent[1] % self.capacity_rows == 0:
                self._stride[kind] *= 2
            return
        self.answers[kind].append(answered)
        self._rows[kind] += _rows(answered.answer)
        while self._rows[kind] > self.capacity_rows and len(self.answers[kind]) > 1:
            self._stride[kind] *= 2
            self.answers[kind] = self.answers[kind][::2]
            self._rows[kind] = sum(_rows(kept.answer) for kept in self.answers[kind])


def _rows(answer: Any) -> int:
    return max(1, len(answer)) if isinstance(answer, list) else 4
