"""The shortlist, before anything is measured, as a report."""

from __future__ import annotations

from datetime import datetime

from harness.decide.requirements import Requirements
from harness.decide.shortlist import Shortlist
from harness.report.decision import words
from harness.report.document import Block, Command, Items, Report, Section
from harness.report.numbers import listed

SOURCES = "Where that is written: bakeoff catalog NAME."


def of_shortlist(found: Shortlist, wanted: Requirements, made: datetime, made_by: str, after: str) -> Report:
    """`after`: the command that decides by what the commands of the shortlist will have measured."""
    answer = _answer(found)
    out = [(each.title, words.reasons(each, sources=False)) for each in found.out]
    commands: list[Block] = [Command(line) for line in found.lines()]
    parts = [
        Section(wanted.question, [*answer, *([wanted.context] if wanted.context else [])]),
        Section("Knocked out, as documented", [Items(out), SOURCES] if out else []),
        Section("Cannot be measured here", [Items([*found.elsewhere.items()])] if found.elsewhere else []),
        Section("What would settle it (--run does all of it)", [*commands, Command(after)] if commands else []),
    ]
    return Report(
        about=f"{made:%d %B %Y} · shortlist",
        made_by=made_by,
        sections=[part for part in parts if part.blocks],
        closing=answer,
    )


def _answer(found: Shortlist) -> list[str]:
    if not found.here:
        return ["No engine that can be measured here meets all limits."]
    beside = f" {listed(found.beside)} could only serve copies beside one of them." if found.beside else ""
    meet = "meets" if len(found.here) == 1 else "meet"
    return [f"{listed(found.here)} {meet} all limits as documented. Nothing is measured yet.{beside}"]
