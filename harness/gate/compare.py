"""Two stored runs side by side. What changed between them besides the candidate makes them not comparable."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from harness import store
from harness.analysis.paired import Paired
from harness.analysis.unpaired import unpaired
from harness.errors import UsageError
from harness.gate import looks
from harness.gate.limits import Limits
from harness.gate.looks import CONFIDENCE, Change
from harness.history.terms import differences, terms
from harness.judgement import VERSION, Judged, Judgement, without_numbers
from harness.metrics import CAPACITY, P50, P95, P99, SERVER_CPU, THROUGHPUT, Number, Summary, summary
from harness.result import Result, Run

# What may differ, for it is what people compare: an upgrade, and when and how long it was measured.
MAY_DIFFER = ("server version", "governor")
LIMIT_OF: Mapping[str, str] = {
    **{metric.name: "throughput" for metric in (THROUGHPUT, CAPACITY)},
    **{metric.name: "response" for metric in (P50, P95, P99)},
    SERVER_CPU.name: "cpu",
}
REMEDY = "run both on one machine with the same command, or gate them: bakeoff gate"


def compare(base: Path, head: Path, limits: Limits, made: datetime, bakeoff: str, command: str) -> Judgement:
    """Raises UsageError for folders that are no runs, or that have no candidate in common."""
    (one, ones), (other, others) = store.read_run(base), store.read_run(head)
    summaries = summary(one, ones), summary(other, others)
    found: list[Judged] = []
    notes: list[str] = []
    for before, after in _matched(ones, others, base, head):
        why = _differ(one, before, other, after)
        notes += [f"{after.candidate}: {each}" for each in why]
        found += _judged(summaries, before, after, limits, "; ".join(why))
    if any(each.said == "not comparable" for each in found):
        notes.append(f"What to do: {REMEDY}.")
    return Judgement(
        version=VERSION,
        kind="compare",
        made=made,
        bakeoff=bakeoff,
        command=command,
        base=str(base),
        head=str(head),
        said=looks.together([each.said for each in found if each.gated] or ["inconclusive"]),
        pairs=None,
        confidence=CONFIDENCE,
        metrics=found,
        notes=notes,
        machine=other.machine,
    )


def _matched(ones: Sequence[Result], others: Sequence[Result], base: Path, head: Path) -> list[tuple[Result, Result]]:
    """By name; where each run has one candidate, that is meant, whatever it is called."""
    if len(ones) == 1 and len(others) == 1:
        return [(ones[0], others[0])]
    names = {each.candidate: each for each in ones}
    found = [(names[each.candidate], each) for each in others if each.candidate in names]
    if not found:
        raise UsageError(
            f"{base} has {', '.join(names)}, and {head} has {', '.join(each.candidate for each in others)}: "
            "no candidate is in both, so nothing can be compared."
        )
    return found


def _differ(one: Run, before: Result, other: Run, after: Result) -> list[str]:
    """Why numbers of these two do not compare; [] if they do."""
    found = [each for each in differences(terms(one, before), terms(other, after)) if not each.startswith(MAY_DIFFER)]
    if one.bakeoff != other.bakeoff:
        found.append(f"bakeoff {one.bakeoff} → {other.bakeoff}")
    return found


def _judged(
    summaries: tuple[Summary, Summary], before: Result, after: Result, limits: Limits, why: str
) -> list[Judged]:
    """Each metric that both have. Gated are throughput, the capacity, the highest quantile that both know, and CPU."""
    ones, others = (
        {number.metric.name: number for number in each.numbers if number.candidate == result.candidate}
        for each, result in zip(summaries, (before, after), strict=True)
    )
    both = [name for name in ones if name in others]
    if not both:
        reasons = [f"{name}: {text}" for each in summaries for name, text in each.left_out]
        reason = "; ".join(filter(None, [why, *reasons])) or "no number in common"
        return [without_numbers(before.workload, "all", "not comparable", reason)]
    margins = {
        name: share
        for name in both
        if name in LIMIT_OF and name not in _lower_quantiles(both) and (share := limits.margin(LIMIT_OF[name]))
    }
    worse = {name: each for name in both if (each := _worse(ones[name], others[name]))}
    logs = {name: looks.margin(margins.get(name, 0.0), ones[name].metric.higher_is_better) for name in worse}
    gated = looks.decide({name: each for name, each in worse.items() if name in margins}, logs)
    told = {name: looks.decide({name: each}, logs)[name] for name, each in worse.items() if name not in margins}
    return [
        _told(before.workload, (ones[name], others[name]), (gated | told).get(name), margins.get(name), why)
        for name in both
    ]


def _lower_quantiles(names: Sequence[str]) -> list[str]:
    """All but the highest of the response: they tell nothing new."""
    return [metric.name for metric in (P50, P95, P99) if metric.name in names][:-1]


def _worse(base: Number, head: Number) -> Paired | None:
    """In logarithms; None of what was measured once."""
    if min(len(base.trials), len(head.trials)) < 2 or min(*base.trials, *head.trials) <= 0:
        return None
    sign = -1 if base.metric.higher_is_better else 1
    return unpaired([sign * math.log(x) for x in base.trials], [sign * math.log(x) for x in head.trials], CONFIDENCE)


def _told(
    workload: str, numbers: tuple[Number, Number], change: Change | None, margin: float | None, why: str
) -> Judged:
    base, head = numbers
    better = base.metric.higher_is_better
    ratios = [math.exp((-1 if better else 1) * x) for x in _bounds(change)] if change else [None, None, None]
    bound = base.at_least or head.at_least
    said = "not comparable" if why else "inconclusive" if change is None or bound else change.said
    reason = why or ("measured once" if change is None else "the client was the limit" if bound else "")
    return Judged(
        workload=workload,
        metric=base.metric.name,
        unit=base.metric.unit,
        higher_is_better=better,
        base=base.value,
        head=head.value,
        ratio=ratios[1],
        low=ratios[2] if better else ratios[0],
        high=ratios[0] if better else ratios[2],
        margin=margin or 0.0,
        gated=margin is not None and change is not None,
        said=said,
        reason=reason,
    )


def _bounds(change: Change) -> tuple[float, float, float]:
    return change.found.low, change.found.estimate, change.found.high
