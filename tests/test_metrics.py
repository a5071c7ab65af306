"""A run in single numbers: which there are, how far they can be trusted, and what is left out."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.metrics import (
    CAPACITY,
    LOAD,
    P50,
    P95,
    P99,
    RECALL,
    RESPONSES,
    SERVER_CPU,
    SIZE,
    THROUGHPUT,
    Metric,
    Number,
    Summary,
    summary,
)
from harness.report.view import view
from harness.result import Result, Run
from tests import synthetic


def of(told: Summary, candidate: str, metric: Metric) -> Number:
    (number,) = [each for each in told.numbers if (each.candidate, each.metric) == (candidate, metric)]
    return number


def metrics(told: Summary, candidate: str) -> list[Metric]:
    return [number.metric for number in told.numbers if number.candidate == candidate]


def test_numbers_are_those_of_the_report() -> None:
    run, results = synthetic.clear_winner()
    told, seen = summary(run, results), view(run, results)
    for candidate in seen.ok:
        assert candidate.total is not None
        assert candidate.costs is not None
        throughput = of(told, candidate.name, THROUGHPUT)
        assert throughput.value == candidate.total.throughput
        assert (throughput.low, throughput.high) == (min(throughput.trials), max(throughput.trials))
        assert list(throughput.trials) == list(candidate.total.per_second.values())
        assert of(told, candidate.name, SERVER_CPU).value == candidate.costs.server_cpu_us
    assert of(told, "fast", LOAD).value == 116_129.0
    assert of(told, "fast", SIZE).value == 61_300_000


def test_numbers_stand_in_the_order_of_candidates_and_metrics() -> None:
    told = summary(*synthetic.objective())
    assert list(dict.fromkeys(number.candidate for number in told.numbers)) == ["middle", "fast", "slow"]
    assert metrics(told, "middle") == [THROUGHPUT, CAPACITY, P50, P95, P99, SERVER_CPU, SIZE, LOAD]


def test_response_times_are_those_at_the_highest_rate_that_all_were_offered() -> None:
    run, results = synthetic.clear_winner()
    told = summary(run, results)
    (level,) = [each for each in view(run, results).ok[0].levels["common rate"] if each.load.rate_per_second == 960.0]
    assert level.total.response is not None
    found = [of(told, "fast", metric) for metric in RESPONSES]
    response = level.total.response
    assert [number.value for number in found] == [response.p50_ms, response.p95_ms, response.p99_ms]
    assert [number.at_per_second for number in found] == [960.0] * 3
    assert all(len(number.trials) == 2 for number in found)


def test_without_common_rates_response_times_are_those_of_the_main_trials() -> None:
    closed = of(summary(*synthetic.comparison()), "postgres", P99)
    opened = of(summary(*synthetic.open_loop()), "postgres", P99)
    assert (closed.at_per_second, opened.at_per_second) == (None, 1_200.0)
    assert len(closed.trials) == 3


def test_response_times_at_a_rate_that_was_not_kept_are_left_out() -> None:
    run, results = synthetic.clear_winner()
    behind = synthetic.offered(960.0, answered=3_000)
    load = synthetic.loaded(behind, "common rate", 16)
    probes = [synthetic.trial(90 + number, synthetic.NOISY, behind, load=load) for number in (1, 2)]
    others = [probe for probe in results[2].probes if probe.load.rate_per_second != 960.0]
    told = summary(run, [*results[:2], replace(results[2], probes=[*others, *probes])])
    assert metrics(told, "noisy") == [THROUGHPUT, SERVER_CPU, SIZE, LOAD]
    assert told.left_out == [("noisy", "response at 960 requests/s: did not keep up")]
    told = summary(run, [*results[:2], replace(results[2], probes=others)])
    assert told.left_out == [("noisy", "response at 960 requests/s: not measured")]


def test_a_capacity_has_its_bracket_and_says_where_it_is_a_least() -> None:
    told = summary(*synthetic.objective())
    capacity = of(told, "middle", CAPACITY)
    assert (capacity.value, capacity.low, capacity.high) == (905.0, 880.0, 930.0)
    bound = of(told, "fast", CAPACITY)
    assert (bound.value, bound.high, bound.at_least, capacity.at_least) == (2_410.0, None, True, False)
    assert "at least this much: the client was the limit" in bound.doubts
    assert CAPACITY not in metrics(told, "slow")  # It kept the objective at no rate.


def test_what_must_not_be_used_is_left_out_with_its_reason() -> None:
    told = summary(*synthetic.troubles())
    assert {number.candidate for number in told.numbers} == {"postgres", "postgres:durable"}
    assert dict(told.left_out) == {
        "clickhouse": "invalid: lastpoint: 3 of 100 answers are wrong",
        "mongo": "failed: the server ended in trial 2: out of memory",
        "redis": "no result: the run ended before anything of it was saved",
    }


def test_a_candidate_that_did_not_keep_the_rate_has_no_numbers() -> None:
    told = summary(*synthetic.open_loop())
    assert metrics(told, "mongo") == []
    assert told.left_out[0][1].startswith("did not keep up: ")


def test_flagged_numbers_carry_their_reasons() -> None:
    told = summary(*synthetic.comparison())
    assert of(told, "postgres", THROUGHPUT).doubts == []
    throughput, load = of(told, "clickhouse", THROUGHPUT), of(told, "clickhouse", LOAD)
    assert "runs in process, without a network hop" in throughput.doubts
    assert any("relaxed was asked for" in doubt for doubt in throughput.doubts)
    assert not any("relaxed was asked for" in doubt for doubt in load.doubts)  # That is about the trials.


def test_a_rate_has_doubts_of_its_own() -> None:
    run, (first, *others) = synthetic.clear_winner()
    bound = [replace(probe, host=synthetic.CLIENT_BOUND) for probe in first.probes]
    told = summary(run, [replace(first, probes=bound), *others])
    assert of(told, "fast", THROUGHPUT).doubts == []
    assert of(told, "fast", P99).doubts


@pytest.mark.parametrize(
    ("changed", "doubt"),
    [
        (lambda run: replace(run, profile="smoke"), "a first look"),
        (lambda run: replace(run, machine=replace(run.machine, busy=0.6)), "60 % of this machine's usable cores"),
    ],
)
def test_what_concerns_the_whole_run_is_a_doubt_of_each_number(changed, doubt) -> None:  # type: ignore[no-untyped-def]
    run, results = synthetic.clear_winner()
    told = summary(changed(run), results)
    assert all(any(doubt in each for each in number.doubts) for number in told.numbers)


def test_numbers_of_servers_that_were_hurt_say_so() -> None:
    told = summary(*synthetic.fault())
    assert all("under a fault that was meant (kill)" in number.doubts for number in told.numbers)
    assert {number.candidate for number in told.numbers} == {"quick", "slow"}


def test_a_quantile_with_too_few_samples_is_not_there() -> None:
    rare = synthetic.Pace(dict.fromkeys(synthetic.KINDS, 400.0))  # About 46 operations in each trial.
    trials = [synthetic.trial(number, rare) for number in (1, 2, 3)]
    told = summary(synthetic.run(["rare"]), [synthetic.result("rare", trials)])
    assert P50 in metrics(told, "rare")
    assert P99 not in metrics(told, "rare")


def test_a_quantile_that_a_trial_does_not_know_has_no_range() -> None:
    some = synthetic.Pace(dict.fromkeys(synthetic.KINDS, 40.0))  # About 460 operations in each trial, 1,380 in all.
    trials = [synthetic.trial(number, some) for number in (1, 2, 3)]
    number = of(summary(synthetic.run(["some"]), [synthetic.result("some", trials)]), "some", P99)
    assert (number.trials, number.low, number.high) == ([], None, None)


@pytest.mark.parametrize(("made", "known"), [(synthetic.vectors, True), (synthetic.clear_winner, False)])
def test_recall_is_a_number_where_answers_are_approximate(made, known) -> None:  # type: ignore[no-untyped-def]
    run, results = made()
    told = summary(run, results)
    assert (RECALL in metrics(told, run.candidates[0])) == known


def test_what_was_not_seen_is_not_there() -> None:
    run, results = synthetic.clear_winner()
    blind: list[Result] = []
    for each in results:
        assert each.loading is not None
        trials = [replace(trial, server=None) for trial in each.trials]
        blind.append(replace(each, loading=replace(each.loading, size_bytes=None), trials=trials))
    told = summary(run, blind)
    assert set(metrics(told, "fast")) == {THROUGHPUT, *RESPONSES, LOAD}


def test_a_run_of_which_nothing_was_saved_has_no_numbers() -> None:
    run: Run = synthetic.run(["postgres"])
    told = summary(run, [])
    assert told.numbers == []
    assert [name for name, _ in told.left_out] == ["postgres"]
