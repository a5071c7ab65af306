"""What a report says: numbers merged the right way, and claims no larger than the trials carry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations_with_replacement

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import histogram
from harness.analysis.merge import merged, merged_grades
from harness.analysis.ratio import ratio
from harness.report import numbers
from harness.report.answer import answer, limits
from harness.report.view import View, view
from harness.result import Graded, Result, Run
from tests import synthetic
from tests.synthetic import FAST, MIDDLE, NOISY, Pace, trial


def candidate(name: str, pace: Pace, **more: str) -> Result:
    return synthetic.result(name, [trial(number, pace) for number in (1, 2, 3)], **more)  # type: ignore[arg-type]


def seen(results: Sequence[Result], **more: object) -> View:
    run = synthetic.run([result.candidate for result in results])
    return view(msgspec.structs.replace(run, **more), results)


def said(found: View) -> str:
    return " ".join([*answer(found), *limits(found)])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.012, "0.012"),
        (1.234, "1.23"),
        (45.55, "45.5"),
        (1_234, "1,230"),
        (9.996, "10.0"),
        (999.6, "1,000"),
        (0.0042, "0.0042"),
        (0.1234, "0.123"),
        (58_249, "58,200"),
        (0, "0"),
        (None, "–"),
    ],
)
def test_numbers_have_three_significant_digits(value: float | None, text: str) -> None:
    assert numbers.digits(value) == text


@given(st.floats(1e-9, 1e15))
def test_a_written_number_is_within_half_a_percent_or_a_half_thousandth(value: float) -> None:
    written = float(numbers.digits(value).replace(",", ""))
    assert written == pytest.approx(value, rel=0.0051, abs=0.0005 if value >= 0.01 else value * 0.051)


def test_cores_are_written_short() -> None:
    written = [numbers.cores(cores) for cores in ([], [0], [1, 0], [0, 1, 2, 3], [0, 2, 4])]
    assert written == ["–", "0", "0, 1", "0–3", "0, 2, 4"]


def test_percentiles_of_trials_are_those_of_all_samples_together() -> None:
    fast, slow = synthetic.lognormal_ns(9_000, 1.0), synthetic.lognormal_ns(1_000, 50.0)
    parts = {number: synthetic.measured("read", samples, {}, None) for number, samples in enumerate((fast, slow), 1)}
    together = histogram.latency(histogram.counts_of(np.concatenate([fast, slow])))
    assert merged("read", parts).response == together


def test_a_percentile_that_no_trial_knows_is_known_to_all_together() -> None:
    parts = {number: synthetic.measured("read", synthetic.lognormal_ns(600, 1.0), {}, None) for number in (1, 2)}
    assert all(part.response is not None and part.response.p99_ms is None for part in parts.values())
    response = merged("read", parts).response
    assert response is not None
    assert response.p99_ms is not None


def test_throughput_is_the_geometric_mean_of_trials() -> None:
    parts = {
        n: synthetic.measured("read", synthetic.lognormal_ns(count, 1.0), {}, None)
        for n, count in enumerate((100, 400))
    }
    assert merged("read", parts).throughput == pytest.approx(200 / synthetic.SECONDS)


def test_grades_are_weighed_by_their_answers() -> None:
    few, many = Graded(answers=10, mean=0.5, lowest=0.1, wrong=1), Graded(answers=30, mean=0.9, lowest=0.8, wrong=0)
    assert merged_grades([few, None, many]) == Graded(answers=40, mean=0.8, lowest=0.1, wrong=1)


def test_what_no_trial_measured_stays_unknown() -> None:
    nothing = msgspec.structs.replace(
        synthetic.measured("read", np.array([], dtype=np.int64), {"Timeout": 5}, None), client_cpu_us=None
    )
    found = merged("read", {1: nothing})
    assert (found.response, found.client_cpu_us, found.graded) == (None, None, None)
    assert (found.throughput, found.error_share) == (0.0, 1.0)


def test_a_trial_that_did_not_measure_something_counts_for_nothing_in_its_mean() -> None:
    known = synthetic.measured("read", synthetic.lognormal_ns(100, 1.0), {}, None)
    unknown = msgspec.structs.replace(known, client_cpu_us=None)
    assert merged("read", {1: known, 2: unknown}).client_cpu_us == known.client_cpu_us


def test_the_ratio_of_few_trials_has_the_t_interval_of_paired_logarithms() -> None:
    one, other = {1: 2.0, 2: 2.2, 3: 2.6}, {1: 1.0, 2: 1.0, 3: 1.0}
    logarithms = np.log([2.0, 2.2, 2.6])
    half = 4.30265 * logarithms.std(ddof=1) / math.sqrt(3)
    found = ratio(one, other)
    assert found is not None
    assert (found.estimate, found.low, found.high) == pytest.approx(
        tuple(np.exp([logarithms.mean(), logarithms.mean() - half, logarithms.mean() + half])), rel=1e-3
    )


@pytest.mark.parametrize("freedom", range(1, 9))
def test_the_points_of_students_t_leave_five_percent_outside(freedom: int) -> None:
    values = {number: float(number) for number in range(1, freedom + 2)}
    found = ratio(values, dict.fromkeys(values, 1.0))
    assert found is not None
    logarithms = np.log(list(values.values()))
    point = (math.log(found.high) - logarithms.mean()) / (logarithms.std(ddof=1) / math.sqrt(len(values)))
    angle = np.linspace(0, math.atan(point / math.sqrt(freedom)), 100_001)  # t = sqrt(freedom) * tan(angle)
    density = np.cos(angle) ** (freedom - 1)
    scale = 2 * math.gamma((freedom + 1) / 2) / (math.sqrt(math.pi) * math.gamma(freedom / 2))
    assert scale * float(np.trapezoid(density, angle)) == pytest.approx(0.95, abs=1e-4)


@pytest.mark.parametrize(("pairs", "critical"), [(10, 8), (12, 13), (15, 25), (20, 52)])
def test_the_ratio_of_many_trials_has_the_signed_rank_interval(pairs: int, critical: int) -> None:
    """`critical` is the tabulated value of Wilcoxon's test, two-sided 5 %."""
    logarithms = {number: math.sin(number * 1.7) / 10 + 0.2 for number in range(pairs)}
    means = sorted((a + b) / 2 for a, b in combinations_with_replacement(logarithms.values(), 2))
    found = ratio({n: math.exp(value) for n, value in logarithms.items()}, dict.fromkeys(logarithms, 1.0))
    assert found is not None
    assert math.log(found.low) == pytest.approx(means[critical])
    assert math.log(found.high) == pytest.approx(means[-critical - 1])


def test_only_trials_that_both_have_are_paired() -> None:
    found = ratio({1: 2.0, 2: 2.0, 3: 900.0}, {1: 1.0, 2: 1.0})
    assert found is not None
    assert found.estimate == pytest.approx(2.0)


def test_a_single_trial_or_none_served_gives_no_ratio() -> None:
    assert ratio({1: 2.0}, {1: 1.0}) is None
    assert ratio({1: 2.0, 2: 0.0}, {1: 1.0, 2: 1.0}) is None


def test_few_trials_that_overlap_are_no_clear_difference_however_well_they_pair() -> None:
    found = ratio({1: 1.1, 2: 2.2, 3: 3.3}, {1: 1.0, 2: 2.0, 3: 3.0})
    assert found is not None
    assert found.low > 1
    assert not found.clear


def test_a_clear_difference_is_told_with_its_interval() -> None:
    found = seen([candidate("slow", MIDDLE), candidate("fast", FAST)])
    assert answer(found) == ["fast served 2.29x the operations of slow (2.15–2.45)."]


def test_candidates_that_overlap_are_not_told_apart() -> None:
    assert "No clear difference between middle and noisy" in said(
        seen([candidate("noisy", NOISY), candidate("middle", MIDDLE)])
    )


@pytest.mark.parametrize(
    ("field", "value", "why"), [("profile", "smoke", "profile smoke"), ("trials", 1, "a single trial")]
)
def test_too_little_is_a_first_look_and_marks_nobody(field: str, value: object, why: str) -> None:
    found = seen([candidate("slow", MIDDLE), candidate("fast", FAST)], **{field: value})
    assert answer(found)[0].startswith(f"A first look, not a comparison ({why}): slow ")
    assert not found.fastest("high-cpu", found.ok)


def test_durability_classes_are_never_ranked_together() -> None:
    found = seen([candidate("slow", MIDDLE), candidate("fast", FAST, durability="durable", observed="durable")])
    assert [[c.name for c in members] for members in found.ranked.values()] == [["slow"], ["fast"]]
    assert "not ranked together" in said(found)
    assert "x the operations" not in said(found)


def test_the_class_observed_counts_not_the_class_asked_for() -> None:
    found = seen([candidate("honest", MIDDLE), candidate("unsafe", FAST, observed="volatile")])
    assert list(found.ranked) == ["relaxed", "volatile"]


@pytest.mark.parametrize("status", ["invalid", "failed", "unsupported"])
def test_a_candidate_that_is_not_ok_is_never_ranked(status: str) -> None:
    found = seen([candidate("slow", MIDDLE), candidate("fast", FAST, status=status)])
    assert [c.name for c in found.ok] == ["slow"]
    assert answer(found) == ["slow served 1,220 operations/s."]


def test_a_candidate_that_got_other_data_is_never_ranked() -> None:
    found = seen([candidate("slow", MIDDLE), candidate("fast", FAST, fingerprint="ffff")])
    assert [c.name for c in found.ok] == ["slow"]


def test_a_wrong_answer_voids_every_trial_of_the_candidate() -> None:
    found = seen([candidate("wrong", FAST, status="invalid")])
    assert found.candidates[0].total is None
    assert answer(found) == ["No candidate has numbers that may be used."]


def test_a_trial_with_a_problem_is_in_no_number() -> None:
    trials = [trial(1, FAST), trial(2, MIDDLE, problems=["a write was lost"]), trial(3, FAST)]
    found = seen([synthetic.result("one", trials)]).candidates[0]
    assert found.total is not None
    assert set(found.total.per_second) == {1, 3}


def test_a_candidate_in_process_is_marked_even_without_a_warning() -> None:
    found = seen([candidate("fast", FAST, source="in-process"), candidate("slow", MIDDLE)])
    assert answer(found)[0].startswith("fast† served")
    assert "without a network hop" in said(found)


def test_less_recall_is_not_called_faster_without_a_word() -> None:
    results = [candidate("fast", replace(FAST, recall=0.9)), candidate("slow", replace(MIDDLE, recall=0.95))]
    found = seen(results, exact=False)
    assert answer(found)[0].startswith("Not like for like, recall differs (fast 0.900 and slow 0.950)")
    assert not found.fastest("high-cpu", found.ok)


def test_a_total_of_kinds_of_very_different_cost_is_explained() -> None:
    alike = Pace(dict.fromkeys(FAST.p50_ms, 1.0))
    assert "slowest kinds set the pace" in said(seen([candidate("one", MIDDLE)]))
    assert "slowest kinds set the pace" not in said(seen([candidate("one", alike)]))


def test_many_failed_requests_are_part_of_the_answer() -> None:
    assert "Requests failed" in said(seen([candidate("one", replace(FAST, errors={"Timeout": 90}))]))
    assert "Requests failed" not in said(seen([candidate("one", FAST)]))


def test_at_a_given_rate_response_time_ranks_and_who_falls_behind_is_not_ranked() -> None:
    text = answer(view(*synthetic.open_loop()))[0]
    assert text.startswith("clickhouse† answered 99 % of the requests within")
    assert "postgres took 4.32x as long" in text
    assert "mongo did not keep up (1,040 of 1,200 requests/s)" in text
    assert "mongo took" not in text


def test_the_fastest_of_a_kind_is_marked_with_all_that_are_not_clearly_slower() -> None:
    found = seen([candidate("middle", MIDDLE), candidate("noisy", NOISY), candidate("fast", FAST)])
    assert found.fastest("high-cpu", found.ok) == {"fast"}
    assert found.fastest("insert", found.ok) == {"middle", "noisy"}


def test_an_interrupted_run_says_so() -> None:
    assert "interrupted" in said(seen([candidate("one", FAST)], finished=None))


def test_a_candidate_without_a_result_is_named() -> None:
    run: Run = synthetic.run(["one", "never"])
    assert "never (no result)" in said(view(run, [candidate("one", FAST)]))
