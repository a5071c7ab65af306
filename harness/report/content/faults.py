"""What a fault did to each candidate: how long nobody was answered, what failed, and how it was before and after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from harness import histogram
from harness.analysis.merge import decoded
from harness.analysis.verdict import felt
from harness.report.document import Block, Items, Section, Table
from harness.report.numbers import counted, digits, interval, listed, whole
from harness.report.view import Candidate, View
from harness.trial import Fault, Slice, Struck, Trial

QUANTILES = ("p99", "p50")


def sentences(view: View) -> list[str]:
    """Who was back first, then one for each candidate that was struck."""
    struck = sorted((candidate for candidate in view.ok if _struck(candidate)), key=_silence)
    silences = [f"{candidate.label} {digits(_silence(candidate))} s" for candidate in struck]
    fault = view.run.fault
    first = [f"{_worded(fault)}, nobody was answered for: {listed(silences)}."] if fault and struck else []
    return [*(f"{said[0].upper()}{said[1:]}" for said in first), *map(_sentence, struck)]


def faults(view: View) -> Section:
    """Trial by trial, and the writes that were lost where the class allows it."""
    struck = [candidate for candidate in view.ok if _struck(candidate)]
    if not struck:
        return Section("The fault", [])
    name = _quantile(struck)
    head = ("trial", "silent, s", "answering, s", "recovered, s", "failed", f"{name} before", f"{name} after, ms")
    rows = [
        (f"{candidate.label} {number}", *_row(trial, name))
        for candidate in struck
        for number, trial in enumerate(candidate.trials, 1)
        if trial.struck
    ]
    blocks: list[Block] = [
        Table(head, rows),
        "Counted from the fault. Silent: the longest time without an answer to any client. Answering: until the server "
        "answered a ping of the harness. Recovered: until 90 % of the earlier throughput was there for half a second.",
    ]
    if lost := [(candidate.name, said) for candidate in view.ok for said in _lost(candidate)]:
        blocks += ["Acknowledged writes that were gone:", Items(lost)]
    return Section("The fault", blocks)


def _sentence(candidate: Candidate) -> str:
    silence = _spread([struck.silent_seconds for struck in _struck(candidate)])
    recovered = [struck.recovered_seconds for struck in _struck(candidate)]
    known = [seconds for seconds in recovered if seconds is not None]
    healed = f"its throughput was back after {_spread(known)} s" if known else "its throughput did not come back"
    if known and len(known) < len(recovered):
        healed += f" (not in {len(recovered) - len(known)} of {counted(len(recovered), 'trial')})"
    failed = sum(sum(trial.total.errors.values()) for trial in candidate.trials)
    name = _quantile([candidate])
    before, after = (_latency(candidate.trials, name, late=late) for late in (False, True))
    kept = "acknowledged writes were gone, as its class allows" if _lost(candidate) else "no graded write was lost"
    return (
        f"{candidate.label} answered nobody for {silence} s, and {healed}; "
        f"{counted(failed, 'request')} failed, {name} was {digits(before)} ms before, {digits(after)} after; {kept}."
    )


def _worded(fault: Fault) -> str:
    """As: killed at 10 s and started again."""
    at = f"at {fault.at_seconds:g} s"
    if fault.kind == "pause":
        return f"paused {at} for {fault.for_seconds:g} s"
    return f"{'killed' if fault.kind == 'kill' else 'stopped in order'} {at} and started again"


def _row(trial: Trial, name: str) -> tuple[str, ...]:
    struck = trial.struck
    assert struck is not None
    return (
        digits(struck.silent_seconds),
        digits(struck.answering_seconds),
        digits(struck.recovered_seconds),
        whole(sum(trial.total.errors.values())),
        digits(_latency([trial], name, late=False)),
        digits(_latency([trial], name, late=True)),
    )


def _struck(candidate: Candidate) -> list[Struck]:
    return [trial.struck for trial in candidate.trials if trial.struck]


def _silence(candidate: Candidate) -> float:
    return median(struck.silent_seconds for struck in _struck(candidate))


def _spread(seconds: Sequence[float]) -> str:
    around = f" ({interval(min(seconds), max(seconds))})" if min(seconds) < max(seconds) else ""
    return f"{digits(median(seconds))}{around}"


def _lost(candidate: Candidate) -> list[str]:
    return [said.partition(", for example")[0] for struck in _struck(candidate) for said in struck.lost]


def _quantile(candidates: Iterable[Candidate]) -> str:
    """The highest that all of them know, before and after."""
    sides = [(candidate.trials, late) for candidate in candidates for late in (False, True)]
    known = (name for name in QUANTILES if all(_latency(trials, name, late=late) for trials, late in sides))
    return next(known, QUANTILES[-1])


def _latency(trials: Sequence[Trial], name: str, *, late: bool) -> float | None:
    """Response in ms, in the whole seconds before the fault, or in those after it was felt."""
    total = histogram.empty()
    for trial in trials:
        for piece in _calm(trial, late=late):
            total += decoded(piece.response)
    found = histogram.latency(total)
    return getattr(found, f"{name}_ms", None)


def _calm(trial: Trial, *, late: bool) -> list[Slice]:
    assert trial.struck is not None
    first, last = felt(trial.struck)
    pieces = [piece for piece in trial.timeline if piece.response and 0 <= piece.second < trial.seconds]
    return [piece for piece in pieces if (piece.second > last if late else piece.second < first)]
