"""What one run found of one candidate, as far as a decision asks for it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness import histogram
from harness.analysis.levels import Level
from harness.analysis.merge import decoded
from harness.analysis.scalability import Fit, fit
from harness.analysis.slo import worded
from harness.decide.quantities import LEAST_ERROR, Bracket, Estimate, Quantity, estimate
from harness.decide.requirements import Wanted
from harness.report.standing import limited_by_client
from harness.report.view import Candidate
from harness.result import Capacity, Result, Run, Slo
from harness.trial import Trial

SATURATED = 0.85  # Share of the server's cores from which on its CPU is what limits it.
FEWEST_MISSES = 1e-4  # Share of the nearest: finer differences of recall are not measured.
_DESIGN = re.compile(r"\+[\w-]+|:\w+")


@dataclass(frozen=True, kw_only=True)
class Measures:
    """None: not measured."""

    candidate: str  # With its design: "postgres+brin:durable".
    engine: str  # "postgres"; with its version where the candidate names one: "postgres@17".
    workload: str
    run: str  # Its folder.
    status: str  # "ok", or in a few words why its numbers must not be used;
    problem: str  # and in a sentence.
    doubts: Sequence[str]
    server_version: str | None
    response_ms: Quantity | None  # At the quantile of the objective, at
    rate_per_second: float | None  # which all candidates of the run were offered.
    capacity: Capacity | None
    slo: Slo | None  # That the capacity keeps.
    server_cpu_us: Quantity | None  # For one operation.
    rows: int | None  # That were loaded.
    rows_per_second: Quantity | None  # In bulk.
    bytes_per_row: float | None  # With indexes.
    misses: Quantity | None  # Share of the true nearest that searches did not find; None: answers are right or wrong.
    recall: float | None
    server_cores: int
    cpu_bound: bool | None  # Were the server's cores busy at its highest throughput? None: not seen.
    fastest_per_second: float | None  # The highest closed-loop throughput.
    law: Fit | None  # Through the ladder of clients, without the rungs at which the load generator was the limit.

    @property
    def capacity_per_second(self) -> Quantity | None:
        """Where the load generator was the limit: what it did, which the server does at least."""
        found = self.capacity
        if found is None or found.per_second is None:
            return None
        if found.limit in ("client", "top") or found.high_per_second is None:
            return Estimate(found.per_second, LEAST_ERROR, freedom=0)
        return Bracket(found.low_per_second or found.per_second, found.per_second, found.high_per_second)

    @property
    def most_per_second(self) -> float | None:
        """That clients can get out of the server as it was: the peak of the law, where it holds and has one."""
        if self.law and not self.law.refused and self.law.peak_per_second:
            return self.law.peak_per_second
        return self.fastest_per_second

    @property
    def at_least(self) -> bool:
        return self.capacity is not None and self.capacity.limit in ("client", "top")


def engine_of(candidate: str) -> str:
    """postgres@17+brin:durable -> postgres@17."""
    return _DESIGN.sub("", candidate)


def measures(candidate: Candidate, run: Run, wanted: Wanted, folder: str) -> Measures:
    """The response is at the objective of the requirements, and at the common rate that is nearest to theirs."""
    result = candidate.result
    assert result is not None, "nothing was measured of it"
    level, objective = _common_rate(candidate, wanted.rate_per_second), wanted.objective
    trials, rungs = candidate.trials, _rungs(candidate)
    main = [candidate.total.throughput] if candidate.total else []
    return Measures(
        candidate=candidate.name,
        engine=engine_of(candidate.name),
        workload=run.workload,
        run=folder,
        status=candidate.status,
        problem=_problem(candidate),
        doubts=_doubts(candidate, run),
        server_version=result.server_version,
        response_ms=estimate(_quantiles_ms(level.trials, objective.quantile)) if level else None,
        rate_per_second=level.load.rate_per_second if level else None,
        capacity=result.capacity,
        slo=run.slo,
        server_cpu_us=estimate([us for t in trials if t.server and (us := t.server.cpu_us_per_operation)]),
        rows=result.loading.rows if result.loading else None,
        rows_per_second=estimate([result.loading.rows_per_second]) if result.loading else None,
        bytes_per_row=_bytes_per_row(result),
        misses=None if run.exact else estimate([_misses(t) for t in trials if t.total.graded]),
        recall=None if run.exact else candidate.recall,
        server_cores=len(result.server_cpus) or 1,
        cpu_bound=_cpu_bound(candidate),
        fastest_per_second=max([per_second for _, per_second in rungs] + main, default=None),
        law=fit(rungs),
    )


def _common_rate(candidate: Candidate, wanted_per_second: float) -> Level | None:
    """The one nearest to what is wanted, as factors."""
    levels = [(rate, level) for level in candidate.levels["common rate"] if (rate := level.load.rate_per_second)]
    return min(levels, key=lambda each: abs(math.log(each[0] / wanted_per_second)), default=(0.0, None))[1]


def _quantiles_ms(trials: Sequence[Trial], quantile: float) -> list[float]:
    """By trial, if each knows it; else of all together, if they do."""
    counts = [decoded(trial.total.response.histogram) for trial in trials if trial.total.response]
    each = [_quantile_ms(part, quantile) for part in counts]
    known = [ms for ms in each if ms is not None]
    if counts and len(known) < len(each):
        together = _quantile_ms(sum(counts, histogram.empty()), quantile)
        return [] if together is None else [together]
    return known


def _quantile_ms(counts: histogram.Counts, quantile: float) -> float | None:
    value = histogram.quantile_ns(counts, quantile) if histogram.knows(int(counts.sum()), quantile) else None
    return value / 1e6 if value else None


def _bytes_per_row(result: Result) -> float | None:
    loading = result.loading
    return loading.size_bytes / loading.rows if loading and loading.size_bytes and loading.rows else None


def _misses(trial: Trial) -> float:
    assert trial.total.graded is not None
    return max(FEWEST_MISSES, 1 - trial.total.graded.mean)


def _cpu_bound(candidate: Candidate) -> bool | None:
    levels = [(level.total.throughput, level.trials) for level in candidate.levels["ladder"]]
    levels += [(candidate.total.throughput, candidate.trials)] if candidate.total else []
    if not levels:
        return None
    _, trials = max(levels, key=lambda each: each[0])
    busy = [trial.host.server_cores_busy for trial in trials if trial.host.server_cores_busy is not None]
    return max(busy) >= SATURATED if busy else None


def _rungs(candidate: Candidate) -> list[tuple[int, float]]:
    return [
        (level.load.clients, level.total.throughput)
        for level in candidate.levels["ladder"]
        if candidate.result and not limited_by_client(candidate.result, level.trials)
    ]


def _problem(candidate: Candidate) -> str:
    result = candidate.result
    if result and result.problems:
        return "; ".join(problem.reason for problem in result.problems)
    if candidate.verdict and candidate.verdict.status == "invalid":
        return "; ".join(finding.reason for finding in candidate.verdict.findings)
    return "" if candidate.status == "ok" else candidate.status


def _doubts(candidate: Candidate, run: Run) -> list[str]:
    result = candidate.result
    found = [warning.reason for warning in result.warnings] if result else []
    if candidate.verdict and candidate.verdict.status == "flagged":
        found += [finding.reason for finding in candidate.verdict.findings]
    if run.profile == "smoke":
        found.append("measured with profile smoke: a first look")
    capacity, slo = (result.capacity, run.slo) if result else (None, None)
    if capacity and slo and capacity.limit == "client":
        found.append(f"the load generator ended the search for {worded(slo)}: the capacity is a lower bound")
    return list(dict.fromkeys(found))
