"""The report of a gate or of a comparison of two runs: what is worse, better, alike, or cannot be said."""

from __future__ import annotations

from collections.abc import Sequence

from harness.judgement import Judged, Judgement, Said, signed
from harness.report.content.circumstances import machine_items
from harness.report.document import Block, Command, Items, Notes, Report, Section, Table
from harness.report.numbers import DASH, counted, digits, listed

HEADLINES: dict[Said, str] = {
    "regression": "Regression",
    "failed": "Failed",
    "improvement": "Improvement",
    "equivalent": "No regression",
    "inconclusive": "Inconclusive",
    "not comparable": "Not comparable",
}
NAMED = 3  # Metrics in a sentence.


def of_judgement(found: Judgement) -> Report:
    parts = [
        *verdict(found),
        Section("Machine", [Items(machine_items(found.machine))]),
        Section("Repeat it", [Command(found.command)]),
    ]
    return Report(
        about=f"{found.made:%d %B %Y} · {found.kind}", made_by=found.bakeoff, sections=parts, closing=[answer(found)]
    )


def verdict(found: Judgement) -> list[Section]:
    """The sentence with what there is to know of it, and the metrics."""
    reasons = [f"{each.workload}, {each.metric}: {each.reason}" for each in found.metrics if each.reason]
    notes = [*dict.fromkeys([*reasons, *found.notes])]
    first: list[Block] = [answer(found), *([Notes(notes)] if notes else [])]
    return [Section(title(found), first), Section("Metrics", [table(found.metrics), explained(found)])]


def title(found: Judgement) -> str:
    return f"{found.head} against {found.base}"


def answer(found: Judgement) -> str:
    """Regression after 10 pairs: throughput of write-heavy fell by 12.0 % (8.0 to 15.0 %), 5 % are allowed."""
    pairs = f" after {counted(found.pairs, 'pair')}" if found.pairs else ""
    gated = [each for each in found.metrics if each.gated]
    if found.said == "equivalent":
        within = listed([f"{each.metric} of {each.workload} within {100 * each.margin:g} %" for each in gated])
        return f"No regression{pairs}: {within}."
    told = [_sentence(each) for each in gated if each.said == found.said]
    more = [f"{len(told) - NAMED} more"] if len(told) > NAMED else []
    return f"{HEADLINES[found.said]}{pairs}: {'; '.join([*told[:NAMED], *more]) or 'nothing was judged'}."


def line(each: Judged) -> str:
    """All of one metric: regression: 1,000/s → 880/s, −12.0 % (−14.0 … −10.0), 5 % less is allowed."""
    way = "less" if each.higher_is_better else "more"
    allowed = f", {100 * each.margin:g} % {way} is allowed" if each.gated else ""
    reason = f"; {each.reason}" if each.reason else ""
    return f"{each.said}: {_both(each)}, {change(each)}{allowed}{reason}"


def change(each: Judged) -> str:
    """−12.0 % (−14.0 … −10.0); a dash where it is not known."""
    if each.ratio is None or each.low is None or each.high is None:
        return DASH
    return f"{signed(each.ratio)} % ({signed(each.low)} … {signed(each.high)})"


def table(metrics: Sequence[Judged]) -> Table:
    several = len({each.workload for each in metrics}) > 1
    rows = [
        (
            f"{each.workload}: {each.metric}" if several else each.metric,
            _both(each),
            change(each),
            f"{'−' if each.higher_is_better else '+'}{100 * each.margin:g} %" if each.gated else DASH,
            each.said if each.gated else f"({each.said})",
        )
        for each in metrics
    ]
    return Table(("", "base → head", "change", "allowed", "verdict"), rows)


def explained(found: Judgement) -> str:
    brackets = f"In brackets: {100 * found.confidence:g} % interval"
    if found.kind == "gate":
        return f"{brackets} of paired trials that ran in turns. A verdict in brackets is told and decides nothing."
    return f"{brackets} of trials that did not run side by side, so what changed between the runs is in it."


def _sentence(each: Judged) -> str:
    name = f"{each.metric} of {each.workload}"
    if each.said in ("not comparable", "failed") or each.ratio is None or each.low is None or each.high is None:
        return f"{name}: {each.reason or each.said}"
    if each.said == "inconclusive":
        return f"{name} may have changed by {signed(each.low)} to {signed(each.high)} %"
    bounds = sorted((each.low, each.high), key=lambda ratio: abs(ratio - 1))
    by, low, high = (signed(ratio)[1:] for ratio in (each.ratio, *bounds))
    way = "rose" if each.ratio > 1 else "fell"
    allowed = f", {100 * each.margin:g} % are allowed" if each.said == "regression" else ""
    return f"{name} {way} by {by} % ({low} to {high} %){allowed}"


def _both(each: Judged) -> str:
    """1,000 → 880/s."""
    if each.base is None and each.head is None:
        return DASH
    space = "" if each.unit.startswith("/") else " "
    return f"{digits(each.base)} → {digits(each.head)}{space}{each.unit}".rstrip()
