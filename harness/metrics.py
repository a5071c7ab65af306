"""A run in single numbers, for whoever keeps or compares them: formats that others read, and the history.

A number that must not be used is not among them: `Summary.left_out` says of whom, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.analysis.verdict import Verdict, comparison
from harness.report.content.rates import Served, at_rates
from harness.report.content.trust import why_out
from harness.report.numbers import digits
from harness.report.view import Candidate, View, view
from harness.result import Capacity, Result, Run
from harness.trial import Latency, Trial


@dataclass(frozen=True)
class Metric:
    name: str  # In all formats.
    unit: str
    higher_is_better: bool


THROUGHPUT = Metric("throughput", "operations/s", higher_is_better=True)
CAPACITY = Metric("capacity", "requests/s", higher_is_better=True)  # Under the objective of the run.
P50 = Metric("p50 response", "ms", higher_is_better=False)
P95 = Metric("p95 response", "ms", higher_is_better=False)
P99 = Metric("p99 response", "ms", higher_is_better=False)
SERVER_CPU = Metric("server CPU per operation", "µs", higher_is_better=False)
RECALL = Metric("recall", "share", higher_is_better=True)  # Of answers that are approximate.
SIZE = Metric("size on disk", "bytes", higher_is_better=False)
LOAD = Metric("bulk load", "rows/s", higher_is_better=True)
METRICS = (THROUGHPUT, CAPACITY, P50, P95, P99, SERVER_CPU, RECALL, SIZE, LOAD)
RESPONSES = (P50, P95, P99)

_QUANTILES: Sequence[tuple[Metric, Callable[[Latency], float | None]]] = (
    (P50, lambda response: response.p50_ms),
    (P95, lambda response: response.p95_ms),
    (P99, lambda response: response.p99_ms),
)

AT_LEAST = {
    "client": "at least this much: the client was the limit",
    "top": "at least this much: the highest rate that was tried kept the objective",
}


@dataclass(frozen=True)
class Number:
    """`low` and `high`: the lowest and highest of the trials; of a capacity, its bracket. None: not bounded there."""

    candidate: str
    metric: Metric
    value: float
    low: float | None
    high: float | None
    trials: Sequence[float]  # Trial by trial; empty where there are none, or where one of them does not know it.
    at_per_second: float | None  # The rate offered in an open loop; None: as fast as clients go, or no matter of load.
    doubts: Sequence[str]  # Reasons to read it with care; empty where every check was passed.
    at_least: bool = False  # The client was the limit, or nothing was: the server can do more.


@dataclass(frozen=True)
class Summary:
    view: View
    numbers: Sequence[Number]
    left_out: Sequence[tuple[str, str]]  # Candidate, and why some or all of its numbers are not here.
    commit: str | None  # Of the code that was measured; None: not known.

    @property
    def run(self) -> Run:
        return self.view.run


def summary(run: Run, results: Sequence[Result], commit: str | None = None) -> Summary:
    """In the order of candidates and of METRICS. Raises UsageError for damaged histograms."""
    seen = view(run, results)
    of_run = _doubts_of_run(seen)
    at_highest = _at_highest_rate(seen)
    numbers: list[Number] = []
    left_out = [(candidate.name, f"{candidate.status}: {why_out(seen, candidate)}") for candidate in seen.unranked]
    for candidate in seen.ok:
        assert candidate.result is not None
        warned = [*of_run, *(warning.reason for warning in candidate.result.warnings)]
        doubts = [*warned, *_reasons(candidate.verdict)]
        numbers += [*_main(run, candidate, doubts), *_loading(candidate, warned)]
        if at_highest is None:
            numbers += _responses(candidate, candidate.response, candidate.trials, run.rate_per_second, doubts)
            continue
        rate, served = at_highest[0], at_highest[1].get(candidate.name)
        if served and served.usable:
            doubts = [*warned, *_reasons(served.verdict)]
            numbers += _responses(candidate, served.response, served.level.trials, rate, doubts)
        else:
            said = served.said if served else "not measured"
            left_out.append((candidate.name, f"response at {digits(rate)} requests/s: {said}"))
    place = {name: number for number, name in enumerate(run.candidates)}
    numbers.sort(key=lambda number: (place[number.candidate], METRICS.index(number.metric)))
    return Summary(seen, numbers, left_out, commit)


def _at_highest_rate(seen: View) -> tuple[float, dict[str, Served]] | None:
    """Of the rates that were offered to all, with who served it; None where there were none."""
    rates = at_rates(seen, seen.ok)
    if not rates:
        return None
    highest = max(rates)
    return highest, {served.candidate.name: served for served in rates[highest]}


def _main(run: Run, candidate: Candidate, doubts: Sequence[str]) -> Iterator[Number]:
    """Of the main trials, and the search for the capacity."""
    assert candidate.total is not None
    assert candidate.result is not None
    rates = list(candidate.total.per_second.values())
    throughput = _number(candidate, THROUGHPUT, candidate.total.throughput, rates, None, doubts)
    yield replace(throughput, at_least=candidate.client_bound)
    capacity = candidate.result.capacity
    if capacity and capacity.per_second is not None:
        yield _capacity(candidate, capacity, doubts)
    if candidate.costs and candidate.costs.server_cpu_us is not None:
        cpu = _known([trial.server.cpu_us_per_operation if trial.server else None for trial in candidate.trials])
        yield _number(candidate, SERVER_CPU, candidate.costs.server_cpu_us, cpu, None, doubts)
    if candidate.recall is not None and not run.exact:
        recall = _known([trial.total.graded.mean if trial.total.graded else None for trial in candidate.trials])
        yield _number(candidate, RECALL, candidate.recall, recall, None, doubts)


def _capacity(candidate: Candidate, capacity: Capacity, doubts: Sequence[str]) -> Number:
    assert capacity.per_second is not None
    at_least = capacity.limit in AT_LEAST
    found = [*doubts, *([AT_LEAST[capacity.limit]] if at_least else [])]
    low, high = capacity.low_per_second, capacity.high_per_second
    return Number(candidate.name, CAPACITY, capacity.per_second, low, high, (), None, found, at_least)


def _loading(candidate: Candidate, doubts: Sequence[str]) -> Iterator[Number]:
    """Of the bulk load, which is done once."""
    loading = candidate.result.loading if candidate.result else None
    if loading:
        if loading.size_bytes is not None:
            yield _number(candidate, SIZE, loading.size_bytes, (), None, doubts)
        yield _number(candidate, LOAD, loading.rows_per_second, (), None, doubts)


def _responses(
    candidate: Candidate, merged: Latency | None, trials: Sequence[Trial], rate: float | None, doubts: Sequence[str]
) -> Iterator[Number]:
    """Quantiles of the merged trials; one that has too few samples is not known."""
    for metric, quantile in _QUANTILES:
        value = quantile(merged) if merged else None
        if value is not None:
            responses = [quantile(trial.total.response) if trial.total.response else None for trial in trials]
            yield _number(candidate, metric, value, _known(responses), rate, doubts)


def _number(
    candidate: Candidate,
    metric: Metric,
    value: float,
    trials: Sequence[float],
    rate: float | None,
    doubts: Sequence[str],
) -> Number:
    # With the value, which a mean of equal trials misses by its last digit.
    low, high = (min(*trials, value), max(*trials, value)) if len(trials) > 1 else (None, None)
    return Number(candidate.name, metric, value, low, high, trials, rate, doubts)


def _known(values: Sequence[float | None]) -> list[float]:
    """All of them, or none."""
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else []


def _doubts_of_run(seen: View) -> list[str]:
    """Of all its numbers."""
    found = [
        finding.reason
        for finding in comparison(seen.run, [c.result for c in seen.candidates if c.result])
        if finding.gate == "host load"  # The others are about comparing candidates.
    ]
    if seen.first_look:
        found.append("a first look: too few or too short trials")
    if seen.run.fault:
        found.append(f"under a fault that was meant ({seen.run.fault.kind})")
    return found


def _reasons(verdict: Verdict | None) -> list[str]:
    return [finding.reason for finding in verdict.findings] if verdict else []
