"""What speed was paid for with: recall of approximate answers, and what the requests turned out to be like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.analysis.levels import Level
from harness.analysis.recall import Interpolated, Point, at_recall
from harness.report.content.trust import grade
from harness.report.document import Block, Section, Table
from harness.report.numbers import DASH, digits, listed, percent, size
from harness.report.view import Candidate, View

RECALLS = (0.90, 0.95, 0.99)


def series(member: Candidate) -> dict[str, list[Point]]:
    """What a sweep found, by what it varied beside the effort."""
    found: dict[str, list[Point]] = {}
    for level in member.levels.get("sweep", ()):
        if point := _point(level):
            found.setdefault(level.series, []).append(point)
    return found


def equal_recall(view: View, members: Sequence[Candidate], title: str) -> Section:
    """Speed at the same recall, and what the index took."""
    swept = {member.label: found for member in members if (found := series(member))}
    names = dict.fromkeys(name for found in swept.values() for name in found)
    blocks: list[Block] = [
        _at_recalls(name, {who: found.get(name, []) for who, found in swept.items()}) for name in names
    ]
    if blocks:
        blocks.append(
            "Between the two nearest efforts that were measured. <: reached only above that recall, at this speed. "
            f"{DASH} not reached at any effort, or too few samples for that percentile."
        )
        blocks += _built(members)
    return Section(title, blocks)


def at_equal_recall(members: Sequence[Candidate]) -> list[str]:
    """In a sentence: the first kind of search at the middle recall."""
    swept = [(member, found) for member in members if (found := series(member))]
    if len(swept) < 2:
        return []
    name = next(iter(swept[0][1]))
    speeds = [(member, at_recall(found.get(name, []), RECALLS[1])) for member, found in swept]
    reached = [f"{member.label} served {digits(speed.per_second)}/s" for member, speed in _fastest_first(speeds)]
    short = [member.label for member, speed in speeds if speed is None]
    also = [f"{listed(short)} did not reach it"] if short else []
    return [f"At recall {RECALLS[1]:g} ({name or 'searches'}) {listed([*reached, *also])}; one sweep, no interval"]


def recall_by_kind(view: View) -> Section:
    """At the effort of the main trials, where answers are approximate."""
    if view.run.exact:
        return Section("Recall (answers)", [])
    graded = [kind for kind in view.kinds if any(c.kinds[kind].graded for c in view.ok if kind in c.kinds)]
    rows = [(kind, *(grade(view, c.kinds.get(kind)) for c in view.ok)) for kind in graded]
    return Section("Recall (answers)", [Table(("", *(c.label for c in view.ok)), rows)] if rows else [])


def traits(view: View) -> Section:
    """The mix, the popular keys and the hits, as they were and not as they were asked for."""
    found = {member.label: _mean_traits(member) for member in view.ok}
    names = dict.fromkeys(name for shares in found.values() for name in shares)
    rows = [(name, *(percent(shares[name]) if name in shares else DASH for shares in found.values())) for name in names]
    return Section("What was asked", [Table(("share", *found), rows)] if rows else [])


def _point(level: Level) -> Point | None:
    graded, response = level.total.graded, level.total.response
    if graded is None or response is None or level.total.throughput <= 0:
        return None
    return Point(level.effort, graded.mean, level.total.throughput, response.p50_ms, response.p99_ms)


def _at_recalls(name: str, points: Mapping[str, Sequence[Point]]) -> Table:
    """Rows are candidates and recalls."""
    rows = [
        (who, f"{recall:.2f}", *_speed(at_recall(measured, recall)), _reach(measured))
        for who, measured in points.items()
        for recall in RECALLS
    ]
    return Table((name or "search", "recall", "operations/s", "p50, ms", "p99, ms", "measured recall"), rows)


def _speed(found: Interpolated | None) -> tuple[str, ...]:
    if found is None:
        return (DASH, DASH, DASH)
    above = "<" * found.measured_above
    return (above + digits(found.per_second), digits(found.p50_ms), digits(found.p99_ms))


def _reach(points: Sequence[Point]) -> str:
    recalls = [point.recall for point in points]
    return f"{min(recalls):.3f}–{max(recalls):.3f}" if recalls else DASH


def _built(members: Sequence[Candidate]) -> list[Block]:
    rows = []
    for member in members:
        if member.result and (loading := member.result.loading):
            seconds = (loading.seconds, loading.settle_seconds, loading.seconds + loading.settle_seconds)
            rows.append((member.label, *map(digits, seconds), size(loading.index_bytes), size(loading.size_bytes)))
    head = ("to build", "load, s", "settle, s", "together, s", "index", "data and indexes")
    return [Table(head, rows)] if rows else []


def _fastest_first(
    speeds: Sequence[tuple[Candidate, Interpolated | None]],
) -> list[tuple[Candidate, Interpolated]]:
    known = [(member, speed) for member, speed in speeds if speed]
    return sorted(known, key=lambda pair: -pair[1].per_second)


def _mean_traits(member: Candidate) -> dict[str, float]:
    """Over the trials that tell."""
    names = dict.fromkeys(name for trial in member.trials for name in trial.traits)
    told = {name: [trial.traits[name] for trial in member.trials if name in trial.traits] for name in names}
    return {name: sum(shares) / len(shares) for name, shares in told.items()}
