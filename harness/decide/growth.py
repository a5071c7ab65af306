"""How an option grows: what it needs today and at the horizon, when one machine is no longer enough, and what then."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.decide import sizing
from harness.decide.measures import Measures
from harness.decide.options import Option
from harness.decide.record import Growing, Scaling
from harness.decide.scores import Question
from harness.report.numbers import digits, percent

THEN = ("replication", "failover", "sharding")  # What an engine offers beyond one machine.


def growing(question: Question, option: Option) -> Iterator[Growing]:
    """Each of its engines, today and at the horizon; nothing of what was not measured."""
    for engine in option.engines:
        serving, now = question.serving(option, engine), question.size(option, engine)
        if now is None:
            continue
        for years in (0.0, question.wanted.growth.horizon_years):
            factor = sizing.grown(question.wanted, years)
            yield Growing(
                option=option.name,
                engine=engine,
                years=years,
                per_second=factor * math.fsum(wanted.rate_per_second for wanted, _ in serving),
                rows=factor * sum(wanted.rows for wanted, _ in serving),
                cores=factor * now.cores,
                memory_gib=factor * now.memory_gib,
                disk_gib=factor * now.disk_gib,
            )


def scaling(question: Question, option: Option) -> Iterator[Scaling]:
    for engine in option.engines:
        serving, now = question.serving(option, engine), question.size(option, engine)
        found = sizing.outgrown(serving, now, question.wanted) if now else None
        entry = question.entry(engine)
        facts = dict(entry.known()) if entry else {}
        yield Scaling(
            option=option.name,
            engine=engine,
            limit=found.what if found else None,
            years=found.years if found and math.isfinite(found.years) else None,
            law=[law(measures) for _, measures in serving],
            then={name: f"{facts[name].value}: {facts[name].text}" for name in THEN if name in facts},
        )


def law(measures: Measures) -> str:
    """What throughput by clients says about more cores, in a sentence."""
    found, most = measures.law, measures.most_per_second
    begin = f"{measures.workload}: "
    if most is None or measures.cpu_bound is None:
        return f"{begin}it was not seen what limits it."
    cores = f"{measures.server_cores} core" + "s" * (measures.server_cores > 1)
    limit = (
        "the server's CPU was the limit, so more cores carry more"
        if measures.cpu_bound
        else "the server's CPU was not the limit, so more cores are not sure to carry more"
    )
    if found is None:
        return f"{begin}at most {digits(most)}/s on {cores}; {limit}."
    if found.refused:
        return f"{begin}at most {digits(most)}/s on {cores} (no law fits: {found.refused}); {limit}."
    peak = f", with a peak at {digits(found.peak_clients)} clients" if found.peak_clients else ""
    shared = f"{percent(found.contention)} of the work waits its turn"
    return f"{begin}at most {digits(most)}/s on {cores}{peak} ({shared}: Universal Scalability Law); {limit}."
