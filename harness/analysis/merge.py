"""Several trials of one candidate as one: histograms are added, percentiles never averaged."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness import histogram
from harness.analysis.ratio import mean
from harness.errors import UsageError
from harness.result import Result
from harness.trial import Graded, Latency, Measured, Trial

TOTAL = "total"


@dataclass(frozen=True)
class Merged:
    """One kind of operation, or all together ("total"), over trials."""

    kind: str
    count: int  # Succeeded.
    errors: Mapping[str, int]
    per_second: Mapping[int, float]  # By trial number.
    p50_ms: Mapping[int, float]  # Response by trial number, of the trials that know it.
    p99_ms: Mapping[int, float]
    response: Latency | None
    service: Latency | None
    client_cpu_us: float | None
    graded: Graded | None

    @property
    def throughput(self) -> float:
        """Geometric mean of the trials, per second."""
        return mean(self.per_second)

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    @property
    def error_share(self) -> float:
        return self.failed / (self.count + self.failed) if self.failed else 0.0


def valid_trials(result: Result) -> list[Trial]:
    """Those of the main stage whose numbers may be used."""
    return valid(result, result.trials)


def valid(result: Result, trials: Sequence[Trial]) -> list[Trial]:
    """Of these. A candidate that is invalid has none: a wrong answer voids all its timing."""
    return [] if result.status == "invalid" else [trial for trial in trials if not trial.problems]


def merged_kinds(trials: Sequence[Trial]) -> list[Merged]:
    """Each kind in the order of its first appearance, then the total; [] of no trials."""
    kinds = dict.fromkeys(measured.kind for trial in trials for measured in trial.operations)
    found = [
        merged(kind, {trial.number: m for trial in trials for m in trial.operations if m.kind == kind})
        for kind in kinds
    ]
    return [*found, merged(TOTAL, {trial.number: trial.total for trial in trials})] if trials else []


def merged(kind: str, trials: Mapping[int, Measured]) -> Merged:
    """One kind's measurements, by trial number, as one. Raises UsageError for a damaged histogram."""
    all_measured = trials.values()
    responses = {number: m.response for number, m in trials.items() if m.response}
    return Merged(
        kind=kind,
        count=sum(m.count for m in all_measured),
        errors=dict(sum((Counter(m.errors) for m in all_measured), Counter())),
        per_second={number: m.per_second for number, m in trials.items()},
        p50_ms={number: r.p50_ms for number, r in responses.items() if r.p50_ms is not None},
        p99_ms={number: r.p99_ms for number, r in responses.items() if r.p99_ms is not None},
        response=merged_latency(responses.values()),
        service=merged_latency(m.service for m in all_measured),
        client_cpu_us=weighted((m.client_cpu_us, m.count) for m in all_measured),
        graded=merged_grades(m.graded for m in all_measured),
    )


def merged_latency(parts: Iterable[Latency | None]) -> Latency | None:
    total = histogram.empty()
    for part in parts:
        if part is not None:
            total += decoded(part.histogram)
    return histogram.latency(total)


def decoded(text: str) -> histogram.Counts:
    try:
        return histogram.decode(text)
    except ValueError as error:
        raise UsageError(f"A result file is damaged: {error}. Run again.") from error


def merged_grades(parts: Iterable[Graded | None]) -> Graded | None:
    graded = [part for part in parts if part is not None and part.answers]
    if not graded:
        return None
    answers = sum(part.answers for part in graded)
    return Graded(
        answers=answers,
        mean=math.fsum(part.mean * part.answers for part in graded) / answers,
        lowest=min(part.lowest for part in graded),
        wrong=sum(part.wrong for part in graded),
    )


def weighted(parts: Iterable[tuple[float | None, float]]) -> float | None:
    """The mean of the values that are known, by their weights; None if none is."""
    known = [(value, weight) for value, weight in parts if value is not None and weight > 0]
    return math.fsum(v * w for v, w in known) / math.fsum(w for _, w in known) if known else None
