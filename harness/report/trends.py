"""The report of a history: where numbers changed for good, and the trend of each metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from statistics import median

from harness.analysis.changes import LEAST_SHARE, LEAST_VALUES, LEVEL_VALUES, SIGNIFICANCE, Change
from harness.history.series import Series
from harness.history.terms import differences
from harness.report.charts import Axis, Line, Plot, Point, Rule, Who
from harness.report.document import Block, Figure, Items, Report, Section, Table
from harness.report.numbers import DASH, counted, digits, listed, percent, size
from harness.report.view import DOUBTFUL

LAST = 10  # Runs before the latest that it is compared with.
SHOWN = 20  # Runs of a trend in a terminal, the newest.
LEAST_RANGE = 0.2  # Of the median: a smaller one would make noise look large.
BLOCKS = "▁▂▃▄▅▆▇█"
CUT = "│"
TICKS = 8  # Of an axis of runs, at most.
METHOD = (
    f"By E-divisive means: p under {SIGNIFICANCE:g} (Student's t), at least {100 * LEAST_SHARE:g} %, and "
    f"{LEVEL_VALUES} runs or more before it and after it. This is advice, and fails nothing."
)


def of_history(every: Sequence[Series], made_by: str) -> Report:
    """Of at least one series."""
    answer = [headline(every)]
    names = dict.fromkeys(each.candidate for each in every)
    everybody = {name: Who(name, name, place, doubtful=False) for place, name in enumerate(names)}
    sections = [Section("History", [*answer, *changed(every)])]
    before: Series | None = None
    for number, group in enumerate(_by_terms(every)):
        first = group[0]
        sections.append(_section(group, before, everybody[first.candidate], f"trend-{number}"))
        before = first
    runs = [entry.started for each in every for entry in each.entries]
    return Report(
        about=f"{min(runs):%d %B %Y} to {max(runs):%d %B %Y}",
        made_by=made_by,
        sections=sections,
        closing=answer,
        everybody=list(everybody.values()),
    )


def headline(every: Sequence[Series]) -> str:
    judged = [each for each in every if each.judged]
    short = len(every) - len(judged)
    if not judged:
        return f"Nothing can be said yet: a series needs {LEAST_VALUES} runs, and none of {len(every)} has as many."
    found = counted(sum(len(each.changes) for each in judged), "lasting change")
    return f"{found} in {len(judged)} series" + (f"; {short} more have under {LEAST_VALUES} runs." if short else ".")


def changed(every: Sequence[Series]) -> list[Block]:
    """Each lasting change: by how much, for better or worse, since which run, and what else was different there.

    Then which series are too short to be judged.
    """
    found = [(f"{each.title}, {each.metric}", _told(each, change)) for each in every for change in each.changes]
    return [*([Items(found)] if found else []), METHOD, *_too_short(every)]


def _too_short(every: Sequence[Series]) -> list[Block]:
    """Metric by metric only where others of the same candidate are judged."""
    judged = {each.title for each in every if each.judged}
    short = [each for each in every if not each.judged]
    names = [f"{each.title}, {each.metric}" if each.title in judged else each.title for each in short]
    lengths = {name: len(each.points) for name, each in sorted(zip(names, short, strict=True), key=_runs)}
    said = listed([f"{name} ({counted(runs, 'run')})" for name, runs in lengths.items()])
    return [f"Under {LEAST_VALUES} runs, and not judged: {said}."] if short else []


def _runs(named: tuple[str, Series]) -> int:
    return len(named[1].points)


def _told(of: Series, change: Change) -> str:
    new, old = of.entries[change.index], of.entries[change.index - 1]
    for_better = "better" if of.better(change.before, change.after) else "worse"
    at = f", commit {new.commit} ({old.commit} before it)" if new.commit and old.commit else ""
    said = (
        f"{_signed(change.share)}, {for_better}: {_amount(change.before, of.unit)} on average before, "
        f"{_amount(change.after, of.unit)} since run {new.run}{at}."
    )
    beside = _beside(of, change)
    return f"{said} Also different since then: {'; '.join(beside)}." if beside else said


def _beside(of: Series, change: Change) -> list[str]:
    """What else may be the reason."""
    old, new = (of.entries[change.index - back].surroundings for back in (1, 0))
    versions = [(name, old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new])]
    found = [f"{name} {a or 'none'} → {b or 'none'}" for name, a, b in versions if a != b]
    rates = [
        [point.at_per_second for point in part if point.at_per_second is not None]
        for part in (of.points[: change.index][-LEVEL_VALUES:], of.points[change.index :][:LEVEL_VALUES])
    ]
    if all(rates):
        before, after = map(median, rates)
        if abs(after / before - 1) >= LEAST_SHARE:
            found.append(f"rate offered {digits(before)} → {digits(after)} requests/s")
    return found


def _by_terms(every: Sequence[Series]) -> list[list[Series]]:
    return [
        list(group) for _, group in groupby(every, key=lambda each: (each.workload, each.candidate, each.terms.key))
    ]


def _section(group: Sequence[Series], before: Series | None, who: Who, name: str) -> Section:
    """All metrics of one candidate on the same terms."""
    first = group[0]
    head = ("", f"last {SHOWN} runs", "latest", f"against\nlast {LAST}")
    blocks: list[Block] = [_terms(group), Table(head, [_row(each) for each in group])]
    if before is not None and (before.workload, before.candidate) == (first.workload, first.candidate):
        differs = "; ".join(differences(before.terms, first.terms))
        blocks.insert(0, f"A series of its own, since the runs before it do not compare: {differs}.")
    flagged = dict.fromkeys(doubt for each in group for doubt in each.points[-1].flagged)
    if flagged:
        blocks.append(f"{DOUBTFUL} {'; '.join(flagged)}.")
    return Section(first.title, blocks, figures=_figures(group, who, name))


def _terms(group: Sequence[Series]) -> str:
    terms, entries = group[0].terms, max((each.entries for each in group), key=len)
    version = f" {terms.server_version}" if terms.server_version else ""
    return (
        f"{counted(len(entries), 'run')}, {entries[0].started:%d %B %Y} to {entries[-1].started:%d %B %Y}. "
        f"{terms.cpu}, {counted(terms.cores, 'core')}; server{version}, {terms.source}, {terms.durability}; "
        f"{counted(terms.clients, 'client')}."
    )


def _row(each: Series) -> tuple[str, ...]:
    *earlier, latest = each.values
    middle = median(earlier[-LAST:]) if earlier else 0.0
    against = _signed(latest / middle - 1) if middle else DASH
    amount = _amount(latest, "bytes" if each.unit == "bytes" else "") + DOUBTFUL * bool(each.points[-1].flagged)
    return _name(each), sparkline(each.values, [change.index for change in each.changes]), amount, against


def sparkline(values: Sequence[float], cuts: Sequence[int] = ()) -> str:
    """The newest SHOWN values as blocks, with a bar before each that begins a new level."""
    first = max(0, len(values) - SHOWN)
    low, high = _range(values[first:])
    steps = [min(len(BLOCKS) - 1, int((value - low) / (high - low) * len(BLOCKS))) for value in values[first:]]
    return "".join(CUT * (first + place in cuts) + BLOCKS[step] for place, step in enumerate(steps))


def _range(values: Sequence[float]) -> tuple[float, float]:
    """From the lowest to the highest, and LEAST_RANGE of the median at least."""
    half = abs(median(values)) * LEAST_RANGE / 2 or 0.5
    return min(*values, median(values) - half), max(*values, median(values) + half)


def _figures(group: Sequence[Series], who: Who, name: str) -> list[Figure]:
    plots = [_plot(each, who) for each in group if len(each.points) > 1]
    note = "A point for each run, from the oldest to the newest; an upright line where the level changed."
    return [Figure(name, "Run by run", note, plots, columns=2)] if plots else []


def _plot(each: Series, who: Who) -> Plot:
    points = [
        Point(
            number, point.value, f"{entry.started:%d %B %Y}{_commit(entry.commit)}: {_amount(point.value, each.unit)}"
        )
        for number, (entry, point) in enumerate(zip(each.entries, each.points, strict=True), start=1)
    ]
    rules = [Rule("x", change.index + 0.5, _signed(change.share)) for change in each.changes]
    step = -(-len(points) // TICKS)
    low, high = _range(each.values)
    margin = (high - low) * 0.05
    across = Axis("run", ticks=list(range(1, len(points) + 1, step)))
    return Plot(_name(each), across, Axis("", low=low - margin, high=high + margin), [Line(who, points)], rules=rules)


def _commit(commit: str | None) -> str:
    return f", {commit}" if commit else ""


def _name(each: Series) -> str:
    return each.metric if each.unit in ("bytes", "share") else f"{each.metric}, {each.unit}"


def _amount(value: float, unit: str) -> str:
    return size(value) if unit == "bytes" else f"{digits(value)} {unit}".rstrip()


def _signed(share: float) -> str:
    """−9.93 %; infinite after nothing."""
    if math.isinf(share):
        return "+∞ %"
    return f"{'+' if share > 0 else '−' if share < 0 else ''}{percent(abs(share))}"
