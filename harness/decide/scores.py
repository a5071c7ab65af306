"""What each option is worth in each attribute, with where that comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from harness.analysis.slo import worded
from harness.consistency import anomalies
from harness.decide import sizing
from harness.decide.catalog import Entry
from harness.decide.criteria import (
    AT_THE_STRONGEST,
    EXPERIENCE,
    ISOLATION,
    JUDGED_WITHIN,
    OPERATIONS,
    Attribute,
    Cell,
    judged,
    scale,
    unknown,
)
from harness.decide.findings import Findings
from harness.decide.measures import Measures
from harness.decide.options import Option
from harness.decide.quantities import Draws
from harness.decide.requirements import Requirements, Wanted
from harness.decide.sizing import Serving, Size
from harness.report.numbers import digits, percent

FED, COPIED = 0.5, 0.25  # Worth of two engines in step: data that only one has, and data that one has from the other.


@dataclass(frozen=True)
class Question:
    """Everything that the worth of an option depends on; nothing of it is another option."""

    wanted: Requirements
    findings: Findings
    catalog: Mapping[str, Entry]
    capabilities: Mapping[str, str]  # Workload -> capability.
    chosen: Mapping[tuple[str, str], Measures]  # Engine and workload -> the design that would be taken.
    draws: int
    seed: int

    def random(self, *words: str) -> np.random.Generator:
        """The same for the same words, whatever else is compared."""
        return np.random.default_rng([self.seed, crc32("|".join(words).encode())])

    def entry(self, engine: str) -> Entry | None:
        return self.catalog.get(engine.partition("@")[0])

    def workload(self, name: str) -> Wanted:
        return next(each for each in self.wanted.workloads if each.name == name)

    def serving(self, option: Option, engine: str) -> Serving:
        names = option.workloads(engine)
        return [(self.workload(name), self.chosen[engine, name]) for name in names if (engine, name) in self.chosen]

    def size(self, option: Option, engine: str) -> Size | None:
        serving = self.serving(option, engine)
        return sizing.size(serving, self.wanted.machine, self.in_memory(engine)) if serving else None

    def in_memory(self, engine: str) -> bool:
        entry = self.entry(engine)
        return bool(entry and entry.facts.in_memory and entry.facts.in_memory.value)

    @property
    def grown(self) -> float:
        """By the horizon."""
        return sizing.grown(self.wanted, self.wanted.growth.horizon_years)


def cell(question: Question, option: Option, attribute: Attribute) -> Cell:
    """Unknown is worth anything from 0 to 1, and shown as unknown."""
    return _CELLS[attribute.criterion](question, option, attribute)


def of_workload(question: Question, measures: Measures, attribute: Attribute) -> Cell:
    """Of response, capacity, load and recall, which belong to one engine and one workload."""
    wanted, random = question.workload(measures.workload), _random(question, measures.engine, attribute)
    anchors = scale(attribute, question.wanted, question.grown)
    assert anchors is not None
    found = _AMOUNTS[attribute.criterion](measures, wanted, question.wanted, random, question.draws)
    if isinstance(found, str):
        return Cell("not known", found, unknown(random, question.draws))
    amounts, text = found
    return Cell("measured", text, anchors.worth(amounts), float(np.exp(np.log(amounts).mean())))


def _random(question: Question, engine: str, attribute: Attribute) -> np.random.Generator:
    return question.random(engine, attribute.title)


Amount = tuple[Draws, str] | str  # On the attribute's scale, and in words; or why it is not known.


def _response(m: Measures, wanted: Wanted, _: Requirements, random: np.random.Generator, count: int) -> Amount:
    if m.response_ms is None or m.rate_per_second is None:
        return "no common rate was measured"
    said = f"{digits(m.response_ms.value)} ms at {digits(m.rate_per_second)}/s"
    return m.response_ms.draw(random, count), said


def _capacity(m: Measures, wanted: Wanted, all_: Requirements, random: np.random.Generator, count: int) -> Amount:
    capacity = m.capacity_per_second
    if m.slo is None or capacity is None:
        return "no objective was searched for"
    if m.slo != wanted.objective:
        return f"searched for {worded(m.slo)}, not {worded(wanted.objective)}"
    more = all_.machine.cores / m.server_cores if m.cpu_bound else 1.0
    least = "≥ " if m.at_least else ""
    there = f" on {m.server_cores}" if more != 1 else ""
    said = f"{least}{digits(capacity.value * more)}/s"
    beside = f" ({least}{digits(capacity.value)}{there})" if more != 1 else ""
    return more * capacity.draw(random, count), said + beside


def _load(m: Measures, wanted: Wanted, _: Requirements, random: np.random.Generator, count: int) -> Amount:
    if m.rows_per_second is None:
        return "bulk loading was not measured"
    hours = wanted.rows / m.rows_per_second.draw(random, count) / 3600
    return (
        hours,
        f"{digits(wanted.rows / m.rows_per_second.value / 3600)} h at {digits(m.rows_per_second.value)} rows/s",
    )


def _recall(m: Measures, wanted: Wanted, _: Requirements, random: np.random.Generator, count: int) -> Amount:
    if m.misses is None or m.recall is None:
        return "recall was not measured"
    return m.misses.draw(random, count), f"finds {percent(m.recall)}"


_AMOUNTS: Mapping[str, Callable[[Measures, Wanted, Requirements, np.random.Generator, int], Amount]] = {
    "response": _response,
    "capacity": _capacity,
    "load": _load,
    "recall": _recall,
}


def _of_its_workload(question: Question, option: Option, attribute: Attribute) -> Cell:
    assert attribute.workload is not None
    engine = option.serves[attribute.workload]
    measures = question.chosen.get((engine, attribute.workload))
    if measures is None:
        random = _random(question, engine, attribute)
        return Cell("not known", "not measured", unknown(random, question.draws))
    return of_workload(question, measures, attribute)


def monthly(question: Question, option: Option) -> float | None:
    """Its cost at the horizon, all engines together; None where CPU or size was not measured."""
    draws = _monthly(question, option)
    return None if draws is None else float(np.exp(np.log(draws).mean()))


def _monthly(question: Question, option: Option) -> Draws | None:
    total = np.zeros(question.draws)
    for engine in option.engines:
        now, serving = question.size(option, engine), question.serving(option, engine)
        if now is None:
            return None
        cpu_us = {
            m.workload: m.server_cpu_us.draw(question.random(engine, m.workload, "cpu"), question.draws)
            for _, m in serving
            if m.server_cpu_us
        }
        cores = sizing.cores_for(serving, cpu_us, question.wanted.machine)
        total += sizing.cost(cores, now, question.wanted, question.grown)
    return total


def _cost(question: Question, option: Option, attribute: Attribute) -> Cell:
    draws, middle = _monthly(question, option), monthly(question, option)
    if draws is None or middle is None:
        random = _random(question, option.name, attribute)
        return Cell("not known", "CPU or size was not measured", unknown(random, question.draws))
    anchors = scale(attribute, question.wanted, question.grown)
    assert anchors is not None
    text = f"{digits(middle)} {question.wanted.prices.currency} a month"
    return Cell("measured", text, anchors.worth(draws), middle)


def _durability(question: Question, option: Option, attribute: Attribute) -> Cell:
    found, random = question.findings.survived.get(option.record), _random(question, option.record, attribute)
    if found is None:
        return Cell("not known", "no kills were made", unknown(random, question.draws))
    kept = found.without_loss
    text = f"{kept.trials - kept.hits} of {kept.trials} kills lost something"
    return Cell("measured", text, kept.draw(random, question.draws))


def _consistency(question: Question, option: Option, attribute: Attribute) -> Cell:
    """What was seen at the strongest level that it has, and at the one that one gets without asking."""
    levels = question.findings.levels.get(option.record)
    if not levels:
        random = _random(question, option.record, attribute)
        return Cell("not known", "no anomalies were looked for", unknown(random, question.draws))
    clean = [level.level for level in levels if not anomalies(level)]
    default = next((level for level in levels if level.role == "default"), levels[0])
    worth = 0.0 if levels[-1].level not in clean else 1.0 if default.level in clean else AT_THE_STRONGEST
    text = f"no anomaly seen: {', '.join(clean)}" if clean else "anomalies at every level"
    return Cell("measured", text, np.full(question.draws, worth))


def _isolation(question: Question, option: Option, attribute: Attribute) -> Cell:
    """The strongest level, as documented: what no measurement of some seconds can prove."""
    entry = question.entry(option.record)
    fact = entry.facts.strongest_isolation if entry else None
    known = next((worth for word, worth in ISOLATION.items() if fact and word in fact.value.casefold()), None)
    if fact is None or known is None:
        random = _random(question, option.record, attribute)
        return Cell("not known", fact.value if fact else "not documented", unknown(random, question.draws))
    return Cell("documented", fact.value, np.full(question.draws, known))


def _operations(question: Question, option: Option, attribute: Attribute) -> Cell:
    """Of the harder one to operate, less the trouble of having two."""
    worths, texts = [], []
    for engine in option.engines:
        entry = question.entry(engine)
        fact = entry.facts.operational_complexity if entry else None
        random = _random(question, engine, attribute)
        known = judged(OPERATIONS[fact.value], random, question.draws) if fact else unknown(random, question.draws)
        worths.append(known)
        texts.append(fact.value if fact else "not known")
    trouble = 0.0 if option.single else JUDGED_WITHIN
    text = " and ".join(dict.fromkeys(texts)) + ("" if option.single else ", and two of them")
    return Cell("judged", text, np.clip(np.min(worths, axis=0) - trouble, 0.0, 1.0))


def _experience(question: Question, option: Option, attribute: Attribute) -> Cell:
    """Of the engine that the team knows less."""
    known = {engine: question.wanted.experience.get(engine.partition("@")[0], "none") for engine in option.engines}
    least = min(known.values(), key=lambda name: EXPERIENCE[name])
    text = least if len({*known.values()}) == 1 else ", ".join(f"{each} {name}" for name, each in known.items())
    return Cell("judged", text, np.full(question.draws, EXPERIENCE[least]))


def _sync(question: Question, option: Option, attribute: Attribute) -> Cell:
    """How two engines are kept in step."""
    if option.second is None:
        return Cell("judged", "nothing to keep in step", np.ones(question.draws))
    worth, text = in_step(question, option)
    return Cell("judged", text, judged(worth, question.random(option.name, "sync"), question.draws))


def in_step(question: Question, option: Option) -> tuple[float, str]:
    """Worth and way. The same kind of data in both is one that a reader may find old; another kind comes once."""
    assert option.second is not None
    own = {question.capabilities.get(name) for name in option.workloads(option.record)}
    others = {question.capabilities.get(name) for name in option.workloads(option.second)}
    if own & others:
        return COPIED, "copies: cache with expiry, or change data capture; dual writes drift apart"
    return FED, "its own stream: events to both, or change data capture"


_CELLS: Mapping[str, Callable[[Question, Option, Attribute], Cell]] = {
    "response": _of_its_workload,
    "capacity": _of_its_workload,
    "load": _of_its_workload,
    "recall": _of_its_workload,
    "cost": _cost,
    "durability": _durability,
    "consistency": _consistency,
    "isolation": _isolation,
    "operations": _operations,
    "experience": _experience,
    "sync": _sync,
}
