"""What a candidate can carry: the capacity under an objective, and throughput by number of clients."""

from __future__ import annotations

from collections.abc import Sequence

from harness.analysis.levels import Level
from harness.analysis.scalability import Fit, fit
from harness.analysis.slo import worded
from harness.report.document import Block, Items, Section, Table
from harness.report.numbers import DASH, digits, interval, percent
from harness.report.standing import limited_by_client
from harness.report.view import Candidate, View
from harness.result import Capacity

LIMITS = {
    "slo": "the server",
    "client": "the client: the server can do more",
    "top": "nothing, up to the highest rate tried",
    "bottom": "the server, at every rate tried",
}


def found(candidate: Candidate) -> Capacity | None:
    return candidate.result.capacity if candidate.result else None


def kept_up_to(candidate: Candidate) -> str:
    """up to 31,000 requests/s (30,100–32,400)."""
    capacity = found(candidate)
    if capacity is None or unknown(candidate):
        return "at a rate that is not known: the client could not offer more"
    if capacity.per_second is None:
        return "at no rate that was tried"
    if capacity.limit in ("client", "top"):
        return f"up to at least {digits(capacity.per_second)} requests/s"
    return f"up to {digits(capacity.per_second)} requests/s ({_interval(capacity)})"


def unknown(candidate: Candidate) -> bool:
    """Did the client break the objective at every rate that was tried?"""
    capacity = found(candidate)
    return capacity is not None and capacity.per_second is None and capacity.limit == "client"


def carries_more(one: Candidate, other: Candidate) -> bool:
    """Surely: even the most of the other is less than what the one was seen to keep."""
    best, less = found(one), found(other)
    if best is None or best.low_per_second is None or less is None:
        return False
    if less.per_second is None:
        return less.limit == "bottom"
    return less.high_per_second is not None and less.limit == "slo" and best.low_per_second > less.high_per_second


def by_capacity(members: Sequence[Candidate]) -> list[Candidate]:
    """Those whose capacity was searched for, highest first."""
    capacities = [(found(member), member) for member in members]
    searched = [(capacity.per_second or 0.0, member) for capacity, member in capacities if capacity]
    return [member for _, member in sorted(searched, key=lambda pair: -pair[0])]


def capacity(view: View, members: Sequence[Candidate], title: str) -> Section:
    searched = by_capacity(members)
    if view.run.slo is None or not searched:
        return Section(title, [])
    rows = []
    for member in searched:
        limit = found(member)
        assert limit is not None
        at_least = limit.limit in ("client", "top") and limit.per_second is not None
        estimate = "≥ " * at_least + digits(limit.per_second)
        rows.append((member.label, estimate, _interval(limit), LIMITS[limit.limit]))
    head = (f"{worded(view.run.slo)} up to", "requests/s", "bracket", "limited by")
    explained = (
        "Open loop; late, failed and unsent requests all miss the objective. Bracket: from the highest rate that was "
        "seen to keep it to the lowest that was seen to break it, in one search."
    )
    return Section(title, [Table(head, rows), explained])


def ladder(view: View, members: Sequence[Candidate], title: str) -> Section:
    """Closed loop, by number of clients, and the law that describes it."""
    climbed = [member for member in members if member.levels.get("ladder")]
    clients = sorted({level.load.clients for member in climbed for level in member.levels["ladder"]})
    if not climbed:
        return Section(title, [])
    blocks: list[Block] = []
    for name in ("operations/s", "p50, ms", "p99, ms"):
        rows = [(str(number), *(_rung(member, number, name) for member in climbed)) for number in clients]
        if any(cell != DASH for row in rows for cell in row[1:]):
            blocks.append(Table((f"clients: {name}", *(member.label for member in climbed)), rows))
    if any(cell.startswith("≥") for block in blocks if isinstance(block, Table) for row in block.rows for cell in row):
        blocks.append("≥ the client was the limit there: the server can do more. Not in the fit.")
    blocks += _laws(climbed)
    return Section(title, blocks)


def law(member: Candidate) -> Fit | None:
    """The Universal Scalability Law through the levels at which the client was not the limit."""
    rungs = [level for level in member.levels.get("ladder", ()) if not _bound(member, level)]
    trials = [trial for level in rungs for trial in level.trials]
    return fit([(trial.load.clients, trial.total.per_second) for trial in trials])


def _laws(members: Sequence[Candidate]) -> list[Block]:
    rows, refused = [], []
    for member in members:
        fitted = law(member)
        if fitted is None:
            why = "too few numbers of clients at which it, and not the client, was the limit"
            refused.append((member.name, f"no fit: {why}"))
        elif fitted.refused:
            refused.append((member.name, f"no fit: {fitted.refused}"))
        else:
            rows.append((member.label, *_parameters(fitted)))
    blocks: list[Block] = []
    if rows:
        head = ("scalability law", "1 client, /s", "contention", "coherency", "peak at clients", "worst\nresidual")
        blocks.append(Table(head, rows))
        blocks.append(
            "Universal Scalability Law. Contention: share of the work that waits its turn; coherency: what every pair "
            "of clients costs; residual: how far the law misses a trial."
        )
    return [*blocks, Items(refused)] if refused else blocks


def _parameters(fitted: Fit) -> tuple[str, ...]:
    peak = "not reached"
    if fitted.peak_clients is not None:
        peak = f"{digits(fitted.peak_per_second)}/s at {digits(round(fitted.peak_clients))}"
    worst = max(map(abs, fitted.residuals))
    return (
        digits(fitted.per_second_at_one),
        percent(fitted.contention),
        percent(fitted.coherency),
        peak,
        percent(worst),
    )


def _at(member: Candidate, clients: int) -> Level | None:
    return next((level for level in member.levels["ladder"] if level.load.clients == clients), None)


def _bound(member: Candidate, level: Level) -> bool:
    return member.result is not None and limited_by_client(member.result, level.trials)


def _rung(member: Candidate, clients: int, name: str) -> str:
    level = _at(member, clients)
    if level is None:
        return DASH
    if name == "operations/s":
        return "≥ " * _bound(member, level) + digits(level.total.throughput)
    response = level.total.response
    return digits((response.p50_ms if name.startswith("p50") else response.p99_ms) if response else None)


def _interval(capacity: Capacity) -> str:
    low, high = capacity.low_per_second, capacity.high_per_second
    if low is None:
        return DASH if high is None else f"below {digits(high)}"
    return f"from {digits(low)}" if high is None else interval(low, high)
