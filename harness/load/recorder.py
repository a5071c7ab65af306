"""From raw times to histograms, per kind of operation and second, while a trial runs.

Sessions hand in their tapes in blocks. Each value becomes the two-byte index of its HDR bucket at once; once a second,
or when there are many, those are counted and only buckets in use are kept, so memory does not depend on the rate, and
hardly on time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import histogram
from harness.histogram import Sparse
from harness.load.loops import Tape

Key = tuple[str, str, int]  # Series ("response", "service", "lag", "timer"), kind, second.
Mask = NDArray[np.bool_]
Steps = NDArray[np.int64]
SECOND_NS = 1_000_000_000
STEP_NS = 10_000_000
CHUNKS = 64  # Of one key, kept before they are counted; at most 64 times 1,024 indices of two bytes.
PARTS = 16  # Counted ones, kept before they are added up.


@dataclass
class Recorder:
    """All measurements of one process in one trial. Seconds count from `start_ns`, where the measured part begins.

    A request belongs to the second in which it ended (closed loop) or was due (open loop).
    """

    start_ns: int
    end_ns: int
    open_loop: bool
    steps: Steps | None = None  # Answers in each STEP_NS of the measured part, where somebody wants to see gaps.
    sent: int = 0  # These three count the measured part of an open loop.
    late: int = 0
    unfinished: int = 0
    errors: Counter[tuple[str, int, str]] = field(default_factory=Counter)  # (kind, second, type of error)
    _fresh: dict[Key, list[NDArray[np.uint16]]] = field(default_factory=lambda: defaultdict(list))
    _counted: dict[Key, list[Sparse]] = field(default_factory=lambda: defaultdict(list))
    _latest: int = -(2**31)
    _lock: Lock = field(default_factory=Lock)

    def take(self, kinds: Sequence[str], tape: Tape) -> None:
        """Record a tape whose i-th request was of kind `kinds[i]`, and empty it."""
        if not tape.started_ns:
            return
        due = _array(tape.due_ns if self.open_loop else tape.ended_ns)
        seconds = (due - self.start_ns) // SECOND_NS
        failed = np.zeros(len(due), dtype=np.bool_)
        for entry, error in tape.failures.items():
            failed[entry] = True
            self.errors[(kinds[entry], int(seconds[entry]), error)] += 1
        if self.steps is not None:
            self._step(_array(tape.ended_ns)[~failed])
        codes, names = _codes(kinds, len(due))
        first, last = int(seconds.min()), int(seconds.max())
        chunks: list[tuple[Key, NDArray[np.uint16]]] = []
        for label, (times_ns, usable) in self._series(tape, ~failed).items():
            indices = histogram.buckets(times_ns)
            for code, name in enumerate(names):
                for second in range(first, last + 1):
                    chosen = indices[usable & (codes == code) & (seconds == second)]
                    if len(chosen):
                        chunks.append(((label, name, second), chosen))
        with self._lock:
            for key, chunk in chunks:
                self._fresh[key].append(chunk)
                if len(self._fresh[key]) == CHUNKS:
                    self._count(key)
            if last > self._latest:
                self._latest = last
                for key in [key for key in self._fresh if key[2] < last]:
                    self._count(key)
        tape.clear()

    def _step(self, ended_ns: NDArray[np.int64]) -> None:
        assert self.steps is not None
        steps = (ended_ns - self.start_ns) // STEP_NS
        inside = steps[(steps >= 0) & (steps < len(self.steps))]
        with self._lock:
            self.steps += np.bincount(inside, minlength=len(self.steps))

    def _series(self, tape: Tape, answered: Mask) -> dict[str, tuple[NDArray[np.int64], Mask]]:
        """What is measured of each request, and of which requests; counts the schedule's fate on the way."""
        started, ended = _array(tape.started_ns), _array(tape.ended_ns)
        if not self.open_loop:
            return {"response": (ended - started, answered)}
        due, reference = _array(tape.due_ns), _array(tape.reference_ns)
        overdue = (reference == due) & (started > due)
        measured = due >= self.start_ns
        with self._lock:
            self.sent += int(measured.sum())
            self.late += int((measured & overdue).sum())
            self.unfinished += int((measured & (ended > self.end_ns)).sum())
        return {
            "response": (ended - reference, answered),
            "service": (ended - started, answered),
            "lag": (started - due, overdue),
            "timer": (started - due, ~overdue),
        }

    def finish(self) -> dict[Key, Sparse]:
        """All that was recorded; seconds below 0 are warm-up."""
        with self._lock:
            for key in list(self._fresh):
                self._count(key)
            return {key: histogram.merge(parts) for key, parts in self._counted.items()}

    def _count(self, key: Key) -> None:
        parts = self._counted[key]
        parts.append(histogram.count(np.concatenate(self._fresh.pop(key))))
        if len(parts) == PARTS:
            parts[:] = [histogram.merge(parts)]


def _array(times: Any) -> NDArray[np.int64]:
    return np.array(times, dtype=np.int64)


def _codes(kinds: Sequence[str], length: int) -> tuple[NDArray[np.int64], list[str]]:
    names = sorted(set(kinds[:length]))
    code = {name: number for number, name in enumerate(names)}
    return np.fromiter(map(code.__getitem__, kinds[:length]), dtype=np.int64, count=length), names
