"""What a decision may never do, whatever the numbers are: properties over random questions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.decide.analysis import Analysis, analyse
from harness.decide.findings import Findings
from harness.decide.quantities import Estimate
from harness.decide.requirements import Requirements
from tests.decide.questions import CATALOG, HERE, METRICS, WRITES, findings, measures, requirements

ENGINES = ("alpha", "beta", "gamma")
DRAWS = 300
WEIGHTS = {"response": 3, "capacity": 2, "cost": 2, "operations": 1, "experience": 1, "sync": 1}


def analysed(found: Findings, wanted: Requirements) -> Analysis:
    return analyse(wanted, found, CATALOG, HERE.workloads, draws=DRAWS)


@st.composite
def questions(draw: st.DrawFn, pairs: bool = True) -> tuple[Requirements, Findings]:
    """One or two workloads; each engine fast, slow, cheap or dear in each."""
    workloads = draw(st.sampled_from([[WRITES], [METRICS], [WRITES, METRICS]]))
    names = [each["name"] for each in workloads]
    amounts = {
        "response_ms": st.floats(0.1, 200),
        "server_cpu_us": st.floats(20, 50_000),
        "bytes_per_row": st.floats(10, 3_000),
        "rows_per_second": st.floats(1_000, 1e6),
    }
    found = [
        measures(engine, name, slo=None, capacity=None, **{key: draw(each) for key, each in amounts.items()})
        for engine in ENGINES
        for name in names
    ]
    wanted = requirements(
        *workloads,
        limits={"budget_per_month": draw(st.floats(1_000, 1e6))},
        weights=draw(
            st.sampled_from([{"numbers": WEIGHTS}, {"order": ["cost", "response", "load", "experience", "sync"]}])
        ),
        experience={engine: draw(st.sampled_from(["none", "some", "expert"])) for engine in ENGINES},
        machine={"disk_gib": 1e6, "memory_gib": 1e5, "cores": 10_000},
        pairs=pairs,
    )
    return wanted, findings(*found)


@given(questions(), st.sampled_from(ENGINES))
@settings(max_examples=60, deadline=None)
def test_an_engine_that_leaves_without_having_won_changes_no_winner(
    question: tuple[Requirements, Findings], gone: str
) -> None:
    wanted, found = question
    before = analysed(found, wanted)
    if before.options and gone not in before.options[0].engines:
        left = replace(found, measures=[each for each in found.measures if each.engine != gone])
        assert analysed(left, wanted).options[0].name == before.options[0].name


@given(questions(), st.sampled_from(ENGINES), st.sampled_from(["response_ms", "server_cpu_us"]), st.floats(0.1, 0.99))
@settings(max_examples=60, deadline=None)
def test_who_gets_better_is_never_worth_less(
    question: tuple[Requirements, Findings], engine: str, what: str, times: float
) -> None:
    wanted, found = question
    faster = [
        replace(each, **{what: better(getattr(each, what), times)}) if each.engine == engine else each
        for each in found.measures
    ]
    before, after = (worths(analysed(each, wanted)) for each in (found, replace(found, measures=faster)))
    assert all(after[name] >= worth - 1e-9 for name, worth in before.items() if name == engine)


@given(questions(), st.randoms())
@settings(max_examples=30, deadline=None)
def test_the_order_of_what_is_given_changes_nothing(question: tuple[Requirements, Findings], random: Any) -> None:
    wanted, found = question
    shuffled = list(found.measures)
    random.shuffle(shuffled)
    one, other = analysed(found, wanted), analysed(replace(found, measures=shuffled), wanted)
    assert [each.name for each in one.options] == [each.name for each in other.options]
    if one.ranking and other.ranking:
        np.testing.assert_array_equal(one.ranking.acceptability, other.ranking.acceptability)


@given(questions(), st.floats(0.01, 100))
@settings(max_examples=30, deadline=None)
def test_units_change_nothing(question: tuple[Requirements, Findings], rate: float) -> None:
    """Money in another currency, weights on another scale, times in another unit."""
    wanted, found = question
    plain: dict[str, Any] = msgspec.to_builtins(wanted)
    for name in ("core_hour", "gib_memory_hour", "gib_disk_month"):
        plain["prices"][name] *= rate
    plain["limits"]["budget_per_month"] *= rate
    plain["weights"]["numbers"] = {name: rate * number for name, number in plain["weights"]["numbers"].items()}
    for each in plain["workloads"]:
        each["slo"] = {"p99=20ms": "p99=20000us", "p95=1s": "p95=1000ms"}[each["slo"]]
        each["importance"] *= rate
    other = analysed(found, msgspec.convert(plain, Requirements))
    assert worths(other) == pytest.approx(worths(analysed(found, wanted)))


def worths(analysis: Analysis) -> dict[str, float]:
    means = analysis.ranking.mean if analysis.ranking else []
    return {option.name: float(mean) for option, mean in zip(analysis.options, means, strict=True)}


def better(estimate: Estimate, times: float) -> Estimate:
    return replace(estimate, value=estimate.value * times)


def test_nobody_wins_between_equals() -> None:
    found = findings(*(measures(engine) for engine in ENGINES))
    analysis = analysed(found, requirements(experience={}))
    assert analysis.outcome == "no clear winner"
    assert analysis.ranking is not None
    assert analysis.ranking.acceptability.sum() == pytest.approx(3)
    assert analysis.ranking.acceptability[:, 0].max() < 0.6


def test_a_large_difference_where_it_matters_is_clear() -> None:
    found = findings(measures("alpha", response_ms=2.0), measures("beta", response_ms=19.0))
    analysis = analysed(found, requirements())
    assert (analysis.options[0].name, analysis.outcome) == ("alpha", "clear")


def test_what_is_not_known_makes_doubt_instead_of_a_zero() -> None:
    found = findings(measures("alpha"), measures("beta", response_ms=None))
    analysis = analysed(found, requirements(weights={"order": ["response"]}))
    cell = analysis.cells["beta"][analysis.attributes[0]]
    assert cell.basis == "not known"
    assert cell.worth == pytest.approx(0.5, abs=0.05)
    assert analysis.outcome == "leaning" or analysis.outcome == "no clear winner"


def test_of_several_designs_the_one_that_is_worth_most_would_be_run() -> None:
    slow, fast = measures("alpha", response_ms=15.0), measures("alpha", response_ms=3.0, candidate="alpha+hash")
    analysis = analysed(findings(slow, fast, measures("beta")), requirements())
    assert analysis.question.chosen["alpha", "write-heavy"].candidate == "alpha+hash"


def test_where_workloads_pull_apart_a_pair_wins() -> None:
    found = findings(
        measures("alpha", "write-heavy", response_ms=2.0),
        measures("alpha", "timeseries", response_ms=990.0, bytes_per_row=900.0, server_cpu_us=3e6),
        measures("beta", "write-heavy", response_ms=19.9, server_cpu_us=20_000.0),
        measures("beta", "timeseries", response_ms=50.0, bytes_per_row=20.0, server_cpu_us=9_000.0),
    )
    wanted = requirements(WRITES, METRICS, weights={"order": ["response", "sync"]})
    assert analysed(found, wanted).options[0].name == "alpha + beta"


def test_a_pair_that_is_not_surely_better_than_one_of_it_alone_is_passed_over() -> None:
    found = findings(
        *(measures("alpha", name, response_ms=ms) for name, ms in (("write-heavy", 2.0), ("timeseries", 60.0))),
        *(measures("beta", name, response_ms=ms) for name, ms in (("write-heavy", 9.0), ("timeseries", 55.0))),
    )
    wanted = requirements(WRITES, METRICS, weights={"order": ["response", "operations", "sync"]})
    analysis = analysed(found, wanted)
    assert analysis.options[0].single
    assert "alpha + beta" in [each.pair.name for each in analysis.passed]


def test_a_second_engine_may_lack_what_only_the_system_of_record_must_have() -> None:
    from tests.decide.questions import entry

    catalog = CATALOG | {"beta": entry("Beta", multi_record_transactions=False)}
    found = findings(
        *(measures(engine, name) for engine in ("alpha", "beta") for name in ("write-heavy", "timeseries"))
    )
    wanted = requirements(WRITES, METRICS, limits={"multi_record_transactions": True})
    analysis = analyse(wanted, found, catalog, HERE.workloads, draws=DRAWS)
    assert all(option.record == "alpha" for option in [*analysis.options, *(p.pair for p in analysis.passed)])
    assert [each.engine for each in analysis.out] == ["beta"]
