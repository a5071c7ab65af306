"""How sure a choice is: stochastic multicriteria acceptability analysis (SMAA-2, Lahdelma & Salminen 2001).

The worth of an option is the weighted sum of its worths (multi-attribute value theory); weights and worths are drawn
together, and how often each option has each rank is counted. The order of options is that of their mean worth, which
depends on nothing but themselves; probabilities of ranks, by their nature, depend on who else is ranked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.decide.criteria import Attribute
from harness.decide.requirements import Requirements

Floats = NDArray[np.float64]

FIRMNESS = 50  # Dirichlet concentration of stated numbers: a weight of 0.3 is believed to within about a fifth.


@dataclass(frozen=True, eq=False)
class Weights:
    """Of attributes; every draw sums to 1."""

    centre: Floats  # (attributes,)
    draws: Floats  # (draws, attributes)


@dataclass(frozen=True, eq=False)
class Ranking:
    mean: Floats  # (options,) worth, 0 to 1.
    low: Floats  # 95 % of the draws lie
    high: Floats  # between these.
    acceptability: Floats  # (options, ranks): share of the draws in which an option has a rank; [:, 0] of being best.
    central: Floats  # (options, attributes): mean weights of the draws in which it is best; NaN where it never is.


def weights(wanted: Requirements, attributes: Sequence[Attribute], random: np.random.Generator, count: int) -> Weights:
    """Of criteria as the team weighs them, parted among workloads by their importance."""
    criteria, importance = centres(wanted, attributes)
    stated = bool(wanted.weighed.numbers)
    drawn = _firm(criteria.values(), random, count) if stated else _ordered(len(criteria), random, count)
    shares = _firm(importance.values(), random, count)
    return Weights(
        spread(criteria, importance, attributes),
        spread(dict(zip(criteria, drawn.T, strict=True)), dict(zip(importance, shares.T, strict=True)), attributes),
    )


def centres(wanted: Requirements, attributes: Sequence[Attribute]) -> tuple[dict[str, float], dict[str, float]]:
    """The middle of what the team's words leave open: of each criterion, and of each workload. Both sum to 1."""
    names = list(dict.fromkeys(each.criterion for each in attributes))
    stated = wanted.weighed.numbers
    numbers = [stated[name] for name in names] if stated else rank_order_centroid(len(names))
    importance = {each.name: each.importance for each in wanted.workloads}
    return _shares(dict(zip(names, numbers, strict=True))), _shares(importance)


def spread(criteria: Mapping[str, Any], importance: Mapping[str, Any], attributes: Sequence[Attribute]) -> Floats:
    """Weights of attributes (..., attributes), from numbers or arrays of draws."""
    found = []
    for each in attributes:
        weight = criteria[each.criterion]
        if each.workload:
            fellows = [a.workload for a in attributes if a.criterion == each.criterion and a.workload]
            weight = weight * importance[each.workload] / sum(importance[name] for name in fellows)
        found.append(np.asarray(weight, dtype=float))
    return np.stack(found, axis=-1)


def rank_order_centroid(count: int) -> Floats:
    """What the order of weights alone says of them: the middle of all that have it (Barron & Barrett 1996)."""
    return np.array([sum(1 / (count * k) for k in range(place, count + 1)) for place in range(1, count + 1)])


def worth(values: Floats, weights: Floats) -> Floats:
    """(options, attributes, draws) and (draws, attributes) -> (options, draws)."""
    return np.asarray(np.einsum("oad,da->od", values, weights))


def ranking(values: Floats, weights: Weights) -> Ranking:
    """Of (options, attributes, draws). Options that tie in a draw share their ranks evenly."""
    total = worth(values, weights.draws)
    better = (total[None] > total[:, None]).sum(axis=1)  # (options, draws): how many are.
    alike = (total[None] == total[:, None]).sum(axis=1)
    ranks = np.arange(len(total))[:, None, None]
    has = ((better <= ranks) & (ranks < better + alike)) / alike  # (ranks, options, draws)
    times_best = has[0].sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        central = (has[0] @ weights.draws) / times_best
    return Ranking(
        mean=values.mean(axis=2) @ weights.centre,
        low=np.quantile(total, 0.025, axis=1),
        high=np.quantile(total, 0.975, axis=1),
        acceptability=has.mean(axis=2).T,
        central=central,
    )


def chance(values: Floats, weights: Weights) -> float:
    """That the first of two options (2, attributes, draws) is worth more than the second."""
    first, second = worth(values, weights.draws)
    return float((first > second).mean() + 0.5 * (first == second).mean())


def pareto(means: Floats) -> list[bool]:
    """(options, attributes) -> is an option one that no other beats in one attribute and equals in all others?"""
    return [not any(np.all(other >= one) and np.any(other > one) for other in means) for one in means]


def regret(values: Floats, weights: Floats) -> float:
    """What the choice with the highest mean worth costs on average, against knowing everything: 0 without doubt."""
    total = worth(values, weights)
    return float(total.max(axis=0).mean() - total.mean(axis=1).max())


def doubts(values: Floats, weights: Weights) -> Mapping[int, float]:
    """By attribute: the share of the regret that would go if it were known exactly. -1: if the weights were."""
    whole = regret(values, weights.draws)
    if whole <= 0:
        return {}
    left = {-1: regret(values, np.broadcast_to(weights.centre, weights.draws.shape))}
    for attribute in range(values.shape[1]):
        known = values.copy()
        known[:, attribute] = values[:, attribute].mean(axis=1, keepdims=True)
        left[attribute] = regret(known, weights.draws)
    return {place: max(0.0, 1 - rest / whole) for place, rest in left.items()}


def _shares(numbers: Mapping[str, float]) -> dict[str, float]:
    whole = sum(numbers.values())
    return {name: float(number / whole) for name, number in numbers.items()}


def _ordered(count: int, random: np.random.Generator, draws: int) -> Floats:
    """Every set of weights in this order is as likely."""
    return np.sort(random.dirichlet(np.ones(count), draws), axis=1)[:, ::-1]


def _firm(shares: Iterable[float], random: np.random.Generator, draws: int) -> Floats:
    centre = np.array([*shares])
    return random.dirichlet(centre * FIRMNESS, draws) if len(centre) > 1 else np.ones((draws, 1))
