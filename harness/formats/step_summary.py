"""Markdown for $GITHUB_STEP_SUMMARY: the sentence first, then a table."""

from __future__ import annotations

from collections.abc import Sequence

from harness.judgement import Judgement
from harness.metrics import CAPACITY, RESPONSES, SERVER_CPU, SIZE, THROUGHPUT, Metric, Number, Summary
from harness.report import markdown
from harness.report.content.answer import answer
from harness.report.content.trust import verdicts
from harness.report.document import Command, Report, Section, Table
from harness.report.judgement import verdict
from harness.report.numbers import DASH, digits, size
from harness.report.view import Candidate


def of_judgements(judgements: Sequence[Judgement]) -> str:
    return "\n".join(map(_of_judgement, judgements))


def of_runs(summaries: Sequence[Summary]) -> str:
    return "\n".join(map(_of_run, summaries))


def _of_judgement(judgement: Judgement) -> str:
    return _rendered(*verdict(judgement), Section("Repeat it", [Command(judgement.command)], folded=True))


def _of_run(summary: Summary) -> str:
    """Ranked as in the report; who is out stands below, with the reason in a fold."""
    view = summary.view
    known = {(number.candidate, number.metric): number for number in summary.numbers}
    measured = {metric for _, metric in known}
    quantile = [metric for metric in reversed(RESPONSES) if metric in measured][:1]
    shown = [metric for metric in (THROUGHPUT, CAPACITY, *quantile, SERVER_CPU, SIZE) if metric in measured]
    rows = [_row(candidate, [known.get((candidate.name, metric)) for metric in shown]) for candidate in view.ok]
    rows += [(candidate.name, *[DASH] * len(shown), candidate.status) for candidate in view.unranked]
    rates = {number.metric: number.at_per_second for number in summary.numbers}
    table = Table(("", *(_head(metric, rates[metric]) for metric in shown), "verdict"), rows)
    first = Section(f"{summary.run.workload}: {', '.join(summary.run.candidates)}", [*answer(view), table])
    reasons = Section("Verdict", verdicts(view).blocks, folded=True)
    return _rendered(first, reasons, Section("Repeat it", [Command(summary.run.command)], folded=True))


def _row(candidate: Candidate, numbers: Sequence[Number | None]) -> tuple[str, ...]:
    return (candidate.label, *map(_cell, numbers), "flagged" if candidate.doubtful else "ok")


def _cell(number: Number | None) -> str:
    if number is None:
        return DASH
    said = size(number.value) if number.metric is SIZE else digits(number.value)
    return f"≥ {said}" if number.at_least else said


def _head(metric: Metric, rate: float | None) -> str:
    """p99 response at 960/s, ms."""
    at = f" at {digits(rate)}/s" if rate is not None else ""
    return metric.name if metric is SIZE else f"{metric.name}{at}, {metric.unit}"


def _rendered(*sections: Section) -> str:
    return markdown.render(Report(about="", made_by="", sections=sections, closing=()))
