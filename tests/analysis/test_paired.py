"""Intervals and chances of paired differences, against SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.analysis import student
from harness.analysis.paired import paired

DIFFERENCES = st.lists(st.floats(-1, 1).filter(lambda x: abs(x) > 1e-6), min_size=2, max_size=25, unique_by=abs)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.98, 0.999])
@pytest.mark.parametrize("freedom", [1, 2, 4, 9, 19, 200])
def test_points_of_student_are_those_of_scipy(confidence: float, freedom: int) -> None:
    assert student.point(confidence, freedom) == pytest.approx(stats.t.ppf((1 + confidence) / 2, freedom), rel=1e-9)


@given(st.floats(-30, 30), st.integers(1, 100))
def test_tails_of_student_are_those_of_scipy(t: float, freedom: int) -> None:
    assert student.above(t, freedom) == pytest.approx(stats.t.sf(t, freedom), rel=1e-7, abs=1e-12)


@given(DIFFERENCES, st.sampled_from([0.9, 0.95, 0.98]))
@settings(max_examples=100, deadline=None)
def test_an_interval_holds_its_estimate_and_the_chances_are_those_of_scipy(
    differences: list[float], confidence: float
) -> None:
    found = paired(differences, confidence)
    assert found.low <= found.estimate <= found.high
    if len(differences) < 10:
        above = stats.ttest_1samp(differences, 0, alternative="greater").pvalue
        below = stats.ttest_1samp(differences, 0, alternative="less").pvalue
    else:
        above = stats.wilcoxon(differences, alternative="greater", method="exact").pvalue
        below = stats.wilcoxon(differences, alternative="less", method="exact").pvalue
    assert found.above == pytest.approx(above, abs=1e-6)
    assert found.below == pytest.approx(below, abs=1e-6)


@pytest.mark.parametrize("count", [3, 5, 10, 20])
def test_a_98_percent_interval_covers_the_truth_as_often_as_it_says(count: int) -> None:
    random, covered = np.random.default_rng(count), 0
    for _ in range(2_000):
        found = paired(list(random.normal(0.3, 1.0, count)), 0.98)
        covered += found.low <= 0.3 <= found.high
    assert 0.97 <= covered / 2_000 <= 0.99


def test_one_odd_pair_of_twenty_moves_no_interval_far() -> None:
    quiet = [sign * 0.001 * step for step in range(1, 11) for sign in (1, -1)]
    assert paired([*quiet[:-1], 3.0], 0.98).high < 0.02


def test_pairs_that_are_all_alike_are_known_exactly() -> None:
    found = paired([0.5, 0.5, 0.5], 0.95)
    assert (found.low, found.estimate, found.high, found.above) == (0.5, 0.5, 0.5, 0.0)
    nothing = paired([0.0, 0.0], 0.95)
    assert (nothing.above, nothing.below) == (0.5, 0.5)
    with pytest.raises(ValueError, match="one pair"):
        paired([math.pi], 0.95)
