"""The arithmetic of a decision: worths, weights, ranks, and who is surely worth a second engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.decide import acceptability
from harness.decide.acceptability import Floats, Ranking, Weights
from harness.decide.catalog import Entry
from harness.decide.criteria import Attribute, Cell, attributes
from harness.decide.field import field, out, question_with_designs
from harness.decide.findings import Findings
from harness.decide.options import Option
from harness.decide.record import Out, Outcome, Reason
from harness.decide.requirements import Requirements
from harness.decide.scores import Question, cell, monthly
from harness.report.numbers import digits

DRAWS = 20_000
SURELY = 0.9  # The chance with which two engines must be better than either alone, to be worth having.
CLEAR, LEANING = 0.9, 0.6

Cells = Mapping[Attribute, Cell]


@dataclass(frozen=True)
class Passed:
    """A pair that is not surely better than one of its engines alone."""

    pair: Option
    alone: Option
    chance: float  # That the pair is better.
    difference: float  # Of mean worths.


@dataclass(frozen=True, eq=False)
class Analysis:
    question: Question
    attributes: Sequence[Attribute]
    weights: Weights
    options: Sequence[Option]  # That may be chosen, the best first.
    cells: Mapping[str, Cells]  # By the option's name; of passed pairs too.
    ranking: Ranking | None  # In the order of the options; None without any.
    out: Sequence[Out]
    passed: Sequence[Passed]

    @property
    def outcome(self) -> Outcome:
        if self.ranking is None:
            return "no candidate"
        probability = self.ranking.acceptability[0, 0]
        return "clear" if probability >= CLEAR else "leaning" if probability >= LEANING else "no clear winner"


def analyse(
    wanted: Requirements,
    findings: Findings,
    catalog: Mapping[str, Entry],
    capabilities: Mapping[str, str],
    *,
    seed: int = 1,
    draws: int = DRAWS,
) -> Analysis:
    """`capabilities`: workload -> what it takes. The order of what is given changes nothing."""
    bare = Question(wanted, findings, catalog, capabilities, {}, draws, seed)
    names = [each.name for each in wanted.workloads]
    recalled = [name for name in names if any(m.misses and m.workload == name for m in findings.measures)]
    found = attributes(wanted, recalled)
    question = question_with_designs(bare, found)
    weights = acceptability.weights(wanted, found, question.random("weights"), draws)
    entered = field(question, found)
    cells = {o.name: {a: cell(question, o, a) for a in found} for o in [*entered.alone, *entered.pairs]}
    over = {o.name: why for o in [*entered.alone, *entered.pairs] if (why := _over_budget(question, o))}
    alone = [o for o in entered.alone if o.name not in over]
    pairs = [o for o in entered.pairs if o.name not in over]
    passed = [each for pair in pairs if (each := _passed(pair, alone, cells, weights))]
    left = [*alone, *(pair for pair in pairs if pair not in [each.pair for each in passed])]
    means = {o.name: float(_means(cells[o.name]) @ weights.centre) for o in left}
    ordered = sorted(left, key=lambda o: (-means[o.name], o.name))
    return Analysis(
        question=question,
        attributes=found,
        weights=weights,
        options=ordered,
        cells=cells,
        ranking=acceptability.ranking(values([cells[o.name] for o in ordered]), weights) if ordered else None,
        out=[*entered.out, *(out(question, o.name, [over[o.name]]) for o in entered.alone if o.name in over)],
        passed=sorted(passed, key=lambda each: each.pair.name),
    )


def values(chosen: Sequence[Cells]) -> Floats:
    """(options, attributes, draws) of worths."""
    return np.array([[each.draws for each in cells.values()] for cells in chosen])


def _means(cells: Cells) -> Floats:
    return np.array([each.worth for each in cells.values()])


def _over_budget(question: Question, option: Option) -> Reason | None:
    """By the cost at the horizon."""
    budget, cost = question.wanted.limits.budget_per_month, monthly(question, option)
    if budget is None or cost is None or cost <= budget:
        return None
    text = f"{digits(cost)} {question.wanted.prices.currency} a month at the horizon, {digits(budget)} are allowed"
    return Reason("budget_per_month", text, "measured", None)


def _passed(pair: Option, alone: Sequence[Option], cells: Mapping[str, Cells], weights: Weights) -> Passed | None:
    """Compared with its own engines alone, whoever else takes part; with the best of those it does not surely beat."""
    found = []
    for single in alone:
        if single.record in pair.engines:
            chance = acceptability.chance(values([cells[pair.name], cells[single.name]]), weights)
            difference = float((_means(cells[pair.name]) - _means(cells[single.name])) @ weights.centre)
            found += [Passed(pair, single, chance, difference)] if chance < SURELY else []
    return min(found, key=lambda each: (each.difference, each.alone.name), default=None)
