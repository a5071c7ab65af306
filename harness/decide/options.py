"""What can be chosen: one engine for everything, or a system of record with a second engine for some workloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.decide.requirements import Requirements


@dataclass(frozen=True)
class Option:
    record: str  # The engine that keeps what must not be lost.
    serves: Mapping[str, str]  # Workload -> engine.

    @cached_property
    def engines(self) -> tuple[str, ...]:
        """The system of record first."""
        return tuple(dict.fromkeys([self.record, *self.serves.values()]))

    @property
    def name(self) -> str:
        return " + ".join(self.engines)

    @property
    def single(self) -> bool:
        return len(self.engines) == 1

    @property
    def second(self) -> str | None:
        return None if self.single else self.engines[1]

    def workloads(self, engine: str) -> list[str]:
        return [name for name, by in self.serves.items() if by == engine]


def singles(engines: Sequence[str], wanted: Requirements) -> list[Option]:
    return [Option(engine, {each.name: engine for each in wanted.workloads}) for engine in engines]


def pairs(
    records: Sequence[str],
    seconds: Sequence[str],
    wanted: Requirements,
    worth: Callable[[str, str], float | None],
) -> list[Option]:
    """Each engine that may keep the records, with each that does some workload better; `worth(engine, workload)`.

    The second one serves the workloads that it does better; at least one stays with the first. None of an engine that
    cannot do a workload at all: then the other one does it. `records` are in the order of who rather keeps them, where
    both could.
    """
    found: dict[tuple[str, ...], Option] = {}
    for record in records:
        for second in seconds:
            serves = {each.name: _better(record, second, each.name, worth) for each in wanted.workloads}
            both = {name: by for name, by in serves.items() if by}
            if second != record and len(both) == len(serves) and {*both.values()} == {record, second}:
                found.setdefault(tuple(sorted((record, second))), Option(record, both))
    return list(found.values())


def _better(record: str, second: str, workload: str, worth: Callable[[str, str], float | None]) -> str | None:
    first, other = worth(record, workload), worth(second, workload)
    if other is None:
        return None if first is None else record
    return second if first is None or other > first else record
