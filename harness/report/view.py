"""A run as reports see it: per candidate what its valid trials say together, and who may be ranked with whom."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.analysis.merge import TOTAL, Merged, merged_kinds, merged_latency, valid_trials, weighted
from harness.analysis.ratio import Ratio, Trials, mean, ratio
from harness.result import Latency, Result, Run, Trial

DOUBTFUL = "†"  # After the name of a candidate with warnings, wherever it stands.
Measure = Literal["per_second", "p99_ms", "p50_ms"]
SAME_RECALL = 0.01  # How far apart candidates may be whose speed is compared.
KEPT_UP = 0.99  # Answered over asked, in an open loop, from which a candidate kept the schedule.


@dataclass(frozen=True)
class Schedule:
    """An open loop over all valid trials."""

    due: int
    sent: int
    late: int
    unsent: int
    unfinished: int
    lag: Latency | None
    timer_error: Latency | None

    @property
    def kept(self) -> bool:
        return self.sent - self.unfinished >= KEPT_UP * self.due


@dataclass(frozen=True)
class Costs:
    """What the measured part took; None is what could not be seen."""

    server_cpu_us: float | None  # Per operation.
    server_resident_bytes: int | None  # The most of any trial, as are the client's.
    written_bytes: float | None  # By the server to its disk, per operation.
    client_cpu_us: float | None  # Per operation.
    client_busy: float  # Share of the client's processes' cores, 0 … 1.
    client_processes: int
    client_resident_bytes: int


@dataclass(frozen=True)
class Candidate:
    name: str
    result: Result | None  # None: nothing was saved of it.
    trials: Sequence[Trial]  # The valid ones.
    kinds: Mapping[str, Merged]
    total: Merged | None  # None: without a valid trial.
    schedule: Schedule | None
    costs: Costs | None
    fits: bool  # Did it get the run's data and operations?

    @property
    def label(self) -> str:
        return self.name + DOUBTFUL if self.doubtful else self.name

    @property
    def doubtful(self) -> bool:
        return self.result is not None and (bool(self.result.warnings) or self.in_process)

    @property
    def response(self) -> Latency | None:
        return self.total.response if self.total else None

    @property
    def service(self) -> Latency | None:
        return self.total.service if self.total else None

    @property
    def recall(self) -> float | None:
        """The mean grade of its answers."""
        return self.total.graded.mean if self.total and self.total.graded else None

    @property
    def in_process(self) -> bool:
        return self.result is not None and self.result.source == "in-process"

    @property
    def status(self) -> str:
        """ "ok" only where its numbers may be ranked; else why not, in one or two words."""
        if self.result is None:
            return "no result"
        if self.result.status == "unsupported":
            return "not supported"
        if self.result.status != "ok":
            return self.result.status
        return "ok" if self.total and self.fits else "other data" if self.total else "no valid trial"

    @property
    def durability(self) -> str:
        """The class that the server was seen to keep, or else the one it was asked for."""
        assert self.result is not None
        return self.result.durability_observed or self.result.durability_asked


@dataclass(frozen=True)
class View:
    run: Run
    candidates: Sequence[Candidate]  # As the run names them.
    measure: Measure  # What ranks: throughput of a closed loop, response of an open one, where all get the same rate.
    ranked: Mapping[str, Sequence[Candidate]]  # Durability class -> candidates that are ok, best first.

    @property
    def first_look(self) -> bool:
        """Are there too few or too short trials for any comparison?"""
        return _first_look(self.run)

    @property
    def ok(self) -> list[Candidate]:
        return [candidate for members in self.ranked.values() for candidate in members]

    @property
    def unranked(self) -> list[Candidate]:
        return [candidate for candidate in self.candidates if candidate.status != "ok"]

    @property
    def kinds(self) -> list[str]:
        return list(dict.fromkeys(kind for candidate in self.ok for kind in candidate.kinds))

    def number(self, candidate: Candidate) -> float | None:
        """What ranks a candidate, over all its trials."""
        if self.measure == "per_second":
            return candidate.total.throughput if candidate.total else None
        response = candidate.response
        return (response.p99_ms if self.measure == "p99_ms" else response.p50_ms) if response else None

    def like_for_like(self, members: Sequence[Candidate]) -> bool:
        """Were their answers worth the same? Faster at less recall is not better."""
        recall = [member.recall for member in members if member.recall is not None]
        return self.run.exact or not recall or max(recall) - min(recall) <= SAME_RECALL

    def better(self, one: Candidate, other: Candidate) -> Ratio | None:
        """How many times better, above 1 if it is: operations served, or time the other took; None if not known."""
        assert one.total is not None
        assert other.total is not None
        if self.measure == "per_second":
            return ratio(one.total.per_second, other.total.per_second)
        return ratio(trials_of(other.total, self.measure), trials_of(one.total, self.measure))

    def fastest(self, kind: str, members: Sequence[Candidate]) -> set[str]:
        """Who has the lowest p50 of a kind, with all that are not clearly slower; nobody where that is all.

        Only those compete whose p50 is known in each of their trials: one or two medians are clearly nothing.
        """
        asked = [c for c in members if kind in c.kinds]
        known = {c.name: c.kinds[kind].p50_ms for c in asked if len(c.kinds[kind].p50_ms) == len(c.trials)}
        if self.first_look or len(known) < 2 or not self.like_for_like(members):
            return set()
        best = min(known, key=lambda name: mean(known[name]))
        slower = {n for n, trials in known.items() if n != best and (r := ratio(trials, known[best])) and r.clear}
        return known.keys() - slower if slower else set()


def view(run: Run, results: Sequence[Result]) -> View:
    """Merge the trials and rank what may be ranked. Raises UsageError for damaged histograms."""
    saved = {result.candidate: result for result in results}
    candidates = [_candidate(run, name, saved.get(name)) for name in run.candidates]
    ok = [candidate for candidate in candidates if candidate.status == "ok"]
    measure = _measure(run, ok)
    ordered = ok if _first_look(run) else sorted(ok, key=lambda candidate: _place(candidate, measure))
    classes = dict.fromkeys(candidate.durability for candidate in ok)
    return View(run, candidates, measure, {name: [c for c in ordered if c.durability == name] for name in classes})


def trials_of(merged: Merged, measure: Measure) -> Trials:
    return {"per_second": merged.per_second, "p99_ms": merged.p99_ms, "p50_ms": merged.p50_ms}[measure]


def warnings(candidates: Sequence[Candidate]) -> dict[tuple[str, str], list[str]]:
    """Each reason and remedy once, with the names of those it concerns."""
    found: dict[tuple[str, str], list[str]] = {}
    for candidate in candidates:
        for warning in candidate.result.warnings if candidate.result else []:
            found.setdefault((warning.reason, warning.remedy), []).append(candidate.name)
    return found


def _first_look(run: Run) -> bool:
    return run.profile == "smoke" or run.trials < 2


def _measure(run: Run, candidates: Sequence[Candidate]) -> Measure:
    totals = [candidate.total for candidate in candidates if candidate.total]
    if run.rate_per_second is None:
        return "per_second"
    return "p99_ms" if all(len(total.p99_ms) == len(total.per_second) for total in totals) else "p50_ms"


def _place(candidate: Candidate, measure: Measure) -> tuple[bool, float]:
    """Sorts the best first; whoever did not keep the schedule comes after all who did."""
    assert candidate.total is not None
    if measure == "per_second":
        return False, -candidate.total.throughput
    times = trials_of(candidate.total, measure)
    behind = candidate.schedule is not None and not candidate.schedule.kept
    return behind, mean(times) if times else math.inf


def _candidate(run: Run, name: str, result: Result | None) -> Candidate:
    trials = valid_trials(result) if result else []
    kinds = {merged.kind: merged for merged in merged_kinds(trials)}
    total = kinds.pop(TOTAL, None)
    return Candidate(
        name=name,
        result=result,
        trials=trials,
        kinds=kinds,
        total=total,
        schedule=_schedule(trials),
        costs=_costs(trials, total) if total else None,
        fits=result is not None and result.fingerprint == run.fingerprint,
    )


def _schedule(trials: Sequence[Trial]) -> Schedule | None:
    offered = [trial.offered for trial in trials if trial.offered]
    if not offered:
        return None
    return Schedule(
        due=sum(o.due for o in offered),
        sent=sum(o.sent for o in offered),
        late=sum(o.late for o in offered),
        unsent=sum(o.unsent for o in offered),
        unfinished=sum(o.unfinished for o in offered),
        lag=merged_latency(o.lag for o in offered),
        timer_error=merged_latency(o.timer_error for o in offered),
    )


def _costs(trials: Sequence[Trial], total: Merged) -> Costs:
    seen = [(trial.server, trial.total.count) for trial in trials if trial.server]
    resident = [use.resident_bytes for use, _ in seen if use.resident_bytes is not None]
    written = [(use.written_bytes / count, count) for use, count in seen if count and use.written_bytes is not None]
    return Costs(
        server_cpu_us=weighted((use.cpu_us_per_operation, count) for use, count in seen),
        server_resident_bytes=max(resident, default=None),
        written_bytes=weighted(written),
        client_cpu_us=total.client_cpu_us,
        client_busy=sum(t.client.cpu_cores / t.client.processes for t in trials) / len(trials),
        client_processes=max(t.client.processes for t in trials),
        client_resident_bytes=max(t.client.resident_bytes for t in trials),
    )
