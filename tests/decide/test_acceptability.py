"""The arithmetic, held against hand-computed cases, an independent implementation, and simulation."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pymcdm.methods import WSM

from harness.decide.acceptability import Weights, chance, doubts, pareto, rank_order_centroid, ranking, regret, weights
from harness.decide.criteria import Attribute, Scale, attributes
from harness.decide.quantities import LEAST_ERROR, Bracket, Counted, Estimate, estimate
from harness.decide.tipping import of_measurements, of_weights
from tests.decide.questions import METRICS, WRITES, requirements

UNIT = st.floats(0, 1, allow_subnormal=False)
Floats = np.typing.NDArray[np.float64]


def test_three_criteria_in_order_weigh_what_barron_and_barrett_print() -> None:
    assert rank_order_centroid(3) == pytest.approx([0.6111, 0.2778, 0.1111], abs=5e-5)
    assert rank_order_centroid(4) == pytest.approx([0.5208, 0.2708, 0.1458, 0.0625], abs=5e-5)


@given(arrays(float, (4, 3), elements=UNIT), arrays(float, 3, elements=st.floats(0.05, 1)))
@settings(max_examples=50, deadline=None)
def test_weighted_sums_are_those_of_pymcdm(worths: Floats, numbers: Floats) -> None:
    shares = numbers / numbers.sum()
    ours = ranking(constant(worths), fixed(shares))
    theirs = WSM(normalization_function=lambda column, cost=False: column)(worths, shares, np.ones(3), validation=False)
    assert ours.mean == pytest.approx(theirs)


def test_two_options_that_are_each_best_in_one_of_two_criteria_part_the_draws_as_their_weights_do() -> None:
    """Of weights w and 1 - w with w uniform, the first is best where w is above a half."""
    share = np.linspace(0.0005, 0.9995, 1000)
    uniform = Weights(np.array([0.5, 0.5]), np.stack([share, 1 - share], axis=1))
    found = ranking(constant([[1.0, 0.0], [0.0, 1.0]], 1000), uniform)
    assert found.acceptability == pytest.approx(np.array([[0.5, 0.5], [0.5, 0.5]]))
    assert found.central[0] == pytest.approx([0.75, 0.25], abs=0.001)  # The mean of w above a half.
    assert found.mean == pytest.approx([0.5, 0.5])


def test_options_that_tie_share_their_ranks() -> None:
    found = ranking(constant([[0.5], [0.5], [0.2]]), fixed([1.0]))
    assert found.acceptability == pytest.approx(np.array([[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 1]]))
    assert chance(constant([[0.5], [0.5]]), fixed([1.0])) == 0.5


def test_an_option_that_is_never_best_has_no_central_weights() -> None:
    found = ranking(constant([[0.9, 0.9], [0.1, 0.1]]), fixed([0.5, 0.5]))
    assert np.isnan(found.central[1]).all()


def test_the_pareto_front_leaves_out_who_is_beaten_and_keeps_who_is_equalled() -> None:
    assert pareto(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.5], [1.0, 0.0]])) == [True, True, False, True]


def test_doubt_goes_with_what_decides() -> None:
    """Two options: one is known, the other's first attribute is a coin, and its second changes little."""
    coin = np.tile([0.0, 1.0], 500)
    small = np.repeat([0.0, 0.02], 500)
    values = np.array([[np.full(1000, 0.5), np.full(1000, 0.5)], [coin, 0.5 + small - 0.01]])
    equal = fixed([0.5, 0.5], 1000)
    found = doubts(values, equal)
    assert found[0] > 0.9
    assert found[1] < 0.1
    assert found[-1] == pytest.approx(0)
    assert regret(values, equal.draws) == pytest.approx(0.125, abs=0.003)  # Half of the draws, by a quarter.


def test_a_scale_is_half_way_at_the_geometric_middle_and_ends_at_its_anchors() -> None:
    scale = Scale(worst=20.0, target=2.0, unit="ms")
    worths = scale.worth(np.array([40.0, 20.0, math.sqrt(40.0), 2.0, 1.0]))
    assert worths == pytest.approx([0, 0, 0.5, 1, 1])
    assert scale.amount(0.5) == pytest.approx(math.sqrt(40.0))


@given(st.floats(0.1, 1e4), st.floats(0.1, 1e4).filter(lambda x: abs(math.log(x)) > 0.01), UNIT)
def test_amount_and_worth_are_each_others_inverse(worst: float, times: float, worth: float) -> None:
    scale = Scale(worst, worst * times, "")
    assert scale.worth(np.array([scale.amount(worth)])) == pytest.approx([worth], abs=1e-4 / abs(math.log(times)))


def test_orders_and_numbers_have_the_centres_that_they_state() -> None:
    random = np.random.default_rng(1)
    ordered = requirements(WRITES, METRICS, weights={"order": ["response", "operations", "sync"]})
    found = weights(ordered, attributes(ordered, []), random, 40_000)
    assert found.centre == pytest.approx([0.6111 / 2, 0.6111 / 2, 0.2778, 0.1111], abs=1e-4)
    assert found.draws.mean(axis=0) == pytest.approx(found.centre, abs=0.005)
    assert found.draws.sum(axis=1) == pytest.approx(np.ones(40_000))
    response = found.draws[:, :2].sum(axis=1)
    assert np.all((response >= found.draws[:, 2]) & (found.draws[:, 2] >= found.draws[:, 3]))

    numbered = requirements(WRITES, weights={"numbers": {"response": 3, "operations": 1}})
    found = weights(numbered, attributes(numbered, []), random, 40_000)
    assert found.centre == pytest.approx([0.75, 0.25])
    assert found.draws.mean(axis=0) == pytest.approx([0.75, 0.25], abs=0.005)


def test_a_tipping_weight_makes_both_options_equal() -> None:
    """0.6 (w) against 0.4 (1 - w): level at w = 0.4."""
    names = [Attribute("response"), Attribute("cost")]
    found = of_weights(np.array([0.6, -0.4]), {"response": 0.7, "cost": 0.3}, {"some": 1.0}, names, "other")
    assert [(tip.what, tip.now, pytest.approx(tip.then, abs=1e-6)) for tip in found] == [
        ("response", 0.7, 0.4),
        ("cost", 0.3, 0.6),
    ]


def test_a_tipping_importance_makes_both_options_equal() -> None:
    """Better by 0.5 in one workload, worse by 0.3 in the other: level where the first matters 0.375."""
    names = [Attribute("response", "one"), Attribute("response", "two")]
    found = of_weights(np.array([0.5, -0.3]), {"response": 1.0}, {"one": 0.75, "two": 0.25}, names, "other")
    assert [(t.kind, t.what, pytest.approx(t.then, abs=1e-6)) for t in found] == [
        ("importance", "one", 0.375),
        ("importance", "two", 0.625),
    ]


def test_a_tipping_measurement_is_the_amount_that_closes_the_gap() -> None:
    from harness.decide.criteria import Cell

    attribute, scale = Attribute("response", "write-heavy"), Scale(20.0, 2.0, "ms")
    amounts = {"leader": 2.0 * 10**0.5, "rival": 20.0 / 10**0.25}  # Worth 0.5 and 0.25.
    cells = {
        name: {attribute: Cell("measured", "", scale.worth(np.full(5, amount)), amount)}
        for name, amount in amounts.items()
    }
    found = list(
        of_measurements(cells["leader"], cells["rival"], {attribute: scale}, {attribute: 1.0}, ("leader", "rival"))
    )
    assert [(tip.whose, pytest.approx(tip.then)) for tip in found] == [
        ("rival", amounts["leader"]),
        ("leader", amounts["rival"]),
    ]


@pytest.mark.parametrize("trials", [3, 5, 10])
def test_the_range_of_draws_covers_the_true_mean_as_often_as_it_says(trials: int) -> None:
    """1,000 simulated runs of log-normal trials; 95 % of the draws of each against the truth."""
    random, covered = np.random.default_rng(trials), 0
    for _ in range(1_000):
        found = estimate(list(7.0 * np.exp(0.2 * random.standard_normal(trials))))
        assert found is not None
        bare = replace(found, error=math.sqrt(found.error**2 - LEAST_ERROR**2))
        low, high = np.quantile(bare.draw(random, 2_000), [0.025, 0.975])
        covered += low <= 7.0 <= high
    assert 0.93 <= covered / 1_000 <= 0.97


def test_the_range_of_worths_covers_the_true_worth() -> None:
    """Worth of an option in two attributes, each from five noisy trials."""
    random, covered = np.random.default_rng(3), 0
    scale, truths = Scale(20.0, 2.0, "ms"), (4.0, 9.0)
    true = float(scale.worth(np.array(truths)).mean())
    for _ in range(500):
        found = [estimate(list(truth * np.exp(0.15 * random.standard_normal(5)))) for truth in truths]
        draws = np.array([[scale.worth(each.draw(random, 1_000)) for each in found if each]])
        ranked = ranking(draws, fixed([0.5, 0.5], 1_000))
        covered += bool(ranked.low[0] <= true <= ranked.high[0])
    assert covered / 500 >= 0.93


def test_one_trial_is_wide_and_none_is_nothing() -> None:
    one = estimate([5.0])
    assert one is not None
    assert one.error == 0.2
    assert estimate([]) is None
    assert estimate([3.0, 0.0]) is None


def test_a_bracket_and_a_count_stay_where_they_can_be() -> None:
    random = np.random.default_rng(1)
    rates = Bracket(900.0, 1_000.0, 1_100.0).draw(random, 1_000)
    assert rates.min() >= 900
    assert rates.max() <= 1_100
    shares = Counted(20, 20).draw(random, 20_000)
    assert shares.mean() == pytest.approx(21 / 22, abs=0.002)
    assert Estimate(5.0, 0.0, 0).draw(random, 3) == pytest.approx([5.0] * 3)


def constant(worths: object, draws: int = 3) -> Floats:
    """(options, attributes) -> (options, attributes, draws), the same in every draw."""
    return np.repeat(np.asarray(worths, dtype=float)[:, :, None], draws, axis=2)


def fixed(shares: object, draws: int = 3) -> Weights:
    centre = np.asarray(shares, dtype=float)
    return Weights(centre, np.tile(centre, (draws, 1)))
