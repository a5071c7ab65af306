from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.recall import Point, at_recall, pareto


def point(effort: int | None, recall: float, per_second: float, p99: bool = True) -> Point:
    return Point(effort, recall, per_second, p50_ms=1_000 / per_second, p99_ms=3_000 / per_second if p99 else None)


def graph(effort: int) -> Point:
    """A graph index whose misses fall with the effort and whose cost rises with it."""
    return point(effort, recall=1 - 2 / effort, per_second=20_000 / effort**0.8)


SWEEP = [graph(effort) for effort in (10, 20, 40, 80, 160, 320)]
POINTS = st.builds(
    point,
    st.integers(1, 500),
    st.sampled_from([0.0, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0]),
    st.floats(1, 1e6),
    st.booleans(),
)


@pytest.mark.parametrize("recall", [0.85, 0.90, 0.95, 0.98, 0.99])
def test_between_points_the_law_of_the_index_is_found(recall: float) -> None:
    found = at_recall(SWEEP, recall)
    effort = 2 / (1 - recall)
    assert found is not None
    assert found.per_second == pytest.approx(20_000 / effort**0.8, rel=0.02)
    assert found.p50_ms == pytest.approx(effort**0.8 / 20, rel=0.02)
    assert found.p99_ms == pytest.approx(3 * found.p50_ms)
    assert (found.recall, found.measured_above) == (recall, False)


def test_a_measured_recall_is_its_point() -> None:
    found = at_recall(SWEEP, SWEEP[2].recall)
    assert found is not None
    assert (found.per_second, found.p50_ms) == pytest.approx((SWEEP[2].per_second, SWEEP[2].p50_ms))
    assert (found.efforts, found.measured_above) == ((40, 40), False)


def test_it_says_between_which_efforts() -> None:
    found = at_recall(SWEEP[::-1], 0.96)
    assert found is not None
    assert found.efforts == (40, 80)


def test_a_recall_that_was_not_reached_has_no_number() -> None:
    assert at_recall(SWEEP, 0.999) is None
    assert at_recall([], 0.9) is None


def test_an_exact_scan_stands_for_every_recall() -> None:
    for recall in (0.9, 0.95, 1.0):
        found = at_recall([point(None, 1.0, 40.0)], recall)
        assert found is not None
        assert found.per_second == pytest.approx(40)
        assert found.measured_above == (recall < 1)


def test_of_points_above_the_recall_the_fastest_stands_for_it() -> None:
    found = at_recall(SWEEP[2:], 0.9)
    assert found is not None
    assert (found.per_second, found.efforts, found.measured_above) == (SWEEP[2].per_second, (40, 40), True)


def test_nothing_is_interpolated_between_an_index_and_an_exact_scan() -> None:
    found = at_recall([point(10, 0.90, 5_000), point(20, 0.95, 4_000), point(None, 1.0, 50)], 0.99)
    assert found is not None
    assert (found.per_second, found.efforts, found.measured_above) == (50, (None, None), True)


def test_a_point_that_is_beaten_in_both_does_not_count() -> None:
    slow = point(25, 0.91, 10.0)
    assert at_recall([*SWEEP, slow], 0.92) == at_recall(SWEEP, 0.92)


def test_an_unknown_p99_stays_unknown() -> None:
    found = at_recall([point(10, 0.8, 1_000), point(20, 0.95, 500, p99=False)], 0.9)
    assert found is not None
    assert found.p99_ms is None


def test_below_a_point_without_a_miss_the_result_errs_towards_slower() -> None:
    found = at_recall([graph(40), graph(80), point(20_000, 1.0, graph(20_000).per_second)], 0.99)
    assert found is not None
    assert found.per_second < graph(200).per_second


@given(st.lists(POINTS, max_size=12), st.floats(0, 1))
def test_no_number_leaves_what_was_measured(points: list[Point], recall: float) -> None:
    found = at_recall(points, recall)
    assert (found is None) == all(point.recall < recall for point in points)
    if found:
        rates = [point.per_second for point in points]
        assert min(rates) * (1 - 1e-9) <= found.per_second <= max(rates) * (1 + 1e-9)
        assert found.per_second >= max(point.per_second for point in points if point.recall >= recall) * (1 - 1e-9)


@given(st.lists(POINTS, min_size=2, max_size=12))
def test_more_recall_never_costs_less(points: list[Point]) -> None:
    rates = [found.per_second for step in range(101) if (found := at_recall(points, step / 100))]
    assert all(later <= earlier * (1 + 1e-9) for earlier, later in pairwise(rates))


@given(st.lists(POINTS, max_size=12))
def test_the_front_rises_in_recall_and_falls_in_speed(points: list[Point]) -> None:
    front = pareto(points)
    for lower, higher in pairwise(front):
        assert lower.recall < higher.recall
        assert lower.per_second > higher.per_second
    assert all(any(f.recall >= p.recall and f.per_second >= p.per_second for f in front) for p in points)


def test_too_few_answers_for_a_median_still_have_a_throughput() -> None:
    found = at_recall([Point(effort=None, recall=1.0, per_second=3.0, p50_ms=None, p99_ms=None)], 0.95)
    assert found is not None
    assert (found.per_second, found.p50_ms, found.measured_above) == (3.0, None, True)
