"""Who takes part: which engines can do everything alone, which pairs come into question, and who is out and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from harness.decide import admission, options
from harness.decide.acceptability import centres
from harness.decide.criteria import EXPERIENCE, OF_WORKLOADS, Attribute
from harness.decide.measures import Measures
from harness.decide.options import Option
from harness.decide.record import Out, Reason
from harness.decide.scores import Question, of_workload


@dataclass(frozen=True)
class Field:
    alone: Sequence[Option]
    pairs: Sequence[Option]
    out: Sequence[Out]  # Who cannot be the only engine.


def question_with_designs(question: Question, attributes: Sequence[Attribute]) -> Question:
    """Where an engine was measured in several designs, it would be run in the one that is worth most."""
    chosen = {}
    for engine, workload in product(question.findings.engines, question.wanted.workloads):
        able = [
            (_worth(question, each, attributes), each.candidate, each)
            for each in question.findings.of(engine, workload.name)
            if not admission.unfit(each, workload, question.wanted.limits)
        ]
        if able:
            chosen[engine, workload.name] = max(able, key=lambda each: each[:2])[2]
    return replace(question, chosen=chosen)


def field(question: Question, attributes: Sequence[Attribute]) -> Field:
    """Of the engines that were measured. `question` has the designs."""
    wanted, findings = question.wanted, question.findings
    allowed = [each for each in sorted(findings.engines) if _named(each, wanted.limits.engines)]
    reasons: dict[str, list[Reason]] = {}
    records, seconds, able = [], [], []
    for engine in allowed:
        broken = admission.promises(engine, question.entry(engine), findings, wanted)
        unable = admission.unable(engine, findings, wanted)
        reasons[engine] = [*broken, *(reason for each in unable.values() for reason in each)]
        records += [] if broken else [engine]
        able += [] if reasons[engine] else [engine]
        seconds += [] if admission.copies(question.entry(engine), wanted) else [engine]

    def worth(engine: str, workload: str) -> float | None:
        chosen = question.chosen.get((engine, workload))
        return _worth(question, chosen, attributes) if chosen else None

    return Field(
        alone=options.singles(able, wanted),
        pairs=options.pairs(_rather(records, question), seconds, wanted, worth) if wanted.pairs else [],
        out=[out(question, engine, why) for engine, why in reasons.items() if why],
    )


def _rather(records: Sequence[str], question: Question) -> list[str]:
    """Who has transactions over several records, then whom the team knows best."""

    def rank(engine: str) -> tuple[bool, float, str]:
        entry = question.entry(engine)
        transactions = bool(entry and (fact := entry.facts.multi_record_transactions) and fact.value)
        known = question.wanted.experience.get(engine.partition("@")[0], "none")
        return not transactions, -EXPERIENCE[known], engine

    return sorted(records, key=rank)


def out(question: Question, engine: str, reasons: Sequence[Reason]) -> Out:
    entry = question.entry(engine)
    return Out(engine=engine, title=entry.title if entry else engine, reasons=list(reasons))


def _named(engine: str, engines: Sequence[str]) -> bool:
    return not engines or engine in engines or engine.partition("@")[0] in engines


def _worth(question: Question, measures: Measures, attributes: Sequence[Attribute]) -> float:
    """Of a design in its own workload, by the middle weights of what is measured of it alone."""
    criteria, _ = centres(question.wanted, attributes)
    own = [each for each in attributes if each.workload == measures.workload and each.criterion in OF_WORKLOADS]
    return sum(criteria[each.criterion] * of_workload(question, measures, each).worth for each in own)
