"""The commands `bakeoff durability` and `bakeoff consistency`: from words to a study, its report and exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from harness import discover, sources, store
from harness.analysis.losses import with_loss
from harness.candidate import Candidate
from harness.consistency import Economy, anomalies
from harness.engine import Durability as DurabilityClass
from harness.errors import UsageError
from harness.evidence import ConsistencyStudy, DurabilityStudy, Subject, Survival
from harness.report import files, terminal
from harness.report.anomalies import of_consistency
from harness.report.document import Report
from harness.report.survival import of_durability
from harness.sources.order import Data
from harness.specify import MEBIBYTE, REFERENCE_ENGINE, candidates, entries
from harness.studies import consistency, durability
from harness.studies.study import Plan
from harness.trial import Record

T = TypeVar("T", bound=Record)
CLASSES: Sequence[DurabilityClass] = ("durable", "relaxed")  # That are studied where no candidate is named.


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The options that both have, as click read them."""

    candidates: tuple[str, ...]
    source: str
    images: tuple[str, ...]
    lock: bool
    data: Data
    durability: DurabilityClass | None
    clients: int
    seed: int
    memory: int
    out: Path | None
    command: Sequence[str]


def study_durability(wanted: Wanted, kills: int, notes: Console, output: Console, runs: Path) -> int:
    """0, 4 where a durable candidate lost something, or 5 where one could not be studied to the end."""
    if wanted.data == "memory":
        raise UsageError("--data memory: it may be gone with the server, which is what shall be measured.")
    names = wanted.candidates or tuple(
        f"{name}:{each}" for name in _engines("keyvalue") for each in CLASSES if wanted.durability in (None, each)
    )
    plan = _plan(wanted, candidates(names, "keyvalue", wanted.durability), "durability", notes, runs)
    study = _carried_out(durability.study(plan, wanted.clients, kills), plan, of_durability, output)
    broken = [each for each in study.results if each.subject.durability_asked == "durable" and with_loss(each)]
    return 4 if broken else _exit_code([each.subject for each in study.results])


def study_consistency(wanted: Wanted, economy: Economy, notes: Console, output: Console, runs: Path) -> int:
    """0, 4 where the strongest level of a candidate showed anomalies, or 5 where one was not studied to the end."""
    names = wanted.candidates or tuple(_engines("transactions"))
    plan = _plan(wanted, candidates(names, "transactions", wanted.durability), "consistency", notes, runs)
    study = _carried_out(consistency.study(plan, economy), plan, of_consistency, output)
    strongest = [level for each in study.results for level in each.levels if level.role == "strongest"]
    return 4 if any(map(anomalies, strongest)) else _exit_code([each.subject for each in study.results])


def report_of(folder: Path) -> Report | None:
    """Of the study in a folder; None if there is none. Raises UsageError for a damaged one."""
    match store.read_study(folder):
        case DurabilityStudy() as study:
            return of_durability(study)
        case ConsistencyStudy() as study:
            return of_consistency(study)
    return None


def evidence_beside(folder: Path) -> list[Survival]:
    """What the studies found whose folders lie beside that of a run, the oldest first. Damaged ones are left out."""
    found: list[DurabilityStudy] = []
    for place in folder.absolute().parent.glob(f"*/{store.STUDY}"):
        with suppress(UsageError):
            study = store.read_study(place.parent)
            found += [study] if isinstance(study, DurabilityStudy) else []
    return [result for study in sorted(found, key=lambda each: each.about.started) for result in study.results]


def _engines(capability: str) -> list[str]:
    return [
        name
        for name in discover.engine_names()
        if name != REFERENCE_ENGINE and capability in discover.capabilities(name)
    ]


def _plan(wanted: Wanted, chosen: Sequence[Candidate], name: str, notes: Console, runs: Path) -> Plan:
    def say(text: str) -> None:
        notes.print(text, highlight=False)

    found = entries(chosen, wanted.source, (), wanted.images)
    folder = store.new_folder(wanted.out, store.new_place(runs, name))
    sources.sweep(say)
    for reason in dict.fromkeys(f"source {entry.source}: {entry.why}" for entry in found):
        say(reason)
    return Plan(
        entries=found,
        seed=wanted.seed,
        memory_bytes=wanted.memory * MEBIBYTE,
        data=wanted.data,
        lock=wanted.lock,
        folder=folder,
        command=wanted.command,
        say=say,
    )


def _carried_out(steps: Iterator[T], plan: Plan, report: Callable[[T], Report], output: Console) -> T:
    """Save each step as it comes, so that nothing measured is lost; then report the last one."""
    last: T | None = None
    try:
        for last in steps:
            store.save(last, plan.folder / store.STUDY)
    finally:
        if last is not None:
            made = report(last)
            files.write(made, plan.folder)
    assert last is not None, "a study begins with what it is about"
    terminal.show(made, output)
    output.print(f"Results: {plan.folder}   Report: {plan.folder / 'report.html'}", highlight=False, soft_wrap=True)
    return last


def _exit_code(subjects: Sequence[Subject]) -> int:
    return 5 if any(each.status == "failed" for each in subjects) else 0
