"""The content of the report: its sections in the order in which an engineer asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.report.content.answer import answer
from harness.report.content.capacity import capacity, ladder
from harness.report.content.certainty import how_sure, not_shown
from harness.report.content.circumstances import costs, facts, fairness, machine, settings, statements
from harness.report.content.faults import faults
from harness.report.content.quality import equal_recall, recall_by_kind, traits
from harness.report.content.rates import common_rates
from harness.report.content.shares import calibration, split
from harness.report.content.speed import errors, throughput, times, titled
from harness.report.content.trust import verdicts, warnings
from harness.report.document import Block, Command, Notes, Section
from harness.report.view import Candidate, View

BY_CLASS: Sequence[tuple[str, Callable[[View, Sequence[Candidate], str], Section]]] = (
    ("Latency at the same rates, ms", common_rates),
    ("Capacity", capacity),
    ("Throughput by clients", ladder),
    ("Speed at equal recall", equal_recall),
)


def sections(view: View) -> list[Section]:
    """Those with nothing to say are left out."""
    parts = [
        first_screen(view),
        verdicts(view),
        faults(view),
        *(throughput(view, durability) for durability in view.ranked),
        *_by_class(view),
        recall_by_kind(view),
        *times(view),
        errors(view),
        traits(view),
        costs(view),
        split(view),
        calibration(view),
        fairness(view),
        settings(view),
        machine(view),
        statements(view),
        facts(view),
        warnings(view),
        Section("Repeat it", [Command(view.run.command)]),
    ]
    return [part for part in parts if part.blocks]


def first_screen(view: View) -> Section:
    """The answer, how sure it is, and what it leaves open."""
    blocks: list[Block] = [*answer(view)]
    if sure := how_sure(view):
        blocks += ["How sure:", Notes(sure)]
    if left_open := not_shown(view):
        blocks += ["Not shown:", Notes(left_open)]
    return Section(f"{view.run.workload}: {', '.join(view.run.candidates)}", blocks)


def _by_class(view: View) -> list[Section]:
    """Results of different durability classes stand in different tables."""
    return [
        section(view, members, titled(view, title, durability))
        for title, section in BY_CLASS
        for durability, members in view.ranked.items()
    ]
