"""The figure of time: what was served and how fast, second by second, from the warm-up on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness import histogram
from harness.analysis.merge import decoded, valid
from harness.report.charts import Axis, Line, Plot, Point, Rule, Span, Who
from harness.report.document import Figure
from harness.report.numbers import digits
from harness.report.view import Candidate
from harness.trial import Trial

_QUANTILES = {"p99": 0.99, "p95": 0.95, "p50": 0.5}
_GAP = 1  # Empty second between trials.
_KNOWN_SHARE = 0.8  # Of the seconds that must know a quantile for it to be shown.


@dataclass(frozen=True)
class Second:
    at: int  # On the axis.
    answered: int
    failed: int
    ms: Mapping[str, float]  # By name of the quantile, of those that enough samples carry.


Stretch = Sequence[Second]  # Without a break.


def figure(shown: Sequence[tuple[Candidate, Who]]) -> Figure | None:
    """Trials in the order of their numbers; those of different candidates ran one after the other, not together."""
    warm_ups = {who: _warm_up(candidate) for candidate, who in shown}
    lead = max((sum(_whole_seconds(trial) for trial in of) for of in warm_ups.values()), default=0)
    stretches = {who: _stretches(warm_ups[who], candidate.trials, lead) for candidate, who in shown}
    seconds = [second for of in stretches.values() for stretch in of for second in stretch]
    if not seconds or len(seconds) < 4 * len(stretches):
        return None
    name = _measure(seconds)
    ends = [of[-1][-1].at for of in stretches.values() if of]
    across = Axis("seconds of load", low=0.0, high=max(ends) + 1.0)
    spans = [*([Span(0.0, float(lead), "warm-up", shaded=True)] if lead else []), *_trials(shown, lead)]
    rules = _faults(shown, lead)
    served, ms = Axis("operations/s", low=0.0), Axis("ms", "log")
    plots = [
        Plot("Operations served in each second", across, served, _lines(stretches, ""), spans, rules),
        Plot(f"{name} response time in each second", across, ms, _lines(stretches, name), spans, rules),
    ]
    if rules:
        failed = Axis("failed/s", low=0.0)
        plots.append(Plot("Requests that failed in each second", across, failed, _failures(stretches), spans, rules))
    note = "Shaded: warm-up, which counts for nothing. After it each trial by itself; each candidate ran alone."
    drawn = [plot for plot in plots if plot.lines]
    return Figure("timeline", "Second by second", note, drawn)


def _trials(shown: Sequence[tuple[Candidate, Who]], lead: int) -> Iterator[Span]:
    """Where each trial is, of whoever has the most of them."""
    at = float(lead)
    trials = max((candidate.trials for candidate, _ in shown), key=len)
    for number, trial in enumerate(sorted(trials, key=lambda trial: trial.number), start=1):
        yield Span(at, at + _whole_seconds(trial), f"trial {number}", shaded=False)
        at += _whole_seconds(trial) + _GAP


def _faults(shown: Sequence[tuple[Candidate, Who]], lead: int) -> list[Rule]:
    """Where each trial was struck, of whoever has the most of them."""
    trials = max((candidate.trials for candidate, _ in shown), key=len)
    at, rules = float(lead), []
    for trial in sorted(trials, key=lambda trial: trial.number):
        if trial.struck:
            rules.append(Rule("x", at + trial.struck.fault.at_seconds, trial.struck.fault.kind))
        at += _whole_seconds(trial) + _GAP
    return rules


def _warm_up(candidate: Candidate) -> list[Trial]:
    if candidate.result is None:
        return []
    return valid(candidate.result, [probe for probe in candidate.result.probes if probe.load.stage == "warm-up"])


def _stretches(warm_up: Sequence[Trial], trials: Sequence[Trial], lead: int) -> list[Stretch]:
    """The warm-up ends where the longest one does."""
    at = lead - sum(_whole_seconds(trial) for trial in warm_up)
    found = []
    for trial in [*warm_up, *sorted(trials, key=lambda trial: trial.number)]:
        found.append(_seconds(trial, at))
        at += _whole_seconds(trial) + (0 if trial in warm_up else _GAP)
    return [stretch for stretch in found if stretch]


def _whole_seconds(trial: Trial) -> int:
    return math.floor(trial.seconds)


def _seconds(trial: Trial, start: int) -> Stretch:
    """The whole seconds of the measured part, all kinds of operation together."""
    counts: dict[int, histogram.Counts] = {}
    failed: Counter[int] = Counter()
    for piece in trial.timeline:
        if 0 <= piece.second < _whole_seconds(trial):
            failed[piece.second] += piece.errors
            known = counts.setdefault(piece.second, histogram.empty())
            if piece.response:
                known += decoded(piece.response)
    if trial.struck:  # A second in which nothing happened is what it is about.
        counts = {second: counts.get(second, histogram.empty()) for second in range(_whole_seconds(trial))}
    return [_second(start + second, counts[second], failed[second]) for second in sorted(counts)]


def _second(at: int, counts: histogram.Counts, failed: int) -> Second:
    answered = int(counts.sum())
    known = [name for name, quantile in _QUANTILES.items() if histogram.knows(answered, quantile)]
    return Second(
        at, answered, failed, {name: (histogram.quantile_ns(counts, _QUANTILES[name]) or 1) / 1e6 for name in known}
    )


def _measure(seconds: Sequence[Second]) -> str:
    """The highest quantile that most seconds know."""
    enough = _KNOWN_SHARE * len(seconds)
    return next((name for name in _QUANTILES if sum(name in second.ms for second in seconds) >= enough), "p50")


def _lines(stretches: dict[Who, list[Stretch]], quantile: str) -> list[Line]:
    lines = []
    for who, of in stretches.items():
        for stretch in of:
            points = [_point(second, quantile) for second in stretch]
            if known := [point for point in points if point]:
                lines.append(Line(who, known))
    return lines


def _failures(stretches: dict[Who, list[Stretch]]) -> list[Line]:
    return [
        Line(who, [Point(each.at + 0.5, each.failed, f"second {each.at + 1}: {each.failed:,} failed") for each in of])
        for who, stretch in stretches.items()
        for of in stretch
    ]


def _point(second: Second, name: str) -> Point | None:
    middle = second.at + 0.5
    if not name:
        return Point(middle, second.answered, f"second {second.at + 1}: {digits(second.answered)} operations/s")
    ms = second.ms.get(name)
    return None if ms is None else Point(middle, ms, f"second {second.at + 1}: {digits(ms)} ms")
