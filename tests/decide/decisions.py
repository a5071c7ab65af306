"""Decisions that nobody made, for the tests of what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from harness.decide.analysis import analyse
from harness.decide.catalog import Entry
from harness.decide.decision import About, decision
from harness.decide.findings import Findings
from harness.decide.record import Decision
from harness.decide.requirements import Requirements
from harness.decide.shortlist import shortlist
from tests import synthetic_studies
from tests.decide.questions import CATALOG, HERE, METRICS, WRITES, capacity, entry, findings, measures, requirements

MADE = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
FILE = Path("tests/decide/question.toml")  # Only its digest is taken.


def made(wanted: Requirements, found: Findings, catalog: Mapping[str, Entry] = CATALOG) -> Decision:
    short = shortlist(wanted, catalog, HERE, Path("out"))
    about = About(
        requirements=FILE,
        made=MADE,
        bakeoff="0.1.0",
        command="bakeoff decide requirements.toml runs/some",
        out=short.out,
        elsewhere=short.elsewhere,
        commands=dict(zip(short.commands, short.lines(), strict=True)),
    )
    return decision(analyse(wanted, found, catalog, HERE.workloads, draws=4_000), about)


@cache
def clear() -> Decision:
    """One engine is ahead, one is doubtful, one has no rate that keeps the objective."""
    wanted = requirements(
        WRITES,
        question="Which database keeps the orders?",
        context="Orders and stock change together.",
        deciders=["Ada", "Edsger"],
        limits={"budget_per_month": 500, "max_loss_seconds": 1},
        growth={"percent_per_year": 40},
        experience={"alpha": "expert"},
        weights={"order": ["response", "capacity", "cost", "durability", "operations", "experience"]},
    )
    levels = {each.subject.engine: each.levels for each in synthetic_studies.consistency().results}
    found = findings(
        measures("alpha", response_ms=2.4),
        measures("beta", response_ms=9.0, doubts=("the client was 92 % busy",), capacity=capacity(2_000.0, "client")),
        measures("gamma", capacity=capacity(None, "bottom")),
        survived={"alpha": (20, None), "beta": (20, None), "gamma": (13, 1.4)},
        levels=levels,
    )
    catalog = CATALOG | {"delta": entry("Delta"), "omega": entry("Omega", lossless_setting=False)}
    return made(wanted, found, catalog)


@cache
def pair() -> Decision:
    """Two workloads that pull apart."""
    wanted = requirements(
        WRITES,
        METRICS,
        limits={"budget_per_month": 2_000, "survive_node_loss": True},
        growth={"percent_per_year": 40},
        weights={"numbers": {"response": 3, "cost": 2, "operations": 1, "sync": 1}},
    )
    found = findings(
        measures("alpha", "write-heavy", response_ms=2.0),
        measures("alpha", "timeseries", response_ms=700.0, bytes_per_row=120.0, server_cpu_us=60_000.0),
        measures("beta", "write-heavy", response_ms=19.0, server_cpu_us=9_000.0),
        measures("beta", "timeseries", response_ms=60.0, bytes_per_row=12.0, server_cpu_us=9_000.0),
    )
    return made(wanted, found)


@cache
def alike() -> Decision:
    """Three engines that differ by less than is known of them; one was not measured in everything."""
    found = findings(
        measures("alpha", response_ms=4.9), measures("beta"), measures("gamma", response_ms=5.1, server_cpu_us=None)
    )
    return made(requirements(WRITES, limits={"budget_per_month": 500}), found)


@cache
def nobody() -> Decision:
    found = findings(measures("alpha", status="invalid", problem="3 of 100 answers are wrong"))
    return made(requirements(WRITES), found)


DECISIONS = {"decision_clear": clear, "decision_pair": pair, "decision_alike": alike, "decision_nobody": nobody}
