"""When a gate stops and what it says then: its rules one by one, and how often it is wrong by simulation."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from harness.gate.looks import LOOKS, done, judge, margin, together
from harness.judgement import Said

THREE = {"throughput": margin(0.05, True), "response": margin(0.10, False), "cpu": margin(0.05, False)}


def gate(random: np.random.Generator, worse: float, deviations: dict[str, float]) -> tuple[Said, int]:
    """One gate on simulated pairs: every metric is worse by this logarithm, with so much noise in a pair."""
    pairs = {name: random.normal(worse, deviation, LOOKS[-1]) for name, deviation in deviations.items()}
    for count in LOOKS:
        changes = judge({name: list(values[:count]) for name, values in pairs.items()}, THREE)
        said = together([each.said for each in changes.values()])
        if done(said, count):
            break
    return said, count


NOISE = {"throughput": 0.03, "response": 0.08, "cpu": 0.02}


def gates(worse: float, noise: dict[str, float] = NOISE, count: int = 500) -> tuple[Counter[Said], float]:
    random = np.random.default_rng(7)
    found = [gate(random, worse, noise) for _ in range(count)]
    return Counter(said for said, _ in found), sum(pairs for _, pairs in found) / count


def test_two_that_are_alike_are_seldom_told_apart() -> None:
    said, pairs = gates(0.0)
    assert said["regression"] == 0  # A false alarm must look like more than the margin, too.
    assert said["equivalent"] >= 490
    assert pairs < 12


@pytest.mark.parametrize("slower", [0.10, 0.20])
def test_a_head_that_is_slower_is_caught(slower: float) -> None:
    said, pairs = gates(-math.log1p(-slower))
    assert said["regression"] >= 490
    assert pairs < 8


def test_noise_makes_it_undecided_and_not_wrong() -> None:
    said, _ = gates(0.0, {"throughput": 0.2, "response": 0.4, "cpu": 0.2})
    assert said["regression"] <= 22  # Of 500. In the long run it is 3 %: nothing is excused by the margin here.
    assert said["inconclusive"] > 400


def test_a_change_below_the_margin_is_no_regression_however_sure_it_is() -> None:
    """3 % slower, without noise."""
    pairs = [0.03 + 0.001 * step for step in range(-2, 3)]
    change = judge({"throughput": pairs}, THREE)["throughput"]
    assert change.found.low > 0
    assert change.said == "equivalent"


def test_a_clear_gain_is_an_improvement() -> None:
    pairs = [-0.2 + 0.01 * step for step in range(-2, 3)]
    assert judge({"throughput": pairs}, THREE)["throughput"].said == "improvement"


def test_of_several_metrics_one_must_be_surer_than_alone() -> None:
    """Significant at 1 % by itself, and not at a third of that."""
    unsure = [0.02, 0.09, 0.12, 0.05, 0.13]
    nothing = [0.001, -0.001, 0.002, -0.002, 0.0]
    alone = judge({"throughput": unsure}, THREE)
    assert 0.01 / 3 < alone["throughput"].found.above <= 0.01
    assert alone["throughput"].said == "regression"
    beside = judge({"throughput": unsure, "response": nothing, "cpu": nothing}, THREE)
    assert beside["throughput"].said == "inconclusive"


def test_a_share_is_meant_of_what_gets_less_and_of_what_gets_more() -> None:
    assert math.exp(-margin(0.05, higher_is_better=True)) == pytest.approx(0.95)
    assert math.exp(margin(0.10, higher_is_better=False)) == pytest.approx(1.10)


@pytest.mark.parametrize(
    ("said", "all_together"),
    [
        (["equivalent", "equivalent"], "equivalent"),
        (["equivalent", "improvement"], "improvement"),
        (["improvement", "inconclusive"], "inconclusive"),
        (["inconclusive", "regression"], "regression"),
        (["regression", "failed"], "failed"),
    ],
)
def test_the_worst_decides_and_all_must_be_known_for_anything_good(said: list[Said], all_together: Said) -> None:
    assert together(said) == all_together


def test_it_goes_on_while_nothing_can_be_said_and_ends_with_the_last_look() -> None:
    assert not done("inconclusive", 15)
    assert done("inconclusive", 20)
    assert done("equivalent", 5)
