"""One metric of one candidate over the runs of a history that can be compared, and where it changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.analysis.changes import LEAST_VALUES, Change, changes
from harness.history.record import Entry, Point, Terms


@dataclass(frozen=True)
class Series:
    """`entries` and `points` go together, oldest first."""

    title: str  # "timeseries: postgres", with the key of its terms where there are several.
    workload: str
    candidate: str
    metric: str
    unit: str
    higher_is_better: bool
    terms: Terms
    entries: Sequence[Entry]
    points: Sequence[Point]

    @property
    def values(self) -> list[float]:
        return [point.value for point in self.points]

    @property
    def judged(self) -> bool:
        """Has it enough runs for a change to be told from noise?"""
        return len(self.points) >= LEAST_VALUES

    @cached_property
    def changes(self) -> list[Change]:
        return changes(self.values)

    def better(self, before: float, after: float) -> bool:
        return (after > before) == self.higher_is_better


def series(entries: Iterable[Entry]) -> list[Series]:
    """By workload and candidate, then by terms, those with the newest run last; metrics as the newest run has them."""
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.started):
        groups.setdefault((entry.workload, entry.candidate, entry.terms.key), []).append(entry)
    alike = Counter((workload, candidate) for workload, candidate, _ in groups)
    found: list[Series] = []
    for (workload, candidate, key), group in sorted(
        groups.items(), key=lambda item: (item[0][:2], item[1][-1].started)
    ):
        title = f"{workload}: {candidate}" + (f", terms {key}" if alike[workload, candidate] > 1 else "")
        found += _of_group(title, group)
    return found


def _of_group(title: str, group: Sequence[Entry]) -> list[Series]:
    newest: dict[str, Point] = {}
    for entry in reversed(group):
        for point in entry.points:
            newest.setdefault(point.metric, point)
    found = []
    for name, latest in newest.items():
        pairs = [(entry, point) for entry in group for point in entry.points if point.metric == name]
        found.append(
            Series(
                title=title,
                workload=group[0].workload,
                candidate=group[0].candidate,
                metric=name,
                unit=latest.unit,
                higher_is_better=latest.higher_is_better,
                terms=group[0].terms,
                entries=[entry for entry, _ in pairs],
                points=[point for _, point in pairs],
            )
        )
    return found
