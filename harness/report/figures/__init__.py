"""Which figures a run has, and beside which section each stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.analysis.merge import Merged
from harness.analysis.slo import worded
from harness.report.charts import Bars, Cell, Chart, Heat, Interval, Intervals, Stacks, Who
from harness.report.document import Figure, Section
from harness.report.figures import curves, timeline
from harness.report.numbers import digits, listed, size
from harness.report.view import Candidate, View
from harness.result import Loading

Shown = Sequence[tuple[Candidate, Who]]  # Those with numbers that may be used, best first.
_Number = Callable[[Candidate], float | None]


def illustrated(view: View, sections: Sequence[Section]) -> list[Section]:
    """Each figure stands in the first section whose title has one of its words, and without one in the first of all."""
    placed: dict[int, list[Figure]] = {}
    for figure, words in figures(view):
        titles = [section.title.casefold() for section in sections]
        beside = [n for word in words for n, title in enumerate(titles) if n and word in title]
        placed.setdefault(beside[0] if beside else 0, []).append(figure)
    return [replace(section, figures=placed.get(number, ())) for number, section in enumerate(sections)]


def figures(view: View) -> list[tuple[Figure, Sequence[str]]]:
    """With words of the titles of the sections where each belongs, the best first."""
    shown = who_is_who(view)
    found: list[tuple[Figure | None, Sequence[str]]] = [
        (_ratios(view, shown), ()),
        (_capacities(view, shown), ("capacity",)),
        (curves.hockey_stick(view.run, shown), ("by clients", "same rates")),
        (curves.scalability(shown), ("by clients",)),
        (timeline.figure(shown), ("throughput",)),
        (curves.common_rates(view, shown), ("same rates",)),
        (curves.percentiles(view.run, shown), ("response time",)),
        (_kinds(view, shown), ("response time",)),
        (_shares(shown), ("where the time",)),
        (curves.recall(shown), ("equal recall", "recall")),
        (_costs(shown), ("cost",)),
    ]
    return [(figure, words) for figure, words in found if figure]


def who_is_who(view: View) -> Shown:
    places = {name: place for place, name in enumerate(view.run.candidates)}
    return [(c, Who(c.name, c.label, places[c.name], c.doubtful)) for c in view.ok]


def _ratios(view: View, shown: Shown) -> Figure | None:
    """The best of each durability class against the others of it, where that is a fair question."""
    who = {candidate.name: who for candidate, who in shown}
    found = []
    for best, *others in view.ranked.values():
        for other in others if view.like_for_like([best, *others]) and view.compared else []:
            standing, label = view.standing(best, other), f"{best.label} against {other.label}"
            if (ratio := standing.ratio) and not (standing.first_bound and standing.second_bound):
                high = None if standing.first_bound else ratio.high
                said, clear = standing.cell, standing.clear
                found.append(Interval(who[other.name], label, ratio.estimate, ratio.low, high, said, clear))
    operations = "How many times as many operations the best served"
    title = operations if view.measure == "per_second" else "How many times as long the others took"
    note = "With 95 % intervals; an arrow: at least. A hollow mark: no clear difference."
    return Figure("ratios", title, note, [Intervals(title, found, neutral=1.0, unit="×")]) if found else None


def _capacities(view: View, shown: Shown) -> Figure | None:
    slo = view.run.slo
    known = [(who, candidate.result.capacity) for candidate, who in shown if candidate.result]
    found = []
    for who, capacity in known:
        if capacity and capacity.per_second:
            at_least = capacity.limit in ("client", "top")
            said = f"{'≥ ' * at_least}{digits(capacity.per_second)}/s"
            low, high = capacity.low_per_second, None if at_least else capacity.high_per_second
            found.append(Interval(who, who.label, capacity.per_second, low, high, said))
    if not slo or not found:
        return None
    title = f"Highest rate that keeps {worded(slo)}, requests/s"
    none = [who.label for who, capacity in known if capacity and capacity.limit == "bottom"]
    failed = f" No rate at all kept it: {listed(none)}." if none else ""
    note = f"From the highest rate that was seen to keep it to the lowest that broke it; an arrow: at least.{failed}"
    return Figure("capacity", title, note, [Intervals(title, found)])


def _kinds(view: View, shown: Shown) -> Figure | None:
    rows = []
    for kind in view.kinds:
        medians = [_median(candidate.kinds.get(kind)) for candidate, _ in shown]
        known = [median for median in medians if median]
        if len(known) > 1:
            best = min(known)
            rows.append((kind, [Cell(digits(median), median / best) if median else None for median in medians]))
    if len(rows) < 2 or len(shown) < 2:
        return None
    title = "Median response time of each kind of operation, ms"
    note = "Below each median: how many times the lowest of its row. The stronger the shade, the slower."
    return Figure("kinds", title, note, [Heat(title, [who for _, who in shown], rows)])


def _median(measured: Merged | None) -> float | None:
    return measured.response.p50_ms if measured and measured.response else None


def _shares(shown: Shown) -> Figure | None:
    """What of a mean service time the client's own work takes, and what a round trip to a server with nothing to do."""
    stacks = []
    for candidate, who in shown:
        calibration = candidate.result.calibration if candidate.result else None
        client_us = candidate.costs.client_cpu_us if candidate.costs else None
        if calibration and client_us and candidate.service:
            whole = candidate.service.mean_ms
            client = min(whole, client_us / 1e3)
            trip = min(whole - client, max(0.0, calibration.ping.mean_ms - calibration.ping_cpu_us / 1e3))
            parts = [part / whole for part in (client, trip, whole - client - trip)]
            stacks.append((who, parts, f"{digits(whole)} ms on average"))
    if not stacks:
        return None
    title = "Where the time goes: the mean time from the send to the answer"
    names = ("client CPU", "bare round trip", "server, and waiting for it or for the client's core")
    note = (
        "Client CPU is driver and harness; the bare round trip is a ping's, less its CPU. "
        "The larger these two, the more the differences between servers are compressed."
    )
    return Figure("shares", title, note, [Stacks(title, names, stacks)])


def _costs(shown: Shown) -> Figure | None:
    charts: list[Chart] = []
    for title, number, text in _COSTS:
        known = [(who, value, text(value)) for candidate, who in shown if (value := number(candidate)) is not None]
        if any(value for _, value, _ in known):
            charts.append(Bars(title, known))
    note = "Each from 0, over the measured part of all trials; memory is the most of any trial."
    return Figure("costs", "What it costs", note, charts, columns=2) if charts else None


def _loading(number: Callable[[Loading], float | None]) -> _Number:
    return lambda c: number(c.result.loading) if c.result and c.result.loading else None


_COSTS: Sequence[tuple[str, _Number, Callable[[float], str]]] = (
    ("Bulk load, rows/s", _loading(lambda loading: loading.rows_per_second), digits),
    ("Until settled after it, s", _loading(lambda loading: loading.settle_seconds), digits),
    ("Data and indexes", _loading(lambda loading: loading.size_bytes), size),
    ("Index on vectors alone", _loading(lambda loading: loading.index_bytes), size),
    ("Server CPU, µs/operation", lambda c: c.costs.server_cpu_us if c.costs else None, digits),
    ("Client CPU, µs/operation", lambda c: c.costs.client_cpu_us if c.costs else None, digits),
    ("Server memory", lambda c: c.costs.server_resident_bytes if c.costs else None, size),
    ("Written to disk/operation", lambda c: c.costs.written_bytes if c.costs else None, size),
)
