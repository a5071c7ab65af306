"""Base against itself: how far two alike things seem apart on this machine, and what a gate can find in that."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from harness import machine, store
from harness.analysis import student
from harness.errors import UsageError
from harness.gate import looks
from harness.gate.limits import Limits
from harness.gate.looks import CONFIDENCE, LOOKS
from harness.trial import Record

VERSION: Literal[1] = 1
POWER = 0.9  # With which an effect is found that counts as one that can be seen.
PAIRS = (5, 10, 20)
GATES = 1_000  # Simulated from the pairs, to count false alarms.


class Spread(Record, frozen=True):
    """Of one metric between two that are alike, in logarithms of pairs."""

    metric: str
    pairs: list[float]  # Head / base, as logarithms; the order in which they were measured.
    deviation: float  # Standard deviation.
    smallest: dict[int, float]  # Number of pairs -> the smallest change, as a share, that they find.


class Calibration(Record, frozen=True):
    version: Literal[1]
    made: datetime
    machine: str  # See `key`.
    candidate: str
    workload: str
    fingerprint: str
    seconds: float  # Of each trial.
    clients: int
    spreads: list[Spread]
    false_alarms: float  # Share of gates that would have called one of two alike things worse.


def key(source: str | None) -> str:
    """What must be alike for a spread to be the same one, here and now."""
    cores = f"{len(machine.usable_cpus())} of {os.cpu_count() or 1} cores"
    return f"{machine.cpu_model()}, {cores}, {source or 'no source'}"


def spread(metric: str, logarithms: Sequence[float], higher_is_better: bool) -> Spread:
    deviation = float(np.std(np.array(logarithms), ddof=1))
    return Spread(
        metric=metric,
        pairs=[*map(float, logarithms)],
        deviation=deviation,
        smallest={count: smallest(deviation, count, higher_is_better) for count in PAIRS},
    )


def smallest(deviation: float, pairs: int, higher_is_better: bool) -> float:
    """The change for the worse, as a share, that a one-sided t-test at the gate's level finds with 90 % power."""
    freedom = pairs - 1
    points = student.point(CONFIDENCE, freedom) + student.point(2 * POWER - 1, freedom)
    return looks.share(points * deviation / math.sqrt(pairs), higher_is_better)


def false_alarms(worse: Mapping[str, Sequence[float]], limits: Limits, seed: int) -> float:
    """Of gates over pairs drawn from those that were measured, each turned round or not: no change is left in them.

    The metrics of one pair stay together, since what slows one slows the others.
    """
    chance = random.Random(seed)
    margins = {
        name: looks.margin(limits.margin(name) or math.inf, higher_is_better=False)
        for name in worse
        if limits.margin(name) is not None
    }
    columns = {name: np.array(worse[name]) for name in margins}
    count = min(map(len, columns.values()), default=0)
    alarms = 0
    for _ in range(GATES if count else 0):
        drawn = [chance.randrange(count) for _ in range(LOOKS[-1])]
        signs = np.array([chance.choice((-1.0, 1.0)) for _ in drawn])
        alarms += _alarm({name: column[drawn] * signs for name, column in columns.items()}, margins)
    return alarms / GATES


def _alarm(worse: Mapping[str, np.typing.NDArray[np.float64]], margins: Mapping[str, float]) -> bool:
    for count in LOOKS:
        changes = looks.judge({name: list(values[:count]) for name, values in worse.items()}, margins)
        said = looks.together([each.said for each in changes.values()])
        if looks.done(said, count):
            return said == "regression"
    return False


def save(found: Calibration, folder: Path) -> Path:
    """One file for each machine, candidate and workload; a newer one replaces an older. The folder is there."""
    name = "-".join("".join(c if c.isalnum() else "-" for c in part) for part in (found.candidate, found.workload))
    path = folder / f"{name}.json"
    store.save(found, path)
    return path


def find(folder: Path, here: str, candidate: str, workload: str, seconds: float, clients: int) -> Calibration | None:
    """The newest for such trials; damaged files are no calibration."""
    wanted = here, candidate, workload, seconds, clients
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            each = msgspec.json.decode(path.read_bytes(), type=Calibration)
        except (OSError, msgspec.DecodeError):
            continue
        if (each.machine, each.candidate, each.workload, each.seconds, each.clients) == wanted:
            found.append(each)
    return max(found, key=lambda each: each.made, default=None)


def refuse_what_cannot_be_seen(found: Calibration, limits: Limits) -> None:
    """Raises UsageError for a margin that even the last look would miss."""
    for each in found.spreads:
        margin, seen = limits.margin(each.metric), each.smallest[LOOKS[-1]]
        if margin is not None and margin < seen:
            visible = math.ceil(100 * seen)
            instead = f"a limit it can see: --limit {each.metric}={visible}%"
            if visible >= 100:
                instead = f"let it decide nothing: --limit {each.metric}=off"
            raise UsageError(
                f"{each.metric}: a change of {100 * margin:g} % is too small for this machine, which sees "
                f"{100 * seen:.1f} % in {LOOKS[-1]} pairs of {found.seconds:g} s ({found.workload}).\n"
                f"Take longer trials (--seconds), or {instead}"
            )
