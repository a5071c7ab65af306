"""What a report consists of, whoever prints it: titled sections of paragraphs, tables and lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.charts import Chart, Who


@dataclass(frozen=True)
class Table:
    """The first column names the row. Cells are text, ready to print."""

    head: Sequence[str]  # A name may have several lines; nothing else has.
    rows: Sequence[Sequence[str]]
    numbers: bool = True  # Right-aligned, but for the first column.


@dataclass(frozen=True)
class Items:
    """Named lines of text."""

    items: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Notes:
    """Sentences that stand beside each other."""

    notes: Sequence[str]


@dataclass(frozen=True)
class Command:
    text: str


@dataclass(frozen=True)
class Weighing:
    """What options are worth by weights, for readers who would weigh otherwise. Points are 100 times the worth."""

    attributes: Sequence[tuple[str, str | None]]  # Criterion, and workload where it has a value for each.
    weights: Sequence[float]  # Of the attributes; together 1.
    importance: Sequence[tuple[str, float]]  # Of workloads; together 1.
    options: Sequence[tuple[str, Sequence[float]]]  # With the worth of each attribute, 0 to 1.

    @property
    def criteria(self) -> dict[str, float]:
        """With their weights."""
        found: dict[str, float] = {}
        for (criterion, _), weight in zip(self.attributes, self.weights, strict=True):
            found[criterion] = found.get(criterion, 0.0) + weight
        return found

    def table(self) -> Table:
        """Points by criterion."""
        rows = []
        for criterion, weight in self.criteria.items():
            own = [place for place, (name, _) in enumerate(self.attributes) if name == criterion]
            points = [100 * sum(self.weights[p] * worths[p] for p in own) for _, worths in self.options]
            rows.append((criterion, f"{100 * weight:.0f} %", *(f"{each:.1f}" for each in points)))
        totals = [100 * sum(w * v for w, v in zip(self.weights, worths, strict=True)) for _, worths in self.options]
        rows.append(("all", "100 %", *(f"{total:.1f}" for total in totals)))
        return Table(("points", "weight", *(name for name, _ in self.options)), rows)


Block = str | Table | Items | Notes | Command | Weighing  # A str is a paragraph.


@dataclass(frozen=True)
class Figure:
    """Charts that say one thing together."""

    name: str  # Of no other figure in a report: "percentiles".
    title: str
    note: str  # How to read it.
    charts: Sequence[Chart]
    columns: int = 1  # Where there is room.


@dataclass(frozen=True)
class Section:
    title: str
    blocks: Sequence[Block]
    folded: bool = False  # Long, and left out where it cannot be folded away.
    figures: Sequence[Figure] = ()  # After the blocks; empty where there are no pictures.


@dataclass(frozen=True)
class Report:
    """All that is told, whoever prints it."""

    about: str  # Of what and when, in a few words: "23 November 2026 · profile quick".
    made_by: str  # Version of bakeoff.
    sections: Sequence[Section]  # The first one is the answer.
    closing: Sequence[str]  # The answer once more, where a long text leaves the reader.
    everybody: Sequence[Who] = ()  # That figures tell apart.


def plain(text: str) -> str:
    """Text of servers and drivers on one line, without control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
