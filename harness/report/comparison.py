"""The report of a run."""

from __future__ import annotations

from collections.abc import Sequence

from harness.evidence import Survival
from harness.report.content.answer import answer
from harness.report.content.sections import sections
from harness.report.document import Report
from harness.report.figures import illustrated, who_is_who
from harness.report.view import view
from harness.result import Result, Run


def of_run(run: Run, results: Sequence[Result], evidence: Sequence[Survival] = ()) -> Report:
    """With what durability studies found of the same servers. Raises UsageError for damaged data."""
    seen = view(run, results, evidence)
    return Report(
        about=f"{run.started:%d %B %Y} · profile {run.profile}",
        made_by=run.bakeoff,
        sections=illustrated(seen, sections(seen)),
        closing=answer(seen),
        everybody=[who for _, who in who_is_who(seen)],
    )
