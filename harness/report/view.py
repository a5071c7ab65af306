"""A run as reports see it: per candidate what its valid trials say together, and who may be ranked with whom."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.analysis.levels import Level, levels
from harness.analysis.merge import TOTAL, Merged, merged_kinds, valid_trials
from harness.analysis.ratio import Trials, mean, ratio
from harness.analysis.verdict import Verdict, in_process, verdict
from harness.evidence import Subject, Survival
from harness.report import totals
from harness.report.standing import Standing, limited_by_client
from harness.result import Result, Run
from harness.trial import Latency, Stage, Trial

DOUBTFUL = "†"  # After the name of a candidate that is flagged, wherever it stands.
Measure = Literal["per_second", "p99_ms", "p50_ms"]
SAME_RECALL = 0.01  # How far apart candidates may be whose speed is compared.
NOT_KEPT = "schedule"  # The gate after which response times only say how long the trial was.
STAGES: Sequence[Stage] = ("ladder", "common rate", "sweep")


@dataclass(frozen=True)
class Candidate:
    name: str
    result: Result | None  # None: nothing was saved of it.
    trials: Sequence[Trial]  # The valid ones of the main stage, as are all numbers but the levels.
    kinds: Mapping[str, Merged]
    total: Merged | None  # None: without a valid trial.
    schedule: totals.Schedule | None
    costs: totals.Costs | None
    levels: Mapping[Stage, Sequence[Level]]  # Of the other stages that are compared.
    verdict: Verdict | None  # On the main stage; None where it never began.
    fits: bool  # Did it get the run's data and operations?

    @property
    def label(self) -> str:
        return self.name + DOUBTFUL if self.doubtful else self.name

    @property
    def doubtful(self) -> bool:
        flagged = self.verdict is not None and self.verdict.status == "flagged"
        return self.result is not None and (bool(self.result.warnings) or self.in_process or flagged)

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
    def client_bound(self) -> bool:
        """Was the client the limit of any trial? Then its numbers are bounds of what the database can do."""
        return self.result is not None and limited_by_client(self.result, self.trials)

    @property
    def in_process(self) -> bool:
        return self.result is not None and in_process(self.result)

    @property
    def status(self) -> str:
        """ "ok" only where its numbers may be ranked; else why not, in one or two words."""
        if self.result is None:
            return "no result"
        if self.result.status == "unsupported":
            return "not supported"
        if self.result.status != "ok":
            return self.result.status
        if self.verdict is None or self.total is None:
            return "no valid trial"
        if not self.fits:
            return "other data"
        if self.verdict.status == "invalid":
            return "invalid"
        return "did not keep up" if any(finding.gate == NOT_KEPT for finding in self.verdict.findings) else "ok"

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
    evidence: Sequence[Survival]  # What durability studies found, of these and other candidates, oldest first.

    @property
    def first_look(self) -> bool:
        """Are there too few or too short trials for any comparison?"""
        return _first_look(self.run)

    @property
    def compared(self) -> bool:
        """Is anything said of who is better? Not of a first look, nor where servers were hurt on purpose."""
        return not self.first_look and self.run.fault is None

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

    def by_trial(self, candidate: Candidate) -> Trials:
        """What ranks it, of the trials that know it."""
        total = candidate.total
        return trials_of(total, self.measure) if total else {}

    def like_for_like(self, members: Sequence[Candidate]) -> bool:
        """Were their answers worth the same? Faster at less recall is not better."""
        recall = [member.recall for member in members if member.recall is not None]
        return self.run.exact or not recall or max(recall) - min(recall) <= SAME_RECALL

    def standing(self, one: Candidate, other: Candidate) -> Standing:
        """How many times better, above 1 if it is: operations served, or time the other took."""
        ones, others = self.by_trial(one), self.by_trial(other)
        found = ratio(ones, others) if self.measure == "per_second" else ratio(others, ones)
        return Standing(found, one.client_bound, other.client_bound)

    def survival(self, candidate: Candidate) -> Survival | None:
        """The newest durability study of the same server on the same terms, whatever design it had."""
        found = candidate.result
        same = [each for each in self.evidence if found and each.kills and _same_terms(each.subject, found)]
        return same[-1] if same else None

    def fastest(self, kind: str, members: Sequence[Candidate]) -> set[str]:
        """Who has the lowest p50 of a kind, with all that are not clearly slower; nobody where that is all.

        Only those compete whose p50 is known in each of their trials: one or two medians are clearly nothing.
        """
        asked = [c for c in members if kind in c.kinds]
        known = {c.name: c.kinds[kind].p50_ms for c in asked if len(c.kinds[kind].p50_ms) == len(c.trials)}
        if self.first_look or len(known) < 2 or not self.like_for_like(members):
            return set()
        best = min(known, key=lambda name: mean(known[name]))
        bounds = {c.name for c in asked if c.client_bound}  # Their times say nothing of how slow the database is.
        others = known.keys() - bounds - {best}
        slower = {name for name in others if (r := ratio(known[name], known[best])) and r.clear}
        return known.keys() - slower if slower else set()


def view(run: Run, results: Sequence[Result], evidence: Sequence[Survival] = ()) -> View:
    """Merge the trials and rank what may be ranked. Raises UsageError for damaged histograms."""
    saved = {result.candidate: result for result in results}
    candidates = [_candidate(run, name, saved.get(name)) for name in run.candidates]
    ok = [candidate for candidate in candidates if candidate.status == "ok"]
    measure = _measure(run, ok)
    ordered = ok if _first_look(run) else sorted(ok, key=lambda candidate: _place(candidate, measure))
    classes = dict.fromkeys(candidate.durability for candidate in ok)
    ranked = {name: [c for c in ordered if c.durability == name] for name in classes}
    return View(run, candidates, measure, ranked, evidence)


def _same_terms(subject: Subject, result: Result) -> bool:
    names = ("engine", "server_version", "source", "image", "durability_asked", "durability_observed")
    return all(getattr(subject, name) == getattr(result, name) for name in names)


def trials_of(merged: Merged, measure: Measure) -> Trials:
    return {"per_second": merged.per_second, "p99_ms": merged.p99_ms, "p50_ms": merged.p50_ms}[measure]


def _first_look(run: Run) -> bool:
    return run.profile == "smoke" or run.trials < 2


def _measure(run: Run, candidates: Sequence[Candidate]) -> Measure:
    totals = [candidate.total for candidate in candidates if candidate.total]
    if run.rate_per_second is None:
        return "per_second"
    return "p99_ms" if all(len(total.p99_ms) == len(total.per_second) for total in totals) else "p50_ms"


def _place(candidate: Candidate, measure: Measure) -> float:
    """Sorts the best first."""
    assert candidate.total is not None
    if measure == "per_second":
        return -candidate.total.throughput
    times = trials_of(candidate.total, measure)
    return mean(times) if times else math.inf


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
        schedule=totals.schedule(trials),
        costs=totals.costs(trials, total) if total else None,
        levels={stage: levels(result, stage) for stage in STAGES} if result else {},
        verdict=verdict(run, result, trials) if result and result.status != "unsupported" else None,
        fits=result is not None and result.fingerprint == run.fingerprint,
    )
