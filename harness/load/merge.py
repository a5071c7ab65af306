"""What the processes of a trial measured, put together: histograms are added, percentiles never averaged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from harness import histogram
from harness.analysis.merge import TOTAL, merged_grades
from harness.histogram import Counts
from harness.load.plan import TrialOutcome
from harness.trial import ClientUse, Graded, Latency, Measured, Offered, Slice


class Merged:
    """The outcomes of one trial, added up. `seconds` is the measured part."""

    def __init__(self, outcomes: Sequence[TrialOutcome], seconds: float) -> None:
        self.outcomes = outcomes
        self.seconds = seconds
        self._counts: dict[tuple[str, str, int], Counts] = defaultdict(histogram.empty)
        for outcome in outcomes:
            for part in outcome.series:
                indices = np.frombuffer(part.indices, dtype=np.uint16)
                self._counts[part.series, part.kind, part.second][indices] += np.frombuffer(part.counts, dtype=np.int64)
        self._errors: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for outcome in outcomes:
            for error in outcome.errors:
                self._errors[error.kind, error.second][error.error] += error.count
        self.kinds = sorted(
            {kind for series, kind, _ in self._counts if series == "response"} | {k for k, _ in self._errors}
        )

    def operations(self) -> list[Measured]:
        """By kind, over the measured part."""
        return [self._measured(kind, [kind]) for kind in self.kinds]

    def total(self) -> Measured:
        return self._measured(TOTAL, self.kinds)

    def timeline(self) -> list[Slice]:
        answered = {(second, kind) for series, kind, second in self._counts if series == "response"}
        failed = {(second, kind) for kind, second in self._errors}
        return [self._slice(second, kind) for second, kind in sorted(answered | failed)]

    def offered(self, rate_per_second: float, arrivals: Literal["constant", "poisson"]) -> Offered:
        parts = [outcome.schedule for outcome in self.outcomes if outcome.schedule is not None]
        return Offered(
            rate_per_second=rate_per_second,
            arrivals=arrivals,
            due=sum(part.due for part in parts),
            sent=sum(part.sent for part in parts),
            late=sum(part.late for part in parts),
            unsent=sum(part.unsent for part in parts),
            unfinished=sum(part.unfinished for part in parts),
            lag=self._latency("lag", self.kinds),
            timer_error=self._latency("timer", self.kinds),
        )

    def client(self) -> ClientUse:
        return ClientUse(
            processes=len(self.outcomes),
            cpu_cores=sum(outcome.process_cpu_seconds for outcome in self.outcomes) / self.seconds,
            resident_bytes=max(outcome.resident_bytes for outcome in self.outcomes),
        )

    def steps(self) -> Counts:
        """Answers in each hundredth of a second of the measured part; empty unless they were wanted."""
        return sum(
            (np.frombuffer(outcome.steps, dtype=np.int64) for outcome in self.outcomes), np.zeros(1, dtype=np.int64)
        )

    def rows_added(self) -> tuple[int, int]:
        """(at least, at most) how many rows the trial's writes added; they differ where writes ended in errors."""
        sure = sum(outcome.rows_added for outcome in self.outcomes)
        return sure, sure + sum(outcome.rows_maybe_added for outcome in self.outcomes)

    def traits(self) -> dict[str, float]:
        """Means over the processes."""
        names = dict.fromkeys(name for outcome in self.outcomes for name in outcome.traits)
        known = {name: [o.traits[name] for o in self.outcomes if name in o.traits] for name in names}
        return {name: sum(values) / len(values) for name, values in known.items()}

    def problems(self) -> list[str]:
        return [problem for outcome in self.outcomes for problem in outcome.problems]

    def _measured(self, kind: str, kinds: Iterable[str]) -> Measured:
        kinds = list(kinds)
        response = self._latency("response", kinds)
        errors: dict[str, int] = defaultdict(int)
        for (failed, second), types in self._errors.items():
            if failed in kinds and self._is_measured(second):
                for name, number in types.items():
                    errors[name] += number
        count = response.count if response else 0
        return Measured(
            kind=kind,
            count=count,
            errors=dict(errors),
            per_second=count / self.seconds,
            response=response,
            # A closed loop has no schedule: response and service are one, recorded once.
            service=self._latency("service", kinds) or response,
            client_cpu_us=self._client_cpu_us(kind, count),
            graded=self._graded(kinds),
        )

    def _client_cpu_us(self, kind: str, count: int) -> float | None:
        if kind == TOTAL:
            spent_seconds = sum(outcome.process_cpu_seconds for outcome in self.outcomes)
            return spent_seconds / count * 1e6 if count else None
        samples = [outcome.client_cpu_ns[kind] for outcome in self.outcomes if kind in outcome.client_cpu_ns]
        number = sum(sample[1] for sample in samples)
        return sum(sample[0] for sample in samples) / number / 1e3 if number else None

    def _graded(self, kinds: Iterable[str]) -> Graded | None:
        return merged_grades(
            outcome.graded[kind] for kind in kinds for outcome in self.outcomes if kind in outcome.graded
        )

    def _latency(self, series: str, kinds: Iterable[str]) -> Latency | None:
        wanted = set(kinds)
        total = histogram.empty()
        for (name, kind, second), counts in self._counts.items():
            if name == series and kind in wanted and self._is_measured(second):
                total += counts
        return histogram.latency(total)

    def _is_measured(self, second: int) -> bool:
        """Closed loop: what ended in the measured part. Open loop: what was due in it, however late it ended."""
        return 0 <= second < self.seconds

    def _slice(self, second: int, kind: str) -> Slice:
        counts = self._counts.get(("response", kind, second))
        number = 0 if counts is None else int(counts.sum())
        return Slice(
            second=second,
            kind=kind,
            count=number,
            errors=sum(self._errors.get((kind, second), {}).values()),
            response="" if counts is None or number == 0 else histogram.encode(counts),
        )
