"""What each level of isolation that an engine offers does to an application, one level after the other."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from harness.consistency import Consistency, Economy, measure
from harness.evidence import ConsistencyStudy, Consistent
from harness.spec import Entry
from harness.studies.study import Opened, Plan, begin, ended, opened, subject
from harness.transactions import ROLES


def study(plan: Plan, economy: Economy) -> Iterator[ConsistencyStudy]:
    """What is known after each level, the whole at last. From the main thread.

    A candidate that cannot go on is told as failed or unsupported, and the next one follows.
    """
    parameters = {name: getattr(economy, name) for name in economy.__struct_fields__ if name != "seed"}
    made = ConsistencyStudy(about=begin(plan, parameters), economy=economy, results=[])
    yield made
    for entry in plan.entries:
        before = made.results
        for result in _studied(entry, plan, economy):
            made = replace(made, results=[*before, result])
            yield made
    yield replace(made, about=ended(made.about))


def _studied(entry: Entry, plan: Plan, economy: Economy) -> Iterator[Consistent]:
    """What is known of a candidate after each level, and after what ended its study early."""
    levels: list[Consistency] = []
    server: Opened | None = None
    try:
        with opened(entry, plan, "transactions", transactions=True) as server:
            about = None
            for role in (role for role in ROLES if role in server.declared.LEVELS):
                plan.say(f"{entry.candidate.name}: {server.declared.LEVELS[role]}")
                levels.append(measure(server.session, role, economy))
                about = about or subject(entry, server)
                yield Consistent(subject=about, levels=list(levels))
    except Exception as problem:  # Drivers raise anything; the other candidates go on.
        yield Consistent(subject=subject(entry, server, problem), levels=list(levels))
