"""What the reports of all studies say of the servers and the machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.evidence import About, Subject
from harness.report.content.circumstances import machine_items, memory_limit
from harness.report.document import Block, Command, Items, Section, Table
from harness.report.numbers import DASH, cores, size

_Row = tuple[str, Callable[[Subject], str]]


def told_of(about: About) -> str:
    return f"{about.started:%d %B %Y}" + ("" if about.finished else " · not finished")


def closing_sections(about: About, subjects: Sequence[Subject]) -> list[Section]:
    """Why some are out, on which terms all were studied, on which machine, and how to do it again."""
    out = [(each.candidate, _reasons(each)) for each in subjects if each.status != "ok"]
    items = [
        *((name, str(value)) for name, value in about.parameters.items()),
        ("seed", str(about.seed)),
        ("study", f"{about.id}, {about.started:%Y-%m-%d %H:%M:%S %Z}, bakeoff {about.bakeoff}"),
    ]
    parts = [
        Section("Not studied, or not to the end", [Items(out)] if out else []),
        Section("Fairness", _terms(subjects)),
        Section("Settings", [Items(items)]),
        Section("Machine", [Items(machine_items(about.machine))]),
        Section(
            "Settings as the servers report them",
            [
                Table((each.candidate, "value"), list(each.facts.items()), numbers=False)
                for each in subjects
                if each.facts
            ],
            folded=True,
        ),
        Section("Repeat it", [Command(about.command)]),
    ]
    return [part for part in parts if part.blocks]


def _reasons(subject: Subject) -> str:
    return "; ".join(f"{problem.reason} → {problem.remedy}" for problem in subject.problems)


def _terms(subjects: Sequence[Subject]) -> list[Block]:
    started = [each for each in subjects if each.source]
    rows = [(name, *(text(each) for each in started)) for name, text in _ROWS]
    shown = [row for row in rows if any(cell != DASH for cell in row[1:])]
    blocks: list[Block] = [Table(("", *(each.candidate for each in started)), shown, numbers=False)] if started else []
    designs = [(each.candidate, each.design) for each in started if each.design]
    return [*blocks, "Schema, index and access path:", Items(designs)] if designs else blocks


_ROWS: Sequence[_Row] = (
    ("product", lambda each: each.title),
    ("version", lambda each: each.server_version or DASH),
    ("source", lambda each: each.source or DASH),
    ("image", lambda each: each.image_asked or DASH),
    ("durability asked", lambda each: each.durability_asked),
    ("durability observed", lambda each: each.durability_observed or ("cannot tell" if each.facts else DASH)),
    ("cores asked", lambda each: cores(each.server_cpus)),
    ("cores observed", lambda each: cores(each.limits.cpus) if each.limits else DASH),
    ("memory limit asked", lambda each: size(each.memory_bytes)),
    ("memory limit observed", lambda each: memory_limit(each.limits)),
    ("data on", lambda each: each.limits.data if each.limits else DASH),
)
