"""The content of the report: its sections in the order in which an engineer asks, and what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from harness.analysis.merge import Merged
from harness.report.answer import answer, limits
from harness.report.circumstances import costs, facts, fairness, machine, settings
from harness.report.document import Block, Command, Items, Notes, Section, Table
from harness.report.numbers import DASH, counted, digits, interval, listed, percent, whole
from harness.report.view import Candidate, View, warnings
from harness.result import Latency

FASTEST = "*"  # Before a number.


def sections(view: View) -> list[Section]:
    """Those with nothing to say are left out."""
    parts = [
        Section(f"{view.run.workload}: {', '.join(view.run.candidates)}", [*answer(view), Notes(limits(view))]),
        *(_throughput(view, durability) for durability in view.ranked),
        *_responses(view),
        _recall(view),
        _errors(view),
        _without_numbers(view),
        _warnings(view),
        costs(view),
        fairness(view),
        settings(view),
        machine(view),
        Section("Repeat it", [Command(view.run.command)]),
        facts(view),
    ]
    return [part for part in parts if part.blocks]


def _title(view: View, title: str, durability: str) -> str:
    return title if len(view.ranked) == 1 else f"{title}: {durability}"


def _missing(view: View, durability: str) -> list[Candidate]:
    """The first class's tables also show who has no number."""
    return view.unranked if durability == next(iter(view.ranked)) else []


def _throughput(view: View, durability: str) -> Section:
    members = view.ranked[durability]
    grades = "right answers" if view.run.exact else "recall (answers)"
    head = ("", "operations/s", "min–max", "trials", "errors", grades)
    rows = [_throughput_row(view, candidate) for candidate in members]
    missing = [(c.name, c.status, DASH, _trials(view, c), DASH, DASH) for c in _missing(view, durability)]
    blocks: list[Block] = [Table(head, [*rows, *missing])]
    if view.run.rate_per_second is not None:
        blocks += [
            _schedule(members),
            "Late: every client was busy when the request was due; lag: for how long. Timer: an idle client overslept; "
            "that is in no response time.",
        ]
    return Section(_title(view, "Throughput", durability), blocks)


def _throughput_row(view: View, candidate: Candidate) -> Sequence[str]:
    total = candidate.total
    assert total is not None
    rates = total.per_second.values()
    failed = f"{whole(total.failed)} ({percent(total.error_share)})" if total.failed else "0"
    spread = interval(min(rates), max(rates)) if len(rates) > 1 else DASH
    return (candidate.label, digits(total.throughput), spread, _trials(view, candidate), failed, _grade(view, total))


def _trials(view: View, candidate: Candidate) -> str:
    return f"{len(candidate.trials)} of {view.run.trials}"


def _grade(view: View, measured: Merged | None) -> str:
    graded = measured.graded if measured else None
    if graded is None:
        return DASH
    if view.run.exact:
        return f"{whole(graded.answers - graded.wrong)} of {whole(graded.answers)}"
    return f"{graded.mean:.3f} ({whole(graded.answers)})"


def _schedule(members: Sequence[Candidate]) -> Table:
    head = ("requests", "due", "late", "unsent", "unfinished", "lag p99, ms", "timer p99, ms")
    rows = []
    for member in members:
        if schedule := member.schedule:
            numbers = (schedule.due, schedule.late, schedule.unsent, schedule.unfinished)
            delays = (schedule.lag, schedule.timer_error)
            rows.append(
                (member.label, *map(whole, numbers), *(digits(delay.p99_ms if delay else None) for delay in delays))
            )
    return Table(head, rows)


def _responses(view: View) -> list[Section]:
    """For each durability class, and what a dash means once."""
    blocks = {durability: _response(view, durability) for durability in view.ranked}
    tables = [block for part in blocks.values() for block in part if isinstance(block, Table)]
    if any(DASH in row[1:] for table in tables for row in table.rows):
        blocks[list(blocks)[-1]].append(f"{DASH} not measured, or fewer than 10 samples lie beyond that percentile.")
    return [Section(_title(view, "Response time, ms", durability), part) for durability, part in blocks.items()]


def _response(view: View, durability: str) -> list[Block]:
    """All operations together, then kind by kind."""
    members = view.ranked[durability]
    head = ("all operations", "p50", "p95", "p99", "p99.9", "max")
    missing = [(f"{c.name}, {c.status}", *[DASH] * 5) for c in _missing(view, durability)]
    blocks: list[Block] = [Table(head, [*((c.label, *_quantiles(c.response)) for c in members), *missing])]
    if view.run.rate_per_second is not None:
        head = ("from the send (service)", *head[1:])
        blocks.append(Table(head, [(c.label, *_quantiles(c.service)) for c in members]))
    if len(view.kinds) > 1:
        blocks += _kinds(view, durability)
    return blocks


def _quantiles(latency: Latency | None) -> Sequence[str]:
    if latency is None:
        return [DASH] * 5
    return [digits(ms) for ms in (latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.p999_ms, latency.max_ms)]


def _kinds(view: View, durability: str) -> list[Block]:
    """Throughput and percentiles kind by kind, the fastest medians marked; what nobody knows is left out."""
    members = view.ranked[durability]
    missing = _missing(view, durability)
    names = [*(c.label for c in members), *(f"{c.name}\n{c.status}" for c in missing)]
    fastest = {(kind, name) for kind in view.kinds for name in view.fastest(kind, members)}
    blocks: list[Block] = []
    for number, title in enumerate(("operations/s", "p50", "p95", "p99", "p99.9")):
        marked = fastest if title == "p50" else set()
        rows = []
        for kind in view.kinds:
            cells = [FASTEST * ((kind, c.name) in marked) + _kind_cells(c.kinds.get(kind))[number] for c in members]
            if any(cell != DASH for cell in cells):
                rows.append((kind, *cells, *[DASH] * len(missing)))
        if rows:
            blocks.append(Table((f"{title} by kind", *names), rows))
        if marked:
            blocks.append(f"{FASTEST} fastest p50, and those that are not clearly slower.")
    return blocks


def _kind_cells(measured: Merged | None) -> Sequence[str]:
    if measured is None:
        return [DASH] * 5
    return [digits(measured.throughput), *_quantiles(measured.response)[:4]]


def _recall(view: View) -> Section:
    """Kind by kind, where answers are approximate."""
    if view.run.exact:
        return Section("Recall", [])
    graded = [kind for kind in view.kinds if any(c.kinds[kind].graded for c in view.ok if kind in c.kinds)]
    rows = [(kind, *(_grade(view, c.kinds.get(kind)) for c in view.ok)) for kind in graded]
    return Section("Recall (answers)", [Table(("", *(c.label for c in view.ok)), rows)] if rows else [])


def _errors(view: View) -> Section:
    rows = [
        (candidate.label, kind.kind, name, whole(count), percent(count / (kind.count + kind.failed)))
        for candidate in view.ok
        for kind in candidate.kinds.values()
        for name, count in kind.errors.items()
    ]
    return Section("Failed requests", [Table(("", "kind", "error", "count", "of this kind"), rows)] if rows else [])


def _without_numbers(view: View) -> Section:
    """Why, and what would change it."""
    items = []
    for candidate in view.unranked:
        problems = candidate.result.problems if candidate.result else []
        reasons = [f"{problem.reason} → {problem.remedy}" for problem in problems] or _plight(view, candidate)
        before = []
        if candidate.status == "failed" and candidate.total:
            speed = f"{digits(candidate.total.throughput)} operations/s"
            before = [f"until then {speed} in {counted(len(candidate.trials), 'trial')}, not for comparison"]
        items.append((f"{candidate.name}, {candidate.status}", "; ".join([*reasons, *before])))
    return Section("Without numbers", [Items(items)] if items else [])


def _plight(view: View, candidate: Candidate) -> list[str]:
    if candidate.result is None:
        return ["the run ended before anything of it was saved → repeat the run"]
    if candidate.total and not candidate.fits:
        return [f"its data and operations ({candidate.result.fingerprint}) are not this run's → repeat the run"]
    return ["no trial was finished without a problem → repeat the run"]


def _warnings(view: View) -> Section:
    found = warnings(view.candidates)
    items = [(listed(names), f"{reason} → {remedy}") for (reason, remedy), names in found.items()]
    return Section("Warnings → what to do", [Items(items)] if items else [])
