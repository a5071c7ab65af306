"""Before anything is measured: who is out and why, and what would settle the question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.decide.knockouts import documented, durability, of_a_copy
from harness.decide.shortlist import shortlist
from tests.decide.questions import CATALOG, HERE, METRICS, WRITES, entry, requirements


@pytest.mark.parametrize(
    ("limit", "fact", "value"),
    [
        ({"multi_record_transactions": True}, "multi_record_transactions", False),
        ({"survive_node_loss": True}, "failover", "none"),
        ({"survive_node_loss": True, "on_premises": True}, "failover", "managed-only"),
        ({"open_source": True}, "open_source", False),
        ({"on_premises": True}, "on_premises", False),
        ({"row_level_security": True}, "row_level_security", False),
        ({"encryption_at_rest": True}, "encryption_at_rest", "none"),
        ({"encryption_at_rest": True, "open_source": True}, "encryption_at_rest", "enterprise"),
        ({"max_loss_seconds": 0}, "lossless_setting", False),
        ({"licences": ["MIT"]}, "licence", "SSPL-1.0"),
        ({"licences": ["MIT"]}, "licence", "MIT AND BUSL-1.1"),
    ],
)
def test_who_breaks_a_limit_is_out_with_the_fact_and_its_source(limit: dict[str, Any], fact: str, value: Any) -> None:
    wanted = requirements(WRITES, limits=limit)
    reasons = documented(entry("Some", **{fact: value}), wanted)
    assert len(reasons) == 1
    assert reasons[0].limit in limit
    assert reasons[0].source == "https://example.org"


@pytest.mark.parametrize(
    "limit",
    [
        {"multi_record_transactions": True},
        {"survive_node_loss": True},
        {"open_source": True},
        {"on_premises": True},
        {"row_level_security": True},
        {"encryption_at_rest": True},
        {"max_loss_seconds": 0},
        {"licences": ["MIT", "apache-2.0"]},
    ],
)
def test_who_keeps_all_limits_stays_and_who_says_nothing_is_out(limit: dict[str, Any]) -> None:
    wanted = requirements(WRITES, limits=limit)
    assert documented(entry("Some"), wanted) == []
    nothing = dict.fromkeys(
        (
            "multi_record_transactions",
            "failover",
            "open_source",
            "on_premises",
            "row_level_security",
            "encryption_at_rest",
            "lossless_setting",
            "licence",
        )
    )
    assert [each.basis for each in documented(entry("Silent", **nothing), wanted)] == ["not known"]


def test_a_default_that_loses_little_is_enough_where_little_may_be_lost() -> None:
    some = entry("Some", max_loss_seconds=0.1, lossless_setting=None)
    assert documented(some, requirements(WRITES, limits={"max_loss_seconds": 1})) == []
    assert documented(some, requirements(WRITES, limits={"max_loss_seconds": 0.01})) != []


def test_one_of_several_licences_to_choose_from_is_enough() -> None:
    offered = entry("Some", licence="RSALv2 OR AGPL-3.0-only")
    assert documented(offered, requirements(WRITES, limits={"licences": ["AGPL-3.0-only"]})) == []


def test_who_only_serves_copies_need_not_keep_the_promises_of_the_record() -> None:
    some = entry("Some", multi_record_transactions=False, lossless_setting=False, open_source=False)
    wanted = requirements(WRITES, limits={"multi_record_transactions": True, "max_loss_seconds": 0})
    assert of_a_copy(some, wanted) == []
    assert of_a_copy(some, requirements(WRITES, limits={"open_source": True})) != []


def test_the_durability_class_follows_from_what_may_be_lost() -> None:
    classes = [
        durability(requirements(WRITES, limits=each).limits)
        for each in ({}, *({"max_loss_seconds": s} for s in (0, 1)))
    ]
    assert classes == ["relaxed", "durable", "relaxed"]


def test_commands_measure_what_the_question_asks_for() -> None:
    wanted = requirements(
        WRITES | {"parameters": {"records": 1000}},
        METRICS,
        limits={"multi_record_transactions": True, "max_loss_seconds": 0},
    )
    catalog = CATALOG | {"beta": entry("Beta", multi_record_transactions=False), "delta": entry("Delta")}
    found = shortlist(wanted, catalog, HERE, Path("out"), ["--profile", "thorough"])
    assert (found.here, found.beside) == (["alpha", "gamma"], ["beta"])
    assert found.elsewhere == {"delta": "no adapter"}
    assert [each.engine for each in found.out] == ["beta"]
    assert found.lines() == [
        "bakeoff run write-heavy alpha:durable gamma:durable beta:durable --slo p99=20ms --common-rate 400 "
        "--set records=1000 --profile thorough --out out/write-heavy",
        "bakeoff run timeseries alpha:durable beta:durable --slo p95=1s --common-rate 50 "
        "--profile thorough --out out/timeseries",
        "bakeoff durability alpha:durable gamma:durable --kills 20 --out out/durability",
        "bakeoff consistency alpha --out out/consistency",
    ]


def test_only_engines_in_question_are_looked_at() -> None:
    found = shortlist(requirements(WRITES, limits={"engines": ["alpha"]}), CATALOG, HERE, Path("out"))
    assert (found.here, found.out) == (["alpha"], [])


def test_a_maker_that_does_not_present_an_engine_for_a_job_is_named_and_not_knocked_out() -> None:
    catalog = {"delta": entry("Delta", capabilities=["graph"])}
    found = shortlist(requirements(METRICS), catalog, HERE, Path("out"))
    assert found.elsewhere == {"delta": "no adapter; its makers do not present it for timeseries"}
