"""Arrival schedules: the intended rate, the intended law, repeatable."""

import numpy as np
import pytest

from harness.load.schedule import Schedule

SECOND = 1_000_000_000


def dues(rate=1000.0, arrivals="poisson", seed=(1, 2, 3), seconds=10, measured=0):
    plan = Schedule(rate, arrivals, seed, 5 * SECOND, (5 + measured) * SECOND, (5 + seconds) * SECOND)
    return list(iter(plan.next_due_ns, None)), plan


def test_constant_arrivals_are_equally_spaced():
    times, _ = dues(arrivals="constant")
    assert len(times) == 10_000
    assert set(np.diff(times).tolist()) == {1_000_000}


def test_poisson_arrivals_have_the_rate_and_exponential_gaps():
    times, _ = dues(rate=5000.0, seconds=20)
    assert len(times) == pytest.approx(100_000, rel=0.02)
    gaps = np.diff(times) / 1e9 * 5000
    # Exponential: mean 1, standard deviation 1, and P(gap > 1) = 1/e.
    assert gaps.std() == pytest.approx(1, rel=0.03)
    assert (gaps > 1).mean() == pytest.approx(np.exp(-1), rel=0.03)


def test_the_same_seed_gives_the_same_arrivals_and_another_process_others():
    assert dues()[0] == dues()[0]
    assert dues()[0] != dues(seed=(1, 2, 4))[0]


def test_only_the_measured_part_is_counted_as_due():
    _, plan = dues(arrivals="constant", measured=4)
    assert plan.due == 6_000


def test_a_schedule_stays_at_its_end():
    _, plan = dues(seconds=1)
    assert plan.next_due_ns() is None
    assert plan.next_due_ns() is None
