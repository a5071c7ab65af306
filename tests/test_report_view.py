"""What a report says: numbers merged the right way, and claims no larger than the trials carry."""

from __future__ import annotations

import math
import re
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
from harness.report.content import rates
from harness.report.content.answer import answer
from harness.report.content.capacity import carries_more, law
from harness.report.content.certainty import how_sure, not_shown
from harness.report.content.quality import equal_recall
from harness.report.content.trust import verdicts
from harness.report.document import Items, Table
from harness.report.view import View, view
from harness.result import Capacity, Problem, Result, Run
from harness.trial import Graded
from tests import synthetic
from tests.synthetic import FAST, MIDDLE, NOISY, Pace, trial


def candidate(name: str, pace: Pace, **more: str) -> Result:
    return synthetic.result(name, [trial(number, pace) for number in (1, 2, 3)], **more)  # type: ignore[arg-type]


def seen(results: Sequence[Result], **more: object) -> View:
    run = synthetic.run([result.candidate for result in results])
    return view(msgspec.structs.replace(run, **more), results)


def printed_reasons(found: View) -> list[tuple[str, str]]:
    """Of the verdicts: whom each concerns, and what it says."""
    return [item for block in verdicts(found).blocks if isinstance(block, Items) for item in block.items]


def said(found: View) -> str:
    return " ".join([*answer(found), *how_sure(found), *not_shown(found)])


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
    assert answer(found) == [
        "For throughput choose fast: it served 2.29x the operations of slow (95 % interval 2.15–2.45)."
    ]
    assert "fast was the best in 3 of 3 rounds" in said(found)


def test_candidates_that_overlap_are_not_told_apart() -> None:
    found = seen([candidate("noisy", NOISY), candidate("middle", MIDDLE)])
    assert answer(found)[0].startswith("No clear winner: throughput does not tell middle and noisy apart (1.03x, 95 %")
    assert "--trials 10" in said(found)


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
    gone = Problem("it is gone", "look for it")
    found = seen(
        [candidate("slow", MIDDLE), msgspec.structs.replace(candidate("fast", FAST, status=status), problems=[gone])]
    )
    assert [c.name for c in found.ok] == ["slow"]
    (text,) = answer(found)
    assert text.startswith("slow is the only candidate whose numbers may be used: it served 1,220 operations/s (1,200–")
    assert re.search("; fast (is out|failed|cannot do this job)", text)


def test_a_candidate_that_got_other_data_is_never_ranked() -> None:
    found = seen([candidate("slow", MIDDLE), candidate("fast", FAST, fingerprint="ffff")])
    assert [c.name for c in found.ok] == ["slow"]


def test_a_wrong_answer_voids_every_trial_of_the_candidate() -> None:
    found = seen([candidate("wrong", FAST, status="invalid")])
    assert found.candidates[0].total is None
    assert answer(found) == ["No candidate has numbers that may be used: wrong is out (invalid)."]


def test_a_trial_with_a_problem_is_in_no_number() -> None:
    trials = [trial(1, FAST), trial(2, MIDDLE, problems=["a write was lost"]), trial(3, FAST)]
    found = seen([synthetic.result("one", trials)]).candidates[0]
    assert found.total is not None
    assert set(found.total.per_second) == {1, 3}


def test_a_candidate_in_process_is_marked_even_without_a_warning() -> None:
    found = seen([candidate("fast", FAST, source="in-process"), candidate("slow", MIDDLE)])
    assert answer(found)[0].startswith("For throughput choose fast†")
    assert "fast (†) with reservations" in said(found)


def test_less_recall_is_not_called_faster_without_a_word() -> None:
    results = [candidate("fast", replace(FAST, recall=0.9)), candidate("slow", replace(MIDDLE, recall=0.95))]
    found = seen(results, exact=False)
    assert answer(found)[0].startswith("Speed alone does not decide: recall differs (fast 0.900 and slow 0.950)")
    assert not found.fastest("high-cpu", found.ok)


def test_a_total_of_kinds_of_very_different_cost_is_explained() -> None:
    alike = Pace(dict.fromkeys(FAST.p50_ms, 1.0))
    assert "the slowest set its pace" in said(seen([candidate("one", MIDDLE)]))
    assert "the slowest set its pace" not in said(seen([candidate("one", alike)]))


def test_many_failed_requests_are_part_of_the_answer() -> None:
    assert "Requests failed" in said(seen([candidate("one", replace(FAST, errors={"Timeout": 90}))]))
    assert "Requests failed" not in said(seen([candidate("one", FAST)]))


def test_at_a_given_rate_response_time_ranks_and_who_falls_behind_is_not_ranked() -> None:
    text = answer(view(*synthetic.open_loop()))[0]
    assert text.startswith("At 1,200 requests/s choose clickhouse†: it answered 99 % of the requests within")
    assert "4.32x as long for postgres (95 % interval" in text
    assert "; mongo did not keep up" in text
    assert "for mongo" not in text
    why = dict(printed_reasons(view(*synthetic.open_loop())))
    assert "it answered 1,040 of 1,200 requests/s" in " ".join(why.values())


def test_the_fastest_of_a_kind_is_marked_with_all_that_are_not_clearly_slower() -> None:
    found = seen([candidate("middle", MIDDLE), candidate("noisy", NOISY), candidate("fast", FAST)])
    assert found.fastest("high-cpu", found.ok) == {"fast"}
    assert found.fastest("insert", found.ok) == {"middle", "noisy"}


def test_an_interrupted_run_says_so() -> None:
    assert "interrupted" in said(seen([candidate("one", FAST)], finished=None))


def test_a_candidate_without_a_result_is_named() -> None:
    run: Run = synthetic.run(["one", "never"])
    assert "; never has no result" in said(view(run, [candidate("one", FAST)]))


def test_two_that_the_client_limits_are_not_told_apart() -> None:
    text = answer(view(*synthetic.client_bound()))[0]
    assert text.startswith("quicker† and quick† are both limited by the client here and not told apart")
    assert "quicker† served at least 30.3x the operations of middle" in text
    assert "of quick†" not in text
    assert "more trials would not" in said(view(*synthetic.client_bound()))


def test_what_the_client_limits_is_never_called_slower() -> None:
    limited = [trial(number, MIDDLE, host=synthetic.CLIENT_BOUND) for number in (1, 2, 3)]
    found = seen([candidate("fast", FAST), synthetic.result("limited", limited)])
    text = answer(found)[0]
    assert text.startswith("No clear winner: throughput does not tell fast and limited† apart")
    assert "the slower one was limited by the client" in text
    assert not found.fastest("high-cpu", found.ok)


def test_a_number_that_a_gate_finds_invalid_is_never_ranked() -> None:
    found = seen([candidate("slow", MIDDLE), candidate("fast", replace(FAST, errors={"Timeout": 400}))])
    assert [c.name for c in found.ok] == ["slow"]
    assert "fast is out (invalid)" in answer(found)[0]
    assert any("of the requests failed" in text for _, text in printed_reasons(found))


def test_each_reason_stands_once_with_all_whom_it_concerns() -> None:
    found = view(*synthetic.client_bound())
    bound = [names for names, text in printed_reasons(found) if text.startswith("client-bound")]
    assert bound == ["quicker and quick"]


def test_every_reason_says_what_to_do() -> None:
    for name in ("comparison", "troubles", "open_loop", "client_bound", "objective"):
        for _, text in printed_reasons(view(*getattr(synthetic, name)())):
            assert text.count(" → ") == 1


def test_response_times_at_the_same_rate_are_the_second_sentence() -> None:
    text = answer(view(*synthetic.clear_winner()))[1]
    assert text.startswith("At the same 960 requests/s, 99 % of them were answered within 5.44 ms by fast (5.39–5.44)")


def test_few_trials_at_a_rate_that_overlap_are_not_told_apart() -> None:
    text = answer(view(*synthetic.no_clear_winner()))[1]
    assert text.endswith("2 trials do not tell noisy and middle† apart.")


def test_who_does_not_serve_a_common_rate_has_no_time_there() -> None:
    schedule = synthetic.offered(600.0, answered=2_500)
    late = trial(31, NOISY, schedule, load=synthetic.loaded(schedule, "common rate", 16))
    results = [
        synthetic.result("fast", [trial(n, FAST) for n in (1, 2, 3)], probes=synthetic.at_common_rates(FAST, (600.0,))),
        synthetic.result(
            "middle", [trial(n, MIDDLE) for n in (1, 2, 3)], probes=synthetic.at_common_rates(MIDDLE, (600.0,))
        ),
        synthetic.result("late", [trial(n, NOISY) for n in (1, 2, 3)], probes=[late]),
    ]
    found = seen(results)
    text = answer(found)[1]
    assert text.endswith("; late did not serve that rate.")
    (table,) = (block for block in rates.common_rates(found, found.ok, "").blocks if isinstance(block, Table))
    assert table.rows[-1] == ("late†", "–", "–", "–", "–", "–", "did not keep up")


def test_an_objective_is_answered_first_with_the_interval_of_its_capacity() -> None:
    text = answer(view(*synthetic.objective()))[0]
    assert text == (
        "To keep p99 ≤ 25 ms choose fast: it does so up to at least 2,410 requests/s, "
        "middle up to 905 requests/s (880–930) and slow at no rate that was tried."
    )


def test_capacities_whose_bounds_overlap_are_not_told_apart() -> None:
    run, results = synthetic.objective()
    near = {
        "middle": Capacity(per_second=905.0, low_per_second=880.0, high_per_second=930.0, limit="slo"),
        "fast": Capacity(per_second=940.0, low_per_second=920.0, high_per_second=960.0, limit="slo"),
    }
    results = [msgspec.structs.replace(each, capacity=near.get(each.candidate)) for each in results]
    found = view(run, results)
    middle, fast, _ = found.candidates
    assert not carries_more(fast, middle)
    assert answer(found)[0].startswith("No clear winner at p99 ≤ 25 ms: fast and middle are not told apart (fast up to")


def test_a_capacity_that_the_client_ended_is_no_upper_bound() -> None:
    run, results = synthetic.objective()
    limited = Capacity(per_second=500.0, low_per_second=500.0, high_per_second=None, limit="client")
    results = [msgspec.structs.replace(results[0], capacity=limited), *results[1:]]
    middle, fast, _ = view(run, results).candidates
    assert not carries_more(fast, middle)


def test_the_fit_leaves_out_where_the_client_was_the_limit() -> None:
    middle, fast, _ = view(*synthetic.objective()).candidates
    whole, cut = law(middle), law(fast)
    assert whole is not None
    assert cut is not None
    assert (len(whole.residuals), len(cut.residuals)) == (6, 4)
    assert cut.refused


def test_speed_is_compared_at_equal_recall_for_each_kind_of_search() -> None:
    found = view(*synthetic.vectors())
    tables = [block for block in equal_recall(found, found.ok, "").blocks if isinstance(block, Table)]
    assert [table.head[0] for table in tables] == ["nearest", "nearest-1pct", "to build"]
    rows = {(row[0], row[1]): row[2] for row in tables[0].rows}
    assert rows["lists", "0.99"] == "–"
    assert rows["graph", "0.95"] == "5,560"
    assert "At recall 0.95 (nearest) graph served 5,560/s" in said(found)


def test_the_last_table_of_recall_shows_what_the_index_took() -> None:
    found = view(*synthetic.vectors())
    *_, built = (block for block in equal_recall(found, found.ok, "").blocks if isinstance(block, Table))
    assert built.rows[0] == ("graph", "3.10", "0.420", "3.52", "21.0 MiB", "58.5 MiB")


def test_no_sentence_of_the_first_screen_is_without_its_uncertainty() -> None:
    for name in ("comparison", "clear_winner", "no_clear_winner", "open_loop"):
        assert "95 % interval" in answer(view(*getattr(synthetic, name)()))[0]


def test_what_makes_the_whole_comparison_doubtful_is_on_the_first_screen() -> None:
    run, results = synthetic.clear_winner()
    busy = msgspec.structs.replace(run, machine=msgspec.structs.replace(run.machine, busy=0.8))
    assert "Doubtful as a whole: before the start, 80 %" in said(view(busy, results))
    assert "Doubtful as a whole" not in said(view(run, results))
