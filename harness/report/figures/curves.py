"""Figures with curves: percentiles, throughput against latency and clients, recall against throughput."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness import histogram
from harness.analysis.levels import Level
from harness.analysis.merge import Merged, decoded
from harness.analysis.slo import worded
from harness.report.charts import Axis, Line, Plot, Point, Rule, Who
from harness.report.content.capacity import law
from harness.report.content.quality import RECALLS
from harness.report.content.rates import Served, at_rates
from harness.report.document import Figure
from harness.report.numbers import counted, digits, listed
from harness.report.view import Candidate, View
from harness.result import Run
from harness.trial import Latency, Stage

Shown = Sequence[tuple[Candidate, Who]]

_NAMED = {0.5: "50 %", 0.75: "75 %", 0.9: "90 %", 0.95: "95 %", 0.99: "99 %", 0.999: "99.9 %", 0.9999: "99.99 %"}
_PER_DECADE = 20  # Points of a percentile curve.
_MS, _PERCENTILE = Axis("response time, ms", "log"), Axis("percentile", "tail")
_WIDE_RANGE = 6  # Highest over lowest throughput, from which only a logarithmic axis shows both.
_STEPS = 24  # Of the curve of a law.


def percentiles(run: Run, shown: Shown) -> Figure | None:
    plot = _percentiles("Response time by percentile", [(who, candidate.response) for candidate, who in shown])
    if plot is None:
        return None
    how = (
        f"All operations of all trials, {counted(run.clients, 'client')} in a closed loop, which hides stalls: "
        "a client that waits sends nothing."
        if run.rate_per_second is None
        else f"All operations of all trials, {digits(run.rate_per_second)}/s offered, timed from when they were due."
    )
    return Figure("percentiles", plot.title, f"{how} A curve ends where fewer than 10 samples lie beyond it.", [plot])


def common_rates(view: View, shown: Shown) -> Figure | None:
    """One chart for each rate, on the same axes, without those whose times may not be used."""
    places = {candidate.name: who for candidate, who in shown}
    plots, out = [], []
    for rate, served in at_rates(view, [candidate for candidate, _ in shown]).items():
        lines = [(_as_served(each, places[each.candidate.name]), each.response) for each in served]
        plots.append(_percentiles(f"{digits(rate)} operations/s offered to all", lines))
        out += [f"{each.label} at {digits(rate)}/s ({each.said})" for each in served if not each.usable]
    title = "Response time by percentile, at the same rates for all"
    left_out = f" Left out: {listed(out)}." if out else ""
    note = f"Open loop: a request's time counts from when it was due, so stalls show.{left_out}"
    drawn = _alike([plot for plot in plots if plot])
    return Figure("common-rates", title, note, drawn, columns=2) if drawn else None


def hockey_stick(run: Run, shown: Shown) -> Figure | None:
    """The ladder of clients; without one, the common rates and the main trials."""
    ladder = _levels(shown, "ladder")
    pressed = ladder or _levels(shown, "common rate")
    name = _measure([level.total.response for of in pressed.values() for level in of])
    drawn = [Line(who, _points(of, name)) for who, of in pressed.items()]
    if not ladder:
        alone = [(who, candidate.total) for candidate, who in shown if candidate.total]
        drawn += [Line(who, [_reached("main trials", t, name)], joined=False) for who, t in alone if _knows(t, name)]
    drawn = [line for line in drawn if line.points]
    if max((len(line.points) for line in drawn), default=0) < 2:
        return None
    at_slo = [Rule("y", run.slo.limit_ms, worded(run.slo))] if run.slo and ladder else []
    served = [point.x for line in drawn for point in line.points]
    far = max(served) > _WIDE_RANGE * min(served)
    across = Axis("operations/s served", "log") if far else Axis("operations/s served", low=0.0)
    note = (
        "Closed loop; the numbers at the ends of the lines are clients. Further right is more, further down is faster."
        if ladder
        else "Joined: the rates that all were offered (open loop). Alone: the main trials, as fast as they go."
    )
    title = f"Throughput against {name} response time"
    plot = Plot(title, across, Axis(f"{name} response time, ms", "log"), drawn, rules=at_slo)
    return Figure("throughput-latency", title, note, [plot])


def scalability(shown: Shown) -> Figure | None:
    """The ladder with the Universal Scalability Law, where it applies."""
    measured, laws = [], []
    for candidate, who in shown:
        if of := candidate.levels.get("ladder"):
            points = [Point(level.load.clients, level.total.throughput, _served(level)) for level in of]
            measured.append(Line(who, points, joined=False))
            fitted, most = law(candidate), max(level.load.clients for level in of)
            if fitted and not fitted.refused:
                across = [most ** (step / _STEPS) for step in range(_STEPS + 1)]
                laws.append(Line(who, [Point(x, fitted.per_second(x)) for x in across], thin=True))
    if not measured:
        return None
    rungs = sorted({point.x for line in measured for point in line.points})
    title = "Throughput by number of clients, closed loop"
    note = "Lines: the Universal Scalability Law where it fits, without the points at which the client was the limit."
    plot = Plot(title, Axis("clients", "log", ticks=rungs), Axis("operations/s", low=0.0), [*measured, *laws])
    return Figure("scalability", title, note, [plot])


def recall(shown: Shown) -> Figure | None:
    """One chart for each selectivity, on the same axes."""
    series: dict[str, list[Line]] = {}
    for who, of in _levels(shown, "sweep").items():
        for name in dict.fromkeys(level.series for level in of):
            points = [_at_recall(level) for level in of if level.series == name and level.total.graded]
            if points:
                series.setdefault(name, []).append(Line(who, sorted(points, key=lambda point: point.x)))
    every = [point for lines in series.values() for line in lines for point in line.points]
    if not every:
        return None
    lowest = max(0.0, math.floor(20 * min(point.x for point in every) - 0.2) / 20)
    across = Axis("recall", low=min(lowest, 0.85), high=1.005)
    along = Axis("operations/s", "log", min(p.y for p in every) / 1.5, max(p.y for p in every) * 1.5)
    rules = [Rule("x", value) for value in RECALLS]
    plots = [Plot(name or "all searches", across, along, lines, rules=rules) for name, lines in series.items()]
    note = (
        "One point for each search effort, recall measured under the same load. Further up is faster, further right "
        f"is more exact; compare along a vertical line (recall {listed([f'{value:.2f}' for value in RECALLS])})."
    )
    return Figure("recall", "Recall against throughput", note, plots, columns=min(2, len(plots)))


def _alike(plots: Sequence[Plot]) -> list[Plot]:
    """With one y axis for all, so that they can be compared."""
    every = [point.y for plot in plots for line in plot.lines for point in line.points]
    return [replace(plot, y=replace(plot.y, low=min(every) / 1.2, high=max(every) * 1.2)) for plot in plots]


def _levels(shown: Shown, stage: Stage) -> dict[Who, Sequence[Level]]:
    return {who: of for candidate, who in shown if (of := candidate.levels.get(stage))}


def _as_served(served: Served, who: Who) -> Who:
    """A rate has a verdict of its own."""
    return replace(who, label=served.label, doubtful=served.label != who.name)


def _percentiles(title: str, latencies: Iterable[tuple[Who, Latency | None]]) -> Plot | None:
    lines = [Line(who, _quantiles(latency)) for who, latency in latencies if latency and latency.p50_ms]
    highest = max((line.points[-1].x for line in lines), default=0.0)
    return Plot(title, Axis("percentile", "tail", 0.0, highest), _MS, lines) if lines else None


def _quantiles(latency: Latency) -> list[Point]:
    """From the fastest on, evenly spaced on the axis, as far as enough samples lie beyond."""
    counts = decoded(latency.histogram)
    last = math.log10(latency.count / histogram.BEYOND)
    evenly = [1 - 10 ** -(step / _PER_DECADE) for step in range(math.floor(last * _PER_DECADE) + 1)]
    named = [quantile for quantile in _NAMED if histogram.knows(latency.count, quantile)]
    points = []
    for quantile in sorted({*evenly, *named}):
        ms = (histogram.quantile_ns(counts, quantile) or 1) / 1e6
        points.append(Point(quantile, ms, f"{_NAMED[quantile]}: {digits(ms)} ms" if quantile in _NAMED else ""))
    return points


def _measure(latencies: Sequence[Latency | None]) -> str:
    """The highest quantile that all of them know."""
    return next((name for name in ("p99", "p95") if all(_quantile(latency, name) for latency in latencies)), "p50")


def _quantile(latency: Latency | None, name: str) -> float | None:
    """In ms."""
    return getattr(latency, f"{name}_ms", None)


def _knows(measured: Merged, name: str) -> bool:
    return _quantile(measured.response, name) is not None


def _points(of: Sequence[Level], name: str) -> list[Point]:
    """By how hard the levels pressed; the first and the last are tagged with their number of clients."""
    ordered = sorted(of, key=lambda level: (level.load.rate_per_second or 0.0, level.load.clients))
    points = []
    for level in (level for level in ordered if _knows(level.total, name)):
        rate, clients = level.load.rate_per_second, level.load.clients
        pressed = counted(clients, "client") if rate is None else f"{digits(rate)}/s offered"
        tag = str(clients) if rate is None and level in (ordered[0], ordered[-1]) else ""
        points.append(_reached(pressed, level.total, name, tag))
    return points


def _reached(pressed: str, measured: Merged, name: str, tag: str = "") -> Point:
    ms = _quantile(measured.response, name)
    assert ms is not None
    said = f"{pressed}: {digits(measured.throughput)} operations/s, {name} {digits(ms)} ms"
    return Point(measured.throughput, ms, said, tag)


def _served(level: Level) -> str:
    return f"{counted(level.load.clients, 'client')}: {digits(level.total.throughput)} operations/s"


def _at_recall(level: Level) -> Point:
    assert level.total.graded is not None
    effort = "exact" if level.effort is None else f"effort {level.effort}"
    said = f"{effort}: recall {level.total.graded.mean:.3f} at {digits(level.total.throughput)} operations/s"
    return Point(level.total.graded.mean, level.total.throughput, said)
