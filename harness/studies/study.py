"""Experiments beside a run, on one candidate after the other: what is durable, what is consistent."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from harness import discover, machine
from harness.engine import Engine
from harness.errors import BakeoffError, Unsupported
from harness.evidence import VERSION, About, Subject
from harness.result import Problem
from harness.sources import Order, Server, open_server, redact
from harness.sources.order import Data
from harness.spec import Entry
from harness.trial import Parameter


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What all studies are told."""

    entries: Sequence[Entry]
    seed: int
    memory_bytes: int  # For each server.
    data: Data
    lock: bool
    folder: Path
    command: Sequence[str]
    say: Callable[[str], None]


@dataclass(frozen=True)
class Opened:
    """A server of a candidate that answers."""

    engine: Engine
    server: Server
    declared: Any  # The class of sessions of the capability.
    session: Callable[[], Any]  # Opens one of the capability.


def begin(plan: Plan, parameters: dict[str, Parameter]) -> About:
    plan.folder.mkdir(parents=True)
    return About(
        version=VERSION,
        id=plan.folder.name,
        started=datetime.now(UTC),
        finished=None,
        bakeoff=metadata.version("bakeoff"),
        command=shlex.join(redact(word) for word in plan.command),
        seed=plan.seed,
        parameters=parameters,
        candidates=[entry.candidate.name for entry in plan.entries],
        machine=machine.machine(),
    )


def ended(about: About) -> About:
    return replace(about, finished=datetime.now(UTC))


@contextmanager
def opened(entry: Entry, plan: Plan, capability: str, *, transactions: bool) -> Iterator[Opened]:
    """Start a candidate's server for one capability; it is gone at the end. Raises BakeoffError and Unsupported."""
    candidate = entry.candidate
    engine = discover.engine(candidate.engine)
    declared = discover.session(candidate.engine, capability, candidate.variant)
    order = Order(
        source=entry.source,
        url=entry.url,
        version=candidate.version,
        image=entry.image,
        lock=plan.lock,
        namespace=f"bakeoff_{plan.folder.name}".replace("-", "_"),
        durability=candidate.durability,
        transactions=transactions,
        memory_bytes=plan.memory_bytes,
        cpus=machine.split_cpus()[0],
        data=plan.data,
        work=plan.folder,
        say=plan.say,
    )
    with open_server(candidate.engine, engine, order) as server:
        yield Opened(engine, server, declared, lambda: declared(server.address))


def subject(entry: Entry, found: Opened | None, problem: BaseException | None = None) -> Subject:
    """`problem`: what ended its study. Opens a session for what the server says of itself, where it answers."""
    facts: dict[str, str] = {}
    design = None
    if found and problem is None:
        session = found.session()
        facts, design = session.facts(), session.design()
        session.close()
    server = found.server if found else None
    return Subject(
        candidate=entry.candidate.name,
        engine=entry.candidate.engine,
        title=discover.engine(entry.candidate.engine).title,
        status="ok" if problem is None else "unsupported" if isinstance(problem, Unsupported) else "failed",
        problems=[] if problem is None else [_worded(problem)],
        source=server.source if server else None,
        network=server.network if server else None,
        image_asked=server.image_asked if server else None,
        image=server.image if server else None,
        server_version=server.version if server else None,
        durability_asked=entry.candidate.durability,
        durability_observed=found.engine.observe_durability(facts) if found and facts else None,
        server_cpus=list(server.cpus) if server else [],
        memory_bytes=server.memory_bytes if server else None,
        limits=server.control.limits() if server and server.control and problem is None else None,
        design=design,
        facts=facts,
    )


def _worded(problem: BaseException) -> Problem:
    if isinstance(problem, Unsupported):
        return Problem(reason=problem.reason, remedy=problem.remedy)
    if isinstance(problem, BakeoffError):
        reason, _, remedy = str(problem).partition("\n")
        return Problem(reason=reason, remedy=remedy or "see the server's log")
    return Problem(reason=f"{type(problem).__name__}: {problem}", remedy="see the server's log")
