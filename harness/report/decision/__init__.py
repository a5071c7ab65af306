"""The report of a decision, and its record as an ADR."""

from __future__ import annotations

from harness.decide.record import Decision
from harness.report.decision import words
from harness.report.decision.sections import everybody, sections
from harness.report.document import Report


def of_decision(found: Decision) -> Report:
    return Report(
        about=f"{found.made:%d %B %Y} · decision",
        made_by=found.bakeoff,
        sections=sections(found),
        closing=words.answer(found),
        everybody=everybody(found),
    )
