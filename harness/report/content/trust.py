"""May the numbers be used: a verdict on every candidate, each reason once, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

from harness.analysis.merge import Merged
from harness.analysis.verdict import comparison
from harness.report.document import Block, Items, Section, Table
from harness.report.numbers import DASH, counted, digits, listed, percent, whole
from harness.report.view import Candidate, View

Said = tuple[str, str, str]  # Whom it concerns, why, what to do.


def verdicts(view: View) -> Section:
    """Every candidate, those that may not be used last, and why."""
    grades = "right answers" if view.run.exact else "recall (answers)"
    rows = [_row(view, candidate) for candidate in [*view.ok, *view.unranked]]
    blocks: list[Block] = [Table(("", "verdict", "trials", "errors", grades), rows)]
    reasons = [
        *(said for c in view.unranked for said in _out(view, c)),
        *(said for c in view.ok for said in _doubts(c)),
    ]
    if reasons:
        blocks += ["Why → what to do:", reasons_once(reasons)]
    return Section("Verdict", blocks)


def warnings(view: View) -> Section:
    """What concerns the comparison as a whole."""
    found = comparison(view.run, [c.result for c in view.candidates if c.result])
    items = [(finding.gate, f"{finding.reason} → {finding.remedy}") for finding in found]
    return Section("Warnings → what to do", [Items(items)] if items else [])


def reasons_once(reasons: Iterable[Said]) -> Items:
    """Each with the names of all whom it concerns."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, reason, remedy in reasons:
        names = found.setdefault((reason, remedy), [])
        if name not in names:
            names.append(name)
    return Items([(listed(names), f"{reason} → {remedy}") for (reason, remedy), names in found.items()])


def why_out(view: View, candidate: Candidate) -> str:
    """In a sentence's brackets: why a candidate has no place in the answer."""
    first = next(iter(_out(view, candidate)), None)
    return first[1] if first else candidate.status


def grade(view: View, measured: Merged | None) -> str:
    """How right the answers were."""
    graded = measured.graded if measured else None
    if graded is None:
        return DASH
    if view.run.exact:
        return f"{whole(graded.answers - graded.wrong)} of {whole(graded.answers)}"
    return f"{graded.mean:.3f} ({whole(graded.answers)})"


def of_trials(view: View, candidate: Candidate) -> str:
    return f"{len(candidate.trials)} of {view.run.trials}"


def _row(view: View, candidate: Candidate) -> tuple[str, ...]:
    total = candidate.total
    said = "flagged" if candidate.doubtful and candidate.status == "ok" else candidate.status
    if total is None:
        return (candidate.label, said, of_trials(view, candidate), DASH, DASH)
    errors = f"{whole(total.failed)} ({percent(total.error_share)})" if total.failed else "0"
    return (candidate.label, said, of_trials(view, candidate), errors, grade(view, total))


def _doubts(candidate: Candidate) -> list[Said]:
    """Of one whose numbers may be used."""
    found: list[Said] = (
        [(candidate.name, f.reason, f.remedy) for f in candidate.verdict.findings] if candidate.verdict else []
    )
    found += [(candidate.name, w.reason, w.remedy) for w in candidate.result.warnings] if candidate.result else []
    return found


def _out(view: View, candidate: Candidate) -> list[Said]:
    """Why its numbers may not be used, and what would change it; what voids them first."""
    result = candidate.result
    if result is None:
        return [(candidate.name, "the run ended before anything of it was saved", "run it again")]
    if candidate.verdict is None:
        return [(candidate.name, problem.reason, problem.remedy) for problem in result.problems]
    found = _doubts(candidate)
    if candidate.total and candidate.status == "failed":
        served, trials = digits(candidate.total.throughput), counted(len(candidate.trials), "trial")
        found.append((candidate.name, f"until then {served} operations/s in {trials}", "not for comparison"))
    if candidate.total and candidate.status == "did not keep up":
        rates = f"{digits(candidate.total.throughput)} of {digits(view.run.rate_per_second)} requests/s"
        found.append((candidate.name, f"it answered {rates}", "read that as its limit"))
    return found or [(candidate.name, "no trial was finished without a problem", "run it again")]
