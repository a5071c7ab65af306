"""Shares with their exact intervals: against SciPy, against the definition, and where nothing was seen."""

from __future__ import annotations

import math
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from harness.analysis.proportion import at_most, interval

SHARES = st.integers(0, 3_000_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))
CONFIDENCES = st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.9999])
near = partial(pytest.approx, rel=1e-6, abs=1e-300)  # Logarithms of factorials this large leave no more digits.


@given(SHARES, CONFIDENCES)
@example((1, 100_000_000), 0.95)
@example((1, 2), 0.95)
@example((500_000, 1_000_000), 0.95)
@example((2_999_999, 3_000_000), 0.95)
def test_it_is_the_interval_of_clopper_and_pearson(share: tuple[int, int], confidence: float) -> None:
    successes, trials = share
    doubt = (1 - confidence) / 2
    low = beta.ppf(doubt, successes, trials - successes + 1) if successes else 0.0
    high = beta.isf(doubt, successes + 1, trials - successes) if successes < trials else 1.0
    assert list(interval(successes, trials, confidence)) == near([low, high])


@given(st.integers(1, 60).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))), CONFIDENCES)
def test_its_ends_are_where_the_tails_hold_half_of_the_doubt(share: tuple[int, int], confidence: float) -> None:
    """The definition, by sums of binomial probabilities."""
    successes, trials = share
    low, high = interval(successes, trials, confidence)
    if successes:
        assert binom.sf(successes - 1, trials, low) == pytest.approx((1 - confidence) / 2)
    if successes < trials:
        assert binom.cdf(successes, trials, high) == pytest.approx((1 - confidence) / 2)


@given(SHARES)
def test_it_holds_what_was_seen_and_mirrors(share: tuple[int, int]) -> None:
    successes, trials = share
    low, high = interval(successes, trials)
    assert 0 <= low < high <= 1
    if trials:
        assert low <= successes / trials <= high
    assert list(interval(trials - successes, trials)) == pytest.approx([1 - high, 1 - low], abs=1e-12)


def test_more_of_the_same_says_more() -> None:
    widths = [high - low for low, high in (interval(n // 10, n) for n in (10, 100, 1_000, 10_000))]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize("trials", [1, 3, 100, 12_345, 10**8])
def test_of_nothing_seen_the_rule_of_three_is_what_is_left(trials: int) -> None:
    assert at_most(0, trials) == near(-math.expm1(math.log(0.05) / trials))
    if trials >= 100:
        assert at_most(0, trials) == pytest.approx(3 / trials, rel=0.02)
    assert list(interval(0, trials)) == near([0, -math.expm1(math.log(0.025) / trials)])
    assert interval(trials, trials)[1] == 1.0


@pytest.mark.parametrize(("successes", "trials"), [(1, 10), (7, 20), (30, 1_000)])
def test_one_side_has_all_of_the_doubt(successes: int, trials: int) -> None:
    assert at_most(successes, trials) == near(beta.isf(0.05, successes + 1, trials - successes))
    assert at_most(successes, trials) < interval(successes, trials)[1]


def test_of_nothing_tried_nothing_is_known() -> None:
    assert interval(0, 0) == (0.0, 1.0)
    assert at_most(0, 0) == 1.0


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5), (0, -1)])
def test_what_is_no_share_is_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        interval(successes, trials)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_what_is_no_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        interval(1, 2, confidence)
