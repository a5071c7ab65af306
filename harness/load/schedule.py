"""When an open loop wants its requests sent. One schedule per process, shared by its sessions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, takewhile
from threading import Lock
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Arrivals = Literal["constant", "poisson"]
_BLOCK = 4096


class Schedule:
    """Due times from `start_ns` until `end_ns`, drawn ahead in blocks; free sessions take them in turn.

    The sum of Poisson processes is one, so processes with a share of the rate each make a Poisson process of the whole.
    `due` counts the times from `measured_ns` on that were given out or drained.
    """

    def __init__(
        self,
        rate_per_second: float,
        arrivals: Arrivals,
        seed: tuple[int, ...],
        start_ns: int,
        measured_ns: int,
        end_ns: int,
    ) -> None:
        self.due = 0
        self._measured_ns = measured_ns
        self._dues = takewhile(end_ns.__gt__, _dues(rate_per_second, arrivals, seed, start_ns))
        self._lock = Lock()

    def next_due_ns(self) -> int | None:
        """The next due time, or None from the end of the schedule on."""
        with self._lock:
            due = next(self._dues, None)
            if due is not None and due >= self._measured_ns:
                self.due += 1
            return due

    def drain(self) -> None:
        """Give out what no session took."""
        while self.next_due_ns() is not None:
            pass


def _dues(rate_per_second: float, arrivals: Arrivals, seed: tuple[int, ...], start_ns: int) -> Iterator[int]:
    words = np.random.PCG64(np.random.SeedSequence(seed))
    last = float(start_ns)
    mean_gap = 1e9 / rate_per_second
    for block in count():
        if arrivals == "constant":
            steps = np.arange(block * _BLOCK, (block + 1) * _BLOCK, dtype=np.float64)
            dues: NDArray[np.float64] = start_ns + steps * mean_gap
        else:
            # Raw words, not Generator.exponential, whose stream NumPy may change between versions.
            uniform = (words.random_raw(_BLOCK) >> np.uint64(11)) * 2.0**-53
            dues = last + np.cumsum(-np.log1p(-uniform) * mean_gap)
            last = float(dues[-1])
        yield from dues.astype(np.int64).tolist()
