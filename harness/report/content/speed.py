"""Throughput and times of the main trials, all operations together and kind by kind."""

from __future__ import annotations

from collections.abc import Sequence

from harness.analysis.merge import Merged
from harness.report.content.trust import of_trials
from harness.report.document import Block, Section, Table
from harness.report.numbers import DASH, digits, interval, percent, whole
from harness.report.view import Candidate, View, trials_of
from harness.trial import Latency

FASTEST = "*"  # Before a number.
T_UNTIL = 10  # Trials from which Hodges-Lehmann takes the place of Student's t.


def method(view: View) -> str:
    """How the intervals come about, by name."""
    if view.run.trials < T_UNTIL:
        return "95 % t interval on logarithms of the trials, paired by round"
    return "95 % Hodges–Lehmann interval on logarithms of the trials, paired by round"


def titled(view: View, title: str, durability: str) -> str:
    return title if len(view.ranked) == 1 else f"{title}: {durability}"


def throughput(view: View, durability: str) -> Section:
    members = view.ranked[durability]
    compared = "best / this (95 %)"
    head = ("", "operations/s", "min–max", "CV", "trials", compared)
    rows = [_throughput_row(view, member, members[0]) for member in members]
    missing = [(c.name, c.status, DASH, DASH, of_trials(view, c), DASH) for c in _missing(view, durability)]
    blocks: list[Block] = [Table(head, [*rows, *missing])]
    if any(member.client_bound for member in members):
        blocks.append("≥ the client was the limit: the database can do more, and is not ranked against another such.")
    if view.run.rate_per_second is not None:
        blocks += [
            _schedule(members),
            "Late: every client was busy when the request was due; lag: for how long. Timer: an idle client overslept; "
            "that is in no response time.",
        ]
    if len(members) > 1 and view.compared:
        blocks.append(f"In brackets: {method(view)}. CV: standard deviation over mean.")
    return Section(titled(view, "Throughput", durability), blocks)


def times(view: View) -> list[Section]:
    """For each durability class, and what a dash means once."""
    title = "Response time in the closed loop, ms" if view.run.rate_per_second is None else "Response time, ms"
    blocks = {durability: _times(view, durability) for durability in view.ranked}
    if not blocks:
        return []
    last = blocks[list(blocks)[-1]]
    if view.run.rate_per_second is None:
        last.append(
            "From the send, in a closed loop: a pause delays few requests here, and hides from the percentiles."
        )
    tables = [block for part in blocks.values() for block in part if isinstance(block, Table)]
    if any(DASH in row[1:] for table in tables for row in table.rows):
        last.append(f"{DASH} not measured, or fewer than 10 samples lie beyond that percentile.")
    return [Section(titled(view, title, durability), part) for durability, part in blocks.items()]


def errors(view: View) -> Section:
    rows = [
        (candidate.label, kind.kind, name, whole(count), percent(count / (kind.count + kind.failed)))
        for candidate in view.ok
        for kind in candidate.kinds.values()
        for name, count in kind.errors.items()
    ]
    return Section("Failed requests", [Table(("", "kind", "error", "count", "of this kind"), rows)] if rows else [])


def _missing(view: View, durability: str) -> list[Candidate]:
    """The first class's tables also show who has no number."""
    return view.unranked if durability == next(iter(view.ranked)) else []


def _throughput_row(view: View, candidate: Candidate, best: Candidate) -> Sequence[str]:
    total = candidate.total
    assert total is not None
    rates = list(total.per_second.values())
    spread = interval(min(rates), max(rates)) if len(rates) > 1 else DASH
    bound = "≥ " * (candidate.client_bound and view.measure == "per_second")
    ranked = candidate is not best and view.compared and view.measure == "per_second"
    compared = view.standing(best, candidate).cell if ranked else DASH
    return (
        candidate.label,
        bound + digits(total.throughput),
        spread,
        _variation(rates),
        of_trials(view, candidate),
        compared,
    )


def _variation(rates: Sequence[float]) -> str:
    if len(rates) < 2:
        return DASH
    mean = sum(rates) / len(rates)
    deviation = (sum((rate - mean) ** 2 for rate in rates) / (len(rates) - 1)) ** 0.5
    return percent(deviation / mean) if mean else DASH


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


def _times(view: View, durability: str) -> list[Block]:
    """All operations together, then kind by kind."""
    members = view.ranked[durability]
    head = ("all operations", "p50", "p95", "p99", "p99.9", "max")
    missing = [(f"{c.name}, {c.status}", *[DASH] * 5) for c in _missing(view, durability)]
    blocks: list[Block] = [Table(head, [*((c.label, *_quantiles(c.response)) for c in members), *missing])]
    if view.run.rate_per_second is not None:
        head = ("from the send (service)", *head[1:])
        blocks.append(Table(head, [(c.label, *_quantiles(c.service)) for c in members]))
        blocks += _compared(view, members)
    if len(view.kinds) > 1:
        blocks += _kinds(view, durability)
    return blocks


def _compared(view: View, members: Sequence[Candidate]) -> list[Block]:
    """Of an open loop, where times rank."""
    if not view.compared or len(members) < 2:
        return []
    best, *others = members
    name = view.measure.removesuffix("_ms")
    rows = []
    for member in others:
        assert member.total is not None
        trials = trials_of(member.total, view.measure).values()
        spread = interval(min(trials), max(trials)) if trials else DASH
        rows.append((member.label, spread, view.standing(best, member).cell))
    return [Table((f"{name} against {best.label}", f"{name} in trials", "this / lowest (95 %)"), rows)]


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
